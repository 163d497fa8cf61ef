package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// check is a log row: one version check.
func checkRow(at time.Time, image string) logRow {
	return logRow{at: at, client: "192.0.2.1", method: "HEAD", image: image, reference: "v1"}
}

// The week that the tests publish, and its month.
var (
	monday    = time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)
	weekEnd   = monday.AddDate(0, 0, 7)
	weekDir   = filepath.Join("weekly", "2026-09-14")
	nextDir   = filepath.Join("weekly", "2026-09-21")
	monthDir  = filepath.Join("monthly", "2026-09-01")
	oneSecond = time.Second
)

// published lists the directories with a manifest below reports: "acme/weekly/2026-09-14".
func published(t *testing.T, e *Engine) []string {
	t.Helper()
	manifests, err := filepath.Glob(filepath.Join(e.Dir, "reports", "*", "*", "*", reports.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, manifest := range manifests {
		dir, err := filepath.Rel(filepath.Join(e.Dir, "reports"), filepath.Dir(manifest))
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(dir) != latestLink {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func wantPublished(t *testing.T, e *Engine, want ...string) {
	t.Helper()
	if got := published(t, e); !slices.Equal(got, want) {
		t.Errorf("published %q, want %q", got, want)
	}
}

func manifestOf(t *testing.T, e *Engine, dir string) reports.Manifest {
	t.Helper()
	manifest, err := reports.ReadManifest(filepath.Join(e.Dir, "reports", dir))
	if err != nil || manifest == nil {
		t.Fatalf("manifest of %s: %v, %v", dir, manifest, err)
	}
	return *manifest
}

// inputFile writes rows to a file of its own.
func inputFile(t *testing.T, rows ...logRow) string {
	t.Helper()
	return writeFile(t, filepath.Join(t.TempDir(), "access.csv"), csvText(rows))
}

func TestPeriodIsPublishedWhenClosed(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{0, time.Hour, 48 * time.Hour} {
		t.Run(grace.String(), func(t *testing.T) {
			now := weekEnd.Add(grace - time.Nanosecond)
			e := newEngine(t.TempDir(), now)
			e.Config.Grace.Duration = grace
			mustRun(t, e, inputFile(t, checkRow(weekEnd.Add(-time.Microsecond), "acme/app")))
			wantPublished(t, e)
			// A run without inputs publishes what is due now.
			e.Now = func() time.Time { return weekEnd.Add(grace) }
			mustRun(t, e)
			wantPublished(t, e, "acme/"+weekDir)
			if manifest := manifestOf(t, e, "acme/"+weekDir); manifest.Open || manifest.Revision != 1 || manifest.Period != "2026-W38" || manifest.From != "2026-09-14" || manifest.To != "2026-09-20" {
				t.Errorf("manifest %+v", manifest)
			}
			month := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC).Add(grace)
			e.Now = func() time.Time { return month.Add(-time.Nanosecond) }
			mustRun(t, e)
			wantPublished(t, e, "acme/"+weekDir)
			e.Now = func() time.Time { return month }
			mustRun(t, e)
			wantPublished(t, e, "acme/"+monthDir, "acme/"+weekDir)
		})
	}
}

func TestOpenPeriodIsMarked(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), monday.Add(36*time.Hour))
	input := inputFile(t, checkRow(monday, "acme/app"))
	if _, err := e.Run(context.Background(), Request{Inputs: []string{input}, IncludeOpen: true}); err != nil {
		t.Fatal(err)
	}
	wantPublished(t, e, "acme/"+monthDir, "acme/"+weekDir)
	for _, dir := range published(t, e) {
		if manifest := manifestOf(t, e, dir); !manifest.Open || manifest.Revision != 1 {
			t.Errorf("%s: open is %v, revision %d", dir, manifest.Open, manifest.Revision)
		}
	}
	// Once closed, they are published as such; their rows are the same, so the revision stays.
	e.Now = func() time.Time { return farAway }
	mustRun(t, e)
	for _, dir := range published(t, e) {
		if manifest := manifestOf(t, e, dir); manifest.Open || manifest.Revision != 1 {
			t.Errorf("%s: open is %v, revision %d", dir, manifest.Open, manifest.Revision)
		}
	}
}

func TestOnlyThePeriodAskedForIsPublished(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	input := inputFile(t, checkRow(monday, "acme/app"), checkRow(weekEnd, "acme/app"))
	week := period.WeekOf(period.DayOf(weekEnd))
	if _, err := e.Run(context.Background(), Request{Inputs: []string{input}, Period: &week}); err != nil {
		t.Fatal(err)
	}
	wantPublished(t, e, "acme/"+nextDir)
	// An open period is not published just because it is asked for.
	e = newEngine(t.TempDir(), weekEnd)
	if _, err := e.Run(context.Background(), Request{Inputs: []string{input}, Period: &week}); err != nil {
		t.Fatal(err)
	}
	wantPublished(t, e)
}

// Late data make a new revision of those reports whose rows change, and leave all other files as they are.
func TestLateDataRaiseTheRevision(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "globex/web"), checkRow(weekEnd, "acme/app")))
	all := []string{"acme/" + monthDir, "acme/" + weekDir, "acme/" + nextDir, "globex/" + monthDir, "globex/" + weekDir}
	wantPublished(t, e, all...)
	before := tree(t, e.Dir, []string{"reports"}, ".published")
	result := mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/app")))
	wantPublished(t, e, all...)
	for _, dir := range all {
		want := 1
		if strings.HasPrefix(dir, "acme") && !strings.HasSuffix(dir, nextDir) {
			want = 2
		}
		if manifest := manifestOf(t, e, dir); manifest.Revision != want {
			t.Errorf("%s has revision %d, want %d", dir, manifest.Revision, want)
		}
	}
	after := tree(t, e.Dir, []string{"reports"}, ".published")
	for name := range before {
		changed := strings.HasPrefix(name, "reports/acme") && !strings.Contains(name, nextDir) && filepath.Base(name) != latestLink
		if (before[name] != after[name]) != changed {
			t.Errorf("%s: changed is %v, want %v", name, !changed, changed)
		}
	}
	changed := map[string]bool{}
	for _, published := range result.Last().Published {
		changed[published.Dir] = published.Changed
	}
	want := map[string]bool{all[0]: true, all[1]: true, all[3]: false, all[4]: false}
	if fmt.Sprint(changed) != fmt.Sprint(want) {
		t.Errorf("the run says it changed %v, want %v", changed, want)
	}
	rows := readReport(t, filepath.Join(e.Dir, "reports", "acme", weekDir, "summary.csv"))
	if len(rows) != 2 || rows[0]["VERSION_CHECKS"] != "2" {
		t.Errorf("rows %v", rows)
	}
	changes := manifestOf(t, e, "acme/"+weekDir).Changes
	row := map[string]string{"IMAGE_REPOSITORY": "acme/app", "LEVEL": "repository", "REFERENCE": "acme/app"}
	first := reports.ChangedRow{Row: row, Was: map[string]string{"VERSION_CHECKS": "1", "EVENT_COUNT": "1"}, Now: map[string]string{"VERSION_CHECKS": "2", "EVENT_COUNT": "2"}}
	if len(changes) != 2 || changes[0].Report != "summary" || changes[0].Changed != 2 || changes[0].Added+changes[0].Removed != 0 || !reflect.DeepEqual(changes[0].Rows[0], first) ||
		changes[1].Report != "raw" || changes[1].Added != 1 || changes[1].Changed+changes[1].Removed != 0 || changes[1].Rows[0].Now["rows"] != "1" {
		t.Errorf("changes %+v", changes)
	}
	// Nothing is late any more.
	if result := mustRun(t, e); len(result.Last().Published) != 0 {
		t.Errorf("published again: %+v", result.Last().Published)
	}
}

