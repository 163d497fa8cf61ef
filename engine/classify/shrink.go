package classify

import (
	"slices"
	"time"
)

// Burst returns the requests of the burst that contains request no, in order; nil when there is no such request.
// A burst is a maximal stretch of linked requests of one sequence. Actions never cross bursts, so it explains its labels.
func Burst(requests []Request, no int64, window time.Duration) []Request {
	at := slices.IndexFunc(requests, func(r Request) bool { return r.No == no })
	if at < 0 {
		return nil
	}
	var sequence []Request
	for i := range requests {
		if sameSequence(&requests[at], &requests[i]) {
			sequence = append(sequence, requests[i])
		}
	}
	slices.SortFunc(sequence, func(a, b Request) int { return compareInSequence(&a, &b) })

	isLinked := func(i int) bool { return linked(&sequence[i-1], &sequence[i], window.Microseconds()) }
	from := slices.IndexFunc(sequence, func(r Request) bool { return r.No == no })
	to := from + 1
	for from > 0 && isLinked(from) {
		from--
	}
	for to < len(sequence) && isLinked(to) {
		to++
	}
	return slices.Clip(sequence[from:to])
}

// maxShrinkCalls bounds how often Shrink asks: each time may run a whole engine.
const maxShrinkCalls = 1000

// Shrink returns a smallest subset of requests for which differs still holds, in the order of its argument: no request
// of it and none of the stretches into which halving cuts it can be left out. It is the requests themselves if
// differs(requests) is false. After 1000 calls of differs it returns the smallest subset found so far.
// It never tries the empty subset, and differs may keep and change what it is given.
func Shrink(requests []Request, differs func([]Request) bool) []Request {
	calls := 0
	holds := func(subset []Request) bool {
		calls++
		return calls <= maxShrinkCalls && differs(slices.Clone(subset))
	}
	if !holds(requests) {
		return requests
	}
	for {
		smaller := shrinkOnce(requests, holds)
		if len(smaller) == len(requests) {
			return requests
		}
		requests = smaller
	}
}

// shrinkOnce tries stretches of half the requests, then a quarter, down to single requests: each alone, then all but it.
// The stretches overlap by half: what cancels out in pairs goes in pairs, wherever the pair begins.
func shrinkOnce(requests []Request, holds func([]Request) bool) []Request {
	for size := len(requests) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(requests) && size < len(requests); {
			if alone := requests[from : from+size]; holds(alone) {
				return alone
			}
			if rest := slices.Concat(requests[:from], requests[from+size:]); holds(rest) {
				requests = rest
			} else {
				from += (size + 1) / 2
			}
		}
	}
	return requests
}
