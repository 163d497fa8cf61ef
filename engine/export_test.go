package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// exportLake has two publishers that share a user and a client. Of acme, by time:
//
//	14th 10:00  192.0.2.1, alice    pull of acme/app
//	14th 11:00  192.0.2.2           check of acme-labs/tool
//	15th 10:00  192.0.2.1           pull of acme/app
//	15th 11:00  carol installs acme/helper, alice opens it
//	21st 10:00  192.0.2.3, bob      pull of acme/app
//
// Globex has two pulls of alice and one of 192.0.2.2, the first of them before all others.
func exportLake(t *testing.T) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Publishers = []Publisher{
		{ID: "acme", Name: "Acme", Namespaces: []string{"acme", "acme-labs"}},
		{ID: "globex", Name: "Globex", Namespaces: []string{"globex"}},
	}
	e.Config.Reports.Publish = nil
	row := func(hours int, client, user, method, image string) logRow {
		return logRow{at: monday.Add(time.Duration(hours) * time.Hour), client: client, user: user, method: method, image: image, reference: "v1", agent: dockerAgent}
	}
	mustRun(t, e, inputFile(t,
		row(9, "192.0.2.2", "", "GET", "globex/web"), row(10, "192.0.2.1", "alice", "GET", "acme/app"), row(11, "192.0.2.2", "", "HEAD", "acme-labs/tool"),
		row(12, "192.0.2.1", "alice", "GET", "globex/web"), row(34, "192.0.2.1", "", "GET", "acme/app"), row(36, "192.0.2.9", "alice", "GET", "globex/web"),
		row(7*24+10, "192.0.2.3", "bob", "GET", "acme/app")))
	runExtensions(t, e, writeFile(t, filepath.Join(t.TempDir(), "events.csv"), eventsCSV(
		eventRow{monday.Add(35 * time.Hour).Format(time.RFC3339), "acme/helper", "install", "carol"},
		eventRow{monday.Add(35*time.Hour + time.Minute).Format(time.RFC3339), "acme/helper", "open", "alice"},
		eventRow{monday.Add(36 * time.Hour).Format(time.RFC3339), "globex/panel", "open", "alice"})))
	return e
}

