package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// newYear has two publishers and the pulls of the weeks 2026-W52, 2026-W53 and 2027-W01, all by tag v1 but where it says so:
//
//	acme/app      Dec 23 192.0.2.1   Dec 31 23:59:59 192.0.2.1   Jan 1 00:00 192.0.2.2   Jan 3 23:59:59.999999 a check of 192.0.2.1
//	              Jan 4 00:00 192.0.2.3, by digest
//	acme-labs/x   Jan 2 192.0.2.1, v2
//	globex/web    Jan 5 192.0.2.4
func newYear(t *testing.T, now time.Time) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), now)
	e.Config.Publishers = []Publisher{
		{ID: "acme", Name: "Acme", Namespaces: []string{"acme", "acme-labs"}}, {ID: "globex", Name: "Globex", Namespaces: []string{"globex"}},
	}
	e.Config.Reports.Publish = []string{"pulls_repo_summary", "pulls_namespace_summary"}
	row := func(at, client, method, image, reference string) logRow {
		stamp, err := time.Parse("2006-01-02 15:04:05", at)
		if err != nil {
			t.Fatal(err)
		}
		return logRow{at: stamp, client: client, method: method, image: image, reference: reference, agent: dockerAgent}
	}
	mustRun(t, e, inputFile(t,
		row("2026-12-23 12:00:00", "192.0.2.1", "GET", "acme/app", "v1"),
		row("2026-12-31 23:59:59", "192.0.2.1", "GET", "acme/app", "v1"),
		row("2027-01-01 00:00:00", "192.0.2.2", "GET", "acme/app", "v1"),
		row("2027-01-02 12:00:00", "192.0.2.1", "GET", "acme-labs/x", "v2"),
		row("2027-01-03 23:59:59.999999", "192.0.2.1", "HEAD", "acme/app", "v1"),
		row("2027-01-04 00:00:00", "192.0.2.3", "GET", "acme/app", classify.DigestOf("A")),
		row("2027-01-05 12:00:00", "192.0.2.4", "GET", "globex/web", "v1")))
	return e
}

var aroundNewYear = PullsRequest{Namespace: "acme", Unit: Weeks, From: date("2026-12-01"), To: date("2027-02-01"), By: ByRepository}

func TestLivePullsOverANewYear(t *testing.T) {
	t.Parallel()
	e := newYear(t, date("2027-01-06"))
	openLive(t, e, func(_ *Live, s *LiveState) {
		ask := aroundNewYear
		w52, w53 := "2026-12-21..2026-12-27 acme/app []: 1 1 0 0", "2026-12-28..2027-01-03 acme/app []: 2 2 0 1"
		wantPulls(t, s, ask, w52, w53)
		ask.Open = true
		wantPulls(t, s, ask, w52, w53, "2027-01-04..2027-01-10 acme/app []: 1 0 1 0 so far")
		ask.Unit = Months
		december, january := "2026-12-01..2026-12-31 acme/app []: 1 2 0 0", "2027-01-01..2027-01-31 acme/app []: 3 1 1 1 so far"
		wantPulls(t, s, ask, december, january)
		ask.Open = false
		wantPulls(t, s, ask, december)
		ask.From = date("2026-12-02") // a period counts where it begins
		wantPulls(t, s, ask)
		ask.Unit, ask.From, ask.To = Weeks, date("2026-12-22"), date("2026-12-28")
		wantPulls(t, s, ask)
		ask.To = date("2026-12-29")
		wantPulls(t, s, ask, w53)
		ask.Unit, ask.From, ask.To, ask.By = Days, date("2026-12-31"), date("2027-02-01"), ByTag
		wantPulls(t, s, ask,
			"2026-12-31..2026-12-31 acme/app [v1]: 1 1 0 0", "2027-01-01..2027-01-01 acme/app [v1]: 1 1 0 0", "2027-01-03..2027-01-03 acme/app [v1]: 1 0 0 1",
			"2027-01-04..2027-01-04 acme/app []: 1 0 1 0")
		ask.Unit, ask.By, ask.Namespace = Weeks, ByNamespace, ""
		ask.From, ask.Open = date("2026-12-28"), true
		ask.Images = []Image{{"acme-labs", "x"}, {"globex", "web"}, {"acme", "app"}, {"acme", "gone"}} // of two publishers
		wantPulls(t, s, ask, w53, "2027-01-04..2027-01-10 acme/app []: 1 0 1 0 so far",
			"2026-12-28..2027-01-03 acme-labs/x []: 1 1 0 0", "2027-01-04..2027-01-10 globex/web []: 1 1 0 0 so far")
	})
}

