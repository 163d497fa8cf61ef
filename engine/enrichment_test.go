package engine

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
	"github.com/pullscope/pullscope/engine/enrich/origin"
)

const (
	dockerAgent     = `docker/24.0.2 go/go1.20.4 git-commit/659604f kernel/5.4.0-169-generic os/linux arch/amd64 UpstreamClient(Docker-Client/24.0.2 \(darwin\))`
	buildkitAgent   = "buildkit/v0.25"
	containerdAgent = "containerd/v1.7.1"
	trivyAgent      = "trivy/0.58.1"
)

// ipDatabase writes a company database and returns its path.
func ipDatabase(t *testing.T, path string, built time.Time, networks map[string]ipdbtest.Facts) string {
	t.Helper()
	var all []ipdbtest.Network
	for prefix, facts := range networks {
		all = append(all, ipdbtest.Network{Prefix: prefix, Record: ipdbtest.IPinfoCompany(facts)})
	}
	if err := ipdbtest.Write(path, ipdbtest.IPinfoCompanyType, 6, built, all); err != nil {
		t.Fatal(err)
	}
	return path
}

var databaseBuilt = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// enriched is an engine with a database, cloud ranges and overrides of its own.
func enriched(t *testing.T) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Enrichment.Databases = []string{ipDatabase(t, filepath.Join(t.TempDir(), "company.mmdb"), databaseBuilt, map[string]ipdbtest.Facts{
		"192.0.2.0/25":       {Country: "DE", Type: "business", Domain: "vpn.Initech.example", ASN: 64500},
		"192.0.2.128/25":     {Country: "US", Type: "isp", Domain: "isp.example", ASN: 64501},
		"198.51.100.0/24":    {Country: "IE", Type: "hosting", Domain: "amazonaws.com", ASN: 16509},
		"203.0.113.0/24":     {Country: "FR", Type: "hosting", Domain: "ranges.example", ASN: 64502},
		"2001:db8:aaaa::/48": {Country: "JP", Type: "education", Domain: "univ.ac.jp", ASN: 64503},
	})}
	writeFile(t, filepath.Join(e.Dir, "clouds", "own.csv"), []byte("prefix,provider,region\n203.0.113.0/24,gcp,europe-west9\n"))
	writeFile(t, filepath.Join(e.Dir, "overrides", "addresses.csv"), []byte("range,company\n192.0.2.200-192.0.2.201,hooli.example\n192.0.2.100,-\n"))
	writeFile(t, filepath.Join(e.Dir, "overrides", "domains.csv"), []byte("domain,company\nmail.umbrella.example,umbrella.example\nold.example,new-name.example\n"))
	return e
}

// Every fact of SEMANTICS §4, one client each.
func TestEnrichment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, client, agent, email string
		want                       string // country, type, domain, cloud, asn, company, tool, version, os, arch, role, use case
	}{
		{"a business address", "192.0.2.1", dockerAgent, "", "DE business initech.example ∅ 64500 initech.example docker 24.0.2 darwin amd64 local_dev Local Dev"},
		{"mapped into IPv6", "::ffff:192.0.2.1", trivyAgent, "", "DE business initech.example ∅ 64500 initech.example trivy 0.58.1 ∅ ∅ scanner Unknown"},
		{"the user's company comes first", "192.0.2.1", buildkitAgent, "x@dev.tyrell.example", "DE business initech.example ∅ 64500 tyrell.example buildkit 0.25 ∅ ∅ ci_cd CI/CD"},
		{"personal mail says nothing", "192.0.2.1", buildkitAgent, "x@gmail.com", "DE business initech.example ∅ 64500 initech.example buildkit 0.25 ∅ ∅ ci_cd CI/CD"},
		{"no company of an ISP", "192.0.2.129", containerdAgent, "", "US isp isp.example ∅ 64501 ∅ containerd 1.7.1 ∅ ∅ prod Prod"},
		{"a university is no company", "2001:db8:aaaa::1", containerdAgent, "x@cs.mit.edu", "JP education univ.ac.jp ∅ 64503 ∅ containerd 1.7.1 ∅ ∅ prod Prod"},
		{"a cloud by its AS number, Local Dev", "198.51.100.1", dockerAgent, "", "IE hosting amazonaws.com aws 16509 ∅ docker 24.0.2 darwin amd64 local_dev CI/CD"},
		{"a cloud by its ranges, CI/CD", "203.0.113.1", buildkitAgent, "", "FR hosting ranges.example gcp 64502 ∅ buildkit 0.25 ∅ ∅ ci_cd Prod"},
		{"Prod stays Prod", "203.0.113.1", containerdAgent, "", "FR hosting ranges.example gcp 64502 ∅ containerd 1.7.1 ∅ ∅ prod Prod"},
		{"Unknown stays Unknown", "203.0.113.1", trivyAgent, "", "FR hosting ranges.example gcp 64502 ∅ trivy 0.58.1 ∅ ∅ scanner Unknown"},
		{"an address override wins", "192.0.2.200", "", "x@tyrell.example", "US isp isp.example ∅ 64501 hooli.example ∅ ∅ ∅ ∅ generic Unknown"},
		{"also when it says none", "192.0.2.100", "", "x@tyrell.example", "DE business initech.example ∅ 64500 ∅ ∅ ∅ ∅ ∅ generic Unknown"},
		{"a domain override", "192.0.2.129", "", "x@old.example", "US isp isp.example ∅ 64501 new-name.example ∅ ∅ ∅ ∅ generic Unknown"},
		{"an unknown address", "100.64.0.1", "own-tool/3", "", "∅ ∅ ∅ ∅ ∅ ∅ own-tool 3 ∅ ∅ generic Unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := enriched(t)
			mustRun(t, e, inputFile(t, logRow{at: monday, client: test.client, method: "GET", image: "acme/app", reference: "v1", agent: test.agent, user: "u", email: test.email}))
			got := query(t, e, "select country, ip_type, ip_domain, cloud, asn, company, tool, tool_version, os, arch, role, use_case from actions")
			if len(got) != 1 || strings.Join(got[0], " ") != test.want {
				t.Errorf("got  %v\nwant %s", got, test.want)
			}
		})
	}
}

