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

	"github.com/xuri/excelize/v2"

	"github.com/pullscope/pullscope/reports"
)

// ownReports writes report files, name by name, into one folder.
func ownReports(t *testing.T, files map[string]string) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		paths = append(paths, writeFile(t, filepath.Join(dir, name), []byte(text)))
	}
	slices.Sort(paths)
	return paths
}

// inPeriod restricts an own report as the documentation says.
const inPeriod = ` from {{table "actions"}} where requested_at >= {{timestamp .From}} and requested_at < {{timestamp .To}} `

func TestOwnReports(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd.Add(2*time.Hour)) // the month is open
	e.Config.Reports.XLSX = true
	e.Config.Publishers = []Publisher{{ID: "quiet", Name: "Quiet", Namespaces: []string{"quiet"}, Reports: []string{"raw"}}}
	const tags = `-- Which tags?
		select publisher_id, repository, tag as "the Tag", count(*) as Actions, {{text .Granularity}} as every, {{text .Reference}} as since` + inPeriod + `group by all order by publisher_id, tag;`
	e.Config.Reports.Files = ownReports(t, map[string]string{
		"tags_of_mine.sql": tags,
		"total.sql":        `select count(*) as "number", PUBLISHER_ID` + inPeriod + `group by all order by publisher_id -- no texts at all`,
		"mixed.sql":        `select * from (values ('globex', 3), ('acme', 2), ('globex', 1), ('acme', 4)) as t(publisher_id, n)`,
		// The names of their sheets begin alike.
		"pulls_of_companies_by_month_eu.sql": "select publisher_id, 'eu' as region" + inPeriod + "group by all order by publisher_id",
		"pulls_of_companies_by_month_us.sql": "select publisher_id, 'us' as region" + inPeriod + "group by all order by publisher_id",
	})
	second := checkRow(monday.Add(time.Hour), "acme/app")
	second.reference = "v2"
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), second, checkRow(monday, "globex/web")))
	wantRows := func(dir, report string, want ...string) {
		t.Helper()
		text := string(mustRead(t, filepath.Join(e.Dir, "reports", dir, report+".csv")))
		sameLines(t, dir+", "+report, strings.Split(strings.TrimSuffix(text, "\n"), "\n"), want)
	}
	const header = "repository,the Tag,Actions,every,since"
	wantRows("acme/"+weekDir, "tags_of_mine", header, "app,v1,1,weekly,2026-09-14", "app,v2,1,weekly,2026-09-14")
	wantRows("globex/"+weekDir, "tags_of_mine", header, "web,v1,1,weekly,2026-09-14")
	wantRows("quiet/"+weekDir, "tags_of_mine", header) // own ones go to everybody
	wantRows("acme/"+weekDir, "total", "number", "2")
	// The rows of a publisher stay in their order, whoever's are between them.
	wantRows("acme/"+weekDir, "mixed", "n", "2", "4")
	wantRows("globex/"+weekDir, "mixed", "n", "3", "1")
	if got := parquetTexts(t, filepath.Join(e.Dir, "reports", "acme", weekDir, "tags_of_mine.parquet"), "the Tag"); !slices.Equal(got, []string{"v1", "v2"}) {
		t.Errorf("tags in the Parquet file: %q", got)
	}
	manifest := filesMatch(t, e, "acme/"+weekDir)
	if found, ok := manifest.Find("tags_of_mine"); !ok || found.Rows != 2 || len(found.Files) != 2 {
		t.Errorf("the manifest says %+v", found)
	}
	book, err := excelize.OpenFile(filepath.Join(e.Dir, "reports", "acme", weekDir, workbookFile))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sameLines(t, "sheets", book.GetSheetList(), []string{"summary", "raw", "mixed", "pulls_of_companies_by_mo", "pulls_of_companies_by_mo (2)", "tags_of_mine", "total"})
	for sheet, want := range map[string]string{"pulls_of_companies_by_mo": "eu", "pulls_of_companies_by_mo (2)": "us", "tags_of_mine": "app", "total": "2"} {
		if got, err := book.GetCellValue(sheet, "A2"); got != want || err != nil {
			t.Errorf("sheet %s begins with %q, %v", sheet, got, err)
		}
	}

	// Late data are compared by the texts of a row, or else as one row.
	third := checkRow(monday.Add(2*time.Hour), "acme/app")
	mustRun(t, e, inputFile(t, third))
	manifest = manifestOf(t, e, "acme/"+weekDir)
	wantChange(t, manifest, reports.Change{Report: "tags_of_mine", Changed: 1, Rows: []reports.ChangedRow{
		{Row: numbers{"repository": "app", "the Tag": "v1", "every": "weekly", "since": "2026-09-14"}, Was: numbers{"Actions": "1"}, Now: numbers{"Actions": "2"}},
	}})
	wantChange(t, manifest, reports.Change{Report: "total", Changed: 1, Rows: []reports.ChangedRow{{Row: numbers{}, Was: numbers{"number": "2"}, Now: numbers{"number": "3"}}}})
	// A file that changes publishes everything again, one that goes takes its reports along.
	writeFile(t, e.Config.Reports.Files[3], []byte(strings.Replace(tags, "count", "10 * count", 1)))
	if published := mustRun(t, e).Last().Published; len(published) != 3 {
		t.Errorf("%d directories are published, want 3: %+v", len(published), published)
	}
	wantRows("globex/"+weekDir, "tags_of_mine", header, "web,v1,10,weekly,2026-09-14")
	if manifest := manifestOf(t, e, "globex/"+weekDir); manifest.Revision != 2 {
		t.Errorf("revision %d", manifest.Revision)
	}
	e.Config.Reports.Files = e.Config.Reports.Files[:3]
	mustRun(t, e)
	filesMatch(t, e, "acme/"+weekDir)
	if _, err := os.Stat(filepath.Join(e.Dir, "reports", "acme", weekDir, "tags_of_mine.csv")); !os.IsNotExist(err) {
		t.Errorf("the removed report: %v", err)
	}
}

