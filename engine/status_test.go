package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// handMade is a data directory whose manifests a test writes itself.
type handMade struct {
	*Engine
	T    *testing.T
	runs int
}

// noon is the clock of hand-made data directories: a Wednesday.
var noon = time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC)

func newHandMade(t *testing.T) *handMade {
	return &handMade{T: t, Engine: newEngine(t.TempDir(), noon)}
}

// open opens the data directory for writing.
func (h *handMade) open() *lake.Lake {
	h.T.Helper()
	store, err := lake.Open(h.Dir)
	if err != nil {
		h.T.Fatal(err)
	}
	return store
}

// add writes the manifest of a run that took a minute, 6, 5, … hours ago, and the files of its days, of ten bytes each.
func (h *handMade) add(run lake.Run) string {
	h.T.Helper()
	h.runs++
	run.Window, run.ClientPrefix = cmp.Or(run.Window, "5s"), 64
	run.Versions = map[string]string{"rules": RulesVersion}
	begun := noon.Add(time.Duration(h.runs-7) * time.Hour)
	run.Run = strings.Repeat("0", 5) + string(rune('0'+h.runs)) + begun.Format("-20060102T150405Z")
	run.StartedAt, run.EndedAt = begun, begun.Add(time.Minute)
	text, err := json.Marshal(run.Normalized())
	if err != nil {
		h.T.Fatal(err)
	}
	writeFile(h.T, filepath.Join(h.Dir, "runs", run.Run+".json"), text)
	store := h.open()
	for _, day := range run.Days {
		h.dayFile(store.DayFile(day.Day), day.Removed)
	}
	for _, day := range run.ExtensionDays {
		h.dayFile(store.ExtensionFile(day.Day), day.Removed)
	}
	return run.Run
}

func (h *handMade) dayFile(path string, removed bool) {
	h.T.Helper()
	if !removed {
		writeFile(h.T, path, []byte("ten bytes."))
	} else if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.T.Fatal(err)
	}
}

func (h *handMade) status() *Status {
	h.T.Helper()
	s, err := h.Status(false)
	if err != nil {
		h.T.Fatal(err)
	}
	return s
}

// wantProblem wants one problem that says so much, or none.
func (h *handMade) wantProblem(kind ProblemKind, says ...string) {
	h.T.Helper()
	s := h.status()
	if kind == "" {
		if !s.InOrder || len(s.Problems) != 0 {
			h.T.Errorf("problems %q, want none", s.Problems)
		}
		return
	}
	if s.InOrder || len(s.Problems) != 1 || s.Problems[0].Kind != kind {
		h.T.Fatalf("problems %q, in order %v; want one of kind %s", s.Problems, s.InOrder, kind)
	}
	for _, want := range says {
		if !strings.Contains(s.Problems[0].Text, want) {
			h.T.Errorf("%q does not say %q", s.Problems[0].Text, want)
		}
	}
}

func TestStatusOfAnEmptyDirectoryIsInOrder(t *testing.T) {
	h := newHandMade(t)
	h.wantProblem("")
	if s := h.status(); s.Worker != nil || s.AtWork != nil || s.LastAttempt != nil || s.LastInputs != nil || len(s.Periods)+len(s.Runs)+s.Lake.Days != 0 {
		t.Errorf("there is something in %+v", s)
	}
	if _, err := os.Stat(filepath.Join(h.Dir, "runs")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking changed the directory")
	}
}

func TestStatusTellsOfFailedRuns(t *testing.T) {
	h := newHandMade(t)
	attempt := lake.Attempt{StartedAt: noon.Add(-time.Hour), EndedAt: noon.Add(-30 * time.Minute), Error: "no space left\n", Failures: 1}
	write := func() {
		t.Helper()
		if err := h.open().WriteAttempt(attempt); err != nil {
			t.Fatal(err)
		}
	}
	write()
	h.wantProblem(RunFailed, "the last run failed at 2026-09-30T11:30:00Z (no run has ended well yet): no space left")
	good := h.add(lake.Run{})
	h.add(lake.Run{Error: "not all reports are published"})
	attempt.Failures = 3
	write()
	h.wantProblem(RunFailed, "the last 3 runs failed, the last one at 2026-09-30T11:30:00Z (the last good run, "+good+", ended at 2026-09-30T06:01:00Z): no space left")
	attempt.Error, attempt.Failures = "", 0
	write()
	h.wantProblem("")
}

// Before attempts were recorded, only the manifest told that publishing failed.
func TestStatusTellsOfFailedPublishingWithoutAttempt(t *testing.T) {
	h := newHandMade(t)
	h.add(lake.Run{Error: "not all reports are published"})
	h.wantProblem(RunFailed, "at 2026-09-30T06:01:00Z", "not all reports are published")
	h.add(lake.Run{})
	h.wantProblem("")
}

