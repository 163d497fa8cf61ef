package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

const agentsHeader = "product,part,match,tool,version_of,role,notes\n"

// writeTable writes a user's table into a folder named overrides.
func writeTable(t *testing.T, name, content string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "overrides")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEmbeddedTablesLoad(t *testing.T) {
	if _, err := defaultRules(); err != nil {
		t.Error(err)
	}
	if _, err := defaultUseCases(); err != nil {
		t.Error(err)
	}
	agents, useCases := Default().Origins(), DefaultUseCases().Origins()
	for _, test := range []struct {
		got     []origin.Origin
		name    string
		content []byte
		entries int
	}{
		{agents, "agents.csv", agentsCSV, len(Default().rules)},
		{useCases, "use_cases.csv", useCasesCSV, len(roles)},
	} {
		hash := sha256.Sum256(test.content)
		if len(test.got) != 1 {
			t.Fatalf("%s: %d origins, want 1", test.name, len(test.got))
		}
		o := test.got[0]
		if o.Kind != origin.Table || o.Name != test.name || o.Built != "2026-11-20" || o.SHA256 != hex.EncodeToString(hash[:]) || o.Entries != int64(test.entries) {
			t.Errorf("origin %+v; want the embedded %s of 2026-11-20 with %d entries", o, test.name, test.entries)
		}
	}
}

// The user's rules come first; what they do not match stays as it was.
func TestExtend(t *testing.T) {
	path := writeTable(t, "agents.csv", "\ufeff# 2026-12-01 ours\n"+agentsHeader+
		"docker,upstream,^acme-deployer/,acme deployer,upstream,prod,\n"+
		"helm,,,helm,,prod,our clusters pull charts\n"+
		"*,,^(?i:acme)-,,,ci_cd,all our tools\n"+
		"*,,probe,probe,none,checker,\n")
	extended, err := Default().Extend(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		userAgent string
		want      Agent
	}{
		{`docker/24.0.5 os/linux UpstreamClient(acme-deployer/v3)`, Agent{"acme deployer", "3", "linux", "", "prod", "overrides/agents.csv:3"}},
		{`docker/24.0.5 os/linux UpstreamClient(Docker-Client/24.0.5)`, Agent{Tool: "docker", Version: "24.0.5", OS: "linux", Role: "local_dev"}},
		{`Helm/3.16.3`, Agent{"helm", "3.16.3", "", "", "prod", "overrides/agents.csv:4"}},
		{`Acme-Builder/7 (linux/arm64)`, Agent{"acme-builder", "7", "linux", "arm64", "ci_cd", "overrides/agents.csv:5"}},
		{`crane/v1 probe`, Agent{"probe", "", "", "", "checker", "overrides/agents.csv:6"}},
		{`(probe)`, Agent{"probe", "", "", "", "checker", "overrides/agents.csv:6"}},
		{`other/1`, Agent{"other", "1", "", "", generic, firstProduct}},
	} {
		got := extended.Parse(test.userAgent)
		if test.want.Rule == "" {
			got.Rule = ""
		}
		if got != test.want {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", test.userAgent, got, test.want)
		}
	}
	if got := Default().Parse("Helm/3.16.3"); got.Role != "ci_cd" {
		t.Errorf("the embedded rules changed: %+v", got)
	}
	origins := extended.Origins()
	if len(origins) != 2 || origins[0] != Default().Origins()[0] {
		t.Fatalf("origins %+v, want the embedded table and the user's", origins)
	}
	if own := origins[1]; own.Kind != origin.Override || own.Name != "agents.csv" || own.Built != "2026-12-01" || own.Entries != 4 || len(own.SHA256) != 64 {
		t.Errorf("origin %+v, want the user's table of 2026-12-01 with 4 entries", own)
	}
}

