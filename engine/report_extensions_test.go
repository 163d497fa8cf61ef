package engine

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var coreColumns = []string{"extension", "installs", "total_installs", "uninstalls", "total_uninstalls", "updates"}

// newEventsEngine publishes the reports of extension events and, of those of requests, summary.
func newEventsEngine(t *testing.T) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.Publish = []string{"summary", "extensions_core", "extensions_premium"}
	return e
}

func eventFile(t *testing.T, rows ...eventRow) string {
	t.Helper()
	return writeFile(t, filepath.Join(t.TempDir(), "events.csv"), eventsCSV(rows...))
}

func event(at time.Time, extension, name, user string) eventRow {
	return eventRow{at.Format(time.RFC3339), extension, name, user}
}

func coreRows(t *testing.T, e *Engine, dir string) []string {
	t.Helper()
	var rows []string
	for _, row := range joinedRows(reportRows(t, e, dir, "extensions_core"), coreColumns...) {
		rows = append(rows, strings.ReplaceAll(row, "\t", " "))
	}
	return rows
}

// A late event changes its own periods and the totals of all later ones, and no earlier one.
func TestLateEventChangesLaterTotals(t *testing.T) {
	t.Parallel()
	e := newEventsEngine(t)
	e.Config.Publishers = []Publisher{{ID: "acme", Name: "Acme", Namespaces: []string{"acme"}}}
	week := func(n int) time.Time { return monday.AddDate(0, 0, 7*n).Add(12 * time.Hour) } // 0: 14 September
	dirs := map[int]string{-1: "weekly/2026-09-07", 0: weekDir, 1: nextDir, 2: "weekly/2026-09-28", 3: "weekly/2026-10-05"}
	var logs []logRow
	for n := range dirs {
		logs = append(logs, checkRow(week(n), "acme/app"))
	}
	request := Request{Inputs: []string{inputFile(t, logs...)}, Extensions: []string{eventFile(t,
		event(week(0), "acme/tool", "install", "alice"), event(week(2), "acme/tool", "install", "bob"), event(week(2), "acme/tool", "uninstall", "bob"), event(week(0), "globex/panel", "open", ""),
	)}}
	if _, err := e.Run(context.Background(), request); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{0: "acme/tool 1 1 0 0 0", 1: "acme/tool 0 1 0 0 0", 2: "acme/tool 1 2 1 1 0", 3: "acme/tool 0 2 0 1 0"} {
		sameLines(t, dirs[n], coreRows(t, e, "acme/"+dirs[n]), []string{want})
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "reports", "acme", dirs[-1], "extensions_core.csv")); !os.IsNotExist(err) {
		t.Errorf("a report of extensions before the first event: %v", err)
	}

	before := tree(t, e.Dir, []string{"reports/acme"})
	result := runExtensions(t, e, eventFile(t, event(week(1).Add(time.Hour), "acme/tool", "install", "carol")))
	var periods []string
	for _, p := range result.Last().Published {
		if p.Publisher == "acme" {
			periods = append(periods, p.Period)
		}
	}
	sameLines(t, "periods published again", periods, []string{"2026-W39", "2026-W40", "2026-W41", "2026-09", "2026-10"})
	for n, want := range map[int]string{0: "acme/tool 1 1 0 0 0", 1: "acme/tool 1 2 0 0 0", 2: "acme/tool 1 3 1 1 0", 3: "acme/tool 0 3 0 1 0"} {
		sameLines(t, dirs[n]+" afterwards", coreRows(t, e, "acme/"+dirs[n]), []string{want})
	}
	after := tree(t, e.Dir, []string{"reports/acme"})
	for name := range before {
		touched := !strings.Contains(name, dirs[-1]) && !strings.Contains(name, weekDir)
		if before[name] != after[name] && (!touched || strings.HasSuffix(name, "summary.csv")) {
			t.Errorf("%s changed", name)
		}
	}
	change := changeOf(t, manifestOf(t, e, "acme/"+dirs[3]), "extensions_core")
	if change.Changed != 1 || change.Rows[0].Was["total_installs"] != "2" || change.Rows[0].Now["total_installs"] != "3" || len(change.Rows[0].Now) != 1 {
		t.Errorf("change %+v", change)
	}
	if again := mustRun(t, e).Last().Published; len(again) != 0 {
		t.Errorf("published again: %+v", again)
	}
}

// A publisher with nothing but events has reports, from the first event on; the others keep an empty one.
func TestPublisherWithOnlyEvents(t *testing.T) {
	t.Parallel()
	e := newEventsEngine(t)
	runExtensions(t, e, eventFile(t, event(monday, "globex/panel", "open", "alice"), event(monday, "globex/panel", "open", "alice"), event(monday, "globex/panel", "install", "")))
	wantPublished(t, e, "globex/"+monthDir, "globex/"+weekDir)
	manifest := filesMatch(t, e, "globex/"+weekDir)
	if len(manifest.Reports) != 3 || len(manifest.Inputs) != 1 || manifest.PublisherName != "globex" {
		t.Errorf("manifest %+v", manifest)
	}
	if rows := reportRows(t, e, "globex/"+weekDir, "summary"); len(rows) != 0 {
		t.Errorf("rows of summary: %v", rows)
	}
	got := joinedRows(reportRows(t, e, "globex/"+weekDir, "extensions_premium"), "extension", "installs", "unique_installs", "uninstalls", "unique_uninstalls", "usage", "unique_users")
	sameLines(t, "extensions_premium", got, []string{"globex/panel\t1\t0\t0\t0\t2\t1"})
	// In a week of requests of somebody else, its totals go on; a week without anything is not published.
	later := weekEnd.AddDate(0, 0, 7)
	mustRun(t, e, inputFile(t, checkRow(later, "acme/app")))
	if found := published(t, e); !slices.Contains(found, "globex/weekly/2026-09-28") || slices.Contains(found, "globex/"+nextDir) {
		t.Errorf("published %q", found)
	}
	sameLines(t, "totals", coreRows(t, e, "globex/weekly/2026-09-28"), []string{"globex/panel 0 1 0 0 0"})
	if rows := coreRows(t, e, "acme/weekly/2026-09-28"); len(rows) != 0 {
		t.Errorf("extensions of acme: %q", rows)
	}
}

// Without any event nothing of extensions is published, also when such reports are all that is asked for.
func TestNoEventsAtAll(t *testing.T) {
	t.Parallel()
	e := newEventsEngine(t)
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	for name := range tree(t, e.Dir, []string{"reports"}) {
		if strings.Contains(name, "extensions") {
			t.Errorf("%s is there", name)
		}
	}
	e.Config.Reports.Publish = []string{"extensions_core"}
	mustRun(t, e)
	if manifest := filesMatch(t, e, "acme/"+weekDir); len(manifest.Reports) != 0 {
		t.Errorf("reports %+v", manifest.Reports)
	}
}