// Late data for one publisher may take away another's action, but never leaves reports behind that count it.
func TestLateDataOverTheWeekEnd(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	get := checkRow(weekEnd.Add(oneSecond), "acme/app")
	get.method = "GET"
	mustRun(t, e, inputFile(t, get))
	wantPublished(t, e, "acme/"+monthDir, "acme/"+nextDir)
	// The pull began in the week before: that week has it now, and this one has nothing.
	mustRun(t, e, inputFile(t, checkRow(weekEnd.Add(-oneSecond), "acme/app")))
	mustCheck(t, e, 2)
	rows := readReport(t, filepath.Join(e.Dir, "reports", "acme", weekDir, "summary.csv"))
	if len(rows) != 2 || rows[0]["DATA_DOWNLOADS"] != "1" || rows[0]["VERSION_CHECKS"] != "0" {
		t.Errorf("rows of the week before: %v", rows)
	}
	if slices.Contains(published(t, e), "acme/"+nextDir) {
		if rows := readReport(t, filepath.Join(e.Dir, "reports", "acme", nextDir, "summary.csv")); len(rows) != 0 {
			t.Errorf("rows of the week that has no action any more: %v", rows)
		}
	}
}

func TestDeletedReportsAreRestored(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "globex/web")))
	before := tree(t, e.Dir, []string{"reports"})
	for _, dir := range []string{"acme/" + weekDir, "globex", "."} {
		if err := os.RemoveAll(filepath.Join(e.Dir, "reports", dir)); err != nil {
			t.Fatal(err)
		}
		mustRun(t, e)
		if difference := treeDifference(tree(t, e.Dir, []string{"reports"}), before); difference != "" {
			t.Errorf("after removing %s:\n%s", dir, difference)
		}
	}
	// Single files are not looked for: the directory is published whole.
}

