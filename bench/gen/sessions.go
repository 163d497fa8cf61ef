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
	place     int32   // among the requests of its session with the same stamp
	poller    *poller // who asks again; nil: nobody
}

func (r *request) method() string {
	if r.head {
		return "HEAD"
	}
	return "GET"
}

// size is how many bytes the answer's body has.
func (r *request) size() int64 {
	if r.head {
		return 0
	}
	return 500 + int64(r.digest[10])*37
}

// pattern is a kind of session and its weight.
type pattern int

const (
	headTag pattern = iota
	headGet
	headGetChild
	getTag
	getDigest
	// Of captured tools only:
	headDigest   // then GET, then the child
	headGetAll   // every child
	getAll       // every child
	getTwice     // the same
	getThenHeads // of other tags
	patterns
)

// plainWeights are those of the plain mix. Weights add up to 100.
var plainWeights = [patterns]int{headTag: 41, headGet: 14, headGetChild: 21, getTag: 12, getDigest: 12}

// drawPattern draws a pattern by weight.
func drawPattern(r *rand.Rand, weights *[patterns]int) pattern {
	n := r.IntN(100)
	for p, weight := range weights {
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
	b.do(drawPattern(r, c.does), t)
	return b.requests
}

// do appends the requests of a pattern.
func (b *builder) do(p pattern, t *tag) {
	digest := t.image.digest
	switch p {
	case headTag:
		b.add(true, t.name, digest)
	case headGet:
		b.add(true, t.name, digest)
		b.add(false, digest, digest)
	case headGetChild:
		b.add(true, t.name, digest)
		b.add(false, digest, digest)
		b.child(t.image)
	case getTag:
		b.add(false, t.name, digest)
		b.child(t.image)
	case getDigest:
		b.add(false, digest, digest)
		b.child(t.image)
	case headDigest:
		b.add(true, digest, digest)
		b.add(false, digest, digest)
		b.child(t.image)
	case headGetAll:
		b.add(true, t.name, digest)
		b.add(false, digest, digest)
		b.children(t.image)
	case getAll:
		b.add(false, t.name, digest)
		b.children(t.image)
	case getTwice:
		b.add(false, t.name, digest)
		b.add(false, t.name, digest)
	case getThenHeads:
		b.add(false, t.name, digest)
		for i := range b.repository.tags[:min(len(b.repository.tags), 3)] {
			b.add(true, b.repository.tags[i].name, b.repository.tags[i].image.digest)
		}
	}
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
	b.requests = append(b.requests, request{at: b.at, client: b.client, name: b.repository.name, head: head, reference: reference, digest: digest})
	b.at += gap(b.rand)
}

// child fetches the manifest of the client's platform where the image is an index.
func (b *builder) child(i *image) {
	if n := len(i.children); n > 0 {
		digest := i.children[b.client.platform%n]
		b.add(false, digest, digest)
	}
}

// children fetches the manifests of all platforms.
func (b *builder) children(i *image) {
	for _, digest := range i.children {
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
