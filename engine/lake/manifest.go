package lake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pullscope/pullscope/engine/enrich/origin"
	"github.com/pullscope/pullscope/engine/period"
)

// Runs returns the manifests of all runs, ascending by sequence. Nothing is left out: a manifest that
// cannot be read is an error, because what is stored would no longer be accounted for.
func (l *Lake) Runs() ([]Run, error) {
	entries, err := l.list(runsDir)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var runs []Run
	for _, id := range runIDs(entries, ".json") {
		run, err := readManifest(l.runFile(id.text), id.text)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func (l *Lake) runFile(id string) string {
	return l.path(runsDir, id+".json")
}

func readManifest(path, id string) (Run, error) {
	var run Run
	if err := readJSON(path, &run); err != nil {
		return Run{}, fmt.Errorf("read run manifest: %w", err)
	}
	if run.Run != id {
		return Run{}, fmt.Errorf("read run manifest: %s is damaged, it is of run %q; restore it from a backup", path, run.Run)
	}
	return run, nil
}

// readJSON reads a file that holds one JSON value.
func readJSON(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s is damaged: %w; restore it from a backup", path, err)
	}
	return nil
}

// encodeJSON returns the one text of a value: indented, maps sorted, &, < and > as they are.
func encodeJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// Normalized returns a copy of the run as it is written: times in UTC, empty lists and maps instead of none,
// so that a column has the same type in every manifest.
func (r Run) Normalized() Run {
	r.StartedAt, r.EndedAt = r.StartedAt.UTC(), r.EndedAt.UTC()
	r.Inputs = append([]Input{}, r.Inputs...)
	for n := range r.Inputs {
		input := &r.Inputs[n]
		input.Rejects, input.Ignored = orEmpty(input.Rejects), orEmpty(input.Ignored)
		input.Days = append([]period.Day{}, input.Days...)
		input.Supersedes = append([]string{}, input.Supersedes...)
	}
	r.Skipped = append([]Skipped{}, r.Skipped...)
	r.Days = append([]RunDay{}, r.Days...)
	r.ExtensionDays = append([]ExtensionDay{}, r.ExtensionDays...)
	r.Published = append([]Published{}, r.Published...)
	for n := range r.Published {
		r.Published[n].Rows = orEmpty(r.Published[n].Rows)
	}
	r.Versions = orEmpty(r.Versions)
	if r.Pruned != nil {
		pruned := *r.Pruned
		pruned.Reports = append([]string{}, pruned.Reports...)
		r.Pruned = &pruned
	}
	r.Enrichment = append([]origin.Origin{}, r.Enrichment...)
	r.Timings = append([]Timing{}, r.Timings...)
	return r
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// writeManifest writes runs/<run>.json, which must not exist yet.
func (l *Lake) writeManifest(run Run, scratch string) error {
	path := l.runFile(run.Run)
	if there, err := exists(path); err != nil {
		return err
	} else if there {
		return errors.New(path + " exists already, and a manifest is never changed")
	}
	text, err := encodeJSON(run.Normalized())
	if err != nil {
		return err
	}
	return writeFile(path, text, scratch)
}

// DayStates returns, per stored day of requests, the hash that its newest manifest recorded. The runs are
// ascending, as Runs returns them.
func DayStates(runs []Run) map[period.Day]string { return StatesOf(runs, Requests) }

// StatesOf is DayStates for the days of any table.
func StatesOf(runs []Run, t Table) map[period.Day]string {
	states := make(map[period.Day]string)
	for _, run := range runs {
		for _, d := range run.listed(t) {
			if d.removed {
				delete(states, d.day)
			} else {
				states[d.day] = d.state.SHA256
			}
		}
	}
	return states
}

// LiveInputs returns the inputs of all runs but those that an input of the same kind, of the same or a later
// run, superseded. The runs are ascending, as Runs returns them.
func LiveInputs(runs []Run) []Input { return slices.Concat(LiveInputsByRun(runs)...) }

// LiveInputsByRun is LiveInputs with the inputs of each run apart, in the order of the runs.
func LiveInputsByRun(runs []Run) [][]Input {
	type id struct{ kind, source string }
	lastSuperseded := make(map[id]int) // the index of the run
	for n, run := range runs {
		for _, input := range run.Inputs {
			for _, source := range input.Supersedes {
				last := n
				if source == input.Source { // it was read again
					last = n - 1
				}
				lastSuperseded[id{input.Kind, source}] = last
			}
		}
	}
	live := make([][]Input, len(runs))
	for n, run := range runs {
		for _, input := range run.Inputs {
			if last, superseded := lastSuperseded[id{input.Kind, input.Source}]; !superseded || last < n {
				live[n] = append(live[n], input)
			}
		}
	}
	return live
}