// Days that were classified with another window are mixed with none of this one.
func TestStatusTellsOfOtherSettings(t *testing.T) {
	h := newHandMade(t)
	h.Now = func() time.Time { return farAway }
	h.add(lake.Run{Window: "10s", Days: []lake.RunDay{{Day: "2026-09-15", Requests: 5}, {Day: "2026-09-22", Requests: 5}}})
	h.add(lake.Run{Days: []lake.RunDay{{Day: "2026-09-22", Requests: 5}}})
	h.wantProblem(OtherSettings, "1 day of requests, 2026-09-15, was classified with a window of 10s, not 5s; engine rebuild")
	wantPeriods(t, h.Engine, 1, "2026-W38 mixed", "2026-W39 due not_published", "2026-09 mixed")
}

func TestStatusTellsOfTheWorker(t *testing.T) {
	h := newHandMade(t)
	store := h.open()
	state := lake.WorkerState{PID: 4711, Host: "mill", Schedule: "weekly", StartedAt: noon.Add(-time.Hour), NextDue: noon.Add(time.Hour)}
	write := func() {
		t.Helper()
		if err := store.WriteWorkerState(state); err != nil {
			t.Fatal(err)
		}
	}
	want := func(runs WorkerRuns) {
		t.Helper()
		if w := h.status().Worker; w == nil || w.State != runs {
			t.Errorf("worker %+v, want it %s", w, runs)
		}
	}
	// It was killed: the file says that it works, but nobody holds the lock.
	write()
	want(WorkerDead)
	h.wantProblem(WorkerDied, "the worker (weekly, process 4711 on mill, since 2026-09-30T11:00:00Z) is not running, but was not stopped")
	state.StoppedAt = noon
	write()
	want(WorkerStopped)
	h.wantProblem("")

	release, err := store.LockWorker(context.Background(), "worker", false)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	// What the last one wrote says nothing of the one that begins.
	want(WorkerRunning)
	if w := h.status().Worker; w.PID != os.Getpid() || w.Schedule != "" || !w.StoppedAt.IsZero() {
		t.Errorf("the new worker is %+v", w)
	}
	state.StoppedAt, state.NextDue = time.Time{}, noon.Add(-overdueAfter)
	write()
	want(WorkerRunning)
	h.wantProblem("")
	state.NextDue = state.NextDue.Add(-time.Second)
	write()
	h.wantProblem(WorkerOverdue, "was to run at 2026-09-30T11:49:59Z and does nothing")
	// A long run is no idleness.
	done, err := store.Lock(context.Background(), "run", false)
	if err != nil {
		t.Fatal(err)
	}
	h.wantProblem("")
	if by := h.status().AtWork; by == nil || by.PID != os.Getpid() || by.Command != "run" {
		t.Errorf("at work is %v", by)
	}
	done()
	if by := h.status().AtWork; by != nil {
		t.Errorf("%v is at work after its end", by)
	}
}

// A log that grew counts once, a day that was removed not at all.
func TestStatusSumsUp(t *testing.T) {
	h := newHandMade(t)
	h.add(lake.Run{
		Inputs: []lake.Input{
			{Source: "a", Path: "access.log", Records: 10, Accepted: 6, Duplicates: 1, Rejected: 1, Rejects: map[string]int64{"unreadable": 1}, Ignored: map[string]int64{"status": 2}},
			{Source: "x", Path: "events.csv", Kind: lake.KindExtensionEvents, Records: 4, Accepted: 4},
		},
		Days:          []lake.RunDay{{Day: "2026-09-01", Requests: 5, Actions: 4}, {Day: "2026-09-02", Requests: 1, Actions: 1}},
		ExtensionDays: []lake.ExtensionDay{{Day: "2026-09-01", Events: 4}},
	})
	last := h.add(lake.Run{
		Inputs: []lake.Input{{Source: "b", Path: "access.log", Records: 30, Accepted: 20, Rejected: 3, Rejects: map[string]int64{"unreadable": 1, "too_late": 2},
			Ignored: map[string]int64{"status": 7}, Supersedes: []string{"a"}}},
		Days: []lake.RunDay{{Day: "2026-09-01", Removed: true}, {Day: "2026-09-02", Requests: 7, Actions: 3}, {Day: "2026-09-05", Requests: 13, Actions: 11}},
	})
	h.add(lake.Run{Pruned: &lake.Pruned{Horizon: "2026-09-02", Requests: 5}})
	s := h.status()
	if l := s.Lake; l.Days != 2 || l.FirstDay != "2026-09-02" || l.LastDay != "2026-09-05" || l.Requests != 20 || l.Actions != 14 ||
		l.ExtensionDays != 1 || l.ExtensionEvents != 4 || l.Bytes != 30 || l.Horizon != "2026-09-02" || l.Gaps != 1 || l.NewestGaps[0].Days != 2 {
		t.Errorf("lake is %+v", l)
	}
	if i := s.Inputs; i.Files != 2 || i.Records != 34 || i.Accepted != 24 || i.Duplicates != 0 || i.Ignored != 7 || i.Rejected != 3 || len(i.Rejects) != 2 || i.Rejects["too_late"] != 2 {
		t.Errorf("inputs are %+v", i)
	}
	if i := s.LastInputs; i.Run != last || i.Files != 1 || i.Records != 30 {
		t.Errorf("last inputs are %+v", i)
	}
	if s.LastGoodAt != noon.Add(-4*time.Hour).Add(time.Minute) || len(s.Runs) != 3 || s.Runs[1].Run != last || s.Runs[0].Pruned != 5 {
		t.Errorf("runs are %+v, the last good one at %s", s.Runs, s.LastGoodAt)
	}
}

