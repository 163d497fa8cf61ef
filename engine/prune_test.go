package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

const aDay = 24 * time.Hour

// mustPrune prunes, after a dry run that must tell the same and touch no byte.
func mustPrune(t rapid.TB, e *Engine) *PruneResult {
	t.Helper()
	before := tree(t, e.Dir, []string{"."})
	dry, err := e.Prune(context.Background(), PruneRequest{DryRun: true})
	if err != nil {
		t.Fatalf("dry run: %v", err)
	}
	if difference := treeDifference(tree(t, e.Dir, []string{"."}), before); difference != "" {
		t.Fatalf("a dry run changed\n%s", difference)
	}
	result, err := e.Prune(context.Background(), PruneRequest{})
	if err != nil {
		t.Fatalf("prune: %v", err)
	}
	told := *result
	told.Run = ""
	if got, want := fmt.Sprintf("%+v", told), fmt.Sprintf("%+v", *dry); got != want {
		t.Fatalf("removed %s, the dry run told %s", got, want)
	}
	return result
}

// mustPruneNothing prunes and wants nothing to change.
func mustPruneNothing(t rapid.TB, e *Engine) {
	t.Helper()
	before := wholeTree(t, e.Dir)
	if result := mustPrune(t, e); !result.Empty() || result.Run != "" {
		t.Fatalf("removed %+v, want nothing", result)
	}
	if difference := treeDifference(wholeTree(t, e.Dir), before); difference != "" {
		t.Fatalf("pruning nothing changed\n%s", difference)
	}
}

func wantDays(t *testing.T, e *Engine, want ...period.Day) {
	t.Helper()
	if got := daysOfLake(t, e); !slices.Equal(got, want) {
		t.Errorf("days %v, want %v", got, want)
	}
}

func setClock(e *Engine, at time.Time) { e.Now = func() time.Time { return at } }

// october is the moment at which September is closed.
var october = time.Date(2026, 10, 1, 1, 0, 0, 0, time.UTC)

// prunedLake keeps requests for 3 days. In October there were requests on 14, 20 and 21 September and 1 October; the first
// two of them are pruned, and 21 September is the horizon, since 1 October is not over.
func prunedLake(t *testing.T) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), october)
	e.Config.RetainRequests.Duration = 3 * aDay
	mustRun(t, e, inputFile(t,
		checkRow(monday, "acme/app"), checkRow(weekEnd.Add(-time.Hour), "acme/app"), checkRow(weekEnd, "acme/app"), checkRow(october.Add(-time.Hour), "acme/app")))
	result := mustPrune(t, e)
	if len(result.Days) != 2 || result.Days[0].Day != "2026-09-14" || result.Days[1].Day != "2026-09-20" || result.Horizon != "2026-09-21" {
		t.Fatalf("pruned %+v", result)
	}
	return e
}

// A day stays until its week and its month are published, however short the retention.
func TestPruneWaitsForTheReports(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), monday.Add(9*aDay))
	e.Config.RetainRequests.Duration = aDay
	input := inputFile(t, checkRow(monday, "acme/app"), checkRow(monday.Add(aDay), "acme/app"), checkRow(monday.Add(2*aDay), "acme/app"))
	mustRun(t, e, input)
	wantPublished(t, e, "acme/"+weekDir)
	mustPruneNothing(t, e) // the month is open
	setClock(e, october.Add(-time.Nanosecond))
	mustPruneNothing(t, e)
	setClock(e, october)
	mustPruneNothing(t, e) // it is closed, but not published
	mustRun(t, e)
	e.Config.Publishers = []Publisher{{ID: "acme", Name: "Acme Corp", Namespaces: []string{"acme"}}}
	mustPruneNothing(t, e) // it is published, but not up to date
	e.Config.Publishers = nil
	e.Config.RetainRequests.Duration = 0
	mustPruneNothing(t, e) // for ever
	e.Config.RetainRequests.Duration = aDay
	before := tree(t, e.Dir, []string{"reports"})
	result := mustPrune(t, e)
	if requests, bytes := result.Requests(); len(result.Days) != 2 || result.Horizon != "2026-09-16" || requests != 2 || bytes == 0 {
		t.Errorf("pruned %+v", result)
	}
	wantDays(t, e, "2026-09-16") // the last day stays
	if difference := treeDifference(tree(t, e.Dir, []string{"reports"}), before); difference != "" {
		t.Errorf("the reports changed:\n%s", difference)
	}
	setClock(e, farAway)
	mustPruneNothing(t, e)
	mustCheck(t, e, 1)
}

