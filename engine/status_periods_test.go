package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// wantPeriods wants these periods, written as in the tests below, and so many due ones.
func wantPeriods(t *testing.T, e *Engine, due int, want ...string) {
	t.Helper()
	s, err := e.Status(true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Periods {
		text := fmt.Sprintf("%s %s", p.Period, p.State)
		if p.Because != "" {
			text += " " + string(p.Because)
		}
		if p.Publishers > 0 {
			text += fmt.Sprintf(" %dx%d", p.Revision, p.Publishers)
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) || s.PeriodsDue != due {
		t.Errorf("%d are due of %q, want %d of %q", s.PeriodsDue, got, due, want)
	}
}

// What Status calls due, the next run publishes, and nothing else.
func TestPeriodsAreDueUntilPublished(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd)
	at := func(now time.Time) { e.Now = func() time.Time { return now } }
	first := inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "globex/web"))
	if _, err := e.Run(context.Background(), Request{Inputs: []string{first}, IncludeOpen: true}); err != nil {
		t.Fatal(err)
	}
	wantPeriods(t, e, 0, "2026-W38 open 1x2", "2026-09 open 1x2")
	at(weekEnd.Add(time.Hour))
	wantPeriods(t, e, 1, "2026-W38 due was_open 1x2", "2026-09 open 1x2")
	mustRun(t, e)
	wantPeriods(t, e, 0, "2026-W38 published 1x2", "2026-09 open 1x2")

	mustRun(t, e, inputFile(t, checkRow(weekEnd, "acme/app"))) // of the next week
	at(weekEnd.AddDate(0, 0, 7).Add(time.Hour))
	wantPeriods(t, e, 1, "2026-W38 published 1x2", "2026-W39 due not_published", "2026-09 open 1x2")
	mustRun(t, e)
	wantPeriods(t, e, 0, "2026-W38 published 1x2", "2026-W39 published 1x1", "2026-09 open 1x2")

	// Late data are stored by a run that publishes another period only.
	week := period.WeekOf(period.DayOf(weekEnd))
	late := inputFile(t, checkRow(monday.Add(time.Hour), "acme/app"))
	if _, err := e.Run(context.Background(), Request{Inputs: []string{late}, Period: &week}); err != nil {
		t.Fatal(err)
	}
	wantPeriods(t, e, 1, "2026-W38 due new_data 1x2", "2026-W39 published 1x1", "2026-09 open 1x2")
	mustRun(t, e)
	wantPeriods(t, e, 0, "2026-W38 published 2x2", "2026-W39 published 1x1", "2026-09 open 1x2")
	if s, err := e.Status(false); err != nil || !s.Periods[0].PublishedAt.Equal(e.now()) || s.Periods[0].Days != 1 || s.Periods[0].To != "2026-09-20" || !s.Periods[0].Closed {
		t.Errorf("the first week is %+v, %v", s.Periods[0], err)
	}

	if err := os.RemoveAll(filepath.Join(e.Dir, "reports", "globex", weekDir)); err != nil {
		t.Fatal(err)
	}
	wantPeriods(t, e, 1, "2026-W38 due reports_missing 2x2", "2026-W39 published 1x1", "2026-09 open 1x2")
	mustRun(t, e)
	e.Config.Publishers = []Publisher{{ID: "both", Namespaces: []string{"acme", "globex"}}}
	wantPeriods(t, e, 2, "2026-W38 due new_settings 2x2", "2026-W39 due new_settings 1x1", "2026-09 open 1x2")
	// A run publishes before it writes its manifest; until then nobody can tell whether this is up to date.
	release := mustLock(t, e)
	wantPeriods(t, e, 2, "2026-W38 due being_published 2x2", "2026-W39 due being_published 1x1", "2026-09 open 1x2")
	release()
	mustRun(t, e)
	wantPeriods(t, e, 0, "2026-W38 published 1x1", "2026-W39 published 1x1", "2026-09 open 1x2")
}

