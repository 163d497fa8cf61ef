package agent

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

func TestUseCases(t *testing.T) {
	for _, test := range []struct{ role, base, onCloud string }{
		{"local_dev", "Local Dev", "CI/CD"},
		{"ci_cd", "CI/CD", "Prod"},
		{"prod", "Prod", "Prod"},
		{"mirror", "Unknown", "Unknown"},
		{"checker", "Unknown", "Unknown"},
		{"scanner", "Unknown", "Unknown"},
		{"generic", "Unknown", "Unknown"},
		{"", "Unknown", "Unknown"},
		{"LOCAL_DEV", "Unknown", "Unknown"},
	} {
		if base, onCloud := DefaultUseCases().Of(test.role); base != test.base || onCloud != test.onCloud {
			t.Errorf("Of(%q) = %q, %q; want %q, %q", test.role, base, onCloud, test.base, test.onCloud)
		}
	}
}

func TestUseCasesExtend(t *testing.T) {
	path := writeTable(t, "use_cases.csv", "# 2026-12-01\nrole,use_case,on_cloud\nscanner,CI/CD,CI/CD\nlocal_dev,Local Dev,Local Dev\nmirror,Unknown,Prod\n")
	extended, err := DefaultUseCases().Extend(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ role, base, onCloud string }{
		{"scanner", "CI/CD", "CI/CD"},
		{"local_dev", "Local Dev", "Local Dev"},
		{"mirror", "Unknown", "Prod"},
		{"ci_cd", "CI/CD", "Prod"},
	} {
		if base, onCloud := extended.Of(test.role); base != test.base || onCloud != test.onCloud {
			t.Errorf("Of(%q) = %q, %q; want %q, %q", test.role, base, onCloud, test.base, test.onCloud)
		}
	}
	if base, _ := DefaultUseCases().Of("scanner"); base != unknown {
		t.Errorf("the embedded table changed: scanner is %q", base)
	}
	origins := extended.Origins()
	if len(origins) != 2 || origins[1].Kind != origin.Override || origins[1].Name != "use_cases.csv" || origins[1].Built != "2026-12-01" || origins[1].Entries != 3 {
		t.Errorf("origins %+v, want the embedded table and the user's with 3 entries", origins)
	}
	const own, embedded = "use_cases.csv (own use cases, 2026-12-01)", "use_cases.csv (use cases, 2026-11-20)"
	for role, want := range map[string]origin.Fact{
		"scanner": {Name: "use case", Value: "CI/CD", Origin: own, Rule: "overrides/use_cases.csv:3, role scanner"},
		"prod":    {Name: "use case", Value: "Prod", Origin: embedded, Rule: "use_cases.csv:6, role prod"},
		"x":       {Name: "use case", Value: unknown, Rule: `role "x" is in no table`},
	} {
		if got := extended.Explain(role); len(got) != 2 || got[0] != want || got[1].Name != "use case on a cloud" {
			t.Errorf("Explain(%q) = %+v, want %+v first", role, got, want)
		}
	}
}

func TestUseCasesExtendErrors(t *testing.T) {
	const header = "role,use_case,on_cloud\n"
	for _, test := range []struct{ content, want string }{
		{"", "use_cases.csv: the file has no header"},
		{"role,use_case\n", `use_cases.csv:1: the header is "role,use_case"`},
		{header + "prod,Prod\n", "use_cases.csv:2: the row has 2 values; it must have 3"},
		{header + "production,Prod,Prod\n", `use_cases.csv:2: role "production" is unknown; take one of`},
		{header + "prod,Production,Prod\n", `use_cases.csv:2: use cases "Production" and "Prod" must both be one of Local Dev, CI/CD, Prod, Unknown`},
		{header + "prod,Prod,\n", `use_cases.csv:2: use cases "Prod" and "" must both be`},
		{header + "prod,prod,prod\n", `use_cases.csv:2: use cases "prod" and "prod" must both be`},
		{header + "local_dev,Local Dev,Prod\n", "use_cases.csv:2: a cloud address leaves Local Dev as it is or shifts it by one step of Local Dev, CI/CD, Prod, not to Prod"},
		{header + "prod,Prod,CI/CD\n", "use_cases.csv:2: a cloud address leaves Prod as it is"},
		{header + "prod,Prod,Prod\nprod,Prod,Prod\n", "use_cases.csv:3: role prod is in line 2 already; keep one of the two"},
	} {
		path := writeTable(t, "use_cases.csv", test.content)
		_, err := DefaultUseCases().Extend(path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("table %q\n got error %v\nwant %s", test.content, err, test.want)
		}
	}
	if _, err := DefaultUseCases().Extend(filepath.Join(t.TempDir(), "none.csv")); err == nil || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("error %v, want one that names the missing file", err)
	}
}