// The age of a day counts from its end, to the nanosecond.
func TestPruneAtTheExactAge(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.RetainRequests.Duration = 200 * aDay
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(monday.Add(aDay), "acme/app"), checkRow(monday.Add(2*aDay), "acme/app")))
	setClock(e, monday.Add(201*aDay-time.Nanosecond))
	mustPruneNothing(t, e)
	setClock(e, monday.Add(201*aDay))
	if result := mustPrune(t, e); len(result.Days) != 1 || result.Horizon != "2026-09-15" {
		t.Errorf("pruned %+v", result)
	}
	mustPruneNothing(t, e)
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := store.Runs()
	if err != nil || len(runs) != 2 {
		t.Fatalf("%d manifests, %v, want that of the run and that of the pruning", len(runs), err)
	}
	pruned := runs[1].Pruned
	if pruned == nil || pruned.Horizon != "2026-09-15" || pruned.Requests != 1 || len(runs[1].Days) != 1 || !runs[1].Days[0].Removed {
		t.Errorf("manifest %+v, days %+v", pruned, runs[1].Days)
	}
}

// A day that may still get requests is no horizon: after a long silence the last old day takes its place.
func TestHorizonIsOver(t *testing.T) {
	t.Parallel()
	e := prunedLake(t)
	mustRun(t, e, inputFile(t, checkRow(october.Add(time.Minute), "acme/app")))
	if got := query(t, e, "select count(*) from requests where day = '2026-10-01'"); got[0][0] != "2" {
		t.Errorf("%s requests on 1 October, want 2", got[0][0])
	}
	wantDays(t, e, "2026-09-21", "2026-10-01")
}

// What was pruned does not come back, and changes nothing that is published.
func TestLateDataForPrunedDays(t *testing.T) {
	t.Parallel()
	e := prunedLake(t)
	before := tree(t, e.Dir, []string{"requests", "reports"})
	result := mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/app"), checkRow(weekEnd.Add(time.Hour), "acme/app")))
	if input := result.Last().Inputs[0]; input.Ignored["pruned"] != 2 || input.Accepted != 0 || len(result.Last().Published) != 0 {
		t.Errorf("input %+v, published %+v", input, result.Last().Published)
	}
	if difference := treeDifference(tree(t, e.Dir, []string{"requests", "reports"}), before); difference != "" {
		t.Errorf("late data changed\n%s", difference)
	}
}

// Between the newest pruned day and the horizon there were no requests: a period that begins there is whole, and due.
func TestPeriodBetweenPrunedDaysAndHorizon(t *testing.T) {
	t.Parallel()
	august := time.Date(2026, 8, 27, 12, 0, 0, 0, time.UTC)
	e := newEngine(t.TempDir(), monday.Add(5*aDay))
	e.Config.RetainRequests.Duration = 4 * aDay
	mustRun(t, e, inputFile(t, checkRow(august, "acme/app"), checkRow(monday.Add(time.Hour), "acme/app"), checkRow(monday.Add(4*aDay), "acme/app")))
	if result := mustPrune(t, e); len(result.Days) != 1 || result.Horizon != "2026-09-14" {
		t.Fatalf("pruned %+v", result)
	}
	setClock(e, october)
	if result := mustRun(t, e); len(result.Last().Published) != 2 {
		t.Errorf("published %+v", result.Last().Published)
	}
	wantPublished(t, e, "acme/monthly/2026-08-01", "acme/"+monthDir, "acme/weekly/2026-08-24", "acme/"+weekDir)
	if rows := readReport(t, filepath.Join(e.Dir, "reports", "acme", monthDir, "summary.csv")); len(rows) != 2 || rows[0]["VERSION_CHECKS"] != "2" {
		t.Errorf("rows %v", rows)
	}
}