// mustLock takes the lock of the data directory, as a run does.
func mustLock(t *testing.T, e *Engine) (release func()) {
	t.Helper()
	store, err := lake.Open(e.Dir)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := store.Lock(t.Context(), "run", false)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unlock(); err != nil {
			t.Error(err)
		}
	}
}

// A run that was killed after publishing leaves no manifest that tells the revision; the reports do.
func TestRevisionComesFromTheReportsWhereNoManifestTells(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	last := mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Minute), "acme/app"))).Last()
	wantPeriods(t, e, 0, "2026-W38 published 2x1", "2026-09 published 2x1")
	h := &handMade{T: t, Engine: e}
	for _, run := range []string{last.Run, "000001" + last.Run[6:]} {
		if err := os.Remove(filepath.Join(e.Dir, "runs", run+".json")); err != nil {
			t.Fatal(err)
		}
	}
	h.add(lake.Run{Days: last.Days}) // as recovered
	wantDay := filepath.Join(e.Dir, "requests", "day=2026-09-14", "requests.parquet")
	if _, err := os.Stat(wantDay); err != nil {
		t.Fatal(err)
	}
	wantPeriods(t, e, 0, "2026-W38 published 2x1", "2026-09 published 2x1")
}

// Published reports outlive their requests; what was not published by then never is.
func TestPeriodsOfPrunedRequests(t *testing.T) {
	h := newHandMade(t)
	h.Now = func() time.Time { return farAway }
	h.add(lake.Run{Days: []lake.RunDay{{Day: "2026-08-31", Requests: 5}, {Day: "2026-09-14", Requests: 5}, {Day: "2026-09-15", Requests: 5}, {Day: "2026-09-21", Requests: 5}}})
	writeFile(t, publicationFile(filepath.Join(h.Dir, "reports"), period.WeekOf("2026-08-31")), []byte(`{"fingerprint":"old","dirs":["acme/weekly/2026-08-31"]}`))
	writeFile(t, filepath.Join(h.Dir, "reports", "acme", "weekly", "2026-08-31", "manifest.json"), []byte(`{"revision":4}`))
	writeFile(t, filepath.Join(h.Dir, "reports", publishedDir, "README"), nil)
	h.add(lake.Run{Days: []lake.RunDay{{Day: "2026-08-31", Removed: true}, {Day: "2026-09-14", Removed: true}}, Pruned: &lake.Pruned{Horizon: "2026-09-15", Requests: 10}})
	wantPeriods(t, h.Engine, 1, "2026-W36 published 4x1", "2026-W38 pruned", "2026-W39 due not_published", "2026-09 pruned")
}

// What retain_reports does not keep is not published again.
func TestPeriodsBeyondRetention(t *testing.T) {
	h := newHandMade(t)
	h.Config.RetainReports.Duration = 24 * time.Hour
	h.Now = func() time.Time { return time.Date(2026, 9, 22, 0, 0, 0, 0, time.UTC) } // a day after the end of W38
	h.add(lake.Run{Days: []lake.RunDay{{Day: "2026-09-15", Requests: 5}}})
	wantPeriods(t, h.Engine, 0, "2026-W38 pruned", "2026-09 open")
	h.Now = func() time.Time { return time.Date(2026, 9, 21, 23, 59, 59, 0, time.UTC) }
	wantPeriods(t, h.Engine, 1, "2026-W38 due not_published", "2026-09 open")
}

func TestStatusListsTheNewestPeriods(t *testing.T) {
	h := newHandMade(t)
	var days []lake.RunDay
	for day := period.Day("2026-01-01"); day < "2026-09-20"; day = day.Next() {
		days = append(days, lake.RunDay{Day: day, Requests: 1})
	}
	h.add(lake.Run{Days: days})
	s := h.status()
	var names []string
	for _, p := range s.Periods {
		names = append(names, p.Period)
	}
	want := []string{"2026-W33", "2026-W34", "2026-W35", "2026-W36", "2026-W37", "2026-W38", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09"}
	// All weeks from W01 on and the months but September, which is open, are due.
	if !slices.Equal(names, want) || s.PeriodsDue != 38+8 {
		t.Errorf("got %d due and %q", s.PeriodsDue, names)
	}
}