func TestExtendErrors(t *testing.T) {
	for _, test := range []struct{ content, want string }{
		{"", `agents.csv: the file has no header; begin it with "product,part,`},
		{"# nothing\n", `agents.csv: the file has no header`},
		{"product,tool\n", `agents.csv:1: the header is "product,tool"; it must be "product,part,`},
		{agentsHeader + "helm,,,helm,,prod\n", `agents.csv:2: the row has 6 values; it must have 7`},
		{agentsHeader + "# why\n\nhelm,,,helm,,production,\n", `agents.csv:4: role "production" is unknown; take one of local_dev, `},
		{agentsHeader + "Helm,,,helm,,prod,\n", `agents.csv:2: product "Helm" is no name; take that before the slash, in lower case, or *`},
		{agentsHeader + ",,x,helm,,prod,\n", `agents.csv:2: product "" is no name`},
		{agentsHeader + "helm,Up stream,,helm,,prod,\n", `agents.csv:2: part "Up stream" is unknown`},
		{agentsHeader + "*,,,helm,,prod,\n", `agents.csv:2: the rule takes every user agent`},
		{agentsHeader + "helm,,,=helm,,prod,\n", `agents.csv:2: tool "=helm" is not a name of at most 64`},
		{agentsHeader + "helm,,,helm ,,prod,\n", `agents.csv:2: tool "helm " is not a name`},
		{agentsHeader + "helm,,," + strings.Repeat("h", 65) + ",,prod,\n", `is not a name of at most 64`},
		{agentsHeader + "helm,,,helm,1,prod,\n", `agents.csv:2: version_of "1" is unknown`},
		{agentsHeader + "helm,,a(b,helm,,prod,\n", `agents.csv:2: match is no regular expression: error parsing regexp: missing closing )`},
		{agentsHeader + "helm,,^Helm/3,helm,match,prod,\n", `agents.csv:2: version_of is match, but match "^Helm/3" has no group`},
		{agentsHeader + "helm,,,helm,match,prod,\n", `agents.csv:2: version_of is match, but match "" has no group`},
		{agentsHeader + "helm,,,helm,,prod,\"a\nhelm,,,helm,,prod,\n", `agents.csv:2: extraneous or missing " in quoted-field; quote values`},
		{agentsHeader + "helm,,a,x,,prod,\nhelm,,b,x,,prod,\nhelm,,a,y,,prod,\n", `agents.csv:4: the rule is never reached, because that of line 2`},
		{agentsHeader + "helm,,,x,,prod,\nhelm,,b,y,,prod,\n", `agents.csv:3: the rule is never reached, because that of line 2`},
	} {
		path := writeTable(t, "agents.csv", test.content)
		_, err := Default().Extend(path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("table %q\n got error %v\nwant %s", test.content, err, test.want)
		}
	}
	if _, err := Default().Extend(filepath.Join(t.TempDir(), "none.csv")); err == nil || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("error %v, want one that names the missing file", err)
	}
}

func TestExplain(t *testing.T) {
	const table = "agents.csv (user agents, 2026-11-20)"
	const compose = `docker/28.1.1 os/linux arch/arm64 UpstreamClient(compose/v2.36.0 \(darwin\))`
	rule := Default().Parse(compose).Rule
	if !regexp.MustCompile(`^agents\.csv:\d+$`).MatchString(rule) {
		t.Errorf("rule %q, want table and line", rule)
	}
	for _, test := range []struct {
		userAgent string
		want      []origin.Fact
	}{
		{compose, []origin.Fact{
			{Name: "tool", Value: "docker compose", Origin: table, Rule: rule},
			{Name: "version", Value: "2.36.0", Origin: table, Rule: rule + ", version of the upstream client"},
			{Name: "os", Value: "darwin", Origin: "user agent", Rule: "upstream comment"},
			{Name: "arch", Value: "arm64", Origin: "user agent", Rule: "token arch/"},
			{Name: "role", Value: "local_dev", Origin: table, Rule: rule},
		}},
		{"acme/1 (linux)", []origin.Fact{
			{Name: "tool", Value: "acme", Origin: "user agent", Rule: firstProduct},
			{Name: "version", Value: "1", Origin: "user agent", Rule: firstProduct},
			{Name: "os", Value: "linux", Origin: "user agent", Rule: "comment"},
			{Name: "arch", Origin: "user agent", Rule: "the user agent names no architecture"},
			{Name: "role", Value: generic, Origin: "user agent", Rule: firstProduct + ", without a rule the role is generic"},
		}},
		{"", []origin.Fact{
			{Name: "tool", Origin: "user agent", Rule: "the user agent is empty"},
			{Name: "version", Origin: "user agent", Rule: "the user agent is empty"},
			{Name: "os", Origin: "user agent", Rule: "the user agent names no operating system"},
			{Name: "arch", Origin: "user agent", Rule: "the user agent names no architecture"},
			{Name: "role", Value: generic, Origin: "user agent", Rule: "the user agent is empty, without a rule the role is generic"},
		}},
		{"=1", []origin.Fact{
			{Name: "tool", Origin: "user agent", Rule: "no rule matches and there is no first product token"},
		}},
	} {
		got := Default().Explain(test.userAgent)
		if len(got) != 5 {
			t.Fatalf("Explain(%q) has %d facts, want 5", test.userAgent, len(got))
		}
		for i, want := range test.want {
			if got[i] != want {
				t.Errorf("Explain(%q)\n got %+v\nwant %+v", test.userAgent, got[i], want)
			}
		}
	}
}

// A table is free text too: it loads or says where it is wrong, and what it reports is safe.
func FuzzReadRules(f *testing.F) {
	f.Add(string(agentsCSV), "docker/1")
	f.Add(agentsHeader+"helm,,^Helm/(\\d),helm,match,prod,\n", "Helm/3")
	f.Add(agentsHeader+"*,x,(a)?,,match,prod,\n", "y x/b")
	f.Fuzz(func(t *testing.T, content, userAgent string) {
		table, err := embeddedTable("agents.csv", agentsTitle, []byte(content), agentColumns)
		if err != nil {
			return
		}
		if rules, err := new(Rules).extend(table); err == nil {
			checkSafe(t, userAgent, rules.Parse(userAgent))
		} else if !strings.HasPrefix(err.Error(), "agents.csv:") {
			t.Fatalf("error %v names no line", err)
		}
	})
}
