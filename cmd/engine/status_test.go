package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/lake"
)

func TestSizeText(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 30: "3.0 GiB", 2 << 40: "2.0 TiB", 4096 << 40: "4096.0 TiB",
	} {
		if got := sizeText(bytes); got != want {
			t.Errorf("%d: got %q, want %q", bytes, got, want)
		}
	}
}

func TestOneLineShowsWhatCannotBeSeen(t *testing.T) {
	for raw, want := range map[string]string{
		"GET /v2/":                "GET /v2/",
		"a\tb\nc\x00\x1b[31md":    `a\tb\nc\x00\x1b[3…`,
		"\u202eright to left":     `\u202eright to le…`,
		"ünïcödé «ok» 世界":         "ünïcödé «ok» 世界",
		"it's \\ 'quoted' \"so\"": `it's \ 'quoted' "…`,
		strings.Repeat("x", 17):   "xxxxxxxxxxxxxxxxx",
		strings.Repeat("世", 18):   strings.Repeat("世", 17) + "…",
		"\xff":                    "\ufffd",
	} {
		if got := oneLine(raw, 17); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func TestWeekdaysText(t *testing.T) {
	week := []string{"Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday"}
	for days, want := range map[int]string{
		1: "Friday", 2: "Friday, Saturday", 3: "Friday to Sunday", 7: "Friday to Thursday", 8: "all", 400: "all",
	} {
		if got := weekdaysText(engine.Gap{Days: days, Weekdays: week[:min(days, 7)]}); got != want {
			t.Errorf("%d days: got %q, want %q", days, got, want)
		}
	}
}

// A run that failed, crashed or pruned says so in its line.
func TestRunsTellWhatWasUnusual(t *testing.T) {
	var out bytes.Buffer
	printRuns(&out, []engine.RunSummary{
		{Run: "a", Error: "publish:\ndisk full " + strings.Repeat("x", maxNote)}, {Run: "b", Pruned: 2, Recovered: true}, {Run: "c"},
	})
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for i, want := range []string{"published", `failed: publish:\ndisk full xxx`, "2 requests pruned; interrupted, completed later", "0"} {
		if !strings.Contains(lines[i], want) || i == 3 && strings.TrimRight(lines[i], " ") != lines[i][:strings.LastIndex(lines[i], "0")+1] {
			t.Errorf("line %d is %q, want %q in it", i, lines[i], want)
		}
	}
	if !strings.HasSuffix(strings.TrimRight(lines[1], " "), "x…") {
		t.Errorf("the error is not cut: %q", lines[1])
	}
}

// Who may not read the quarantine still sees the counts.
func TestRejectsOfAHiddenQuarantine(t *testing.T) {
	var out bytes.Buffer
	printRejects(&out, &engine.Rejects{Total: 1, Hidden: true, Counts: []engine.RejectCount{{File: "a.log", Reason: "unreadable", Rejected: 1}}}, 10)
	if got := out.String(); !strings.Contains(got, "unreadable") || !strings.HasSuffix(got, "the lines themselves are shown to the owner of the data directory only\n") {
		t.Errorf("got %q", got)
	}
}

func TestStatusTellsWhoIsAtWork(t *testing.T) {
	var out bytes.Buffer
	worker := &engine.WorkerStatus{State: engine.WorkerRunning, WorkerState: lake.WorkerState{Schedule: "daily", PID: 7, Host: "mill", Retry: true}}
	worker.NextDue = worker.NextDue.AddDate(2026, 0, 0)
	printStatus(&out, &engine.Status{InOrder: true, AtWork: &lake.Holder{PID: 7, Host: "mill", Command: "run"}, Worker: worker,
		Lake: engine.LakeStatus{Days: 1, Horizon: "2026-09-01"}})
	for _, want := range []string{
		"in order\nat work: run (process 7 on mill, since ", "\nworker: running (daily, process 7 on mill, since ",
		"; next due at 2027-01-01 00:00 UTC, to repeat the run that failed\n", "\nrequests before 2026-09-01 were pruned\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, &out)
		}
	}
}
