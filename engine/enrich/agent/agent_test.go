package agent

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// agentCase is one row of testdata/agents.csv.
type agentCase struct {
	userAgent string
	want      Agent // without Rule
}

func agentCases(t testing.TB) []agentCase {
	t.Helper()
	file, err := os.Open("testdata/agents.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var cases []agentCase
	for _, row := range rows[1:] {
		cases = append(cases, agentCase{row[0], Agent{Tool: row[1], Version: row[2], OS: row[3], Arch: row[4], Role: row[5]}})
	}
	return cases
}

func TestParse(t *testing.T) {
	for _, test := range agentCases(t) {
		got := Default().Parse(test.userAgent)
		got.Rule = ""
		if got != test.want {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", test.userAgent, got, test.want)
		}
	}
}

// Logs escape what clients sent; that must change nothing.
func TestParseReadsLogEscapes(t *testing.T) {
	escapes := map[string]*strings.Replacer{
		"nginx":               strings.NewReplacer(`\`, `\x5C`, `"`, `\x22`),
		"lower-case hex":      strings.NewReplacer(`\`, `\x5c`),
		"JSON":                strings.NewReplacer(`\`, `\\`),
		"JSON twice":          strings.NewReplacer(`\`, `\\\\`),
		"nginx in JSON":       strings.NewReplacer(`\`, `\\x5C`),
		"no escape":           strings.NewReplacer(`\(`, `(`, `\)`, `)`),
		"space on both sides": strings.NewReplacer(),
	}
	for _, test := range agentCases(t) {
		if strings.Contains(test.userAgent, `\x`) {
			continue
		}
		for name, escape := range escapes {
			escaped := escape.Replace(test.userAgent)
			if name == "space on both sides" {
				escaped = " \t" + escaped + " "
			}
			if name == "no escape" && strings.HasPrefix(test.userAgent, `C:`) {
				continue
			}
			got := Default().Parse(escaped)
			got.Rule = ""
			if got != test.want {
				t.Errorf("%s: Parse(%q)\n got %+v\nwant %+v", name, escaped, got, test.want)
			}
		}
	}
}

// Without a rule the first product token counts, if it can be published.
func TestParseUnknown(t *testing.T) {
	for _, test := range []struct{ userAgent, tool, version string }{
		{"Acme-Puller/1.2", "acme-puller", "1.2"},
		{"acme/v2.0.0-rc.1+unknown", "acme", "2.0.0-rc.1+unknown"},
		{"acme/1.9.3;x", "acme", "1.9.3"},
		{"acme/8.5.0, patched", "acme", "8.5.0"},
		{"acme/version", "acme", "version"}, // the v belongs to the word
		{"acme/v", "acme", "v"},
		{"acme", "acme", ""},
		{"acme ", "acme", ""},
		{" acme/1", "acme", "1"},
		{"acme(x)", "acme", ""},
		{"-", "", ""},
		{"/1.0", "", ""},
		{"acme/", "", ""},
		{"acme/=1", "", ""},
		{"(compatible)", "", ""},
		{"1acme/2", "", ""},
		{"acme\x00/2", "", ""},
		{`acme\x00/2`, "", ""},
		{"'; drop table requests; --", "", ""},
		{"=cmd()", "", ""},
		{"\u65e5\u672c/1", "", ""},
		{"acme/1\u65e5", "", ""},
		{"acme/24.0.2\nX: y", "", ""},
		{strings.Repeat("x", 64) + "/1", strings.Repeat("x", 64), "1"},
		{strings.Repeat("x", 65) + "/1", "", ""},
		{"x/" + strings.Repeat("1", 64), "x", strings.Repeat("1", 64)},
		{"x/" + strings.Repeat("1", 65), "", ""},
		{strings.Repeat("x", 1<<20), "", ""},
	} {
		want := Agent{Tool: test.tool, Version: test.version, Role: generic}
		if want.Tool != "" {
			want.Rule = firstProduct
		}
		if got := Default().Parse(test.userAgent); got != want {
			t.Errorf("Parse(%.80q)\n got %+v\nwant %+v", test.userAgent, got, want)
		}
	}
	for _, empty := range []string{"", "  ", "\t", `\x20`} {
		if got := Default().Parse(empty); got != (Agent{Role: generic}) {
			t.Errorf("Parse(%q) = %+v, want nothing but the role", empty, got)
		}
	}
}

// A known program whose version cannot be published keeps its name.
func TestParseKnownWithoutVersion(t *testing.T) {
	for _, userAgent := range []string{"helm/", "helm/=1", "helm/1\u65e5", "helm/" + strings.Repeat("1", 65), "HELM"} {
		if got := Default().Parse(userAgent); got.Tool != "helm" || got.Version != "" || got.Role != "ci_cd" {
			t.Errorf("Parse(%.80q) = %+v, want helm without a version", userAgent, got)
		}
	}
}

// Every client in the captured logs is in the test table.
func TestCapturedAgentsAreTested(t *testing.T) {
	tested := map[string]bool{}
	for _, test := range agentCases(t) {
		tested[test.userAgent] = true
	}
	file, err := os.Open(filepath.Join("..", "..", "..", "fixtures", "captures", "nginx-access.json.log.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines, seen := bufio.NewScanner(plain), map[string]bool{}
	for lines.Scan() {
		var request struct {
			UserAgent string `json:"user_agent"`
		}
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			t.Fatal(err)
		}
		seen[request.UserAgent] = true
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 19 {
		t.Errorf("the log has %d distinct user agents, want 19", len(seen))
	}
	for userAgent := range seen {
		if !tested[userAgent] {
			t.Errorf("%q is not in testdata/agents.csv", userAgent)
		}
	}
}

// Each rule of the embedded table is there for a user agent that someone wrote down.
func TestEveryRuleHasACase(t *testing.T) {
	var used []string
	for _, test := range agentCases(t) {
		used = append(used, Default().Parse(test.userAgent).Rule)
	}
	for _, r := range Default().rules {
		if !slices.Contains(used, r.where) {
			t.Errorf("%s: no row of testdata/agents.csv is decided by the rule for %s", r.where, r.product)
		}
	}
}
