package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pullscope/pullscope/reports"
)

// changeOf is what a manifest says of one report.
func changeOf(t *testing.T, manifest reports.Manifest, report string) reports.Change {
	t.Helper()
	for _, change := range manifest.Changes {
		if change.Report == report {
			return change
		}
	}
	t.Fatalf("no change of %s in %+v", report, manifest.Changes)
	return reports.Change{}
}

func wantChange(t *testing.T, manifest reports.Manifest, want reports.Change) {
	t.Helper()
	if got := changeOf(t, manifest, want.Report); !reflect.DeepEqual(got, want) {
		t.Errorf("change\n%+v, want\n%+v", got, want)
	}
}

// numbers is short for the columns of a row.
type numbers = map[string]string

// A late request that takes an action from one week into another: one row comes, one goes, and numbers change.
func TestChangesAreListed(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.Publish = []string{"summary", "trends", "heavy_users"}
	e.Config.Publishers = []Publisher{{ID: "acme", Name: "Acme", Namespaces: []string{"acme"}}}
	get := checkRow(weekEnd.Add(oneSecond), "acme/app")
	get.method = "GET"
	other := checkRow(weekEnd.Add(time.Hour), "acme/db")
	mustRun(t, e, inputFile(t, get, other, checkRow(monday, "acme/app")))
	// The pull now begins in the week before, and acme/db is checked once more.
	other.at = other.at.Add(time.Hour)
	late := inputFile(t, checkRow(weekEnd.Add(-oneSecond), "acme/app"), other)
	mustRun(t, e, late)

	before := manifestOf(t, e, "acme/"+weekDir)
	image := func(level, reference, repository string) numbers {
		return numbers{"LEVEL": level, "REFERENCE": reference, "IMAGE_REPOSITORY": repository}
	}
	pulled := func(rows ...reports.ChangedRow) []reports.ChangedRow { return rows }
	wantChange(t, before, reports.Change{Report: "summary", Changed: 2, Rows: pulled(
		reports.ChangedRow{Row: image("repository", "acme/app", "acme/app"), Was: numbers{"DATA_DOWNLOADS": "0", "EVENT_COUNT": "1"}, Now: numbers{"DATA_DOWNLOADS": "1", "EVENT_COUNT": "2"}},
		reports.ChangedRow{Row: image("tag", "v1", "acme/app"), Was: numbers{"DATA_DOWNLOADS": "0", "EVENT_COUNT": "1"}, Now: numbers{"DATA_DOWNLOADS": "1", "EVENT_COUNT": "2"}},
	)})
	after := manifestOf(t, e, "acme/"+nextDir)
	wantChange(t, after, reports.Change{Report: "summary", Removed: 2, Changed: 2, Rows: pulled(
		reports.ChangedRow{Row: image("repository", "acme/app", "acme/app"), Was: numbers{"DATA_DOWNLOADS": "1", "VERSION_CHECKS": "0", "EVENT_COUNT": "1"}},
		reports.ChangedRow{Row: image("repository", "acme/db", "acme/db"), Was: numbers{"VERSION_CHECKS": "1", "EVENT_COUNT": "1"}, Now: numbers{"VERSION_CHECKS": "2", "EVENT_COUNT": "2"}},
		reports.ChangedRow{Row: image("tag", "v1", "acme/app"), Was: numbers{"DATA_DOWNLOADS": "1", "VERSION_CHECKS": "0", "EVENT_COUNT": "1"}},
		reports.ChangedRow{Row: image("tag", "v1", "acme/db"), Was: numbers{"VERSION_CHECKS": "1", "EVENT_COUNT": "1"}, Now: numbers{"VERSION_CHECKS": "2", "EVENT_COUNT": "2"}},
	)})
	// Another image in the first week: a row that is new, beside those that stay.
	mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/new")))
	now := manifestOf(t, e, "acme/"+weekDir)
	wantChange(t, now, reports.Change{Report: "heavy_users", Added: 1, Rows: pulled(reports.ChangedRow{
		Row: numbers{"IMAGE_REPOSITORY": "acme/new"}, Now: numbers{"USERS": "1", "PULLS": "1", "PCT_TOP_1": "1.0000", "PCT_TOP_10": "1.0000", "PCT_TOP_100": "1.0000"},
	})})
	if now.Revision != 3 || before.Revision != 2 || manifestOf(t, e, "acme/"+nextDir).Revision != 2 {
		t.Errorf("revisions %d and %d", before.Revision, now.Revision)
	}
	// Publishing the same again keeps what changed last.
	bytes := tree(t, e.Dir, []string{"reports"})
	if err := os.RemoveAll(filepath.Join(e.Dir, "reports", ".published")); err != nil {
		t.Fatal(err)
	}
	if published := mustRun(t, e, late).Last().Published; len(published) != 3 || published[0].Changed {
		t.Errorf("published %+v", published)
	}
	if difference := treeDifference(tree(t, e.Dir, []string{"reports"}), bytes); difference != "" {
		t.Errorf("the same rows:\n%s", difference)
	}
}

// A manifest lists some of many changes, and counts all.
func TestManyChangesAreCut(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd.Add(2*time.Hour))
	tagged := func(tags int, at time.Time) []logRow {
		var rows []logRow
		for i := range tags {
			row := checkRow(at.Add(time.Duration(i)*time.Minute), "acme/app")
			row.reference = fmt.Sprintf("v%03d", i)
			rows = append(rows, row)
		}
		return rows
	}
	mustRun(t, e, inputFile(t, tagged(20, monday)...))
	mustRun(t, e, inputFile(t, tagged(150, monday.Add(24*time.Hour))...))
	manifest := manifestOf(t, e, "acme/"+weekDir)
	summary := changeOf(t, manifest, "summary") // the repository and 20 tags, and 130 new tags
	if summary.Changed != 21 || summary.Added != 130 || summary.Removed != 0 || len(summary.Rows) != reports.MaxChangedRows {
		t.Errorf("%d changed, %d added, %d removed, %d listed", summary.Changed, summary.Added, summary.Removed, len(summary.Rows))
	}
	if last := summary.Rows[len(summary.Rows)-1]; last.Row["REFERENCE"] != "v098" || last.Was != nil || last.Now["EVENT_COUNT"] != "1" {
		t.Errorf("the last listed row is %+v", last)
	}
	if raw := changeOf(t, manifest, "raw"); raw.Added != 150 || raw.Changed+raw.Removed != 0 || len(raw.Rows) != reports.MaxChangedRows {
		t.Errorf("raw: %d changed, %d added, %d listed", raw.Changed, raw.Added, len(raw.Rows))
	}
}

// A published file that cannot be compared with, and one of other columns, are replaced all the same.
func TestChangesOfWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd.Add(2*time.Hour))
	own := filepath.Join(t.TempDir(), "own.sql")
	e.Config.Reports.Files = []string{own}
	write := func(columns string) {
		writeFile(t, own, []byte("select publisher_id, "+columns+` from {{table "actions"}} group by all order by publisher_id`))
	}
	write("namespace, count(*) as pulls")
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	write("namespace, count(*) as actions")
	for _, report := range []string{"summary", "raw"} {
		path := filepath.Join(e.Dir, "reports", "acme", weekDir, report+".parquet")
		if report == "summary" {
			writeFile(t, path, []byte("PAR1 damaged PAR1"))
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/app")))
	if manifest := filesMatch(t, e, "acme/"+weekDir); manifest.Revision != 2 || len(manifest.Changes) != 0 {
		t.Errorf("revision %d, changes %+v", manifest.Revision, manifest.Changes)
	}
}