// An own report that cannot be published says why, in every run, and the other reports are published without it.
func TestOwnReportsThatFail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, says string }{
		"without publisher_id":     {"select namespace" + inPeriod, "the query has no column publisher_id"},
		"only publisher_id":        {"select publisher_id" + inPeriod, "the query has no column beside publisher_id"},
		"without an owner":         {`select cast(null as varchar) as publisher_id, 1 as n`, "a row has no publisher_id"},
		"of somebody unknown":      {`select 'nosuch' as publisher_id, 1 as n`, `rows for publisher "nosuch"`},
		"also of somebody unknown": {`select publisher_id, 1 as n` + inPeriod + `union all select 'zzz', 2 order by publisher_id`, `rows for publisher "zzz"`},
		"misspelled":               {"selct 1", "only one query is allowed"},
		"wrong column":             {"select publisher_id, nosuch" + inPeriod, `"nosuch" not found`},
		"two statements":           {"select publisher_id, 1 as n" + inPeriod + "; select 2", "only one query is allowed"},
		"writes":                   {"create table x as select 1", "only one query is allowed"},
		"copies":                   {"copy (select 1) to 'stolen.csv'", "only one query is allowed"},
		"writes behind a query":    {"with x as (select 1) insert into publishers select 'a', 'b', 'c'", ""},
		"explains":                 {"explain select 1", "only one query is allowed"},
		"an unknown table":         {`select publisher_id, 1 as n from {{table "nosuch"}}`, `no table stands for "nosuch"`},
		"an unknown parameter":     {`select publisher_id, {{.NoSuch}} as n`, "NoSuch"},
		"a template that is none":  {`select {{`, "unclosed action"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t.TempDir(), weekEnd.Add(2*time.Hour))
			e.Config.Reports.Files = ownReports(t, map[string]string{"mine.sql": test.sql})
			request := Request{Inputs: []string{inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "globex/web"))}}
			for range 2 { // the second run has nothing new
				_, err := e.Run(context.Background(), request)
				if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "mine") || !strings.Contains(err.Error(), "the requests are stored") {
					t.Errorf("the run: %v, want one that names the report and says %q", err, test.says)
				}
				wantPublished(t, e, "acme/"+weekDir, "globex/"+weekDir)
				for _, publisher := range []string{"acme", "globex"} {
					manifest := filesMatch(t, e, publisher+"/"+weekDir)
					if _, found := manifest.Find("mine"); found || len(manifest.Reports) != 2 || manifest.Revision != 1 {
						t.Errorf("the manifest of %s says %+v", publisher, manifest)
					}
				}
			}
			if left, _ := filepath.Glob(filepath.Join(e.Dir, "reports", "*", "*", ".*")); len(left) != 0 {
				t.Errorf("left over: %q", left)
			}
			// The mistake is found without a run, too, unless it is in the rows.
			if _, err := e.CheckConfig(context.Background()); err == nil && !slices.Contains([]string{"without an owner", "of somebody unknown", "also of somebody unknown"}, name) {
				t.Error("the check of the configuration finds nothing")
			}
			// Once it is mended, the next run publishes it, too.
			writeFile(t, e.Config.Reports.Files[0], []byte("select publisher_id, 1 as n"+inPeriod+"group by all order by publisher_id"))
			mustRun(t, e)
			for _, publisher := range []string{"acme", "globex"} {
				manifest := filesMatch(t, e, publisher+"/"+weekDir)
				if found, _ := manifest.Find("mine"); found.Rows != 1 || manifest.Revision != 2 {
					t.Errorf("the manifest of %s says %+v", publisher, manifest)
				}
			}
		})
	}
}