// A week counts as closed when its grace has passed, not a nanosecond before.
func TestLivePullsAroundTheGrace(t *testing.T) {
	t.Parallel()
	e := newYear(t, date("2027-01-04").Add(time.Hour-1))
	w52 := "2026-12-21..2026-12-27 acme/app []: 1 1 0 0"
	w53 := "2026-12-28..2027-01-03 acme/app []: 2 2 0 1"
	openLive(t, e, func(live *Live, s *LiveState) {
		ask := aroundNewYear
		wantPulls(t, s, ask, w52)
		setClock(e, date("2027-01-04").Add(time.Hour)) // it is not published yet
		wantPulls(t, s, ask, w52, w53)
		mustRun(t, e)
		after := stateNow(t, live)
		defer after.Release()
		if after.Mark() == s.Mark() {
			t.Error("a run left the mark as it was")
		}
		publications, err := after.Publications(context.Background(), "acme")
		if err != nil || len(publications) != 3 {
			t.Errorf("publications %+v, %v", publications, err)
		}
		wantPulls(t, after, ask, w52, w53)
		wantPulls(t, s, ask, w52, w53)
	})
}

// The numbers of closed weeks are those that are published, also where the stored ones would be others.
func TestLivePullsAreAsPublished(t *testing.T) {
	t.Parallel()
	e := newYear(t, date("2027-01-06"))
	if err := os.RemoveAll(filepath.Join(e.Dir, "requests", "day=2027-01-01")); err != nil {
		t.Fatal(err)
	}
	openLive(t, e, func(_ *Live, s *LiveState) {
		ask := aroundNewYear
		ask.From = date("2026-12-28")
		wantPulls(t, s, ask, "2026-12-28..2027-01-03 acme/app []: 2 2 0 1")
		ask.Images, ask.Namespace = []Image{{"acme", "app"}, {"globex", "web"}}, "" // nothing is published of globex
		wantPulls(t, s, ask, "2026-12-28..2027-01-03 acme/app []: 1 1 0 1")
	})
}

func TestLastMonths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now      string
		unit     Unit
		n        int
		from, to string
	}{
		{"2026-09-25 12:00", Months, 3, "2026-06-01", "2026-09-01"},
		{"2026-09-25 12:00", Weeks, 3, "2026-06-21", "2026-09-21"},
		{"2026-09-25 12:00", Days, 3, "2026-06-25", "2026-09-25"},
		{"2026-09-01 00:30", Months, 2, "2026-06-01", "2026-08-01"}, // August is within its grace
		{"2026-09-01 01:00", Months, 2, "2026-07-01", "2026-09-01"},
		{"2026-09-21 00:30", Weeks, 2, "2026-07-14", "2026-09-14"},
		{"2026-09-21 01:00", Weeks, 2, "2026-07-21", "2026-09-21"},
		{"2026-09-21 00:59", Days, 2, "2026-07-20", "2026-09-20"},
		{"2026-09-21 01:00", Days, 2, "2026-07-21", "2026-09-21"},
		{"2027-01-01 00:30", Months, 12, "2025-12-01", "2026-12-01"},
		{"2027-01-01 01:00", Months, 12, "2026-01-01", "2027-01-01"},
		{"2027-01-03 12:00", Weeks, 12, "2025-12-28", "2026-12-28"},
		// Where a month is shorter, its last day stands for those it lacks: none of its days is left out.
		{"2026-03-31 12:00", Days, 1, "2026-02-28", "2026-03-31"},
		{"2026-03-31 12:00", Days, 2, "2026-01-31", "2026-03-31"},
		{"2026-03-31 12:00", Days, 6, "2025-09-30", "2026-03-31"},
		{"2026-03-31 12:00", Months, 2, "2026-01-01", "2026-03-01"},
		{"2028-04-30 12:00", Days, 2, "2028-02-29", "2028-04-30"},
		{"2026-04-30 12:00", Days, 2, "2026-02-28", "2026-04-30"},
		{"2028-02-29 12:00", Days, 12, "2027-02-28", "2028-02-29"},
		{"2028-02-29 12:00", Months, 12, "2027-02-01", "2028-02-01"},
		{"2028-03-01 00:30", Days, 2, "2027-12-29", "2028-02-29"},
		{"2028-03-01 00:30", Months, 2, "2027-12-01", "2028-02-01"},
	} {
		now, err := time.Parse("2006-01-02 15:04", c.now)
		if err != nil {
			t.Fatal(err)
		}
		live := &Live{engine: newEngine("", now)}
		from, to := live.LastMonths(c.unit, c.n)
		if got := string(period.DayOf(from) + " " + period.DayOf(to)); got != c.from+" "+c.to || from.Truncate(aDay) != from || to.Truncate(aDay) != to {
			t.Errorf("at %s the last %d months are %s and by %s: want %s %s", c.now, c.n, got, c.unit, c.from, c.to)
		}
	}
}

