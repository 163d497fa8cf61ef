package classify_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
)

const window = classify.DefaultWindow

// gaps are the microseconds between requests that matter: equal stamps, and both sides of the window.
var gaps = []int64{0, 0, 1, 50_000, 1_000_000, 4_999_999, 5_000_000, 5_000_001, 8_000_000}

// someRequests draws the requests of up to four sequences, with equal stamps and equal lines, in any order.
func someRequests(atMost int) *rapid.Generator[[]classify.Request] {
	return rapid.Custom(func(t *rapid.T) []classify.Request {
		var requests []classify.Request
		at := rapid.Int64Range(-1, 1).Draw(t, "epoch") * 1_790_000_000_000_000
		for i := range rapid.IntRange(0, atMost).Draw(t, "requests") {
			at += rapid.SampledFrom(gaps).Draw(t, "gap")
			requests = append(requests, classify.Request{
				No:         int64(i * 3),
				Client:     rapid.SampledFrom([]int64{1, 1, -1 << 63}).Draw(t, "client"),
				Repository: rapid.SampledFrom([]int64{1, 1, 2}).Draw(t, "repository"),
				At:         at,
				Source:     rapid.Int32Range(0, 1).Draw(t, "source"),
				Line:       rapid.Int64Range(1, 3).Draw(t, "line"),
				Item:       rapid.Int32Range(0, 1).Draw(t, "item"),
				Digest:     rapid.Int32Range(0, 3).Draw(t, "digest"),
				Method:     rapid.SampledFrom([]classify.Method{classify.Head, classify.Get, classify.Get, classify.Get}).Draw(t, "method"),
				ByTag:      rapid.SampledFrom([]bool{false, false, true}).Draw(t, "by tag"),
			})
		}
		return rapid.Permutation(requests).Draw(t, "order")
	})
}

// byNo maps each request's No to its label.
func byNo(requests []classify.Request, labels []classify.Label) map[int64]classify.Label {
	result := make(map[int64]classify.Label, len(requests))
	for i, request := range requests {
		result[request.No] = labels[i]
	}
	return result
}

type sequence struct{ client, repository int64 }

func sequenceOf(r classify.Request) sequence { return sequence{r.Client, r.Repository} }

func bySequence(requests []classify.Request) map[sequence][]classify.Request {
	groups := map[sequence][]classify.Request{}
	for _, request := range requests {
		groups[sequenceOf(request)] = append(groups[sequenceOf(request)], request)
	}
	return groups
}

func TestReferenceAgreesWithNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := someRequests(20).Draw(t, "requests")
		got, want := classify.Reference(requests, window), naive(requests, window)
		if !slices.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

func TestReferenceIgnoresTheOrderOfItsArgument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := someRequests(30).Draw(t, "requests")
		shuffled := rapid.Permutation(requests).Draw(t, "shuffled")
		before := slices.Clone(shuffled)

		want := byNo(requests, classify.Reference(requests, window))
		got := classify.Reference(shuffled, window)
		for i, request := range shuffled {
			if got[i] != want[request.No] {
				t.Fatalf("No %d: %v in one order, %v in the other", request.No, want[request.No], got[i])
			}
		}
		if !slices.Equal(shuffled, before) {
			t.Fatal("the argument was changed")
		}
	})
}

func TestReferenceActions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := someRequests(30).Draw(t, "requests")
		counted := map[sequence]int{}
		for i, label := range classify.Reference(requests, window) {
			absorbed := label.Action == classify.None
			if absorbed != (label.Requests == 0) || absorbed && label.Digest != 0 || label.Requests > 3 {
				t.Fatalf("No %d has label %+v", requests[i].No, label)
			}
			if absorbed && requests[i].Method == classify.Head {
				t.Fatalf("No %d is a HEAD and absorbed", requests[i].No)
			}
			if first := classify.Burst(requests, requests[i].No, window)[0]; absorbed && first.No == requests[i].No {
				t.Fatalf("No %d is the first of its burst and absorbed", first.No)
			}
			counted[sequenceOf(requests[i])] += int(label.Requests)
		}
		for key, group := range bySequence(requests) {
			if counted[key] != len(group) {
				t.Fatalf("the actions of %v have %d requests, want %d", key, counted[key], len(group))
			}
		}
	})
}