// Names of report files that mean something else are refused before anything is read.
func TestOwnReportNames(t *testing.T) {
	t.Parallel()
	const query = "select publisher_id, 1 as n" + inPeriod
	again := t.TempDir()
	for name, says := range map[string]string{
		"summary.sql": "there is a report summary already", "Mine.sql": "lower-case letters", "my report.sql": "lower-case letters", "mine.txt": "lower-case letters",
		"1st.sql": "lower-case letters", strings.Repeat("a", 61) + ".sql": "lower-case letters", "mine.sql": "have the same name",
	} {
		e := newEngine(t.TempDir(), farAway)
		e.Config.Reports.Files = ownReports(t, map[string]string{name: query})
		if name == "mine.sql" {
			e.Config.Reports.Files = append(e.Config.Reports.Files, writeFile(t, filepath.Join(again, name), []byte(query)))
		}
		_, err := e.Run(context.Background(), Request{Inputs: []string{inputFile(t, checkRow(monday, "acme/app"))}})
		var usage *UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error that says %q", name, err, says)
		}
	}
	e := newEngine(t.TempDir(), farAway)
	for path, says := range map[string]string{filepath.Join(again, "nosuch.sql"): "no such file", writeFile(t, filepath.Join(again, "empty.sql"), []byte(" \n")): "is empty"} {
		e.Config.Reports.Files = []string{path}
		if _, err := e.CheckConfig(context.Background()); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Everybody gets the selected reports, and a publisher with a selection of its own gets that; what nobody selects goes away.
func TestReportSelection(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd.Add(2*time.Hour)) // the month is open
	e.Config.Publishers = []Publisher{{ID: "acme", Name: "Acme", Namespaces: []string{"acme"}}}
	load := inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "globex/web"))
	mustRun(t, e, load)
	all := slices.DeleteFunc(reports.Names(), func(name string) bool { return strings.HasPrefix(name, "extensions_") })
	revision := 1
	for _, step := range []struct{ all, own, wantAcme, wantOthers []string }{
		{nil, nil, all, all},
		{[]string{"trends"}, nil, []string{"trends"}, []string{"trends"}},
		{[]string{"trends"}, []string{"raw", "summary"}, []string{"summary", "raw"}, []string{"trends"}},
		{nil, []string{"raw"}, []string{"raw"}, all},
		{[]string{"summary", "raw"}, nil, []string{"summary", "raw"}, []string{"summary", "raw"}},
	} {
		e.Config.Reports.Publish, e.Config.Publishers[0].Reports = step.all, step.own
		revision++
		if published := mustRun(t, e).Last().Published; len(published) != 2 {
			t.Errorf("%+v: published %+v", step, published)
		}
		for publisher, want := range map[string][]string{"acme": step.wantAcme, "globex": step.wantOthers} {
			var got []string
			for _, report := range filesMatch(t, e, publisher+"/"+weekDir).Reports {
				got = append(got, report.Report)
			}
			sameLines(t, fmt.Sprintf("%+v: reports of %s", step, publisher), got, want)
		}
	}
	if manifest := manifestOf(t, e, "acme/"+weekDir); manifest.Revision != revision {
		t.Errorf("revision %d after %d changes", manifest.Revision, revision)
	}
	e.Config.Publishers[0].Reports = []string{"nosuch"}
	if _, err := e.Run(context.Background(), Request{}); err == nil || !strings.Contains(err.Error(), `publisher 1 (acme): key "reports": there is no report "nosuch"; take some of summary, trends`) {
		t.Errorf("an unknown report: %v", err)
	}
}
