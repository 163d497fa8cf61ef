package lake

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Of the runs that did nothing only the old ones go, and never the newest of all.
func TestIdleRuns(t *testing.T) {
	begin := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	run := func(id string, hours int, change func(*Run)) Run {
		r := Run{Run: id, StartedAt: begin.Add(time.Duration(hours) * time.Hour)}
		if change != nil {
			change(&r)
		}
		return r
	}
	runs := []Run{
		run("idle", 0, func(r *Run) {
			r.Skipped = []Skipped{{Path: "access.log"}}
			r.Published = []Published{{Period: "2026-W35"}}
		}),
		run("read", 1, func(r *Run) { r.Inputs = []Input{{}} }),
		run("stored", 2, func(r *Run) { r.Days = []RunDay{{Day: "2026-09-01"}} }),
		run("events", 3, func(r *Run) { r.ExtensionDays = []ExtensionDay{{Day: "2026-09-01"}} }),
		run("published", 4, func(r *Run) { r.Published = []Published{{Changed: true}} }),
		run("failed", 5, func(r *Run) { r.Error = "no" }),
		run("pruned", 6, func(r *Run) { r.Pruned = &Pruned{Reports: []string{"acme/weekly/2026-08-24"}} }),
		run("tidied", 7, func(r *Run) { r.Pruned = &Pruned{Rejects: 1, Runs: 2} }),
		run("young", 9, nil),
		run("newest", 0, nil),
	}
	got := IdleRuns(runs, 24*time.Hour, begin.Add(32*time.Hour))
	if want := []string{"idle", "tidied"}; !slices.Equal(got, want) {
		t.Errorf("idle runs %v, want %v", got, want)
	}
	if got := IdleRuns(runs, 25*time.Hour, begin.Add(32*time.Hour)); !slices.Equal(got, []string{"idle", "tidied"}) {
		t.Errorf("at the exact age: %v", got)
	}
	if got := IdleRuns(runs, 25*time.Hour, begin.Add(32*time.Hour-time.Nanosecond)); !slices.Equal(got, []string{"idle"}) {
		t.Errorf("a nanosecond before: %v", got)
	}
}

// A published directory is there whole or not at all, wherever its removal crashes.
func TestRetractDirCrashes(t *testing.T) {
	for n := range 5 {
		reports := t.TempDir()
		target := filepath.Join(reports, "acme", "weekly", "2026-09-21")
		if err := os.MkdirAll(target, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"manifest.json", "summary.csv"} {
			put(t, filepath.Join(target, name), name)
		}
		crashAt(t, n)
		err := RetractDir(target)
		endCrash()
		if crashed := errors.Is(err, errCrash); err != nil && !crashed {
			t.Fatal(err)
		}
		if names, err := plainFiles(target); err == nil && len(names) != 2 {
			t.Errorf("crashed at %d: left %v", n, names)
		}
		if err := RetractDir(target); err != nil {
			t.Fatal(err)
		}
		if err := CleanStaging(reports); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Dir(target)); err != nil || len(left) != 0 {
			t.Errorf("crashed at %d: in the end there are %v, %v", n, left, err)
		}
	}
}

// The newest manifest of a day tells what it was classified with.
func TestStoredDays(t *testing.T) {
	rules := map[string]string{"rules": "new"}
	runs := []Run{
		{Window: "5s", Days: []RunDay{{Day: "2026-09-01", Requests: 1}, {Day: "2026-09-02", Requests: 2}, {Day: "2026-09-03", Requests: 3}}},
		{Window: "7s", Versions: rules, Days: []RunDay{{Day: "2026-09-03", Requests: 4}}},
		{Window: "9s", Days: []RunDay{{Day: "2026-09-01", Removed: true}}, Pruned: &Pruned{Horizon: "2026-09-02"}},
		{Window: "9s", Pruned: &Pruned{}},
	}
	days := StoredDays(runs)
	if len(days) != 2 || days["2026-09-02"].Window != "5s" || days["2026-09-02"].Rules != "" || days["2026-09-02"].Requests != 2 ||
		days["2026-09-03"].Window != "7s" || days["2026-09-03"].Rules != "new" || days["2026-09-03"].Requests != 4 {
		t.Errorf("stored days %+v", days)
	}
	if last := LastPruned(runs); last != "2026-09-01" {
		t.Errorf("the newest pruned day is %q", last)
	}
}

func TestRemoveRuns(t *testing.T) {
	l := lakeWithOldDays(t)
	if err := l.RemoveRuns([]string{firstRun, firstRun}); err != nil {
		t.Fatal(err)
	}
	if runs, err := l.Runs(); err != nil || len(runs) != 0 {
		t.Errorf("runs %v, %v", runs, err)
	}
	existing, err := OpenExisting(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if err := existing.RemoveRuns([]string{firstRun}); err == nil || !strings.Contains(err.Error(), "reading only") {
		t.Errorf("of a lake opened for reading: %v", err)
	}
}
