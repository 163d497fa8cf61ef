package classify

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Kind is the way in which a classification differs from the reference.
type Kind uint8

// The kinds of difference.
const (
	OtherLabel Kind = iota // both have the request and label it differently
	MissingRow             // a request that the other side has no row for
	ExtraRow               // a row without request, or a second row for the same request
)

// String returns the kind in words, as messages print it.
func (k Kind) String() string {
	switch k {
	case OtherLabel:
		return "other label"
	case MissingRow:
		return "missing row"
	case ExtraRow:
		return "extra row"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Difference is one request or row on which a classification differs from the reference.
type Difference struct {
	Kind    Kind
	No      int64
	Request Request // zero for an extra row
	Want    Label   // what the reference says; zero for an extra row
	Got     Label   // what the other side says; zero for a missing row
}

// Compare labels requests with [Reference] and compares got, in any order, with the result. It returns the differences
// ordered by No then Kind, at most limit of them, and how many there are in total.
//
// Of several rows for one request the right one counts, if there is one, and the others are extra.
func Compare(requests []Request, got []Labelled, window time.Duration, limit int) (differences []Difference, total int) {
	found := func(difference Difference) {
		if total++; total <= limit {
			differences = append(differences, difference)
		}
	}
	wants := Reference(requests, window)
	wanted := ascending(len(requests), func(i int) int64 { return requests[i].No })
	rows := ascending(len(got), func(i int) int64 { return got[i].No })

	// Both sides ascend by No: take the rows before each request, then its own.
	for _, i := range wanted {
		request, want := requests[i], wants[i]
		for len(rows) > 0 && got[rows[0]].No < request.No {
			found(extraRow(got[rows[0]]))
			rows = rows[1:]
		}
		own := 0
		for own < len(rows) && got[rows[own]].No == request.No {
			own++
		}
		compareOne(request, want, got, rows[:own], found)
		rows = rows[own:]
	}
	for _, row := range rows {
		found(extraRow(got[row]))
	}
	return differences, total
}

// compareOne compares the rows of one request with its label. Rows are indexes into got.
func compareOne(request Request, want Label, got []Labelled, rows []uint32, found func(Difference)) {
	if len(rows) == 0 {
		found(Difference{Kind: MissingRow, No: request.No, Request: request, Want: want})
		return
	}
	if len(rows) > 1 { // put the right row first, so that the result does not depend on the order of got
		slices.SortFunc(rows, func(i, j uint32) int { return compareLabels(got[i].Label, got[j].Label, want) })
	}
	if label := got[rows[0]].Label; label != want {
		found(Difference{Kind: OtherLabel, No: request.No, Request: request, Want: want, Got: label})
	}
	for _, row := range rows[1:] {
		found(extraRow(got[row]))
	}
}

func extraRow(row Labelled) Difference {
	return Difference{Kind: ExtraRow, No: row.No, Got: row.Label}
}

// compareLabels orders labels, first before all others.
func compareLabels(a, b, first Label) int {
	switch {
	case a == b:
		return 0
	case a == first:
		return -1
	case b == first:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Requests, b.Requests), cmp.Compare(a.Digest, b.Digest))
}
