// Which requests make one session of a client with a repository?

package main

import "math/rand/v2"

// request is one row.
type request struct {
	at        int64 // milliseconds from the start
	client    *client
	name      string // of the repository
	head      bool
	reference string
	digest    string
}

// pattern is a kind of session and its weight.
type pattern int

const (
	headTag pattern = iota
	headGet
	headGetChild
	getTag
	getDigest
	patterns
)

// patternWeights add up to 100.
var patternWeights = [patterns]int{41, 14, 21, 12, 12}

// drawPattern draws a pattern by weight.
func drawPattern(r *rand.Rand) pattern {
	n := r.IntN(100)
	for p, weight := range patternWeights {
		if n -= weight; n < 0 {
			return pattern(p)
		}
	}
	return headTag
}

// session appends the requests of one session that begins at a time. Crawlers run through child digests, everybody else does
// one thing.
func session(to []request, r *rand.Rand, c *client, repo *repository, at int64) []request {
	t := &repo.tags[min(r.IntN(len(repo.tags)), r.IntN(len(repo.tags)))]
	b := builder{requests: to, rand: r, client: c, repository: repo, at: at}
	if c.crawls {
		b.crawl(t)
		return b.requests
	}
	switch drawPattern(r) {
	case headTag:
		b.add(true, t.name, t.image.digest)
	case headGet:
		b.add(true, t.name, t.image.digest)
		b.add(false, t.image.digest, t.image.digest)
	case headGetChild:
		b.add(true, t.name, t.image.digest)
		b.add(false, t.image.digest, t.image.digest)
		b.child(t.image)
	case getTag:
		b.add(false, t.name, t.image.digest)
		b.child(t.image)
	case getDigest:
		b.add(false, t.image.digest, t.image.digest)
		b.child(t.image)
	}
	return b.requests
}

// builder collects the requests of a session.
type builder struct {
	requests   []request
	rand       *rand.Rand
	client     *client
	repository *repository
	at         int64
}

// add appends a request and lets time pass.
func (b *builder) add(head bool, reference, digest string) {
	b.requests = append(b.requests, request{b.at, b.client, b.repository.name, head, reference, digest})
	b.at += gap(b.rand)
}

// child fetches the manifest of the client's platform where the image is an index.
func (b *builder) child(i *image) {
	if n := len(i.children); n > 0 {
		digest := i.children[b.client.platform%n]
		b.add(false, digest, digest)
	}
}

// crawl fetches an index and 10 to 90 child digests, each another than the one before.
func (b *builder) crawl(t *tag) {
	b.add(false, t.name, t.image.digest)
	first := b.rand.IntN(poolSize)
	for i := range 10 + b.rand.IntN(81) {
		digest := b.repository.pool[(first+i)%poolSize]
		b.add(false, digest, digest)
	}
}

// gap is the time to the next request in milliseconds: mostly short, now and then seconds, and rarely right at the five
// seconds that link requests, or one millisecond more.
func gap(r *rand.Rand) int64 {
	switch n := r.IntN(1000); {
	case n < 940:
		return int64(2 + r.IntN(300))
	case n < 994:
		return int64(300 + r.IntN(4600))
	case n < 997:
		return 5000
	}
	return 5001
}
