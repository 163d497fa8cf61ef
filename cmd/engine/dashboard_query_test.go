package main

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	sqlField   = "SQL, which only reads"
	resultRows = "Rows of the query"
)

// Statements that read run, by button and by key, and the address has them; others are refused.
func testDashboardQuery(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	b.refuse(400, "/query")
	folder := b.downloads()
	b.open("query")
	const query = "select repository, count(*) as pulls\nfrom actions\nwhere namespace = 'acme' and day = date '2026-09-15'\ngroup by repository\norder by repository"
	b.fill(sqlField, query)
	b.click("button", "Run")
	want := [][]string{{"repository", "pulls"}}
	var answer apiPulls
	w.get(t, dashboardRoot, "namespaces/acme/pulls?timespan=days&from=2026-09-15&to=2026-09-15&group=repo", 200, &answer)
	for _, row := range answer.Pulls {
		want = append(want, []string{row.Repo, fmt.Sprint(row.PullCount)})
	}
	expect(b, "the result", want, func() [][]string { return b.table(resultRows) })
	if address, err := url.Parse(b.location()); err != nil || address.Query().Get("sql") != query {
		t.Errorf("the address %s does not hold the query", b.location())
	}
	b.click("button", "CSV: query")
	_, content := b.downloaded(folder)
	if rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll(); err != nil || !reflect.DeepEqual(rows, want) {
		t.Errorf("the file has %v (%v), want %v", rows, err, want)
	}
	b.choose("Chart", "bar")
	b.until("chart of the result", func() bool {
		return evaluate[bool](b, `document.querySelector("[aria-label='pulls by repository'] canvas") !== null`)
	})

	b.fill(sqlField, "select 6 * 7 as answer")
	b.press("\r", chromedp.ModifierCtrl)
	expect(b, "the result by key", [][]string{{"answer"}, {"42"}}, func() [][]string { return b.table(resultRows) })

	for wrong, says := range map[string]string{
		"select nothing from nowhere":           "nowhere",
		"selct 1":                               "selct",
		"create table mine as select 1":         "read",
		"copy (select 1) to 'mine.csv'":         "read",
		"insert into actions values (1)":        "read",
		"select * from read_csv('/etc/passwd')": "/etc/passwd",
	} {
		b.fill(sqlField, wrong)
		b.press("\r", chromedp.ModifierCtrl)
		b.until(fmt.Sprintf("message about %s", wrong), func() bool {
			return strings.Contains(strings.ToLower(b.text(".problem[role=alert]")), says) && len(b.table(resultRows)) == 0
		})
	}
	if strings.Contains(b.text("main"), "root:x:0") {
		t.Error("the page shows a file of the server")
	}
	evaluate[any](b, `history.go(-6)`)
	expect(b, "the SQL after going back", "select 6 * 7 as answer", func() string { return evaluate[string](b, `seen.find("field", "SQL, which only reads").value`) })
}

// The schema and saved queries fill in the field; a link does not run by itself.
func testDashboardQueryTools(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	b.open("query?sql=" + url.QueryEscape("select 'ran' as it"))
	value := func() string { return evaluate[string](b, `seen.find("field", "SQL, which only reads").value`) }
	expect(b, "the SQL of the link", "select 'ran' as it", value)
	if rows := b.table(resultRows); len(rows) > 0 {
		t.Errorf("a link from elsewhere runs by itself: %v", rows)
	}
	b.fill(sqlField, "select ")
	b.click("button", "actions", "Schema")
	b.click("button", "use_case", "Schema")
	expect(b, "the SQL with a column", "select use_case", value)
	b.click("button", "Insert actions", "Schema")
	expect(b, "the SQL with a table", "select use_caseactions", value)

	b.choose("Saved query", "unique_users")
	b.until("fields of the query", func() bool { return b.has("field", "$period") })
	b.fill("$period", "2026-09-14..2026-09-17")
	b.fill("$image", "acme/*")
	b.click("button", "Run")
	var want [][]string
	rows := mustEngine(t, "query", "--data", w.data, "--format", "csv", "--saved", "unique_users", "--param", "period=2026-09-14..2026-09-17", "--param", "image=acme/*")
	want, err := csv.NewReader(strings.NewReader(rows)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	expect(b, "the result of the saved query", want, func() [][]string { return b.table(resultRows) })
	address, err := url.Parse(b.location())
	if err != nil || address.Query().Get("param.period") != "2026-09-14..2026-09-17" {
		t.Errorf("the address %s does not hold the parameters", b.location())
	}
}

// Administrators see what runs read and what was rejected, as the API tells it.
func testDashboardHealth(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	b.open("health")
	var runs []struct {
		Run                                        string
		Seconds                                    float64
		Files, Accepted, Rejected, Days, Published int
	}
	w.get(t, dashboardRoot, "runs", 200, &runs)
	var want [][]string
	for _, run := range runs {
		want = append(want, []string{run.Run, fmt.Sprintf("%.1f", run.Seconds), thousands(run.Files), thousands(run.Accepted), thousands(run.Rejected), thousands(run.Days), thousands(run.Published)})
	}
	expect(b, "the runs", want, func() [][]string {
		var rows [][]string
		for _, row := range b.table("Runs, the newest first")[1:] {
			rows = append(rows, append(row[:1:1], row[2:8]...)) // without when it began, which is written in another form
		}
		return rows
	})
	var rejects struct {
		Total   int
		Reasons []struct {
			Reason, Meaning, Advice string
			Rejected                int
		}
		Counts []struct {
			File, Reason string
			Rejected     int
		}
	}
	w.get(t, dashboardRoot, "rejects", 200, &rejects)
	want = [][]string{{"Reason", "Lines", "Meaning", "What to do"}}
	for _, reason := range rejects.Reasons {
		want = append(want, []string{reason.Reason, thousands(reason.Rejected), reason.Meaning, reason.Advice})
	}
	expect(b, "the rejects", want, func() [][]string { return b.table("Rejected lines by reason") })
	b.click("button", "By run and file")
	var files [][]string
	for _, count := range rejects.Counts {
		files = append(files, []string{count.File, count.Reason, thousands(count.Rejected)})
	}
	expect(b, "the rejects by file", files, func() [][]string {
		var rows [][]string
		for _, row := range b.table("Rejected lines by run and file")[1:] {
			rows = append(rows, row[1:4])
		}
		return rows
	})
	if gaps := b.table("Days without requests"); len(gaps) < 3 || gaps[1][0] != "2026-08-21 to 2026-09-01" {
		t.Errorf("the gaps are %v, want those between the days of the test's log", gaps)
	}
}
