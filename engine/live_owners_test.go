package engine

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func ownedLake(t *testing.T, publish ...string) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Publishers = []Publisher{{ID: "globex", Name: "Acme", Namespaces: []string{"acme", "acme-labs"}}}
	e.Config.Reports.Publish = publish
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), checkRow(monday.Add(time.Hour), "globex/web"), checkRow(monday.Add(2*time.Hour), "nobody/x"),
		checkRow(weekEnd, "acme-labs/tool")))
	return e
}

// A namespace that nobody owns is its own publisher; one that is called like somebody's id has a ~ before it.
func TestLiveOwners(t *testing.T) {
	t.Parallel()
	e := ownedLake(t, "pulls_repo_summary", "pulls_namespace_summary", "raw")
	wantPublished(t, e, "%7Eglobex/"+monthDir, "%7Eglobex/"+weekDir, "globex/"+monthDir, "globex/"+weekDir, "globex/"+nextDir, "nobody/"+monthDir, "nobody/"+weekDir)
	config := e.Config
	for namespace, want := range map[string]string{"acme": "globex", "acme-labs": "globex", "globex": "~globex", "nobody": "nobody"} {
		if got := config.PublisherOf(namespace).ID; got != want {
			t.Errorf("%s is owned by %q, want %q", namespace, got, want)
		}
	}
	for publisher, want := range map[string][]string{"globex": {"acme", "acme-labs"}, "~globex": {"globex"}, "nobody": {"nobody"}, "acme": nil, "~nobody": nil} {
		if got := config.NamespacesOf(publisher); !slices.Equal(got, want) {
			t.Errorf("%s owns %q, want %q", publisher, got, want)
		}
	}
	ctx := context.Background()
	openLive(t, e, func(_ *Live, s *LiveState) {
		ask := PullsRequest{Namespace: "globex", Unit: Weeks, From: date("2026-09-01"), To: date("2026-11-01"), By: ByRepository}
		wantPulls(t, s, ask, "2026-09-14..2026-09-20 globex/web []: 1 0 0 1")
		own := publicationOf(t, s, "~globex", "2026-W38")
		if !slices.Equal(own.Namespaces, []string{"globex"}) || own.Manifest.PublisherID != "~globex" {
			t.Errorf("of the namespace globex: %+v of %q", own.Namespaces, own.Manifest.PublisherID)
		}
		export, err := s.Export(ctx, own, "raw", "globex")
		if err != nil {
			t.Fatal(err)
		}
		sameFiles(t, "raw of globex", readExport(t, export), map[string]string{"raw.csv": string(mustRead(t, filepath.Join(e.Dir, "reports", "%7Eglobex", weekDir, "raw.csv")))})
		if other := publicationOf(t, s, "globex", "2026-W38"); !slices.Equal(other.Namespaces, []string{"acme"}) {
			t.Errorf("of the publisher globex: %q", other.Namespaces)
		}
		r := mustReport(t, s, "raw", "globex", "2026-W38")
		if text := readOpened(t)(r.OpenCSV(ctx)); r.Rows != 1 || !strings.HasSuffix(text, ",globex\n") {
			t.Errorf("raw of globex:\n%s", text)
		}
	})
}

// After a namespace has moved, its numbers are the stored ones until they are published for its new owner; what was
// published for the old one is still told to tell of it.
func TestLiveNamespaceThatMoved(t *testing.T) {
	t.Parallel()
	e := ownedLake(t, "pulls_repo_summary", "pulls_namespace_summary")
	ask := PullsRequest{Unit: Weeks, From: date("2026-09-01"), To: date("2026-11-01"), By: ByRepository, Images: []Image{{"acme", "app"}, {"acme-labs", "tool"}, {"nobody", "x"}}}
	want := []string{"2026-09-14..2026-09-20 acme/app []: 1 0 0 1", "2026-09-21..2026-09-27 acme-labs/tool []: 1 0 0 1", "2026-09-14..2026-09-20 nobody/x []: 1 0 0 1"}
	moved := []Publisher{{ID: "globex", Name: "Acme", Namespaces: []string{"acme"}}, {ID: "initech", Name: "Initech", Namespaces: []string{"acme-labs", "nobody"}}}
	for _, published := range []bool{false, true} {
		if e.Config.Publishers = moved; published {
			mustRun(t, e)
		}
		openLive(t, e, func(_ *Live, s *LiveState) {
			wantPulls(t, s, ask, want...)
			old, err := s.Publications(context.Background(), "globex")
			if err != nil {
				t.Fatal(err)
			}
			now, err := s.Publications(context.Background(), "initech")
			if err != nil {
				t.Fatal(err)
			}
			tells := func(all []Publication) (lines []string) {
				for _, p := range all {
					lines = append(lines, p.Period.String()+" "+strings.Join(p.Namespaces, " "))
				}
				return lines
			}
			wantOld, wantNow := []string{"2026-W38 acme", "2026-W39 acme-labs", "2026-09 acme acme-labs"}, []string(nil)
			if published {
				wantOld, wantNow = []string{"2026-W38 acme", "2026-W39 ", "2026-09 acme"}, []string{"2026-W38 nobody", "2026-W39 acme-labs", "2026-09 acme-labs nobody"}
			}
			if !slices.Equal(tells(old), wantOld) || !slices.Equal(tells(now), wantNow) {
				t.Errorf("published %v: %q and %q, want %q and %q", published, tells(old), tells(now), wantOld, wantNow)
			}
		})
	}
}

// Where no report has a column of namespaces it cannot be told whom it tells of.
func TestLivePublicationsWithFewReports(t *testing.T) {
	t.Parallel()
	own := writeFile(t, filepath.Join(t.TempDir(), "mine.sql"), []byte("select publisher_id, count(*) as n from {{table \"actions\"}} group by publisher_id order by publisher_id"))
	for _, c := range []struct {
		reports []string
		own     bool
		want    string
		unsure  bool
	}{
		{[]string{"tags"}, false, "", true},
		{[]string{"tags", "summary"}, false, "acme", false},
		{[]string{"extensions_premium", "raw"}, false, "acme helpers", false},
		{[]string{"extensions_core"}, true, "helpers", true}, // an own report may tell of anything
	} {
		e := newEngine(t.TempDir(), farAway)
		e.Config.Publishers = []Publisher{{ID: "p", Name: "P", Namespaces: []string{"acme", "helpers", "silent"}}}
		e.Config.Reports.Publish = c.reports
		if c.own {
			e.Config.Reports.Files = []string{own}
		}
		events := writeFile(t, filepath.Join(t.TempDir(), "events.csv"), eventsCSV(eventRow{monday.Format(time.RFC3339), "helpers/one", "install", "carol"}))
		if _, err := e.Run(context.Background(), Request{Inputs: []string{inputFile(t, checkRow(monday, "acme/app"))}, Extensions: []string{events}}); err != nil {
			t.Fatal(err)
		}
		openLive(t, e, func(_ *Live, s *LiveState) {
			p := publicationOf(t, s, "p", "2026-W38")
			if got := strings.Join(slices.Concat(p.Namespaces, p.Others), " "); got != c.want || p.Unsure != c.unsure {
				t.Errorf("%q, own %v: of %q (others %q), unsure %v; want %q, %v", c.reports, c.own, got, p.Others, p.Unsure, c.want, c.unsure)
			}
			if slices.Contains(p.Namespaces, "helpers") {
				t.Errorf("%q: helpers has no actions", c.reports)
			}
		})
	}
}
