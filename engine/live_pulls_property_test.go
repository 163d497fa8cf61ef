package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// Whatever was pulled by whom, and whoever owns it: what the data API counts by week and month is what is published for
// them, what the stored actions tell and what can be counted action by action.
func TestLivePullsAreThoseOfTheReports(t *testing.T) {
	t.Parallel()
	root, database := t.TempDir(), pullDatabase(t)
	rapid.Check(t, func(rt *rapid.T) {
		if rapid.IntRange(0, 24).Draw(rt, "turn") != 11 { // each takes a run; 0 is drawn too often
			return
		}

		dir, err := os.MkdirTemp(root, "case-*")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		// Names that patterns and links would take for something else.
		e := newEngine(filepath.Join(dir, "da[t]a *?"), rapid.SampledFrom([]time.Time{
			farAway, date("2026-09-21").Add(time.Hour - 1), date("2026-09-21").Add(time.Hour), october, date("2026-09-08"),
		}).Draw(rt, "now"))
		e.Config.Enrichment.Databases = []string{database}
		e.Config.Publishers = slices.Clone(rapid.SampledFrom(ownedPulls).Draw(rt, "publishers"))
		e.Config.Reports.Publish = []string{"pulls_repo_summary", "pulls_namespace_summary", "trends"}
		log := writeFile(rt, filepath.Join(dir, "access.csv"), csvText(drawPulls(rt)))
		mustRun(rt, e, log)
		var requests []PullsRequest
		for range 6 {
			requests = append(requests, drawPullsRequest(rt))
		}
		actions := liveActions(rt, e)
		closed := e.Now().Add(-time.Hour)
		var told [][]string
		openLive(rt, e, func(_ *Live, s *LiveState) {
			for _, granularity := range []string{"weekly", "monthly"} {
				likePublished(rt, e, s, granularity, actions)
			}
			for _, request := range requests {
				lines := pullLines(mustPulls(rt, s, request))
				sameCounts(rt, fmt.Sprintf("pulls of %+v", request), lines, naivePulls(actions, request, closed))
				told = append(told, lines)
			}
			countedDistinct(rt, e, s)
		})
		if err := os.RemoveAll(filepath.Join(e.Dir, "reports")); err != nil {
			rt.Fatal(err)
		}
		openLive(rt, e, func(_ *Live, s *LiveState) {
			for i, request := range requests {
				sameCounts(rt, fmt.Sprintf("without reports: pulls of %+v", request), pullLines(mustPulls(rt, s, request)), told[i])
			}
		})
	})
}

var pulledNamespaces = []string{"acme", "acme-labs", "globex", "nobody"}

func drawPullsRequest(t *rapid.T) PullsRequest {
	from := rapid.SampledFrom([]string{"2026-08-01", "2026-08-31", "2026-09-01", "2026-09-14", "2026-09-15"}).Draw(t, "from")
	to := rapid.SampledFrom([]string{"2026-09-14", "2026-09-15", "2026-10-01", "2027-01-01"}).Draw(t, "to")
	request := PullsRequest{
		Unit: rapid.SampledFrom([]Unit{Days, Weeks, Months}).Draw(t, "unit"), From: date(from), To: date(to),
		By:   rapid.SampledFrom([]Grouping{ByRepository, ByNamespace, ByCountry, ByTag, ByUseCase}).Draw(t, "by"),
		Open: rapid.Bool().Draw(t, "open"),
	}
	if rapid.Bool().Draw(t, "whole namespace") {
		request.Namespace = rapid.SampledFrom(append(pulledNamespaces, "unknown")).Draw(t, "namespace")
		return request
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(append(pulledImages, "acme/unknown")), 1, 4, rapid.ID).Draw(t, "images") {
		namespace, repository, _ := strings.Cut(name, "/")
		request.Images = append(request.Images, Image{namespace, repository})
	}
	return request
}

