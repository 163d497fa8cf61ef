package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/lake"
)

func mustRejects(t *testing.T, e *Engine, request RejectsRequest) *Rejects {
	t.Helper()
	rejects, err := e.Rejects(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return rejects
}

func countTexts(rejects *Rejects) []string {
	var texts []string
	for _, count := range rejects.Counts {
		text := fmt.Sprintf("%.6s %s %s %d", count.Run, count.File, count.Reason, count.Rejected)
		if count.Expired {
			text += " expired"
		}
		texts = append(texts, text)
	}
	return texts
}

// A log that grew was read twice, but its rejected lines count once.
func TestRejectsAreCountedOnce(t *testing.T) {
	h := newHandMade(t)
	if rejects := mustRejects(t, h.Engine, RejectsRequest{Samples: 10}); rejects.Total != 0 {
		t.Errorf("nothing was loaded, but %+v", rejects)
	}
	first := h.add(lake.Run{Inputs: []lake.Input{
		{Source: "a", Path: "access.log", Rejected: 2, Rejects: map[string]int64{"unreadable": 2}},
		{Source: "c", Path: "other.log", Rejected: 7}, // of a version that did not record reasons
	}})
	h.add(lake.Run{Inputs: []lake.Input{{Source: "b", Path: "access.log", Rejected: 5, Rejects: map[string]int64{"unreadable": 2, "too_late": 3}, Supersedes: []string{"a"}}}})
	writeFile(t, filepath.Join(h.Dir, "rejects", first+".parquet"), nil)

	all := mustRejects(t, h.Engine, RejectsRequest{})
	if got, want := countTexts(all), []string{"000002 access.log too_late 3 expired", "000002 access.log unreadable 2 expired", "000001 other.log not_recorded 7"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if all.Total != 12 || all.Expired != 5 || len(all.Reasons) != 3 || all.Reasons[0].Reason != unrecorded || all.Reasons[1].Reason != "too_late" || !strings.Contains(all.Reasons[1].Advice, "--readmit") {
		t.Errorf("got %+v", all)
	}
	if got, want := countTexts(mustRejects(t, h.Engine, RejectsRequest{Run: "1"})), []string{"000001 access.log unreadable 2", "000001 other.log not_recorded 7"}; !slices.Equal(got, want) {
		t.Errorf("of the first run: got %q, want %q", got, want)
	}
	if got, want := countTexts(mustRejects(t, h.Engine, RejectsRequest{Reason: "too_late"})), []string{"000002 access.log too_late 3 expired"}; !slices.Equal(got, want) {
		t.Errorf("of one reason: got %q, want %q", got, want)
	}
	if rejects := mustRejects(t, h.Engine, RejectsRequest{Reason: "invalid_event"}); rejects.Total != 0 {
		t.Errorf("of a reason that did not occur: %+v", rejects)
	}
	for says, request := range map[string]RejectsRequest{
		`there is no run "9"`: {Run: "9"},
		`there is no reason "status" to reject a line; take one`: {Reason: "status"},
	} {
		var usage *UsageError
		if _, err := h.Rejects(t.Context(), request); !errors.As(err, &usage) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: got %v, want an error that says %s", request, err, says)
		}
	}
}

// Each reason is shown before one is shown twice, and the newest lines first.
func TestSamplesAreOfEachReasonInTurn(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	load := func(name string, lines ...string) string {
		t.Helper()
		text := "timestamp,client_ip,method,image,reference\n" + strings.Join(lines, "\n") + "\n"
		return mustRun(t, e, writeFile(t, filepath.Join(t.TempDir(), name), []byte(text))).Last().Run
	}
	const good, noStamp, noClient = "2026-09-14T10:00:00Z,192.0.2.1,GET,acme/app,v1", "soon,192.0.2.1,GET,acme/app,v1", "2026-09-14T10:00:00Z,nobody,GET,acme/app,v1"
	old := load("a.csv", good, noStamp, noStamp, noStamp)
	recent := load("b.csv", good, noStamp, noClient)
	for _, test := range []struct {
		request RejectsRequest
		want    []string
	}{
		{RejectsRequest{Samples: 1}, []string{"b.csv:4 invalid_client_ip"}},
		{RejectsRequest{Samples: 2}, []string{"b.csv:4 invalid_client_ip", "b.csv:3 invalid_timestamp"}},
		{RejectsRequest{Samples: 3}, []string{"b.csv:4 invalid_client_ip", "b.csv:3 invalid_timestamp", "a.csv:3 invalid_timestamp"}},
		{RejectsRequest{Samples: 9, Run: old}, []string{"a.csv:3 invalid_timestamp", "a.csv:4 invalid_timestamp", "a.csv:5 invalid_timestamp"}},
		{RejectsRequest{Samples: 9, Run: recent, Reason: "invalid_timestamp"}, []string{"b.csv:3 invalid_timestamp"}},
		{RejectsRequest{Samples: 0}, nil},
	} {
		var got []string
		for _, sample := range mustRejects(t, e, test.request).Samples {
			got = append(got, fmt.Sprintf("%s:%d %s", sample.File, sample.Line, sample.Reason))
			if want := map[string]string{"invalid_timestamp": noStamp, "invalid_client_ip": noClient}[sample.Reason]; sample.Raw != want {
				t.Errorf("%+v: %q, want %q", test.request, sample.Raw, want)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q, want %q", test.request, got, test.want)
		}
	}
	// After the retention the counts remain.
	if err := os.Remove(filepath.Join(e.Dir, "rejects", recent+".parquet")); err != nil {
		t.Fatal(err)
	}
	if rejects := mustRejects(t, e, RejectsRequest{Samples: 9}); rejects.Total != 5 || rejects.Expired != 2 || len(rejects.Samples) != 3 {
		t.Errorf("after the retention: %+v", rejects)
	}
}
