// What makes a log harder than a mix of sessions? Pollers, shared addresses, equal stamps, and the worst cases.

package main

import (
	"fmt"
	"math/rand/v2"
)

// The worst cases.
const (
	worstAddress    = "address"    // half of the requests are of one address
	worstRepository = "repository" // one repository has all requests
	worstPoller     = "poller"     // one client asks every second: a single burst of as many requests as there are seconds
)

// poller is a client that asks for one tag at a fixed interval, from the first to the last second of the log.
type poller struct {
	client *client
	name   string // of the repository
	tag    tag
	every  int64 // milliseconds
}

// pollIntervals are those of cron jobs and update checkers, in milliseconds; the shortest is beyond the five seconds that
// link requests.
var pollIntervals = []int64{10_000, 30_000, 60_000, 300_000, 900_000}

// newPollers makes as many pollers as send at most that many requests. They are clients and repositories of the log.
func (m *merge) newPollers(requests int64) []poller {
	var pollers []poller
	for left, skipped := requests, 0; skipped < len(pollIntervals); {
		every := pollIntervals[len(pollers)%len(pollIntervals)]
		if skipped > 0 {
			every = pollIntervals[len(pollIntervals)-1]
		}
		polls := m.end() / every
		if polls > left {
			if skipped > 0 {
				break
			}
			skipped++
			continue
		}
		left -= polls
		pollers = append(pollers, m.newPoller(every))
	}
	return pollers
}

func (m *merge) newPoller(every int64) poller {
	repo := &m.repositories[m.drawRepository()]
	return poller{&m.clients[m.rand.IntN(len(m.clients))], repo.name, repo.tags[0], every}
}

// start puts the first request of each poller among the waiting ones.
func (m *merge) start(pollers []poller) {
	for i := range pollers {
		m.poll(&pollers[i], m.rand.Int64N(pollers[i].every))
	}
}

// poll puts a request of a poller among the waiting ones.
func (m *merge) poll(p *poller, at int64) {
	if at < m.end() {
		m.waiting.push(request{at: at, client: p.client, name: p.name, head: true, reference: p.tag.name, digest: p.tag.image.digest, poller: p})
	}
}

// polls is how many requests pollers send.
func (m *merge) polls(pollers []poller) int64 {
	total := int64(0)
	for _, p := range pollers {
		total += m.end() / p.every
	}
	return total
}

// natMembers is how many clients stand behind each shared address.
const natMembers = 200

// newNAT makes clients behind shared addresses, which lie beyond those of the others.
func newNAT(r *rand.Rand, o options) [][]client {
	if o.nat == 0 {
		return nil
	}
	draw := newClientDraw(o.mix)
	shared := make([][]client, max(o.clients/5000, 2))
	for i := range shared {
		for n := range natMembers {
			c := draw(r, address(o.clients+i))
			if c.crawls = false; n%3 > 0 {
				c.user = fmt.Sprintf("n%d-%d", i, n)
			}
			shared[i] = append(shared[i], c)
		}
	}
	return shared
}

// beginNAT begins the sessions of several clients behind one address with one repository within a second and a half, so that
// their requests stand between each other.
func (m *merge) beginNAT(repo *repository) {
	members := m.nat[m.rand.IntN(len(m.nat))]
	for range 3 + m.rand.IntN(6) {
		c := &members[m.rand.IntN(len(members))]
		m.natBegun += int64(m.beginSession(c, repo, m.nextAt+m.rand.Int64N(1500)))
	}
}

// tie gives the requests of a session one stamp; their places keep their order.
func tie(requests []request) {
	for i := range requests {
		requests[i].at, requests[i].place = requests[0].at, int32(i)
	}
}
