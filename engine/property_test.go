package engine

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/lake"
)

// TestClassificationMatchesReference asks the model and the reference about many short logs at once.
func TestClassificationMatchesReference(t *testing.T) {
	t.Parallel()
	model := newModel(t, t.TempDir())
	logs := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 16, 120), 20, 80)
	requests, actions := 0, map[classify.Action]int{}
	rapid.Check(t, func(rt *rapid.T) {
		window := rapid.SampledFrom(windows).Draw(rt, "window")
		var all []classify.Request
		for i, log := range logs.Draw(rt, "logs") {
			all = append(all, decodeRequests(log, int64(i), window)...)
		}
		number(all, rapid.Bool().Draw(rt, "backwards"))
		for _, label := range model.compare(rt, all, window) {
			actions[label.Action]++
		}
		requests += len(all)
	})
	if requests < 10_000 && !testing.Short() {
		t.Errorf("only %d requests were compared", requests)
	}
	for action := classify.None; action <= classify.PullByDigest; action++ {
		if actions[action] < requests/50 {
			t.Errorf("only %d of %d requests are labelled %q", actions[action], requests, action)
		}
	}
}

// FuzzClassification searches for a log on which the model and the reference differ.
func FuzzClassification(f *testing.F) {
	f.Add(byte(0), []byte{})
	f.Add(byte(0), []byte{0b0000_0100, 0, 0b0000_0101, 2})                                       // HEAD tag, GET of the same digest
	f.Add(byte(1), []byte{0b0000_0100, 0, 0b0000_0111, 5, 0b0000_1011, 6, 0b0000_1111, 7})       // HEAD, GET and children on both sides of the window
	f.Add(byte(0), []byte{0b0000_0001, 0, 0b0000_0011, 0xf2, 0b0001_0011, 0xf2, 0b0000_0111, 1}) // runs of children
	f.Add(byte(2), []byte{0b1000_0000, 0, 0b0100_0011, 0, 0b0000_0011, 0, 0b1100_0111, 0})       // equal stamps in several inputs
	model := newModel(f, f.TempDir())
	f.Fuzz(func(t *testing.T, window byte, log []byte) {
		length := windows[int(window)%len(windows)]
		requests := decodeRequests(log[:min(len(log), 400)], 0, length)
		number(requests, window >= 128)
		model.compare(t, requests, length)
	})
}

// windows are the windows that are tried; the last is the longest that the configuration allows.
var windows = []time.Duration{classify.DefaultWindow, 2 * time.Second, time.Microsecond, time.Hour}

// decodeRequests makes requests of any bytes, two for one request:
//
//	first byte  1 GET  2 by digest  12 digest (0 is unknown)  16 repository  32 client  192 input
//	second byte 15 time since the last request of the sequence  48 line  64 item  128 …and a run of children after it
//
// Gaps lie around the window; lines and inputs repeat, so that equal stamps need every tie-break.
func decodeRequests(log []byte, clients int64, window time.Duration) []classify.Request {
	w := window.Microseconds()
	gaps := []int64{0, 0, 1, w / 2, w - 1, w, w + 1, 2 * w, w / 5, w / 3, 0, w, w + 1, 10 * w, 1, w - 1}
	last := map[[2]int64]int64{}
	var requests []classify.Request
	add := func(r classify.Request, gap int64) {
		sequence := [2]int64{r.Client, r.Repository}
		if _, ok := last[sequence]; !ok {
			last[sequence] = time.Date(2026, 9, 20, 23, 59, 58, 0, time.UTC).UnixMicro()
		}
		last[sequence] += gap
		r.At = last[sequence]
		requests = append(requests, r)
	}
	for ; len(log) >= 2; log = log[2:] {
		what, when := log[0], log[1]
		r := classify.Request{
			Client: clients<<1 | int64(what>>5&1), Repository: int64(what >> 4 & 1), Digest: int32(what >> 2 & 3),
			Method: classify.Method(what & 1), ByTag: what&2 == 0,
			Source: int32(what >> 6), Line: int64(when >> 4 & 3), Item: int32(when >> 6 & 1),
		}
		if r.Client%3 == 1 {
			r.Client = -r.Client // keys have both signs
		}
		add(r, gaps[when&15])
		if when&128 != 0 {
			for child := range int32(what>>2&3) + int32(when>>4&3) + 1 {
				add(classify.Request{
					Client: r.Client, Repository: r.Repository, Method: classify.Get, Digest: child%3 + 1, Source: r.Source, Line: 4 + int64(child),
				}, gaps[when&15]%(w+1))
			}
		}
	}
	return requests
}

// number gives each request its identity, which also breaks the last ties.
func number(requests []classify.Request, backwards bool) {
	for i := range requests {
		requests[i].No = int64(i)
	}
	if backwards {
		slices.Reverse(requests)
	}
}

// model is the classification in SQL, with a database of its own.
type model struct {
	engine    *Engine
	workspace *workspace
}

func newModel(t interface {
	rapid.TB
	Cleanup(func())
}, dir string) *model {
	t.Helper()
	store, err := lake.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(dir, farAway)
	w, err := openWorkspace(context.Background(), store, e.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.close() })
	return &model{e, w}
}

func (m *model) labels(t rapid.TB, requests []classify.Request, window time.Duration) []classify.Labelled {
	t.Helper()
	m.engine.Config.Window.Duration = window
	labels, err := m.engine.classifySubset(context.Background(), m.workspace, requests)
	if err != nil {
		t.Fatal(err)
	}
	return labels
}

// compare fails with the smallest scenario on which the model and the reference still differ.
func (m *model) compare(t rapid.TB, requests []classify.Request, window time.Duration) []classify.Labelled {
	t.Helper()
	labels := m.labels(t, requests, window)
	differences, total := classify.Compare(requests, labels, window, 1)
	if total == 0 {
		return labels
	}
	burst := classify.Burst(requests, differences[0].No, window)
	burst = classify.Shrink(burst, func(subset []classify.Request) bool {
		_, total := classify.Compare(subset, m.labels(t, subset, window), window, 0)
		return total > 0
	})
	d := differences[0]
	t.Fatalf("%d differences; the first, cut down:\n%s", total,
		scenarioText(burst, window, fmt.Sprintf("%s: expected %s, found %s.", d.Kind, describe(d.Want), describe(d.Got))))
	return nil
}
