package classify_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
)

// pull is a HEAD by tag, the GET that it announces and a child: one action.
func pull(no int64) []classify.Request {
	return []classify.Request{
		{No: no, Line: 1, Digest: 1, Method: classify.Head, ByTag: true},
		{No: no + 1, Line: 2, Digest: 1, Method: classify.Get},
		{No: no + 2, Line: 3, Digest: 2, Method: classify.Get},
	}
}

// labelled is the classification that differs in nothing.
func labelled(requests []classify.Request) []classify.Labelled {
	var rows []classify.Labelled
	for i, label := range classify.Reference(requests, window) {
		rows = append(rows, classify.Labelled{No: requests[i].No, Label: label})
	}
	return rows
}

func TestCompareNamesEachDifference(t *testing.T) {
	requests := pull(10)
	right := classify.Label{Action: classify.PullByTag, Requests: 3, Digest: 1}
	other := func(no int64, want, got classify.Label) classify.Difference {
		return classify.Difference{Kind: classify.OtherLabel, No: no, Request: requests[no-10], Want: want, Got: got}
	}
	extra := func(no int64, got classify.Label) classify.Difference {
		return classify.Difference{Kind: classify.ExtraRow, No: no, Got: got}
	}
	check := classify.Label{Action: classify.VersionCheck, Requests: 1, Digest: 1}
	two := classify.Label{Action: classify.PullByTag, Requests: 2, Digest: 1}
	otherDigest := classify.Label{Action: classify.PullByTag, Requests: 3, Digest: 2}

	for _, test := range []struct {
		name string
		got  func(rows []classify.Labelled) []classify.Labelled
		want []classify.Difference
	}{
		{"nothing", func(rows []classify.Labelled) []classify.Labelled { return rows }, nil},
		{"other action", func(rows []classify.Labelled) []classify.Labelled {
			rows[0].Action = classify.PullByDigest
			return rows
		}, []classify.Difference{other(10, right, classify.Label{Action: classify.PullByDigest, Requests: 3, Digest: 1})}},
		{"other number of requests", func(rows []classify.Labelled) []classify.Labelled {
			rows[0].Label = two
			return rows
		}, []classify.Difference{other(10, right, two)}},
		{"other digest", func(rows []classify.Labelled) []classify.Labelled {
			rows[0].Label = otherDigest
			return rows
		}, []classify.Difference{other(10, right, otherDigest)}},
		{"absorbed request with an action", func(rows []classify.Labelled) []classify.Labelled {
			rows[1].Label = check
			return rows
		}, []classify.Difference{other(11, classify.Label{}, check)}},
		{"missing row", func(rows []classify.Labelled) []classify.Labelled { return rows[1:] },
			[]classify.Difference{{Kind: classify.MissingRow, No: 10, Request: requests[0], Want: right}}},
		{"extra rows before, after and far away", func(rows []classify.Labelled) []classify.Labelled {
			return append(rows, classify.Labelled{No: 13, Label: check}, classify.Labelled{No: math.MaxInt64}, classify.Labelled{No: math.MinInt64})
		}, []classify.Difference{extra(math.MinInt64, classify.Label{}), extra(13, check), extra(math.MaxInt64, classify.Label{})}},
		{"duplicated row", func(rows []classify.Labelled) []classify.Labelled { return append(rows, rows[0]) },
			[]classify.Difference{extra(10, right)}},
		{"second row with another label, before the right one", func(rows []classify.Labelled) []classify.Labelled {
			return append([]classify.Labelled{{No: 10, Label: two}}, rows...)
		}, []classify.Difference{extra(10, two)}},
		{"two rows, neither right", func(rows []classify.Labelled) []classify.Labelled {
			rows[0].Label = two
			return append(rows, classify.Labelled{No: 10, Label: check})
		}, []classify.Difference{other(10, right, check), extra(10, two)}},
		{"all rows missing", func([]classify.Labelled) []classify.Labelled { return nil }, []classify.Difference{
			{Kind: classify.MissingRow, No: 10, Request: requests[0], Want: right},
			{Kind: classify.MissingRow, No: 11, Request: requests[1]},
			{Kind: classify.MissingRow, No: 12, Request: requests[2]},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.got(labelled(requests))
			for range 2 {
				differences, total := classify.Compare(requests, got, window, 10)
				if !slices.Equal(differences, test.want) || total != len(test.want) {
					t.Errorf("%d differences:\ngot  %+v\nwant %+v", total, differences, test.want)
				}
				slices.Reverse(got) // the order of rows must not matter
			}
		})
	}
}