// exportedRows reads a query as texts, joined by spaces, in a database of its own.
func exportedRows(t *testing.T, statements ...string) []string {
	t.Helper()
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements[:len(statements)-1] {
		if err := db.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	var rows []string
	err = db.Each(ctx, "select cast(columns(*) as varchar) from ("+statements[len(statements)-1]+")", func(row []driver.Value) error {
		texts := make([]string, len(row))
		for i, value := range row {
			if texts[i] = "∅"; value != nil {
				texts[i] = value.(string)
			}
		}
		rows = append(rows, strings.Join(texts, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func mustExport(t *testing.T, e *Engine, dir string, options ExportOptions) Exported {
	t.Helper()
	done, err := e.ExportParquet(context.Background(), dir, options)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func wantRows(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestExportForPublisher(t *testing.T) {
	e := exportLake(t)
	dir := filepath.Join(t.TempDir(), "acme")
	done := mustExport(t, e, dir, ExportOptions{Publisher: "acme"})
	if want := (Exported{Actions: 4, ExtensionEvents: 2, Periods: 3}); done != want {
		t.Errorf("exported %+v, want %+v", done, want)
	}
	// Numbers begin anew, though 192.0.2.2 and alice are known from globex.
	actions := filepath.Join(dir, "actions.parquet")
	wantRows(t, "actions", exportedRows(t, "select requested_at, namespace, repository, action, client_no, user_no from "+duck.Quote(actions)), []string{
		"2026-09-14 10:00:00 acme app pull_by_tag 1 1", "2026-09-14 11:00:00 acme-labs tool version_check 2 ∅",
		"2026-09-15 10:00:00 acme app pull_by_tag 1 ∅", "2026-09-21 10:00:00 acme app pull_by_tag 3 3",
	})
	wantRows(t, "extension events", exportedRows(t, "select occurred_at, extension, event, user_no from "+duck.Quote(filepath.Join(dir, "extension_events.parquet"))), []string{
		"2026-09-15 11:00:00 acme/helper install 2", "2026-09-15 11:01:00 acme/helper open 1",
	})
	// As its README.txt says, users are counted: alice, bob, 192.0.2.1 without a user id, 192.0.2.2.
	wantRows(t, "users", exportedRows(t, "select count(distinct coalesce(user_no, -client_no)) from "+duck.Quote(actions)),
		[]string{query(t, e, "select count(distinct coalesce(user_key, client_key)) from published_actions where publisher_id = 'acme'")[0][0]})

	// The reports are those that are published, byte for byte.
	got := tree(t, filepath.Join(dir, "reports"), []string{"."})
	want := tree(t, filepath.Join(e.Dir, "reports", "acme"), []string{"."}, "latest")
	if difference := treeDifference(got, want); difference != "" || len(got) < 3*20 {
		t.Errorf("%d files of reports; %s", len(got), difference)
	}
	// Every column is explained.
	readme := string(mustRead(t, filepath.Join(dir, "README.txt")))
	for _, file := range []string{"actions.parquet", "extension_events.parquet"} {
		for _, column := range exportedRows(t, "select column_name from (describe from "+duck.Quote(filepath.Join(dir, file))+")") {
			if !strings.Contains(readme, "\n  "+column+" ") {
				t.Errorf("README.txt does not explain %s of %s", column, file)
			}
		}
	}
	// Once more, and by another number of threads: the same bytes.
	again := filepath.Join(t.TempDir(), "again")
	e.Config.Threads = 4
	mustExport(t, e, again, ExportOptions{Publisher: "acme"})
	if difference := treeDifference(tree(t, again, []string{"."}), tree(t, dir, []string{"."})); difference != "" {
		t.Errorf("the second export differs: %s", difference)
	}
}

// Bounds count whole days, and leave out reports whose period reaches beyond them.
func TestExportOfDays(t *testing.T) {
	e := exportLake(t)
	for _, c := range []struct {
		from, to string
		want     Exported
	}{
		{"2026-09-15", "", Exported{2, 2, 1}}, // the week of the 21st
		{"", "2026-09-20", Exported{3, 2, 1}}, // the week of the 14th
		{"2026-09-15", "2026-09-20", Exported{1, 2, 0}},
		{"2026-09-01", "2026-09-30", Exported{4, 2, 3}}, // both weeks and the month
		{"2026-10-01", "", Exported{0, 0, 0}},
	} {
		options := ExportOptions{Publisher: "acme", From: period.Day(c.from), To: period.Day(c.to)}
		dir := t.TempDir() // an empty folder may be there
		if done := mustExport(t, e, dir, options); done != c.want {
			t.Errorf("%s to %s: exported %+v, want %+v", c.from, c.to, done, c.want)
		}
		file := filepath.Join(t.TempDir(), "all.duckdb")
		if done, err := e.ExportDuckDB(context.Background(), file, options); err != nil || done != c.want {
			t.Errorf("%s to %s: exported %+v to the database, %v, want %+v", c.from, c.to, done, err, c.want)
		}
	}
}

// No key of the lake, no address and no user is in what a publisher gets, nor anything of others.
func TestExportIsPrivate(t *testing.T) {
	e := exportLake(t)
	dir := filepath.Join(t.TempDir(), "acme")
	mustExport(t, e, dir, ExportOptions{Publisher: "acme"})
	hide := newSecrets()
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9"} {
		hide.hideAddress(address)
	}
	keys := query(t, e, `select distinct unnest([ip_key, client_key, user_key, request_key]) from requests
		union select user_key from extension_events order by all`)
	for _, key := range keys {
		if key[0] != "∅" {
			hide.numbers[key[0]] = "a key"
			hide.texts[key[0]] = "a key"
		}
	}
	if len(hide.numbers) < 10 {
		t.Fatalf("%d keys to look for", len(hide.numbers))
	}
	for _, user := range []string{"alice", "bob", "carol"} {
		hide.hide(user)
	}
	leaks, files := hide.leaks(t, dir, func(string) bool { return true })
	if len(leaks) > 0 || files < 20 {
		t.Errorf("in %d files: %q", files, leaks)
	}
	// The technographic reports name images of others, which is what they are for; these do not.
	for _, file := range []string{"actions.parquet", "extension_events.parquet", "README.txt"} {
		if strings.Contains(string(mustRead(t, filepath.Join(dir, file))), "globex") {
			t.Errorf("%s tells of globex", file)
		}
	}
	// The search finds what is there.
	if leaks, _ := hide.leaks(t, filepath.Join(e.Dir, "requests"), func(string) bool { return true }); len(leaks) == 0 {
		t.Error("no key was found in the lake")
	}
}

func TestExportDuckDB(t *testing.T) {
	e := exportLake(t)
	file := filepath.Join(t.TempDir(), "all.duckdb")
	for range 2 { // the second takes the place of the first
		done, err := e.ExportDuckDB(context.Background(), file, ExportOptions{})
		if want := (Exported{Actions: 7, ExtensionEvents: 3, Periods: 6}); err != nil || done != want {
			t.Fatalf("exported %+v, %v, want %+v", done, err, want)
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
	if hidden, err2 := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); err != nil || err2 != nil || len(left) != 1 || len(hidden) != 0 {
		t.Errorf("beside the file there are %q %q", left, hidden)
	}
	read := func(query string) []string {
		t.Helper()
		return exportedRows(t, "attach "+duck.Quote(file)+" as export (read_only)", "use export", query)
	}
	wantRows(t, "actions", read("select publisher_id, count(*), count(distinct coalesce(user_key, client_key)) from actions group by all order by all"), []string{"acme 4 4", "globex 3 2"})
	wantRows(t, "extension events", read("select publisher_id, extension, event from extension_events order by occurred_at"), []string{"acme acme/helper install", "acme acme/helper open", "globex globex/panel open"})
	wantRows(t, "publishers", read("from publishers order by namespace"), []string{"acme acme Acme", "acme-labs acme Acme", "globex globex Globex"})
	wantRows(t, "periods", read("select publisher_id, period, first_day, last_day from periods"), []string{
		"acme 2026-W38 2026-09-14 2026-09-20", "acme 2026-W39 2026-09-21 2026-09-27", "acme 2026-09 2026-09-01 2026-09-30",
		// Nobody pulled from globex in the second week, which is an answer, too.
		"globex 2026-W38 2026-09-14 2026-09-20", "globex 2026-W39 2026-09-21 2026-09-27", "globex 2026-09 2026-09-01 2026-09-30",
	})
	wantRows(t, "report_pulls_repo_summary", read("select publisher_id, period, granularity, namespace, repository, pulls_by_tag, version_checks from report_pulls_repo_summary where publisher_id = 'acme'"), []string{
		"acme 2026-W38 weekly acme app 2 0", "acme 2026-W38 weekly acme-labs tool 0 1", "acme 2026-W39 weekly acme app 1 0",
		"acme 2026-09 monthly acme app 3 0", "acme 2026-09 monthly acme-labs tool 0 1",
	})
	// It has the rows that are published, for each of the reports.
	for _, table := range read("select table_name from duckdb_tables() where table_name like 'report_%' order by all") {
		name := strings.TrimPrefix(table, reportFunctionPrefix)
		published := query(t, e, "select coalesce(sum(report_rows['"+name+"']), 0) from periods")[0][0]
		wantRows(t, table, read("select count(*) from "+table), []string{published})
	}
	if tables := read("select count(*) from duckdb_tables()"); tables[0] != fmt.Sprint(4+16) {
		t.Errorf("%s tables, want 4 and 16 reports", tables)
	}
	wantRows(t, "what has no comment", read("select table_name from duckdb_tables() where coalesce(comment, '') = '' union all select table_name || '.' || column_name from duckdb_columns() where database_name = 'export' and coalesce(comment, '') = ''"), nil)
	wantRows(t, "a comment", read("select comment from duckdb_columns() where database_name = 'export' and table_name = 'actions' and column_name = 'tag'"), []string{"the tag that the first request asked for; NULL: the action is by digest"})
}

// An own report is a table, too; its columns that are called like those before it have another name.
func TestExportDuckDBHasOwnReports(t *testing.T) {
	e := exportLake(t)
	sql := "select publisher_id, strftime(requested_at, '%Y') as period, count(*) as n from {{table \"actions\"}} where requested_at >= {{timestamp .From}} and requested_at < {{timestamp .To}} group by all order by all"
	e.Config.Reports.Files = []string{writeFile(t, filepath.Join(t.TempDir(), "mine.sql"), []byte(sql))}
	mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "globex/web")))
	file := filepath.Join(t.TempDir(), "all.duckdb")
	if _, err := e.ExportDuckDB(context.Background(), file, ExportOptions{Publisher: "globex"}); err != nil {
		t.Fatal(err)
	}
	wantRows(t, "own report", exportedRows(t, "attach "+duck.Quote(file)+" as export (read_only)", "select * from export.report_mine order by all"),
		[]string{"globex 2026-09 monthly 2026 4", "globex 2026-W38 weekly 2026 4"})
}

func TestExportRefuses(t *testing.T) {
	e := exportLake(t)
	ctx := context.Background()
	full := t.TempDir()
	writeFile(t, filepath.Join(full, "notes.txt"), []byte("mine"))
	missing := filepath.Join(t.TempDir(), "no", "folder")
	for _, c := range []struct {
		dir     string
		options ExportOptions
		want    string
	}{
		{full, ExportOptions{Publisher: "acme"}, "it is not empty; name another one"},
		{filepath.Join(full, "notes.txt"), ExportOptions{Publisher: "acme"}, "name one that is not there yet"},
		{missing, ExportOptions{Publisher: "acme"}, "create that first"},
		{filepath.Join(t.TempDir(), "x"), ExportOptions{}, "needs its id"},
		{filepath.Join(t.TempDir(), "x"), ExportOptions{Publisher: "nope"}, `publisher "nope" is not in the configuration and has no actions from 2026-09-14 to 2026-09-21; there are acme, globex`},
		{filepath.Join(t.TempDir(), "x"), ExportOptions{Publisher: "acme", From: "2026-09-02", To: "2026-09-01"}, "the last day 2026-09-01 is before the first day 2026-09-02"},
	} {
		if _, err := e.ExportParquet(ctx, c.dir, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: %v, want %s", c.dir, c.options, err, c.want)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(c.dir), ".engine-*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
	if got := mustRead(t, filepath.Join(full, "notes.txt")); string(got) != "mine" {
		t.Errorf("notes.txt says %s", got)
	}
	// Without the configuration acme-labs would be somebody else's.
	e.Config.Publishers = nil
	want := "reports were published for acme (Acme), which is not in the configuration; name the configuration of the runs with --config"
	if _, err := e.ExportParquet(ctx, filepath.Join(t.TempDir(), "x"), ExportOptions{Publisher: "acme"}); err == nil || err.Error() != want {
		t.Errorf("without configuration: %v", err)
	}
	if _, err := e.ExportDuckDB(ctx, filepath.Join(t.TempDir(), "x"), ExportOptions{}); err == nil || err.Error() != want {
		t.Errorf("without configuration: %v", err)
	}
}

// Reports that are published while an export reads them are read once more.
func TestExportBeginsAnewWhenReportsChange(t *testing.T) {
	e := exportLake(t)
	dir := filepath.Join(e.Dir, "reports", "acme", "weekly", "2026-09-14")
	var seen []int
	err := e.export(context.Background(), ExportOptions{}, t.TempDir(), func(x *exporter) error {
		seen = append(seen, x.published[0].manifest.Revision)
		if len(seen) == 1 {
			mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/app")))
			return fmt.Errorf("a file is gone")
		}
		return nil
	})
	if err != nil || !slices.Equal(seen, []int{2, 3}) { // the extension events made the second
		t.Errorf("revisions %v were read, %v", seen, err)
	}
	// What does not change by itself is an error: a report that somebody has edited.
	writeFile(t, filepath.Join(dir, "trends.csv"), []byte("mine"))
	_, err = e.ExportParquet(context.Background(), filepath.Join(t.TempDir(), "x"), ExportOptions{Publisher: "acme"})
	if err == nil || !strings.Contains(err.Error(), "trends.csv is not what its manifest says") {
		t.Errorf("an edited report: %v", err)
	}
}

// Published reports outlive the requests that they come from, and their publisher is still known.
func TestExportWithoutRequests(t *testing.T) {
	e := exportLake(t)
	for _, table := range lake.Tables {
		if err := os.RemoveAll(filepath.Join(e.Dir, table.String())); err != nil {
			t.Fatal(err)
		}
	}
	e.Config.Publishers = e.Config.Publishers[:1]
	dir := filepath.Join(t.TempDir(), "acme")
	if done := mustExport(t, e, dir, ExportOptions{Publisher: "acme"}); done != (Exported{Periods: 3}) {
		t.Errorf("exported %+v", done)
	}
	empty := newEngine(t.TempDir(), farAway)
	if _, err := empty.ExportParquet(context.Background(), filepath.Join(t.TempDir(), "x"), ExportOptions{Publisher: "acme"}); err == nil || !strings.Contains(err.Error(), "there are no requests in") {
		t.Errorf("an empty lake: %v", err)
	}
}