// What is further than the window from all requests of its sequence changes none of their labels.
func TestReferenceIgnoresDistantRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := someRequests(12).Draw(t, "requests")
		want := classify.Reference(requests, window)
		more := slices.Clone(requests)
		for i, other := range someRequests(12).Draw(t, "more") {
			other.No = int64(3*i + 1)
			near := func(r classify.Request) bool {
				return sequenceOf(r) == sequenceOf(other) && max(r.At-other.At, other.At-r.At) <= window.Microseconds()
			}
			if !slices.ContainsFunc(requests, near) {
				more = append(more, other)
			}
		}
		if got := classify.Reference(more, window)[:len(requests)]; !slices.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

func TestReferenceOfBurstsIsThatOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := someRequests(20).Draw(t, "requests")
		want := byNo(requests, classify.Reference(requests, window))
		for _, request := range requests {
			burst := classify.Burst(requests, request.No, window)
			for i, label := range classify.Reference(burst, window) {
				if label != want[burst[i].No] {
					t.Fatalf("No %d: %v in its burst, %v in all", burst[i].No, label, want[burst[i].No])
				}
			}
		}
	})
}

// Many requests fill many bins, with sequences of one request and of a thousand.
func TestReferenceOfSequencesIsThatOfAll(t *testing.T) {
	requests := manyRequests(30_000)
	want := byNo(requests, classify.Reference(requests, window))
	seen := 0
	for _, group := range bySequence(requests) {
		for i, label := range classify.Reference(group, window) {
			seen++
			if label != want[group[i].No] {
				t.Fatalf("No %d: %v in its sequence, %v in all", group[i].No, label, want[group[i].No])
			}
		}
	}
	if seen != len(requests) {
		t.Fatalf("saw %d labels, want %d", seen, len(requests))
	}
}

func TestReferenceOfNothing(t *testing.T) {
	if labels := classify.Reference(nil, window); len(labels) != 0 {
		t.Errorf("got %v, want no labels", labels)
	}
}

// manyRequests makes a day's log: few busy clients and many that come now and then, in the order of time.
func manyRequests(n int) []classify.Request {
	random := rand.New(rand.NewPCG(1, 2))
	clients := make([]int64, n/40+1)
	for i := range clients {
		clients[i] = int64(random.Uint64())
	}
	requests := make([]classify.Request, n)
	at := time.Date(2026, 9, 21, 0, 0, 0, 0, time.UTC).UnixMicro()
	for i := range requests {
		at += random.Int64N(2 * 86_400_000_000 / int64(n))
		skewed := random.Float64()
		requests[i] = classify.Request{
			No:         int64(i),
			Client:     clients[int(skewed*skewed*skewed*float64(len(clients)))],
			Repository: random.Int64N(400),
			At:         at,
			Line:       int64(i),
			Digest:     random.Int32N(5),
			Method:     classify.Method(random.IntN(2)),
			ByTag:      random.IntN(2) == 0,
		}
		if i > 0 && random.IntN(3) > 0 { // most requests go on where the last one was
			requests[i].Client, requests[i].Repository = requests[i-1].Client, requests[i-1].Repository
		}
	}
	return requests
}

var rows = flag.Int("rows", 200_000, "requests in the benchmarks")

func BenchmarkReference(b *testing.B) {
	requests := manyRequests(*rows)
	shuffled := slices.Clone(requests)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, order := range []struct {
		name     string
		requests []classify.Request
	}{{"by time", requests}, {"shuffled", shuffled}} {
		b.Run(order.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				classify.Reference(order.requests, window)
			}
			b.ReportMetric(float64(len(order.requests))*float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}