// Facts decide nothing about actions.
func TestEnrichmentChangesNoAction(t *testing.T) {
	t.Parallel()
	const actions = "select requested_at, namespace, repository, reference, digest, action, action_requests, source, line from actions order by all"
	plain, rich := newEngine(t.TempDir(), farAway), enriched(t)
	for _, e := range []*Engine{plain, rich} {
		mustRun(t, e, filepath.Join(captures, "nginx-access.json.log.gz"))
	}
	if a, b := query(t, plain, actions), query(t, rich, actions); len(a) == 0 || !slices.EqualFunc(a, b, slices.Equal[[]string]) {
		t.Errorf("%d actions without facts, %d with facts, or others", len(a), len(b))
	}
}

// A database that was replaced is used by the next run; what is stored keeps what it was given.
func TestReplacedDatabase(t *testing.T) {
	t.Parallel()
	e := enriched(t)
	row := logRow{at: monday, client: "192.0.2.1", method: "GET", image: "acme/app", reference: "v1", agent: buildkitAgent, email: "x@tyrell.example"}
	first := mustRun(t, e, inputFile(t, row))
	path := e.Config.Enrichment.Databases[0]
	rebuilt := databaseBuilt.AddDate(0, 1, 0)
	ipDatabase(t, path, rebuilt, map[string]ipdbtest.Facts{"192.0.2.0/24": {Country: "CH", Type: "isp", Domain: "isp.example", ASN: 64999}})
	row.at, row.email = row.at.Add(time.Hour), ""
	second := mustRun(t, e, inputFile(t, row))
	got := query(t, e, "select country, ip_type, asn, company, use_case from requests order by requested_at")
	want := [][]string{{"DE", "business", "64500", "tyrell.example", "CI/CD"}, {"CH", "isp", "64999", "∅", "CI/CD"}}
	if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("got %v, want %v", got, want)
	}
	for result, built := range map[*Result]time.Time{first: databaseBuilt, second: rebuilt} {
		used := result.Last().Enrichment
		at := slices.IndexFunc(used, func(o origin.Origin) bool { return o.Kind == origin.Database })
		sum, err := fileSHA256(path)
		if err != nil || at < 0 {
			t.Fatalf("%v; the manifest names %+v", err, used)
		}
		if o := used[at]; o.Name != "company.mmdb" || o.Type != ipdbtest.IPinfoCompanyType || o.Built != built.Format(time.RFC3339) || !o.Verified || len(o.SHA256) != 64 || (o.SHA256 == sum) != (result == second) {
			t.Errorf("the manifest says %+v", o)
		}
	}
	mustCheck(t, e, 2)
}

// A database that cannot be trusted ends the run before anything is read.
func TestBadDatabases(t *testing.T) {
	t.Parallel()
	good := mustRead(t, enriched(t).Config.Enrichment.Databases[0])
	damaged := slices.Clone(good)
	for i := len(damaged) / 2; i < len(damaged)/2+40; i++ {
		damaged[i] = 0xff
	}
	for name, content := range map[string][]byte{"empty": {}, "cut off": good[:len(good)/2], "text": []byte("not a database\n"), "damaged": damaged, "missing": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t.TempDir(), farAway)
			path := filepath.Join(t.TempDir(), "bad.mmdb")
			if content != nil {
				writeFile(t, path, content)
			}
			e.Config.Enrichment.Databases = []string{path}
			_, err := e.Run(context.Background(), Request{Inputs: []string{inputFile(t, checkRow(monday, "acme/app"))}})
			var usage *UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v", err)
			}
			if days, _ := filepath.Glob(filepath.Join(e.Dir, "requests", "*")); len(days) != 0 {
				t.Errorf("stored %q", days)
			}
		})
	}
}

