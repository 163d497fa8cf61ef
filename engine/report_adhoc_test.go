package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// adHoc computes a report and returns its rows as CSV files have them.
func adHoc(t *testing.T, e *Engine, request ReportRequest) (rows [][]string, about ReportRows) {
	t.Helper()
	err := e.Report(context.Background(), request, func(r *ReportRows) error {
		about = *r
		return r.Texts(context.Background(), func(values []*string) error {
			row := make([]string, len(values))
			for i, value := range values {
				if value != nil {
					row[i] = r.Guarded(i, *value)
				}
			}
			rows = append(rows, row)
			return nil
		})
	})
	if err != nil {
		t.Fatalf("report %s: %v", request.Report.Name, err)
	}
	return rows, about
}

// pulledEngine has published all reports of some weeks of pulls and events.
func pulledEngine(t *testing.T) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Enrichment.Databases = []string{pullDatabase(t)}
	e.Config.Reports.Publish = nil
	e.Config.Reports.TechnographicMinUsers = 3
	e.Config.Reports.TechnographicMaxImages = 6
	e.Config.Reports.TechnographicMaxCompanyImages = 6
	e.Config.Reports.Files = ownReports(t, map[string]string{"own.sql": "select publisher_id, tag, '=' || namespace as formula, count(*) as n" + inPeriod + "group by all order by all"})
	e.Config.Publishers = []Publisher{{ID: "acme", Name: "=Acme", Namespaces: []string{"acme", "acme-labs"}}}
	rows := []logRow{pullBy("lonely", "lonely.example", "acme/app"), pullBy("lonely", "lonely.example", "globex/web")} // a company of two images
	for i := range 120 {                                                                                               // from Sunday, 13 September, for ten days
		p := pullers[i%len(pullers)]
		row := logRow{
			at: monday.Add(time.Duration(i-12) * 2 * time.Hour), client: p.client, user: p.user, email: p.email, agent: p.agent, image: pulledImages[i%len(pulledImages)],
			method: []string{"HEAD", "GET", "GET", "GET"}[i%4], reference: []string{"v1", "v2", "latest"}[i%3], digest: classify.DigestOf([]string{"A", "B"}[i%2]),
		}
		if i%5 == 4 {
			row.reference = row.digest
		}
		rows = append(rows, row)
	}
	_, err := e.Run(context.Background(), Request{Inputs: []string{inputFile(t, rows...)}, Extensions: []string{eventFile(t,
		event(monday, "acme/tool", "install", "alice"), event(monday, "globex/panel", "open", "alice"), event(weekEnd, "acme/tool", "uninstall", "bob"),
	)}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestReportsOnDemand(t *testing.T) {
	t.Parallel()
	e := pulledEngine(t)
	t.Run("published", func(t *testing.T) { onDemandAsPublished(t, e) })
	t.Run("any days", func(t *testing.T) { onDemandOfAnyDays(t, e) })
}

// A report on demand is the published one, for the same publisher and period.
func onDemandAsPublished(t *testing.T, e *Engine) {
	own, err := OwnReport(e.Config.Reports.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, of := range []struct{ publisher, days, dir string }{{"acme", "2026-W38", weekDir}, {"globex", "2026-09", monthDir}} {
		days, err := period.ParseRange(of.days)
		if err != nil {
			t.Fatal(err)
		}
		manifest := manifestOf(t, e, of.publisher+"/"+of.dir)
		for _, report := range append(reports.All(), own) {
			entry, _ := manifest.Find(report.Name)
			want, _ := csvOf(t, e, of.publisher+"/"+of.dir, entry)
			got, about := adHoc(t, e, ReportRequest{Report: report, Publisher: of.publisher, Range: &days})
			if !slices.EqualFunc(got, want[1:], slices.Equal[[]string]) {
				t.Errorf("%s of %s, %s: %d rows, published are %d, or others", report.Name, of.publisher, of.days, len(got), len(want)-1)
			}
			if about.Suppressed != entry.Suppressed || about.LeftOut != entry.LeftOut {
				t.Errorf("%s of %s, %s: %d suppressed and %d left out, published are %d and %d", report.Name, of.publisher, of.days, about.Suppressed, about.LeftOut, entry.Suppressed, entry.LeftOut)
			}
			for i, column := range about.Report.Columns {
				if want[0][i] != column.Name {
					t.Errorf("%s: column %s, published as %s", report.Name, column.Name, want[0][i])
				}
			}
			if len(got) > 0 {
				seen[report.Name] = true
			}
		}
	}
	if len(seen) != len(reports.All())+1 {
		t.Errorf("only %v have rows", slices.Sorted(maps.Keys(seen)))
	}
}

// Any stretch of days is counted as a whole, not put together from weeks.
func onDemandOfAnyDays(t *testing.T, e *Engine) {
	actions := storedActions(t, e)
	trends, _ := reports.Find("trends")
	heavy, _ := reports.Find("heavy_users")
	for _, text := range []string{"2026-09-13..2026-09-14", "2026-08-01..2026-10-31", "2026-09-16", "2026-01-01..2026-01-02"} {
		days, err := period.ParseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		s, users := publishedSet{}, set{}
		for _, a := range actions {
			if days.Contains(a.day) {
				s.own = append(s.own, a)
				users.add(a.publisher+" "+a.image, a.puller)
			}
		}
		want, got := s.countActions(func(a reportAction) string { return a.image }), map[string]tally{}
		rows, about := adHoc(t, e, ReportRequest{Report: trends, Range: &days})
		for _, row := range rows {
			if row[0] != "range" || row[1] != text[:10] {
				t.Errorf("%s: a row of %s %s", text, row[0], row[1])
			}
			sum := got[row[3]]
			got[row[3]] = tally{sum.downloads + number64(t, row[9]), sum.checks + number64(t, row[10])}
		}
		if !maps.Equal(got, want) || len(want) == 0 && text[:7] != "2026-01" {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
		if about.Range.LastDay() != text[len(text)-10:] {
			t.Errorf("%s ends on %s", text, about.Range.LastDay())
		}
		rows, _ = adHoc(t, e, ReportRequest{Report: heavy, Range: &days, Publisher: "acme"})
		for _, row := range rows {
			if want := fmt.Sprint(len(users["acme "+row[3]])); row[4] != want {
				t.Errorf("%s: %s users of %s, want %s", text, row[4], row[3], want)
			}
		}
	}
}

// Without a stretch of days it is the newest closed week; a publisher that nobody knows is refused.
func TestReportRequests(t *testing.T) {
	t.Parallel()
	summary, _ := reports.Find("summary")
	none := func(*ReportRows) error { return nil }
	e := newEngine(t.TempDir(), weekEnd.Add(30*time.Hour))
	ask := func(request ReportRequest) error {
		request.Report = summary
		return e.Report(context.Background(), request, none)
	}
	var usage *UsageError
	mustRun(t, e) // makes the data directory
	if err := ask(ReportRequest{}); !errors.As(err, &usage) || !strings.Contains(err.Error(), "there are no requests in "+e.Dir+"; load some with engine run --input") {
		t.Errorf("of an empty lake: %v", err)
	}
	mustRun(t, e, inputFile(t, checkRow(weekEnd, "acme/app")))
	if _, about := adHoc(t, e, ReportRequest{Report: summary}); about.Range.Reference() != "2026-09-21" {
		t.Errorf("where only an open week has requests, it is %s", about.Range.Reference())
	}
	mustRun(t, e, inputFile(t, checkRow(monday, "globex/web"), checkRow(monday.AddDate(0, 0, -7), "globex/web")))
	before := wholeTree(t, e.Dir)
	if rows, about := adHoc(t, e, ReportRequest{Report: summary}); about.Range.Reference() != "2026-09-14" || len(rows) != 2 || rows[0][2] != "globex" {
		t.Errorf("the newest closed week begins on %s and has %v", about.Range.Reference(), rows)
	}
	for _, unknown := range []string{"nosuch", "acme", "' or true --"} { // acme has none in this week
		if err := ask(ReportRequest{Publisher: unknown}); !errors.As(err, &usage) || !strings.Contains(err.Error(), fmt.Sprintf("publisher %q is not in the configuration and has no actions from 2026-09-14 to 2026-09-20", unknown)) {
			t.Errorf("publisher %s: %v", unknown, err)
		}
	}
	e.Config.Publishers = []Publisher{{ID: "quiet", Namespaces: []string{"q"}}}
	if rows, _ := adHoc(t, e, ReportRequest{Report: summary, Publisher: "quiet"}); len(rows) != 0 {
		t.Errorf("rows of a publisher without actions: %v", rows)
	}
	if difference := treeDifference(wholeTree(t, e.Dir), before); difference != "" {
		t.Errorf("reports on demand wrote into the data directory:\n%s", difference)
	}
	e.Dir = filepath.Join(t.TempDir(), "nosuch")
	if err := ask(ReportRequest{}); err == nil || !strings.Contains(err.Error(), e.Dir) {
		t.Errorf("of a data directory that is not there: %v", err)
	}
	if _, err := os.Stat(e.Dir); !os.IsNotExist(err) {
		t.Errorf("the data directory afterwards: %v", err)
	}
}