// A period with pruned days stays as it was published, whoever owns it now; others are published anew.
func TestPrunedPeriodsAreFinal(t *testing.T) {
	t.Parallel()
	e := prunedLake(t)
	final := []string{"reports/acme/" + weekDir, "reports/acme/" + monthDir}
	before := tree(t, e.Dir, final)
	e.Config.Publishers = []Publisher{{ID: "other", Name: "Other", Namespaces: []string{"acme"}}}
	result := mustRun(t, e, inputFile(t, checkRow(weekEnd.Add(2*aDay), "acme/app")))
	for _, published := range result.Last().Published {
		if published.Period != "2026-W39" {
			t.Errorf("published %+v", published)
		}
	}
	wantPublished(t, e, "acme/"+monthDir, "acme/"+weekDir, "other/"+nextDir)
	if difference := treeDifference(tree(t, e.Dir, final), before); difference != "" {
		t.Errorf("final reports changed:\n%s", difference)
	}
	// Nor are they restored: what they came from is gone.
	if err := os.RemoveAll(filepath.Join(e.Dir, "reports", "acme", weekDir)); err != nil {
		t.Fatal(err)
	}
	if result := mustRun(t, e); len(result.Last().Published) != 0 {
		t.Errorf("published %+v", result.Last().Published)
	}
}

// A report over pruned days would not be whole.
func TestReportOverPrunedDays(t *testing.T) {
	t.Parallel()
	e := prunedLake(t)
	summary, ok := reports.Find("summary")
	if !ok {
		t.Fatal("there is no report summary")
	}
	ask := func(asked string) error {
		days, err := period.ParseRange(asked)
		if err != nil {
			t.Fatal(err)
		}
		return e.Report(context.Background(), ReportRequest{Report: summary, Range: &days}, func(*ReportRows) error { return nil })
	}
	var usage *UsageError
	if err := ask("2026-09-20..2026-09-30"); !errors.As(err, &usage) || !strings.Contains(err.Error(), "the requests up to 2026-09-20 were pruned") || !strings.Contains(err.Error(), "ask from 2026-09-21 on") {
		t.Errorf("over pruned days: %v", err)
	}
	if err := ask("2026-09-21..2026-09-30"); err != nil {
		t.Errorf("from the horizon on: %v", err)
	}
	// The same holds where a query names a report.
	nothing := func([]duck.Column) error { return nil }
	none := func([]*string) error { return nil }
	if err := e.Query(context.Background(), "from report_summary('2026-W38')", Texts, nothing, none); err == nil || !strings.Contains(err.Error(), "the requests up to 2026-09-20 were pruned") {
		t.Errorf("in a query over pruned days: %v", err)
	}
	if rows := query(t, e, "select level, event_count from report_summary('2026-09-21..2026-09-30') where level = 'repository'"); len(rows) != 1 || rows[0][1] != "1" {
		t.Errorf("in a query from the horizon on: %v", rows)
	}
	query(t, e, "select * from periods where period = '2026-W38'")
	query(t, e, "from report_extensions_core('2026-W38')")
}

// Old reports go, and what is noted of them; the link leads to the newest that is left.
func TestRetainReports(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd.Add(8*aDay))
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(weekEnd, "acme/app"), checkRow(monday, "globex/web")))
	wantPublished(t, e, "acme/"+weekDir, "acme/"+nextDir, "globex/"+weekDir)
	e.Config.RetainReports.Duration = 30 * aDay
	setClock(e, weekEnd.Add(30*aDay-time.Nanosecond))
	mustPruneNothing(t, e)
	setClock(e, weekEnd.Add(30*aDay))
	result := mustPrune(t, e)
	if got := fmt.Sprint(result.Reports); got != "[acme/"+weekDir+" globex/"+weekDir+"]" || result.Run == "" || len(result.Days) != 0 {
		t.Errorf("pruned %+v", result)
	}
	wantPublished(t, e, "acme/"+nextDir)
	if target, err := os.Readlink(filepath.Join(e.Dir, "reports", "acme", "weekly", latestLink)); err != nil || target != "2026-09-21" {
		t.Errorf("latest of acme leads to %q, %v", target, err)
	}
	if _, err := os.Lstat(filepath.Join(e.Dir, "reports", "globex", "weekly", latestLink)); !os.IsNotExist(err) {
		t.Errorf("latest of globex: %v, want none", err)
	}
	mustPruneNothing(t, e)
	mustRun(t, e) // the month is due, the old week is not
	wantPublished(t, e, "acme/"+monthDir, "acme/"+nextDir, "globex/"+monthDir)
	mustCheck(t, e, 3)
	// A link that a crash left behind is mended.
	if err := os.RemoveAll(filepath.Join(e.Dir, "reports", "acme", nextDir)); err != nil {
		t.Fatal(err)
	}
	setClock(e, weekEnd.Add(37*aDay))
	if result := mustPrune(t, e); len(result.Reports) != 0 {
		t.Errorf("pruned %+v", result)
	}
	if _, err := os.Lstat(filepath.Join(e.Dir, "reports", "acme", "weekly", latestLink)); !os.IsNotExist(err) {
		t.Errorf("latest of acme: %v, want none", err)
	}
}

