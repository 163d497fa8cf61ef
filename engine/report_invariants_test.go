package engine

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// TestReportsAddUp publishes random weeks and holds all reports against each other and against plain counts of the actions.
func TestReportsAddUp(t *testing.T) {
	t.Parallel()
	root, database := t.TempDir(), pullDatabase(t)
	var cases, pairs, suppressed, leftOut, companyPairs int
	rapid.Check(t, func(rt *rapid.T) {
		if rapid.IntRange(0, 9).Draw(rt, "turn") != 3 {
			return // each case writes hundreds of reports
		}
		cases++
		dir, err := os.MkdirTemp(root, "case-*")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		e := newEngine(dir, farAway)
		e.Config.Enrichment.Databases = []string{database}
		e.Config.Reports.Publish = nil
		e.Config.Reports.TechnographicMinUsers = rapid.IntRange(1, 4).Draw(rt, "min users")
		e.Config.Reports.TechnographicMaxImages = rapid.SampledFrom([]int{3, 5, 1000}).Draw(rt, "max images")
		e.Config.Reports.TechnographicMaxCompanyImages = rapid.SampledFrom([]int{2, 4, 1000}).Draw(rt, "max images of a company")
		e.Config.Publishers = []Publisher{
			{ID: "acme", Name: "Acme, Inc.", Namespaces: []string{"acme", "acme-labs"}},
			{ID: "globex", Name: "Globex", Namespaces: []string{"globex"}, TrackedCompanies: []string{"tyrell.example"}},
		}
		result := mustRun(rt, e, writeFile(rt, dir+"-access.csv", csvText(drawPulls(rt))))
		sets := publishedSets(rt, e, result)
		for _, s := range sets {
			s.addUp(rt)
			s.nest(rt)
			s.companies(rt)
			s.heavyUsers(rt)
			got := s.asComputed(rt)
			pairs, companyPairs = pairs+len(got.rows), companyPairs+len(s.rows["technographic_companies"])
			suppressed, leftOut = suppressed+int(got.suppressed), leftOut+int(got.leftOut)
		}
		weeksWithinMonths(rt, sets)
	})
	t.Logf("%d cases", cases)
	if pairs == 0 || suppressed == 0 || leftOut == 0 || companyPairs == 0 {
		t.Errorf("there were %d pairs, %d suppressed ones, %d users left out and %d pairs of companies: nothing was compared", pairs, suppressed, leftOut, companyPairs)
	}
}

// publishedSet is what one publisher got for one period, and what it was made from.
type publishedSet struct {
	engine    *Engine
	publisher string
	period    period.Period
	manifest  reports.Manifest
	rows      map[string][]map[string]string // by report
	all, own  []reportAction                 // of the period: of all publishers, and of this one
}

// publishedSets reads everything that a run published, and wants all that it should have.
func publishedSets(t rapid.TB, e *Engine, result *Result) []*publishedSet {
	t.Helper()
	actions := storedActions(t, e)
	var sets []*publishedSet
	want := map[string]bool{}
	for _, p := range result.Last().Published {
		of, err := period.Parse(p.Period)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := reports.ReadManifest(e.Dir + "/reports/" + p.Dir)
		if err != nil || manifest == nil {
			t.Fatalf("manifest of %s: %v", p.Dir, err)
		}
		s := &publishedSet{engine: e, publisher: p.Publisher, period: of, manifest: *manifest, rows: map[string][]map[string]string{}}
		for _, report := range manifest.Reports {
			s.rows[report.Report] = reportRows(t, e, p.Dir, report.Report)
			if n := len(s.rows[report.Report]); report.Rows != int64(n) || p.Rows[report.Report] != report.Rows {
				t.Fatalf("%s: %d rows of %s, %d by the manifest, %d by the run", p.Dir, n, report.Report, report.Rows, p.Rows[report.Report])
			}
		}
		for _, a := range actions {
			if of.Contains(a.day) {
				s.all = append(s.all, a)
				want[a.publisher+" "+p.Period] = true
				if a.publisher == p.Publisher {
					s.own = append(s.own, a)
				}
			}
		}
		for _, publisher := range e.Config.Publishers {
			want[publisher.ID+" "+p.Period] = true
		}
		sets = append(sets, s)
	}
	if len(sets) != len(want) {
		t.Fatalf("%d directories are published, want %d: %v", len(sets), len(want), slices.Sorted(maps.Keys(want)))
	}
	return sets
}

func (s *publishedSet) String() string { return s.publisher + " " + s.period.String() }

// tally is downloads and checks.
type tally struct{ downloads, checks int }

func (s *publishedSet) count(t rapid.TB, report string, key func(row map[string]string) string) map[string]tally {
	t.Helper()
	tallies := map[string]tally{}
	for _, row := range s.rows[report] {
		k := key(row)
		if k == "" {
			continue
		}
		sum := tallies[k]
		switch {
		case report == "raw" && row["action"] == "version_check":
			sum.checks++
		case report == "raw":
			sum.downloads++
		case row["pulls_by_tag"] != "":
			sum.downloads += number64(t, row["pulls_by_tag"]) + number64(t, row["pulls_by_digest"])
			sum.checks += number64(t, row["version_checks"])
		default:
			downloads, checks := number64(t, row["DATA_DOWNLOADS"]), number64(t, row["VERSION_CHECKS"])
			if pulls := row["PULLS"] + row["EVENT_COUNT"]; number64(t, pulls) != downloads+checks {
				t.Fatalf("%s, %s: %d downloads and %d checks are %s pulls in %v", s, report, downloads, checks, pulls, row)
			}
			sum.downloads += downloads
			sum.checks += checks
		}
		tallies[k] = sum
	}
	return tallies
}

