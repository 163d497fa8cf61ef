// How do overlapping sessions become one log in time order?

package main

import "math/rand/v2"

// hourWeights shape the day from midnight UTC on.
var hourWeights = [24]int64{6, 5, 5, 5, 6, 7, 9, 11, 13, 15, 15, 14, 13, 14, 15, 15, 14, 12, 11, 10, 9, 8, 7, 6}

// hour is one in milliseconds.
const hour = int64(3_600_000)

// merge yields requests in time order. Sessions begin in time order; requests that are not due yet wait in a heap.
type merge struct {
	o            options
	rand         *rand.Rand
	clients      []client
	repositories []repository
	nat          [][]client // behind each shared address
	popular      *rand.Zipf // clients
	known        *rand.Zipf // repositories
	waiting      requestHeap
	requests     []request // of the session that is begun last
	begun        int64     // requests of all sessions so far
	natBegun     int64     // of those, from shared addresses
	rows         int64     // of sessions
	nextAt       int64     // when the next session begins
}

// newMerge makes the population.
func newMerge(o options) *merge {
	r := rand.New(rand.NewPCG(o.seed, 1))
	m := &merge{o: o, rand: r, clients: newClients(r, o), repositories: newRepositories(r, o.repositories)}
	m.nat = newNAT(r, o)
	m.popular = rand.NewZipf(r, 1.2, 60, uint64(o.clients-1))
	m.known = rand.NewZipf(r, 1.15, 3, uint64(o.repositories-1))
	if o.worst == worstAddress {
		m.clients[0].crawls = false
	}
	pollers := m.newPollers(int64(o.rows) * int64(o.pollers) / 100)
	if o.worst == worstPoller {
		pollers = append(pollers, m.newPoller(1000))
	}
	m.rows = max(int64(o.rows)-m.polls(pollers), 0)
	m.start(pollers)
	return m
}

// next is the next request.
func (m *merge) next() request {
	for len(m.waiting) == 0 || m.nextAt < m.waiting[0].at {
		m.begin()
	}
	r := m.waiting.pop()
	if r.poller != nil {
		m.poll(r.poller, r.at+r.poller.every)
	}
	return r
}

// begin begins a session, or several behind a shared address, and sets the time of the next one, so that the rows fill the
// days evenly but for the hour of day.
func (m *merge) begin() {
	if m.nat != nil && m.natBegun*100 < m.begun*int64(m.o.nat) {
		m.beginNAT(&m.repositories[m.drawRepository()])
	} else {
		c := &m.clients[m.drawClient()]
		m.beginSession(c, &m.repositories[m.drawRepository()], m.nextAt)
	}
	m.nextAt = max(m.nextAt, m.timeOf(m.begun, m.rand.Int64N(1000)))
}

// beginSession puts the requests of a session among the waiting ones and returns how many they are.
func (m *merge) beginSession(c *client, repo *repository, at int64) int {
	m.requests = session(m.requests[:0], m.rand, c, repo, at)
	if m.o.ties > 0 && m.rand.IntN(100) < m.o.ties {
		tie(m.requests)
	}
	for _, request := range m.requests {
		if request.at < m.end() {
			m.waiting.push(request)
		}
	}
	m.begun += int64(len(m.requests))
	return len(m.requests)
}

// drawClient prefers popular clients, but lets every client come sometimes.
func (m *merge) drawClient() uint64 {
	if m.o.worst == worstAddress && m.rand.IntN(2) == 0 {
		return 0
	}
	if m.rand.IntN(100) < 30 {
		return m.rand.Uint64N(uint64(len(m.clients)))
	}
	return m.popular.Uint64()
}

// drawRepository prefers popular ones.
func (m *merge) drawRepository() uint64 {
	if m.o.worst == worstRepository {
		return 0
	}
	return m.known.Uint64()
}

// end is when the last day ends.
func (m *merge) end() int64 { return int64(m.o.days) * 24 * hour }

// timeOf is when the n-th request is due, plus some milliseconds.
func (m *merge) timeOf(n, jitter int64) int64 {
	total := int64(0)
	for _, weight := range hourWeights {
		total += weight
	}
	perDay := max(m.rows/int64(m.o.days), 1)
	within := n % perDay * total // in weights times rows
	at := n / perDay * 24 * hour
	for _, weight := range hourWeights {
		if within < weight*perDay {
			at += within * hour / (weight * perDay)
			break
		}
		within -= weight * perDay
		at += hour
	}
	return min(at+jitter, m.end()-1)
}

// requestHeap is a binary heap by time and place; of equal ones, the pushed order is not kept.
type requestHeap []request

// before reports whether the i-th request comes before the j-th.
func (h requestHeap) before(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].place < h[j].place
}

func (h *requestHeap) push(added request) {
	*h = append(*h, added)
	list := *h
	for i := len(list) - 1; i > 0; {
		parent := (i - 1) / 2
		if !list.before(i, parent) {
			return
		}
		list[parent], list[i] = list[i], list[parent]
		i = parent
	}
}

func (h *requestHeap) pop() request {
	list := *h
	top, last := list[0], len(list)-1
	list[0] = list[last]
	list = list[:last]
	*h = list
	for i := 0; ; {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < last && list.before(child, least) {
				least = child
			}
		}
		if least == i {
			return top
		}
		list[least], list[i] = list[i], list[least]
		i = least
	}
}