func TestStatusWorksOnAReadOnlyDirectoryOnly(t *testing.T) {
	h := newHandMade(t)
	h.add(lake.Run{Days: []lake.RunDay{{Day: "2026-09-01", Requests: 5}}})
	before := tree(t, h.Dir, []string{"."})
	h.status()
	if difference := treeDifference(tree(t, h.Dir, []string{"."}), before); difference != "" {
		t.Errorf("looking changed %s", difference)
	}
	h.Dir = filepath.Join(h.Dir, "nowhere")
	if _, err := h.Status(false); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "there is no directory") {
		t.Errorf("got %v", err)
	}
}

// dayRange are days from first on, with these requests; 0: no file.
func dayRange(first period.Day, requests ...int64) []storedDay {
	var days []storedDay
	for day := first; len(requests) > 0; day, requests = day.Next(), requests[1:] {
		if requests[0] > 0 {
			days = append(days, storedDay{Day: day, Requests: requests[0]})
		}
	}
	return days
}

func TestRunIsFoundByItsNumber(t *testing.T) {
	h := newHandMade(t)
	first, second := h.add(lake.Run{Inputs: []lake.Input{{Marks: "long"}}}), h.add(lake.Run{})
	for name, want := range map[string]string{
		"1": first, "000001": first, "000002": second, first: first, second[:12]: second,
	} {
		if run, err := h.FindRun(name); err != nil || run.Run != want || len(run.Inputs) > 0 && run.Inputs[0].Marks != "" {
			t.Errorf("%s: got %+v, %v; want %s", name, run, err, want)
		}
	}
	twin := strings.Replace(second, "T0", "T1", 1)
	text, err := os.ReadFile(filepath.Join(h.Dir, "runs", second+".json"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(h.Dir, "runs", twin+".json"), []byte(strings.Replace(string(text), second, twin, 1)))
	for name, says := range map[string]string{
		"3": "there is no run \"3\"; the newest is " + twin, "": "there is no run", "latest": "there is no run",
		"2": "it may be " + second + " or " + twin, "000002-": "write more of its name", "00000": "there is no run",
	} {
		var usage *UsageError
		if run, err := h.FindRun(name); !errors.As(err, &usage) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, %v; want an error that says %q", name, run, err, says)
		}
	}
}

func TestRunsComeNewestFirst(t *testing.T) {
	h := newHandMade(t)
	var ids []string
	for range 4 {
		ids = append(ids, h.add(lake.Run{}))
	}
	h.add(lake.Run{
		Inputs:        []lake.Input{{Accepted: 3, Rejected: 1, Ignored: map[string]int64{"blank": 2, "status": 1}}, {Accepted: 4, Duplicates: 5}},
		Skipped:       []lake.Skipped{{Path: "old.log"}},
		Days:          []lake.RunDay{{Day: "2026-09-01"}, {Day: "2026-09-02", Removed: true}},
		ExtensionDays: []lake.ExtensionDay{{Day: "2026-09-02"}, {Day: "2026-09-03"}},
		Published:     []lake.Published{{Changed: true}, {}, {Changed: true}},
		Recovered:     true, Error: "disk full",
	})
	all, err := h.Runs(0)
	if err != nil || len(all) != 5 {
		t.Fatalf("got %+v, %v", all, err)
	}
	want := RunSummary{Run: all[0].Run, StartedAt: noon.Add(-2 * time.Hour), Seconds: 60, Files: 2, Skipped: 1, Accepted: 7, Duplicates: 5, Ignored: 3, Rejected: 1,
		Days: 3, Published: 2, Unchanged: 1, Recovered: true, Error: "disk full"}
	if all[0] != want {
		t.Errorf("got  %+v\nwant %+v", all[0], want)
	}
	two, err := h.Runs(2)
	if err != nil || !slices.Equal(two, all[:2]) || two[1].Run != ids[3] {
		t.Errorf("the newest two are %+v, %v", two, err)
	}
}
