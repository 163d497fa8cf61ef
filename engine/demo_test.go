package engine

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const demo = "../fixtures/demo"

// demoTruth is what the generator of the demo data says about them.
type demoTruth struct {
	Totals  demoFile
	Actions demoActions
	Files   []demoFile
	Days    []struct {
		Day      string
		Accepted int
		demoActions
	}
	Publishers []struct {
		ID string
		demoActions
		ByCountry map[string]int `json:"by_country"`
		ByCloud   map[string]int `json:"by_cloud"`
		ByIPType  map[string]int `json:"by_ip_type"`
		ByCompany map[string]int `json:"by_company"`
		ByUseCase map[string]int `json:"by_use_case"`
	}
	Repositories []struct {
		Repository, Publisher string
		demoActions
		Tags []struct {
			Tag               string
			Downloads, Checks int
		}
	}
}

type demoFile struct {
	Name                                  string
	Lines, Accepted, Duplicates, Rejected int64
	Ignored                               map[string]int64
}

type demoActions struct {
	VersionCheck int `json:"version_check"`
	PullByTag    int `json:"pull_by_tag"`
	PullByDigest int `json:"pull_by_digest"`
}

func (a demoActions) put(counts map[string]int, name string) {
	counts[name+" version_check"] += a.VersionCheck
	counts[name+" pull_by_tag"] += a.PullByTag
	counts[name+" pull_by_digest"] += a.PullByDigest
}

// runDemo loads the demo data with their configuration.
func runDemo(t *testing.T, dir string) (*Engine, *Result) {
	t.Helper()
	e := newEngine(dir, farAway)
	var err error
	if e.Config, err = LoadConfig(filepath.Join(demo, "engine.toml")); err != nil {
		t.Fatal(err)
	}
	return e, mustRun(t, e, filepath.Join(demo, "registry-east.access.json.gz"), filepath.Join(demo, "registry-west.csv"), filepath.Join(demo, "mirror.access.log"))
}

func TestDemo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(demo, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth demoTruth
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	e, result := runDemo(t, t.TempDir())
	mustCheck(t, e, int(truth.Totals.Accepted))

	if len(result.Last().Inputs) != len(truth.Files) {
		t.Fatalf("%d inputs, want %d", len(result.Last().Inputs), len(truth.Files))
	}
	for i, want := range truth.Files {
		input := result.Last().Inputs[i]
		got := demoFile{input.Path, input.Lines, input.Accepted, input.Duplicates, input.Rejected, input.Ignored}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("file %d:\n%+v, want\n%+v", i, got, want)
		}
	}
	if rejects := query(t, e, "select count(*) from rejects"); rejects[0][0] != fmt.Sprint(truth.Totals.Rejected) {
		t.Errorf("%s lines are in quarantine, want %d", rejects[0][0], truth.Totals.Rejected)
	}

	days, repositories, publishers, tags := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, day := range truth.Days {
		day.put(days, day.Day)
		days[day.Day+" requests"] = day.Accepted
	}
	for _, publisher := range truth.Publishers {
		publisher.put(publishers, publisher.ID)
	}
	for _, repository := range truth.Repositories {
		repository.put(repositories, repository.Repository)
		for _, tag := range repository.Tags {
			tags[fmt.Sprintf("%s:%s downloads", repository.Repository, tag.Tag)] = tag.Downloads
			tags[fmt.Sprintf("%s:%s checks", repository.Repository, tag.Tag)] = tag.Checks
		}
	}
	got := map[string]int{}
	for _, row := range query(t, e, `select cast(day as varchar) || ' ' || action, count(*) from actions group by all
		union all select cast(day as varchar) || ' requests', count(*) from requests group by all`) {
		got[row[0]], _ = strconv.Atoi(row[1])
	}
	if difference := countsDifference(got, days); difference != "" {
		t.Errorf("days:\n%s", difference)
	}
	if difference := countsDifference(byRepository(t, e), repositories); difference != "" {
		t.Errorf("repositories:\n%s", difference)
	}
	checkDemoReports(t, e, publishers, tags)

	facts := map[string]int{}
	for _, publisher := range truth.Publishers {
		for fact, counts := range map[string]map[string]int{
			"country": publisher.ByCountry, "cloud": publisher.ByCloud, "ip_type": publisher.ByIPType, "company": publisher.ByCompany, "use_case": publisher.ByUseCase,
		} {
			for value, count := range counts {
				facts[publisher.ID+" "+fact+" "+value] = count
			}
		}
	}
	if difference := countsDifference(demoFacts(t, e), facts); difference != "" || len(facts) < 100 {
		t.Errorf("%d facts:\n%s", len(facts), difference)
	}
}

// demoFacts counts the actions of each publisher by what was derived from their clients.
func demoFacts(t *testing.T, e *Engine) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, fact := range []string{"country", "coalesce(cloud, 'no csp')", "ip_type", "company", "use_case"} {
		for _, row := range query(t, e, fmt.Sprintf(`select case namespace when 'acme-labs' then 'acme' else namespace end, coalesce(%s, ''), count(*) from actions group by all`, fact)) {
			name := strings.NewReplacer("coalesce(", "", ", 'no csp')", "").Replace(fact)
			counts[row[0]+" "+name+" "+row[1]], _ = strconv.Atoi(row[2])
		}
	}
	return counts
}

// checkDemoReports holds the published summaries and raw reports against the truth.
func checkDemoReports(t *testing.T, e *Engine, publishers, tags map[string]int) {
	t.Helper()
	for granularity, reference := range map[string]string{"weekly": "2026-09-14", "monthly": "2026-09-01"} {
		gotPublishers, gotTags := map[string]int{}, map[string]int{}
		for _, publisher := range []string{"acme", "globex", "library", "nobody"} {
			dir := filepath.Join(e.Dir, "reports", publisher, granularity, reference)
			for _, row := range readReport(t, filepath.Join(dir, "raw.csv")) {
				gotPublishers[publisher+" "+row["action"]]++
			}
			var repository string
			for _, row := range readReport(t, filepath.Join(dir, "summary.csv")) {
				switch row["LEVEL"] {
				case "repository":
					repository = row["REFERENCE"]
				case "tag":
					gotTags[repository+":"+row["REFERENCE"]+" downloads"], _ = strconv.Atoi(row["DATA_DOWNLOADS"])
					gotTags[repository+":"+row["REFERENCE"]+" checks"], _ = strconv.Atoi(row["VERSION_CHECKS"])
				}
			}
		}
		if difference := countsDifference(gotPublishers, publishers); difference != "" {
			t.Errorf("%s, publishers:\n%s", granularity, difference)
		}
		if difference := countsDifference(gotTags, tags); difference != "" {
			t.Errorf("%s, tags:\n%s", granularity, difference)
		}
	}
}

// readReport reads a report as rows by column.
func readReport(t *testing.T, path string) []map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}
