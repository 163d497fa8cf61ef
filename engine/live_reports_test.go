package engine

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// reportedLake has a week of pulls by known and unknown pullers of all images.
func reportedLake(t *testing.T) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Enrichment.Databases = []string{pullDatabase(t)}
	e.Config.Publishers = []Publisher{
		{ID: "acme", Name: "Acme", Namespaces: []string{"acme", "acme-labs"}}, {ID: "globex", Name: "Globex", Namespaces: []string{"globex"}},
	}
	e.Config.Reports.Publish = []string{"trends", "tracked_companies", "pulls_summary", "raw"}
	var rows []logRow
	for i, p := range slices.Concat(pullers, pullers, pullers, pullers) {
		rows = append(rows, logRow{
			at:     monday.Add(time.Duration(i) * 2 * time.Hour), // to Friday
			client: p.client, user: p.user, email: p.email, agent: p.agent,
			method: []string{"GET", "GET", "HEAD"}[i%3], image: pulledImages[i%len(pulledImages)], reference: fmt.Sprintf("v%d", i%4),
		})
	}
	mustRun(t, e, inputFile(t, rows...))
	return e
}

func mustReport(t testing.TB, s *LiveState, report, namespace, asked string) *ComputedReport {
	t.Helper()
	described, ok := reports.Find(report)
	if !ok {
		t.Fatalf("there is no report %s", report)
	}
	var days *period.Range
	if asked != "" {
		parsed, err := period.ParseRange(asked)
		if err != nil {
			t.Fatal(err)
		}
		days = &parsed
	}
	computed, err := s.Report(context.Background(), described, namespace, days)
	if err != nil {
		t.Fatalf("%s of %s: %v", report, namespace, err)
	}
	return computed
}