// Requests go without published reports once those would not be kept either.
func TestExpiredPeriodsDoNotHoldRequests(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.RetainRequests.Duration, e.Config.RetainReports.Duration = 10*aDay, 20*aDay
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(weekEnd, "acme/app")))
	wantPublished(t, e)
	if result := mustPrune(t, e); len(result.Days) != 1 || result.Horizon != "2026-09-21" {
		t.Errorf("pruned %+v", result)
	}
}

// Manifests of runs that did nothing go, but never the newest one, and never one that tells something.
func TestIdleManifests(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), october)
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	for hour := range 3 {
		setClock(e, october.Add(time.Duration(hour+1)*time.Hour))
		mustRun(t, e)
	}
	setClock(e, october.Add(30*aDay+2*time.Hour))
	result := mustPrune(t, e)
	if len(result.Runs) != 2 || !strings.HasPrefix(result.Runs[0], "000002-") || !strings.HasPrefix(result.Runs[1], "000003-") || result.Run != "" {
		t.Errorf("pruned %+v", result)
	}
	setClock(e, farAway)
	mustPruneNothing(t, e)
	if result := mustRun(t, e); !strings.HasPrefix(result.Last().Run, "000005-") {
		t.Errorf("the next run is %s", result.Last().Run)
	}
}

// A log that is never rotated grows over the horizon: its old lines stay pruned.
func TestGrownLogOverTheHorizon(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), october)
	e.Config.RetainRequests.Duration = 3 * aDay
	rows := []logRow{checkRow(monday, "acme/app"), checkRow(weekEnd, "acme/app"), checkRow(weekEnd.Add(aDay), "acme/app"), checkRow(october.Add(-time.Hour), "acme/app")}
	mustRun(t, e, inputFile(t, rows...))
	if result := mustPrune(t, e); result.Horizon != "2026-09-22" {
		t.Fatalf("pruned %+v", result)
	}
	frozen := []string{"requests/day=2026-09-22", "reports"}
	before := tree(t, e.Dir, frozen)
	rows = append(rows, checkRow(october.Add(time.Minute), "acme/app"))
	result := mustRun(t, e, inputFile(t, rows...))
	if input := result.Last().Inputs[0]; input.Ignored["pruned"] != 3 || input.Accepted != 2 || len(input.Supersedes) != 1 || len(result.Last().Published) != 0 {
		t.Errorf("input %+v, published %+v", input, result.Last().Published)
	}
	wantDays(t, e, "2026-09-22", "2026-10-01")
	if difference := treeDifference(tree(t, e.Dir, frozen), before); difference != "" {
		t.Errorf("changed\n%s", difference)
	}
	mustCheck(t, e, 3)
}

// Request.Prune prunes at the end of the run, once all is published.
func TestRunPrunes(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.RetainRequests.Duration = aDay
	input := inputFile(t, checkRow(monday, "acme/app"), checkRow(weekEnd, "acme/app"))
	result, err := e.Run(context.Background(), Request{Inputs: []string{input}, Prune: true})
	if err != nil || result.Pruned == nil || len(result.Pruned.Days) != 1 || result.Pruned.Run == "" || len(result.Runs) != 1 {
		t.Fatalf("run %+v, %v", result, err)
	}
	wantDays(t, e, "2026-09-21")
	wantPublished(t, e, "acme/"+monthDir, "acme/"+weekDir, "acme/"+nextDir)
}
