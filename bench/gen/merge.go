// How do overlapping sessions become one log in time order?

package main

import "math/rand/v2"

// hourWeights shape the day from midnight UTC on.
var hourWeights = [24]int64{6, 5, 5, 5, 6, 7, 9, 11, 13, 15, 15, 14, 13, 14, 15, 15, 14, 12, 11, 10, 9, 8, 7, 6}

// hour is one in milliseconds.
const hour = int64(3_600_000)

// merge yields requests in time order. Sessions begin in time order; requests that are not due yet wait in a heap.
type merge struct {
	rand         *rand.Rand
	clients      []client
	repositories []repository
	popular      *rand.Zipf // clients
	known        *rand.Zipf // repositories
	waiting      requestHeap
	requests     []request // of the session that is begun last
	begun        int64     // requests of all sessions so far
	rows         int64
	days         int64
	nextAt       int64 // when the next session begins
}

// newMerge makes the population.
func newMerge(o options) *merge {
	r := rand.New(rand.NewPCG(o.seed, 1))
	m := &merge{
		rand: r, clients: newClients(r, o.clients), repositories: newRepositories(r, o.repositories),
		rows: int64(o.rows), days: int64(o.days),
	}
	m.popular = rand.NewZipf(r, 1.2, 60, uint64(o.clients-1))
	m.known = rand.NewZipf(r, 1.15, 3, uint64(o.repositories-1))
	return m
}

// next is the next request.
func (m *merge) next() request {
	for len(m.waiting) == 0 || m.nextAt < m.waiting[0].at {
		m.begin()
	}
	return m.waiting.pop()
}

// begin begins a session and sets the time of the next one, so that the rows fill the days evenly but for the hour of day.
func (m *merge) begin() {
	c := &m.clients[m.drawClient()]
	repo := &m.repositories[m.known.Uint64()]
	m.requests = session(m.requests[:0], m.rand, c, repo, m.nextAt)
	for _, request := range m.requests {
		if request.at < m.end() {
			m.waiting.push(request)
		}
	}
	m.begun += int64(len(m.requests))
	m.nextAt = max(m.nextAt, m.timeOf(m.begun, m.rand.Int64N(1000)))
}

// drawClient prefers popular clients, but lets every client come sometimes.
func (m *merge) drawClient() uint64 {
	if m.rand.IntN(100) < 30 {
		return m.rand.Uint64N(uint64(len(m.clients)))
	}
	return m.popular.Uint64()
}

// end is when the last day ends.
func (m *merge) end() int64 { return m.days * 24 * hour }

// timeOf is when the n-th request is due, plus some milliseconds.
func (m *merge) timeOf(n, jitter int64) int64 {
	total := int64(0)
	for _, weight := range hourWeights {
		total += weight
	}
	perDay := max(m.rows/m.days, 1)
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

// requestHeap is a binary heap by time; of equal times, the pushed order is not kept.
type requestHeap []request

func (h *requestHeap) push(added request) {
	*h = append(*h, added)
	list := *h
	for i := len(list) - 1; i > 0; {
		parent := (i - 1) / 2
		if list[parent].at <= list[i].at {
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
			if child < last && list[child].at < list[least].at {
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