// pages reads all rows of a report as JSON objects, size at a time.
func pages(t testing.TB, r *ComputedReport, size int64) []string {
	t.Helper()
	var all []string
	for offset := int64(0); ; offset += size {
		var page []string
		if err := r.Page(context.Background(), offset, size, func(object string) { page = append(page, object) }); err != nil {
			t.Fatal(err)
		}
		if int64(len(page)) > size {
			t.Fatalf("a page of %d has %d rows", size, len(page))
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

// recordsOf turns rows as JSON objects into those of the CSV file of the report.
func recordsOf(t testing.TB, columns []reports.Column, objects []string) [][]string {
	t.Helper()
	var records [][]string
	for _, object := range objects {
		decoder := json.NewDecoder(strings.NewReader(object))
		decoder.UseNumber()
		var values map[string]any
		if err := decoder.Decode(&values); err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		var record []string
		for _, column := range columns {
			value, ok := values[column.Name]
			switch {
			case !ok:
				t.Fatalf("%s has no %s", object, column.Name)
			case value == nil:
				value = ""
			}
			record = append(record, column.Guarded(fmt.Sprint(value)))
		}
		records = append(records, record)
	}
	return records
}

// A report on a namespace has the rows of the published one that are of it; whoever owns one namespace gets the same file.
func TestLiveReportsAreThoseOfTheNamespace(t *testing.T) {
	t.Parallel()
	e := reportedLake(t)
	ctx := context.Background()
	openLive(t, e, func(_ *Live, s *LiveState) {
		for _, report := range []string{"trends", "tracked_companies", "pulls_summary", "raw"} {
			for namespace, publisher := range map[string]string{"acme-labs": "acme", "globex": "globex"} {
				what := report + " of " + namespace
				path := filepath.Join(e.Dir, "reports", publisher, weekDir, report+".csv")
				published, err := csv.NewReader(strings.NewReader(string(mustRead(t, path)))).ReadAll()
				if err != nil {
					t.Fatal(err)
				}
				at := slices.IndexFunc(published[0], func(column string) bool {
					return column == "namespace" || column == "NAMESPACE" && report == "trends" || column == "IMAGE_REPOSITORY" && report == "tracked_companies"
				})
				want := slices.DeleteFunc(published[1:], func(row []string) bool {
					of, _, _ := strings.Cut(row[at], "/")
					return of != namespace
				})
				r := mustReport(t, s, report, namespace, "2026-W38")
				if r.Open || r.Rows != int64(len(want)) || len(want) == 0 || r.Range.Reference() != "2026-09-14" || r.Suppressed != 0 {
					t.Errorf("%s: %+v, and %d rows are published", what, r, len(want))
				}
				whole := pages(t, r, 1000)
				if got := recordsOf(t, r.Report.Columns, whole); !slices.EqualFunc(got, want, slices.Equal) {
					t.Errorf("%s:\n%q\nwant\n%q", what, got, want)
				}
				if got := pages(t, r, 3); !slices.Equal(got, whole) {
					t.Errorf("%s in pages of 3:\n%q\nwant\n%q", what, got, whole)
				}
				text := readOpened(t)(r.OpenCSV(ctx))
				if publisher == namespace && text != string(mustRead(t, path)) {
					t.Errorf("%s: the CSV file is\n%s\nand the published one\n%s", what, text, mustRead(t, path))
				}
				got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
				if err != nil || len(got) == 0 || !slices.Equal(got[0], published[0]) || !slices.EqualFunc(got[1:], want, slices.Equal) {
					t.Errorf("%s: the CSV file has %q, %v, want %q", what, got, err, want)
				}
				made := s.cache.made
				if mustReport(t, s, report, namespace, "2026-W38"); s.cache.made != made {
					t.Errorf("%s was computed again", what)
				}
			}
		}
	})
}

// Reports are over any stretch of days, the newest closed week unless it is told; in days to come there is nothing.
func TestLiveReportsOfDays(t *testing.T) {
	t.Parallel()
	e := reportedLake(t)
	setClock(e, weekEnd.Add(time.Hour-1))
	openLive(t, e, func(_ *Live, s *LiveState) {
		week := mustReport(t, s, "raw", "acme", "2026-W38")
		if newest := mustReport(t, s, "raw", "acme", ""); newest.Rows != week.Rows || newest.Range != week.Range || !newest.Open {
			t.Errorf("the newest week: %+v", newest)
		}
		setClock(e, weekEnd.Add(time.Hour))
		if newest := mustReport(t, s, "raw", "acme", ""); newest.Open {
			t.Errorf("the newest week is open when it is closed")
		}
		// Each client pulls every two hours; images take turns, of which acme has the first two of six.
		for asked, want := range map[string]int64{"2026-09-14": 4, "2026-09-14..2026-09-15": 8, "2026-09": 18, "2027-09": 0} {
			r := mustReport(t, s, "raw", "acme", asked)
			if got := pages(t, r, 5); r.Rows != want || int64(len(got)) != want {
				t.Errorf("%s: %d rows, and %d in pages, want %d", asked, r.Rows, len(got), want)
			}
		}
		if r := mustReport(t, s, "raw", "unknown", "2026-W38"); r.Rows != 0 || len(pages(t, r, 10)) != 0 {
			t.Errorf("an unknown namespace has %d rows", r.Rows)
		}
	})
}

// A state tells what was stored when it was taken, also where a report is computed later.
func TestLiveReportsAreOfTheirState(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.Publish = []string{"pulls_summary"}
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	openLive(t, e, func(live *Live, s *LiveState) {
		mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/app"), checkRow(weekEnd, "acme/app")))
		after := stateNow(t, live)
		defer after.Release()
		for _, c := range []struct {
			state *LiveState
			asked string
			want  int64
		}{{s, "2026-W38", 1}, {after, "2026-W38", 2}, {s, "2026-09", 1}, {after, "2026-09", 3}, {s, "", 1}, {after, "", 1}} {
			if r := mustReport(t, c.state, "raw", "acme", c.asked); r.Rows != c.want || len(pages(t, r, 10)) != int(c.want) {
				t.Errorf("%q: %d rows, want %d", c.asked, r.Rows, c.want)
			}
		}
	})
}