// Weeks and months of pruned requests are told as they were published; their days are not.
func TestLivePullsOfPrunedRequests(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), october)
	e.Config.RetainRequests.Duration = 3 * aDay
	e.Config.Reports.Publish = []string{"pulls_repo_summary", "pulls_namespace_summary"}
	e.Config.Publishers = []Publisher{{ID: "acme", Name: "Acme", Namespaces: []string{"acme", "acme-labs"}}}
	mustRun(t, e, inputFile(t,
		checkRow(monday, "acme/app"), checkRow(monday.Add(time.Hour), "acme/old"), checkRow(monday.Add(2*time.Hour), "globex/web"),
		checkRow(weekEnd.Add(-time.Hour), "acme/app"), checkRow(weekEnd, "acme/app"), checkRow(weekEnd.Add(time.Hour), "acme-labs/x"), checkRow(october.Add(-time.Hour), "acme/app")))
	if result := mustPrune(t, e); result.Horizon != "2026-09-21" {
		t.Fatalf("pruned %+v", result)
	}
	ctx := context.Background()
	openLive(t, e, func(_ *Live, s *LiveState) {
		ask := PullsRequest{Namespace: "acme", Unit: Weeks, From: date("2026-09-01"), To: date("2026-11-01"), By: ByNamespace, Open: true}
		running := "2026-09-28..2026-10-04 acme []: 1 0 0 1 so far"
		wantPulls(t, s, ask, "2026-09-14..2026-09-20 acme []: 1 0 0 3", "2026-09-21..2026-09-27 acme []: 1 0 0 1", running)
		ask.By = ByCountry // which no published report tells
		wantPruned(t, s, ask)
		ask.From = date("2026-09-21")
		wantPulls(t, s, ask, "2026-09-21..2026-09-27 acme []: 1 0 0 1", running)
		ask.From = date("2026-09-01")
		ask.By, ask.Unit = ByNamespace, Months
		wantPulls(t, s, ask, "2026-09-01..2026-09-30 acme []: 1 0 0 4", "2026-10-01..2026-10-31 acme []: 1 0 0 1 so far")
		ask.Unit = Days
		wantPruned(t, s, ask)
		if usage, err := s.Usage(ctx, UsageRequest{Namespace: "acme", From: ask.From, To: ask.To}); !errors.As(err, new(*PrunedError)) {
			t.Errorf("usage of pruned days is %+v, %v", usage, err)
		}
		ask.From = date("2026-09-21")
		wantPulls(t, s, ask, "2026-09-21..2026-09-21 acme []: 1 0 0 1", "2026-10-01..2026-10-01 acme []: 1 0 0 1 so far")
		ask.From = date("2026-09-01")
		ask.Unit, ask.By, ask.Open = Weeks, ByRepository, false
		app, old := "2026-09-14..2026-09-20 acme/app []: 1 0 0 2", "2026-09-14..2026-09-20 acme/old []: 1 0 0 1"
		wantPulls(t, s, ask, app, "2026-09-21..2026-09-27 acme/app []: 1 0 0 1", old)
		// Asked for with others that had no pulls in the week, of the same publisher and of another.
		ask.Namespace, ask.Images = "", []Image{{"acme", "old"}, {"acme-labs", "x"}, {"nobody", "x"}}
		wantPulls(t, s, ask, old, "2026-09-21..2026-09-27 acme-labs/x []: 1 0 0 1")
		ask.Images = []Image{{"acme", "old"}, {"globex", "web"}}
		wantPulls(t, s, ask, old, "2026-09-14..2026-09-20 globex/web []: 1 0 0 1")

		for namespace, want := range map[string][]Image{
			"acme": {{"acme", "app"}, {"acme", "old"}}, "globex": {{"globex", "web"}}, "acme-labs": {{"acme-labs", "x"}}, "unknown": nil,
		} {
			if images, err := s.ImagesOf(ctx, namespace); err != nil || !slices.Equal(images, want) {
				t.Errorf("images of %s: %v, %v, want %v", namespace, images, err, want)
			}
		}
		if images, err := s.Images(ctx); err != nil || !slices.Equal(images, []Image{{"acme", "app"}, {"acme-labs", "x"}}) {
			t.Errorf("stored images: %v, %v", images, err)
		}

		raw, _ := reports.Find("raw")
		over := func(text string) error {
			days, err := period.ParseRange(text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Report(ctx, raw, "acme", &days)
			return err
		}
		var pruned *PrunedError
		if err := over("2026-09-20..2026-09-30"); !errors.As(err, &pruned) || pruned.Until != "2026-09-20" {
			t.Errorf("a report over pruned days: %v", err)
		}
		if err := over("2026-09-21..2026-09-30"); err != nil {
			t.Errorf("a report from the horizon on: %v", err)
		}
	})
}

// wantPruned wants the question refused, since not all of it can be told.
func wantPruned(t *testing.T, s *LiveState, ask PullsRequest) {
	t.Helper()
	if counts, err := s.Pulls(context.Background(), ask); !errors.As(err, new(*PrunedError)) {
		t.Errorf("pulls of %+v are %v, %v; want them refused", ask, counts, err)
	}
}
