package classify_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
)

func numbers(requests []classify.Request) []int64 {
	var all []int64
	for _, request := range requests {
		all = append(all, request.No)
	}
	return all
}

func TestBurst(t *testing.T) {
	requests := []classify.Request{
		{No: 4, At: 13_000_002},
		{No: 1, At: 0},
		{No: 3, At: 8_000_001},
		{No: 2, At: 4_000_000},
		{No: 5, At: 13_000_002, Line: -1},
		{No: 6, At: 8_000_000, Repository: 1},
		{No: 7, At: 8_000_000, Client: 1},
	}
	for _, test := range []struct {
		no   int64
		want []int64
	}{
		{1, []int64{1, 2, 3}}, {2, []int64{1, 2, 3}}, {3, []int64{1, 2, 3}}, // 5 s and 1 µs before 5
		{5, []int64{5, 4}}, {4, []int64{5, 4}},
		{6, []int64{6}}, {7, []int64{7}},
		{8, nil},
	} {
		if got := numbers(classify.Burst(requests, test.no, window)); !slices.Equal(got, test.want) {
			t.Errorf("burst of %d: got %v, want %v", test.no, got, test.want)
		}
	}
}

// sizesWithoutParity counts the requests of each action with a planted bug: it forgets that the previous GET must not
// itself continue a GET, so that all children of a run go to one action. It takes one sequence, in order.
func sizesWithoutParity(requests []classify.Request) []uint8 {
	sizes := make([]uint8, len(requests))
	start := 0
	for i, request := range requests {
		continues := i > 0 && request.Method == classify.Get &&
			request.At-requests[i-1].At <= window.Microseconds() &&
			(requests[i-1].Method == classify.Head) == (requests[i-1].Digest == request.Digest)
		if !continues {
			start = i
		}
		sizes[start]++
	}
	return sizes
}

func TestShrinkFindsTheSmallestRun(t *testing.T) {
	var requests []classify.Request
	for i := range int64(60) { // HEAD, GET and four children, again and again
		requests = append(requests, classify.Request{
			No: i, At: i * 10_000, Digest: int32(max(1, i%6)), Method: classify.Get, ByTag: i%6 == 0,
		})
		if i%6 == 0 {
			requests[i].Method = classify.Head
		}
	}
	shrunk := classify.Shrink(requests, func(subset []classify.Request) bool {
		sizes := sizesWithoutParity(subset)
		for i, label := range classify.Reference(subset, window) {
			if label.Requests != sizes[i] {
				return true
			}
		}
		return false
	})
	digests := map[int32]bool{}
	for _, request := range shrunk {
		digests[request.Digest] = request.Method == classify.Get
	}
	if len(shrunk) != 3 || len(digests) != 3 {
		t.Errorf("got %+v, want three GETs of three digests", shrunk)
	}
}

func numbered(n int) []classify.Request {
	requests := make([]classify.Request, n)
	for i := range requests {
		requests[i].No = int64(i)
	}
	return requests
}

func contains(requests []classify.Request, no int64) bool {
	return slices.Contains(numbers(requests), no)
}

// Where the difference needs certain requests, these are left and nothing else.
func TestShrinkKeepsWhatIsNeeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := numbered(rapid.IntRange(1, 60).Draw(t, "requests"))
		needed := rapid.SliceOfNDistinct(rapid.Int64Range(0, int64(len(requests)-1)), 1, 3, rapid.ID).Draw(t, "needed")
		slices.Sort(needed)
		got := classify.Shrink(requests, func(subset []classify.Request) bool {
			defer clear(subset) // it is ours to change
			return !slices.ContainsFunc(needed, func(no int64) bool { return !contains(subset, no) })
		})
		if !slices.Equal(numbers(got), needed) {
			t.Fatalf("got %v, want %v", numbers(got), needed)
		}
	})
}

// No single request can go when the number of them must stay odd, but two neighbours can.
func TestShrinkTakesPairs(t *testing.T) {
	for keep := range int64(41) {
		got := classify.Shrink(numbered(41), func(subset []classify.Request) bool {
			return len(subset)%2 == 1 && contains(subset, keep)
		})
		if !slices.Equal(numbers(got), []int64{keep}) {
			t.Errorf("got %v, want %d", numbers(got), keep)
		}
	}
}

func TestShrinkWithoutDifference(t *testing.T) {
	requests := numbered(5)
	if got := classify.Shrink(requests, func([]classify.Request) bool { return false }); !slices.Equal(got, requests) {
		t.Errorf("got %v, want all", numbers(got))
	}
}

func TestShrinkAsksABoundedNumberOfTimes(t *testing.T) {
	calls := 0
	got := classify.Shrink(numbered(5000), func(subset []classify.Request) bool {
		calls++
		return len(subset) > 2500 && contains(subset, 1)
	})
	if calls > 1000 || len(got) >= 5000 || len(got) <= 2500 {
		t.Errorf("asked %d times for %d requests", calls, len(got))
	}
}