// likePublished holds closed weeks or months against the published CSV files: those of pulls row by row, the sums of
// trends, and all images together against the whole namespace.
func likePublished(t rapid.TB, e *Engine, s *LiveState, granularity string, actions []liveAction) {
	t.Helper()
	unit := map[string]Unit{"weekly": Weeks, "monthly": Months}[granularity]
	request := PullsRequest{Unit: unit, From: date("2026-01-01"), To: date("2027-01-01")}
	for _, namespace := range pulledNamespaces {
		publisher := publisherDir(e.Config.Publishers, namespace)
		dirs, err := filepath.Glob(duck.Path(filepath.Join(e.Dir, "reports", publisher, granularity)) + "/20*")
		if err != nil {
			t.Fatal(err)
		}
		byRepository, byNamespace, sums := []string{}, []string{}, map[string][3]int{}
		for _, dir := range dirs {
			at := filepath.Join(publisher, granularity, filepath.Base(dir))
			manifest, err := reports.ReadManifest(dir)
			if err != nil {
				t.Fatal(err)
			}
			line := func(row map[string]string, name string) string {
				return fmt.Sprintf("%s..%s %s []: %s", manifest.From, manifest.To, name,
					strings.ReplaceAll(joinedRow(row, "unique_ip_addresses", "pulls_by_tag", "pulls_by_digest", "version_checks"), "\t", " "))
			}
			for _, row := range reportRows(t, e, at, "pulls_repo_summary") {
				if row["namespace"] == namespace {
					byRepository = append(byRepository, line(row, namespace+"/"+row["repository"]))
				}
			}
			for _, row := range reportRows(t, e, at, "pulls_namespace_summary") {
				if row["namespace"] == namespace {
					byNamespace = append(byNamespace, line(row, namespace))
				}
			}
			for _, row := range reportRows(t, e, at, "trends") {
				key, sum := manifest.From+" "+row["IMAGE_REPOSITORY"], [3]int{}
				sum = sums[key]
				for i, column := range []string{"DATA_DOWNLOADS", "VERSION_CHECKS", "PULLS"} {
					var n int
					fmt.Sscan(row[column], &n)
					sum[i] += n
				}
				sums[key] = sum
			}
		}
		request.Namespace, request.Images, request.By = namespace, nil, ByNamespace
		sameCounts(t, granularity+" "+namespace, pullLines(mustPulls(t, s, request)), byNamespace)
		request.By = ByRepository
		counts := mustPulls(t, s, request)
		sameCounts(t, granularity+" "+namespace+" by repository", sortedLines(pullLines(counts)), sortedLines(byRepository))
		for _, c := range counts {
			want := sums[string(c.First)+" "+c.Image.String()]
			if got := [3]int{int(c.PullsByTag + c.PullsByDigest), int(c.VersionChecks), int(c.PullsByTag + c.PullsByDigest + c.VersionChecks)}; got != want {
				t.Fatalf("%s: downloads, checks and pulls are %v, trends has %v", c.line(), got, want)
			}
		}
		request.Namespace = ""
		for _, a := range actions {
			if a.image.Namespace == namespace && !slices.Contains(request.Images, a.image) {
				request.Images = append(request.Images, a.image)
			}
		}
		if len(request.Images) > 0 {
			sameCounts(t, granularity+" all images of "+namespace, pullLines(mustPulls(t, s, request)), pullLines(counts))
		}
	}
}

// countedDistinct holds the addresses of one day, week and month against those that SQL counts over the period, which
// are never more than those of its parts together.
func countedDistinct(t rapid.TB, e *Engine, s *LiveState) {
	t.Helper()
	q, err := e.OpenQuery(context.Background(), QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for _, unit := range []Unit{Days, Weeks, Months} {
		request := PullsRequest{Namespace: "acme", Unit: unit, From: date("2026-01-01"), To: date("2027-01-01"), By: ByNamespace, Open: true}
		counts := mustPulls(t, s, request)
		request.By = ByCountry
		parts := map[string]int64{}
		for _, c := range mustPulls(t, s, request) {
			parts[string(c.First)] += c.Addresses
		}
		for _, c := range counts {
			var want string
			text := fmt.Sprintf("select count(distinct ip_key) from actions where namespace = 'acme' and day between '%s' and '%s'", c.First, c.Last)
			err := q.Run(context.Background(), text, nil, Texts, func([]duck.Column) error { return nil }, func(row []*string) error {
				want = *row[0]
				return nil
			})
			if err != nil || fmt.Sprint(c.Addresses) != want || c.Addresses > parts[string(c.First)] {
				t.Fatalf("%s: %s addresses, %v, and %d by country", c.line(), want, err, parts[string(c.First)])
			}
		}
	}
}
