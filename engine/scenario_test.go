package engine

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pullscope/pullscope/engine/classify"
)

// TestScenarios runs every scenario of the corpus through the whole engine: real files in, stored labels out.
func TestScenarios(t *testing.T) {
	for _, scenario := range scenarioFiles(t) {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			// Before the first closed period: reports have their own tests.
			e := newEngine(t.TempDir(), scenario.Rows[0].At)
			e.Config.Window.Duration = scenario.Window
			inputs := writeScenario(t, t.TempDir(), scenario)
			result := mustRun(t, e, inputs...)
			if check := result.Last().Check; check.Requests != int64(len(scenario.Rows)) || check.Differences != 0 {
				t.Errorf("check is %+v, want %d requests without difference", check, len(scenario.Rows))
			}
			checkStoredLabels(t, e, scenario)
		})
	}
}

// scenarioFile is the name of a scenario's file on disk.
func scenarioFile(scenario classify.Scenario, file int) string {
	if scenario.Files[file] == "" {
		return "access.csv"
	}
	return scenario.Files[file] + ".csv"
}

// writeScenario writes the input files of a scenario.
func writeScenario(t *testing.T, dir string, scenario classify.Scenario) []string {
	t.Helper()
	rows := make([][]logRow, len(scenario.Files))
	for _, row := range scenario.Rows {
		rows[row.File] = append(rows[row.File], logRow{
			at: row.At, client: row.Client, method: row.Method.String(), image: row.Image, reference: row.Reference, digest: row.Digest,
		})
	}
	var paths []string
	for file := range rows {
		paths = append(paths, writeFile(t, filepath.Join(dir, scenarioFile(scenario, file)), csvText(rows[file])))
	}
	return paths
}

// checkStoredLabels holds the stored labels against the expected ones, line by line.
func checkStoredLabels(t *testing.T, e *Engine, scenario classify.Scenario) {
	t.Helper()
	stored := map[string][]string{}
	// A log that was read in the same run has one source, and the source one file name.
	for _, row := range query(t, e, `select runs.file || ':' || requests.line, action, action_requests, action_digest
		from requests inner join runs on requests.source = runs.source`) {
		if stored[row[0]] != nil {
			t.Errorf("%s is stored twice", row[0])
		}
		stored[row[0]] = row[1:]
	}
	for _, row := range scenario.Rows {
		// Line 1 of the file is the header.
		place := fmt.Sprintf("%s:%d", scenarioFile(scenario, row.File), row.Line+1)
		want := []string{"∅", "∅", "∅"}
		if row.Action != classify.None {
			want = []string{row.Action.String(), strconv.Itoa(row.ActionRequests), orUnknown(row.ActionDigest)}
		}
		if got := fmt.Sprint(stored[place]); got != fmt.Sprint(want) {
			t.Errorf("%s: stored as %s, want %s", place, got, want)
		}
	}
	if len(stored) != len(scenario.Rows) {
		t.Errorf("%d requests are stored, want %d", len(stored), len(scenario.Rows))
	}
}

func orUnknown(digest string) string {
	if digest == "" {
		return "∅"
	}
	return digest
}
