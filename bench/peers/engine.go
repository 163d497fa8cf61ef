// What does our own run cost, and what does it count?

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// engine is the built binary and the directory for its data.
type engine struct {
	binary string
	data   string
}

// buildEngine builds the binary into a directory.
func buildEngine(dir string) (engine, error) {
	e := engine{binary: filepath.Join(dir, "engine"), data: filepath.Join(dir, "data")}
	_, _, err := run("go", "build", "-o", e.binary, "./cmd/engine")
	return e, err
}

// clean removes the data of the last run.
func (e engine) clean() { os.RemoveAll(e.data) }

// engineRun is one run of the engine into an empty data directory.
type engineRun struct {
	cost
	version  string
	accepted int64
	load     float64 // seconds
	classify float64 // seconds
}

// run loads a log up to the stored, checked lake. No report is published: the period has no data.
func (e engine) run(log string) (engineRun, error) {
	if err := os.RemoveAll(e.data); err != nil {
		return engineRun{}, fmt.Errorf("remove the last run's data: %w", err)
	}
	out, took, err := run(e.binary, "run", "--data", e.data, "--input", log, "--period", "2000-01", "--json")
	if err != nil {
		return engineRun{}, err
	}
	var manifest struct {
		Engine  string
		Inputs  []struct{ Accepted int64 }
		Check   struct{ Differences int64 }
		Timings []struct {
			Step    string
			Seconds float64
		}
	}
	if err := json.Unmarshal(out, &manifest); err != nil {
		return engineRun{}, fmt.Errorf("read the manifest of the run: %w", err)
	}
	if manifest.Check.Differences != 0 || len(manifest.Inputs) != 1 {
		return engineRun{}, fmt.Errorf("the run read %d inputs, not one, or its check found differences", len(manifest.Inputs))
	}
	r := engineRun{cost: took, version: manifest.Engine, accepted: manifest.Inputs[0].Accepted}
	steps := map[string]float64{}
	for _, timing := range manifest.Timings {
		steps[timing.Step] = timing.Seconds
	}
	r.load, r.classify = steps["load"], steps["classify"]
	if r.load == 0 || r.classify == 0 {
		return engineRun{}, fmt.Errorf("the manifest of the run has no time for the steps load and classify: %v", steps)
	}
	return r, nil
}

// counts asks the data of the last run.
func (e engine) counts() (counts, error) {
	out, _, err := run(e.binary, "query", "--data", e.data, "--format", "csv", `
		select
			count(*) as requests,
			count(*) filter (where action = 'version_check') as version_checks,
			count(*) filter (where action = 'pull_by_tag') as pulls_by_tag,
			count(*) filter (where action = 'pull_by_digest') as pulls_by_digest
		from requests`)
	if err != nil {
		return counts{}, err
	}
	records, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil || len(records) != 2 || len(records[1]) != 4 {
		return counts{}, fmt.Errorf("read the engine's counts: got %q", out)
	}
	var n [4]int64
	for i, field := range records[1] {
		if n[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return counts{}, fmt.Errorf("read the engine's counts: %w", err)
		}
	}
	return counts{n[0], n[1], n[2], n[3]}, nil
}
