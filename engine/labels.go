package engine

import (
	"context"
	"fmt"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/duck"
)

// labelSet are the rows of the model requests_classified, one number each, by request number.
type labelSet struct {
	packed []uint64
	extra  map[int64][]classify.Label // second rows, and rows of requests that cannot be
}

// A packed label: whether there is one and whether its request was seen, the digest, the number of
// requests, and the action.
const (
	labelIsThere  = 1 << 63
	labelIsSeen   = 1 << 62
	labelDigest   = 8 // bits to the left
	labelRequests = 3
	labelAction   = 1<<labelRequests - 1
)

// unknownAction is what a label is read as that names no action: it differs from all.
const unknownAction = classify.Action(labelAction)

func packLabel(label classify.Label) uint64 {
	return labelIsThere | uint64(uint32(label.Digest))<<labelDigest | uint64(label.Requests&31)<<labelRequests | uint64(label.Action&labelAction)
}

func unpackLabel(packed uint64) classify.Label {
	return classify.Label{
		Action: classify.Action(packed & labelAction), Requests: uint8(packed>>labelRequests) & 31, Digest: int32(uint32(packed >> labelDigest)),
	}
}

// readLabels reads a query in the shape of the model requests_classified; requests have numbers below limit.
func readLabels(ctx context.Context, db *duck.DB, from string, limit int64) (*labelSet, error) {
	l := &labelSet{packed: make([]uint64, limit), extra: map[int64][]classify.Label{}}
	add := func(no int64, label classify.Label) {
		if no < 0 || no >= limit || l.packed[no] != 0 {
			l.extra[no] = append(l.extra[no], label)
			return
		}
		l.packed[no] = packLabel(label)
	}
	// A result is in memory as a whole, so it is read in stretches.
	for at := int64(0); at == 0 || at < limit; at += labelsAtOnce {
		part := "select * from (" + from + ") as labels where true"
		if at > 0 {
			part += fmt.Sprintf(" and request_no >= %d", at)
		}
		if at+labelsAtOnce < limit {
			part += fmt.Sprintf(" and request_no < %d", at+labelsAtOnce)
		}
		if err := eachLabel(ctx, db, part, add); err != nil {
			return nil, err
		}
	}
	return l, nil
}

const labelsAtOnce = 16 << 20

// listLabels reads a query in the shape of the model requests_classified as a list.
func listLabels(ctx context.Context, db *duck.DB, from string) ([]classify.Labelled, error) {
	var list []classify.Labelled
	err := eachLabel(ctx, db, from, func(no int64, label classify.Label) {
		list = append(list, classify.Labelled{No: no, Label: label})
	})
	return list, err
}

// actionNumber is, in SQL, the action of a row as a number of package classify.
var actionNumber = fmt.Sprintf("case action when '%s' then %d when '%s' then %d when '%s' then %d else case when action is null then %d else %d end end",
	classify.VersionCheck, classify.VersionCheck, classify.PullByTag, classify.PullByTag, classify.PullByDigest, classify.PullByDigest, classify.None, unknownAction)

// newLabel makes a label of numbers that may be any.
func newLabel(action, requests, digest int32) classify.Label {
	return classify.Label{Action: classify.Action(action), Requests: uint8(min(max(requests, 0), 31)), Digest: digest}
}

func eachLabel(ctx context.Context, db *duck.DB, from string, yield func(no int64, label classify.Label)) error {
	query := fmt.Sprintf(`select request_no, %s, cast(coalesce(action_requests, 0) as integer), cast(coalesce(action_digest_id, 0) as integer)
		from (%s) as classified`, actionNumber, from)
	return db.Columns(ctx, query, 1, func(_ int, chunk duck.Chunk) error {
		actions, requests, digests := duck.Values[int32](chunk, 1), duck.Values[int32](chunk, 2), duck.Values[int32](chunk, 3)
		for i, no := range duck.Values[int64](chunk, 0) {
			yield(no, newLabel(actions[i], requests[i], digests[i]))
		}
		return nil
	})
}

// take appends the rows of a request, which has been seen from then on.
func (l *labelSet) take(no int64, to []classify.Labelled) []classify.Labelled {
	if l.packed[no] == 0 {
		return to
	}
	l.packed[no] |= labelIsSeen
	to = append(to, classify.Labelled{No: no, Label: unpackLabel(l.packed[no])})
	if len(l.extra) > 0 {
		for _, label := range l.extra[no] {
			to = append(to, classify.Labelled{No: no, Label: label})
		}
		delete(l.extra, no)
	}
	return to
}

// left are the rows whose requests were not seen.
func (l *labelSet) left() []classify.Labelled {
	var left []classify.Labelled
	for no, labels := range l.extra {
		for _, label := range labels {
			left = append(left, classify.Labelled{No: no, Label: label})
		}
	}
	for no, packed := range l.packed {
		if packed != 0 && packed&labelIsSeen == 0 {
			left = append(left, classify.Labelled{No: int64(no), Label: unpackLabel(packed)})
		}
	}
	return left
}