func TestBadFolders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(e *Engine)
		want   string
	}{
		"clouds are missing":    {func(e *Engine) { e.Config.Enrichment.Clouds = "/nosuch/clouds" }, "enrichment.clouds"},
		"overrides are missing": {func(e *Engine) { e.Config.Enrichment.Overrides = "/nosuch/overrides" }, "enrichment.overrides"},
		"an unknown override":   {func(e *Engine) { writeFile(t, filepath.Join(e.Dir, "overrides", "adresses.csv"), nil) }, "adresses.csv: the name is unknown"},
		"a bad range":           {func(e *Engine) { writeFile(t, filepath.Join(e.Dir, "clouds", "own.csv"), []byte("10.0.0.0/99,aws\n")) }, "own.csv"},
		"a bad rule":            {func(e *Engine) { writeFile(t, filepath.Join(e.Dir, "overrides", "agents.csv"), []byte("nonsense\n")) }, "agents.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t.TempDir(), farAway)
			test.change(e)
			_, err := e.Run(context.Background(), Request{Inputs: []string{inputFile(t, checkRow(monday, "acme/app"))}})
			var usage *UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %s", err, test.want)
			}
		})
	}
}

// Look-ups that fail leave facts empty, are counted, and do not end the run.
func TestFailedLookups(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	path := filepath.Join(t.TempDir(), "odd.mmdb")
	err := ipdbtest.Write(path, ipdbtest.CountryType, 6, databaseBuilt, []ipdbtest.Network{
		{Prefix: "192.0.2.0/25", Record: ipdbtest.Country("DE")},
		{Prefix: "192.0.2.128/25", Record: map[string]any{"country": map[string]any{"iso_code": uint32(276)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Config.Enrichment.Databases = []string{path}
	odd := checkRow(monday, "acme/app")
	odd.client = "192.0.2.129"
	result := mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), odd))
	if got := query(t, e, "select country from requests order by country nulls last"); got[0][0] != "DE" || got[1][0] != "∅" {
		t.Errorf("countries %v", got)
	}
	if failures := result.Last().Enrichment[0].Failures; failures != 1 {
		t.Errorf("%d failures, want 1: %+v", failures, result.Last().Enrichment[0])
	}
}

// Without any data of the user's there is the country of public addresses, and the client.
func TestEnrichmentWithoutData(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	public, private := checkRow(monday, "acme/app"), checkRow(monday.Add(time.Minute), "acme/app")
	public.client, private.client = "8.8.8.8", "10.1.2.3"
	mustRun(t, e, inputFile(t, public, private))
	got := query(t, e, "select country, ip_type, ip_domain, cloud, asn, company from requests order by requested_at")
	if got[0][0] != "US" || got[1][0] != "∅" || strings.Join(got[0][1:], "") != "∅∅∅∅∅" {
		t.Errorf("got %v", got)
	}
	if os.Getenv("IPLOC_IPV4ONLY") == "" {
		if enricher, err := e.OpenEnricher(); err != nil || enricher.Address(netip.MustParseAddr("2001:4860:4860::8888")).Country != "US" {
			t.Errorf("an IPv6 address: %v", err)
		}
	}
}

// Days of a version that knew no role are refused with a clear sentence, and brought up to date where requests join them.
func TestDaysWithoutRole(t *testing.T) {
	t.Parallel()
	e := enriched(t)
	head := logRow{at: monday.AddDate(0, 0, 1).Add(-time.Second), client: "192.0.2.1", method: "HEAD", image: "acme/app", reference: "v1", agent: buildkitAgent}
	mustRun(t, e, inputFile(t, head))
	rewrite(t, filepath.Join(e.Dir, "requests", "day=2026-09-14", "requests.parquet"), "* exclude (role)")
	none := func([]*string) error { return nil }
	err := e.Query(context.Background(), "from actions", Texts, func([]duck.Column) error { return nil }, none)
	if err == nil || !strings.Contains(err.Error(), "written by an older version") {
		t.Errorf("a query over an old day: %v", err)
	}
	// A request joins the old day, which is written anew.
	get := head
	get.at, get.method = head.at.Add(500*time.Millisecond), "GET"
	mustRun(t, e, inputFile(t, get))
	mustCheck(t, e, 2)
	if got := query(t, e, "select action, tool, role from requests order by requested_at"); strings.Join(got[0], " ") != "pull_by_tag buildkit ∅" || strings.Join(got[1], " ") != "∅ buildkit ci_cd" {
		t.Errorf("got %v", got)
	}
}