func number64(t rapid.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *publishedSet) countActions(key func(a reportAction) string) map[string]tally {
	tallies := map[string]tally{}
	for _, a := range s.own {
		if k := key(a); k != "" {
			sum := tallies[k]
			if a.download() {
				sum.downloads++
			} else {
				sum.checks++
			}
			tallies[k] = sum
		}
	}
	return tallies
}

func (s *publishedSet) same(t rapid.TB, what string, got, want map[string]tally) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Fatalf("%s, %s: got %v, want %v", s, what, got, want)
	}
}

// addUp: every report that counts actions counts each of them once.
func (s *publishedSet) addUp(t rapid.TB) {
	t.Helper()
	want := s.countActions(func(a reportAction) string { return a.image })
	image := func(row map[string]string) string { return row["IMAGE_REPOSITORY"] }
	parts := func(row map[string]string) string { return row["namespace"] + "/" + row["repository"] }
	for report, key := range map[string]func(map[string]string) string{
		"trends": image, "daily": image, "platforms": image, "raw": parts, "pulls_summary": parts, "pulls_repo_summary": parts,
	} {
		s.same(t, report, s.count(t, report, key), want)
	}
	s.same(t, "pulls_namespace_summary", s.count(t, "pulls_namespace_summary", func(row map[string]string) string { return row["namespace"] }),
		s.countActions(func(a reportAction) string { return a.namespace }))

	// Organised by repository: its row, then its tags, then its digests.
	var repository string
	byLevel := func(level string) func(row map[string]string) string {
		return func(row map[string]string) string {
			if row["LEVEL"] == "repository" {
				repository = row["REFERENCE"]
			}
			if row["LEVEL"] != level {
				return ""
			}
			return repository + " " + row["REFERENCE"]
		}
	}
	s.same(t, "summary of repositories", s.count(t, "summary", byLevel("repository")), s.countActions(func(a reportAction) string { return a.image + " " + a.image }))
	tags := s.countActions(func(a reportAction) string { return ifKnown(a.image+" ", a.tag) })
	digests := s.countActions(func(a reportAction) string { return ifKnown(a.image+" ", a.digest) })
	s.same(t, "summary of tags", s.count(t, "summary", byLevel("tag")), tags)
	s.same(t, "summary of digests", s.count(t, "summary", byLevel("digest")), digests)
	reference := func(level string) func(row map[string]string) string {
		return func(row map[string]string) string {
			if row["LEVEL"] != level {
				return ""
			}
			return row["IMAGE_REPOSITORY"] + " " + row["REFERENCE"]
		}
	}
	s.same(t, "tags of tags", s.count(t, "tags", reference("tag")), tags)
	s.same(t, "tags of digests", s.count(t, "tags", reference("digest")), digests)
	// What has no tag makes the tags up to the whole.
	whole := s.count(t, "summary", byLevel("tag"))
	for key, sum := range s.countActions(func(a reportAction) string {
		return ifKnown(a.image+" no tag", map[bool]string{true: "!"}[a.tag == ""])
	}) {
		whole[key] = sum
	}
	if got, all := sumOf(whole), sumOf(want); got != all {
		t.Fatalf("%s: tags and actions without one are %v, want %v", s, got, all)
	}
}

func ifKnown(before, value string) string {
	if value == "" {
		return ""
	}
	return before + value
}

func sumOf(tallies map[string]tally) tally {
	var sum tally
	for _, each := range tallies {
		sum.downloads += each.downloads
		sum.checks += each.checks
	}
	return sum
}

// asComputed holds the reports that join against plain computations, row by row, and what is left out against the manifest.
func (s *publishedSet) asComputed(t rapid.TB) pairing {
	t.Helper()
	config := s.engine.Config.Reports
	pairs := naivePairs(s.all, s.publisher, config.TechnographicMinUsers, config.TechnographicMaxImages)
	sameLines(t, s.String()+", technographic", joinedRows(s.rows["technographic"], pairColumns...), pairs.rows)
	if found, _ := s.manifest.Find("technographic"); found.Suppressed != pairs.suppressed || found.LeftOut != pairs.leftOut {
		t.Fatalf("%s: %d pairs suppressed and %d users left out, want %d and %d", s, found.Suppressed, found.LeftOut, pairs.suppressed, pairs.leftOut)
	}
	rows, leftOut := naiveCompanyPairs(s.all, s.publisher, config.TechnographicMaxCompanyImages)
	sameLines(t, s.String()+", technographic_companies", joinedRows(s.rows["technographic_companies"], "DOMAIN", "DVPP_IMAGE", "PAIRED_IMAGE"), rows)
	if found, _ := s.manifest.Find("technographic_companies"); found.LeftOut != leftOut || found.Suppressed != 0 {
		t.Fatalf("%s: %d companies left out, want %d", s, found.LeftOut, leftOut)
	}
	sameLines(t, s.String()+", tags", joinedRows(s.rows["tags"], tagColumns...), naiveTags(s.all, s.publisher))
	for report, rows := range s.rows {
		for _, row := range rows {
			want := fmt.Sprint(map[period.Granularity]string{period.Weekly: "weekly", period.Monthly: "monthly"}[s.period.Granularity], s.period.Reference())
			if got, dated := row["DATE_GRANULARITY"]; dated && got+row["DATE_REFERENCE"] != want {
				t.Fatalf("%s, %s: a row of %s %s", s, report, got, row["DATE_REFERENCE"])
			}
		}
	}
	return pairs
}