// The other side may order equal stamps otherwise, and then it labels both requests otherwise.
func TestCompareFindsSwappedEqualStamps(t *testing.T) {
	requests := pull(1)[:2]
	swapped := slices.Clone(requests)
	swapped[0].Line, swapped[1].Line = 2, 1

	got, total := classify.Compare(requests, labelled(swapped), window, 10)
	want := []classify.Difference{
		{
			Kind: classify.OtherLabel, No: 1, Request: requests[0],
			Want: classify.Label{Action: classify.PullByTag, Requests: 2, Digest: 1},
			Got:  classify.Label{Action: classify.VersionCheck, Requests: 1, Digest: 1},
		},
		{
			Kind: classify.OtherLabel, No: 2, Request: requests[1],
			Want: classify.Label{},
			Got:  classify.Label{Action: classify.PullByDigest, Requests: 1, Digest: 1},
		},
	}
	if !slices.Equal(got, want) || total != 2 {
		t.Errorf("%d differences:\ngot  %+v\nwant %+v", total, got, want)
	}
}

func TestCompareCountsBeyondTheLimit(t *testing.T) {
	for limit, want := range []int{0, 1, 2, 3, 3} {
		differences, total := classify.Compare(pull(1), nil, window, limit)
		if len(differences) != want || total != 3 {
			t.Errorf("limit %d: %d differences of %d, want %d of 3", limit, len(differences), total, want)
		}
	}
}

// Whatever is planted is found, all of it and nothing else.
func TestCompareFindsWhatIsPlanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := someRequests(30).Draw(t, "requests")
		numbers := rapid.SliceOfNDistinct(rapid.Int64(), len(requests), len(requests), rapid.ID).Draw(t, "numbers")
		for i := range requests {
			requests[i].No = numbers[i]
		}
		var got []classify.Labelled
		var want []classify.Difference
		for i, label := range classify.Reference(requests, window) {
			no := requests[i].No
			row := classify.Labelled{No: no, Label: label}
			switch rapid.IntRange(0, 5).Draw(t, "plant") {
			case 0:
				want = append(want, classify.Difference{Kind: classify.MissingRow, No: no, Request: requests[i], Want: label})
			case 1:
				row.Digest += 7
				got = append(got, row)
				want = append(want, classify.Difference{Kind: classify.OtherLabel, No: no, Request: requests[i], Want: label, Got: row.Label})
			case 2:
				got = append(got, row, row)
				want = append(want, classify.Difference{Kind: classify.ExtraRow, No: no, Got: label})
			default:
				got = append(got, row)
			}
		}
		got = rapid.Permutation(got).Draw(t, "got")
		slices.SortFunc(want, func(a, b classify.Difference) int { return cmp.Compare(a.No, b.No) })

		differences, total := classify.Compare(requests, got, window, len(requests))
		if !slices.Equal(differences, want) || total != len(want) {
			t.Fatalf("%d differences:\ngot  %+v\nwant %+v", total, differences, want)
		}
	})
}

func TestKindString(t *testing.T) {
	for kind, want := range map[classify.Kind]string{
		classify.OtherLabel: "other label", classify.MissingRow: "missing row", classify.ExtraRow: "extra row", 9: "Kind(9)",
	} {
		if got := kind.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	requests := manyRequests(*rows)
	got := labelled(requests)
	compare := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, total := classify.Compare(requests, got, window, 1); total != 0 {
				b.Fatal(total)
			}
		}
	}
	b.Run("by time", compare)
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	b.Run("shuffled", compare)
}
