package classify_test

import (
	"time"

	"github.com/pullscope/pullscope/engine/classify"
)

// naive labels requests as the prose does: it asks of each request alone which one it follows, whether it continues
// that one's action and which requests follow it. No sorting, no state; quadratic and worse.
func naive(requests []classify.Request, window time.Duration) []classify.Label {
	n := naiveRule{requests, window}
	labels := make([]classify.Label, len(requests))
	for i := range requests {
		if !n.continues(i) {
			labels[i] = n.label(i)
		}
	}
	return labels
}

type naiveRule struct {
	requests []classify.Request
	window   time.Duration
}

// before says whether j precedes i in the sequence of both.
func (n naiveRule) before(j, i int) bool {
	a, b := n.requests[j], n.requests[i]
	if a.Client != b.Client || a.Repository != b.Repository {
		return false
	}
	for _, keys := range [][2]int64{
		{a.At, b.At}, {int64(a.Source), int64(b.Source)}, {a.Line, b.Line}, {int64(a.Item), int64(b.Item)}, {a.No, b.No},
	} {
		if keys[0] != keys[1] {
			return keys[0] < keys[1]
		}
	}
	return false
}

// previous returns the last request before i, -1 for the first of a sequence.
func (n naiveRule) previous(i int) int {
	last := -1
	for j := range n.requests {
		if n.before(j, i) && (last < 0 || n.before(last, j)) {
			last = j
		}
	}
	return last
}

// next returns the first request after i, -1 for the last of a sequence.
func (n naiveRule) next(i int) int {
	for j := range n.requests {
		if n.previous(j) == i {
			return j
		}
	}
	return -1
}

func (n naiveRule) linked(i int) bool {
	j := n.previous(i)
	return j >= 0 &&
		!time.UnixMicro(n.requests[i].At).After(time.UnixMicro(n.requests[j].At).Add(n.window))
}

func (n naiveRule) continues(i int) bool {
	if !n.linked(i) || n.requests[i].Method != classify.Get {
		return false
	}
	if n.requests[n.previous(i)].Method == classify.Head {
		return !n.digestsKnownAndDifferent(i)
	}
	return n.continuesGet(i)
}

func (n naiveRule) continuesGet(i int) bool {
	if !n.linked(i) || n.requests[i].Method != classify.Get {
		return false
	}
	j := n.previous(i)
	return n.requests[j].Method == classify.Get && !n.continuesGet(j) && !n.requests[i].ByTag &&
		!n.digestsKnownAndEqual(i)
}

func (n naiveRule) digestsKnown(i int) bool {
	return n.requests[i].Digest != 0 && n.requests[n.previous(i)].Digest != 0
}

func (n naiveRule) digestsKnownAndDifferent(i int) bool {
	return n.digestsKnown(i) && n.requests[i].Digest != n.requests[n.previous(i)].Digest
}

func (n naiveRule) digestsKnownAndEqual(i int) bool {
	return n.digestsKnown(i) && n.requests[i].Digest == n.requests[n.previous(i)].Digest
}

// label labels the request i, which starts an action, after the table of actions.
func (n naiveRule) label(i int) classify.Label {
	requests, digest := uint8(1), n.requests[i].Digest
	for j := n.next(i); j >= 0 && n.continues(j); j = n.next(j) {
		requests++
		if digest == 0 {
			digest = n.requests[j].Digest
		}
	}
	action := map[string]classify.Action{
		"HEAD tag":              classify.VersionCheck,
		"HEAD tag continued":    classify.PullByTag,
		"GET tag":               classify.PullByTag,
		"GET tag continued":     classify.PullByTag,
		"HEAD digest":           classify.PullByDigest,
		"HEAD digest continued": classify.PullByDigest,
		"GET digest":            classify.PullByDigest,
		"GET digest continued":  classify.PullByDigest,
	}
	start := n.requests[i].Method.String()
	if n.requests[i].ByTag {
		start += " tag"
	} else {
		start += " digest"
	}
	if requests > 1 {
		start += " continued"
	}
	return classify.Label{Action: action[start], Requests: requests, Digest: digest}
}