// No pulls is an answer, too: a configured publisher has reports with a header only.
func TestPublisherWithoutActions(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.Publish = nil
	e.Config.Publishers = []Publisher{{ID: "quiet", Name: "Quiet, Inc.", Namespaces: []string{"quiet"}}, {ID: "acme", Name: "Acme", Namespaces: []string{"acme", "globex"}}}
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "globex/web"), checkRow(monday, "other/tool")))
	wantPublished(t, e, "acme/"+monthDir, "acme/"+weekDir, "other/"+monthDir, "other/"+weekDir, "quiet/"+monthDir, "quiet/"+weekDir)
	for _, report := range reports.All() {
		if report.Of == reports.Extensions {
			continue // there are no events
		}
		var header []string
		for _, column := range report.Columns {
			header = append(header, column.Name)
		}
		for _, dir := range []string{weekDir, monthDir} {
			text, err := os.ReadFile(filepath.Join(e.Dir, "reports", "quiet", dir, report.Name+".csv"))
			if want := strings.Join(header, ",") + "\n"; err != nil || string(text) != want {
				t.Errorf("%s of the quiet publisher is %q, %v, want %q", report.Name, text, err, want)
			}
		}
	}
	manifest := manifestOf(t, e, "quiet/"+weekDir)
	if manifest.PublisherName != "Quiet, Inc." || len(manifest.Inputs) != 0 {
		t.Errorf("manifest %+v", manifest)
	}
	// Two namespaces are one publisher.
	rows := readReport(t, filepath.Join(e.Dir, "reports", "acme", weekDir, "raw.csv"))
	if len(rows) != 2 || rows[0]["namespace"] != "acme" || rows[1]["namespace"] != "globex" || rows[0]["owner"] != "Acme" {
		t.Errorf("rows %v", rows)
	}
	// Another owner makes the periods due again.
	e.Config.Publishers[1].Namespaces = []string{"acme"}
	mustRun(t, e)
	if !slices.Contains(published(t, e), "globex/"+weekDir) {
		t.Errorf("published %q", published(t, e))
	}
	if rows := readReport(t, filepath.Join(e.Dir, "reports", "acme", weekDir, "raw.csv")); len(rows) != 1 {
		t.Errorf("rows %v", rows)
	}
}

// What was published may be damaged: it is replaced all the same, only the list of changes is missing.
func TestDamagedReportIsReplaced(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	path := filepath.Join(e.Dir, "reports", "acme", weekDir, "raw.parquet")
	content := mustRead(t, path)
	for i := 20; i < 200; i++ {
		content[i] ^= 0xff
	}
	writeFile(t, path, content)
	mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/app")))
	manifest := manifestOf(t, e, "acme/"+weekDir)
	if raw, _ := manifest.Find("raw"); manifest.Revision != 2 || raw.Rows != 2 || len(manifest.Changes) != 1 || manifest.Changes[0].Report != "summary" {
		t.Errorf("manifest %+v", manifest)
	}
}

// An unowned namespace that is called like somebody's id is not theirs.
func TestNamespaceCalledLikeAnID(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Publishers = []Publisher{{ID: "globex", Name: "Globex Inc", Namespaces: []string{"acme"}}}
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "globex/web"), checkRow(monday, "globex/web")))
	for id, want := range map[string]int{"globex": 1, "~globex": 2} {
		dir := filepath.Join(e.Dir, "reports", lake.SafeName(id), weekDir)
		if rows := readReport(t, filepath.Join(dir, "raw.csv")); len(rows) != want {
			t.Errorf("%s has %d actions, want %d", id, len(rows), want)
		}
	}
}
