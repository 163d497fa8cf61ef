package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
	"github.com/pullscope/pullscope/reports"
)

// reportsData loads fixtures/reports, which is small enough to count by hand, and
// returns the data directory and its configuration.
func reportsData(t *testing.T, more string) (data, config string) {
	t.Helper()
	dir := t.TempDir()
	err := ipdbtest.Write(filepath.Join(dir, "company.mmdb"), ipdbtest.IPinfoCompanyType, 4, time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), []ipdbtest.Network{
		{Prefix: "192.0.2.0/24", Record: ipdbtest.IPinfoCompany(ipdbtest.Facts{Country: "DE", Type: "business", Domain: "initech.example", ASN: 64500})},
		{Prefix: "198.51.100.0/24", Record: ipdbtest.IPinfoCompany(ipdbtest.Facts{Country: "IE", Type: "hosting", Domain: "amazonaws.com", ASN: 16509})},
	})
	if err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(dir, "engine.toml")
	text := `
[enrichment]
databases = ["company.mmdb"]
[reports]
technographic_min_users = 2
` + more + `
[[publisher]]
id = "acme"
name = "Acme, Inc."
namespaces = ["acme", "acme-labs"]
`
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	data = filepath.Join(dir, "data")
	fixtures := filepath.Join("..", "..", "fixtures", "reports")
	mustEngine(t, "run", "--data", data, "--config", config, "--input", filepath.Join(fixtures, "requests.csv"), "--extensions", filepath.Join(fixtures, "extension-events.csv"))
	return data, config
}

// golden compares a file with the expected one, or with -update makes it so.
func golden(t *testing.T, got []byte, expected string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(expected), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(expected, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		if len(got) > 4000 {
			got, want = got[:4000], want[:min(len(want), 4000)]
		}
		t.Errorf("%s: got\n%s\nwant\n%s", expected, got, want)
	}
}

// TestReportsByHand compares every report of the week 2026-W38 with numbers that
// were counted by hand: fixtures/reports/README.md has the count.
func TestReportsByHand(t *testing.T) {
	data, _ := reportsData(t, "")
	for _, publisher := range []string{"acme", "globex"} {
		for _, report := range reports.All() {
			name := filepath.Join(publisher, report.Name+".csv")
			got, err := os.ReadFile(filepath.Join(data, "reports", publisher, "weekly", "2026-09-14", report.Name+".csv"))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, got, filepath.Join("..", "..", "fixtures", "reports", "expected", name))
		}
	}
}
