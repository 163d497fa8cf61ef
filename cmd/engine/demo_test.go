package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pullscope/pullscope/reports"
)

// TestDemoReports runs the demo as `make run` does and compares the weekly
// reports of its two publishers with fixtures/demo/expected, byte by byte. That the
// numbers themselves are right is what fixtures/demo/truth.json is held against.
func TestDemoReports(t *testing.T) {
	demo := filepath.Join("..", "..", "fixtures", "demo")
	data := filepath.Join(t.TempDir(), "data")
	mustEngine(t, "run", "--data", data, "--config", filepath.Join(demo, "engine.toml"),
		"--input", filepath.Join(demo, "registry-east.access.json.gz"),
		"--input", filepath.Join(demo, "registry-west.csv"), "--input", filepath.Join(demo, "mirror.access.log"),
		"--extensions", filepath.Join(demo, "extension-events.csv"))
	for _, publisher := range []string{"acme", "globex"} {
		for _, report := range reports.All() {
			name := filepath.Join(publisher, "weekly", "2026-09-14", report.Name+".csv")
			got, err := os.ReadFile(filepath.Join(data, "reports", name))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, got, filepath.Join(demo, "expected", name))
		}
	}
}
