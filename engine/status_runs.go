package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// RunSummary is a run in one line. The JSON names stay as they are.
type RunSummary struct {
	Run       string    `json:"run"`
	StartedAt time.Time `json:"started_at"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
	// Files is how many logs it read, and Skipped how many it had already or left for the next run.
	Files   int `json:"files"`
	Skipped int `json:"skipped"`
	// Accepted, Duplicates, Ignored and Rejected are what became of the records of its logs.
	Accepted   int64 `json:"accepted"`
	Duplicates int64 `json:"duplicates"`
	Ignored    int64 `json:"ignored"`
	Rejected   int64 `json:"rejected"`
	// Days is how many days it rebuilt or removed.
	Days int `json:"days"`
	// Published is how many directories of reports it wrote, and Unchanged how many it found still right.
	Published int `json:"published"`
	Unchanged int `json:"unchanged"`
	// Pruned is how many requests it removed because of their age.
	Pruned int64 `json:"pruned"`
	// Recovered says that it crashed, and a later run completed it.
	Recovered bool `json:"recovered"`
	// Error is why publishing failed; empty when it did not.
	Error string `json:"error"`
}

// Runs returns the newest runs, the newest first; limit 0: all. It may be called during a run.
func (e *Engine) Runs(limit int) ([]RunSummary, error) {
	_, runs, err := e.history()
	if err != nil {
		return nil, err
	}
	return summaries(runs, limit), nil
}

// FindRun returns the manifest of a run, named by its id, the beginning of it, or its sequence number. That there
// is none, or more than one, is a UsageError.
func (e *Engine) FindRun(name string) (*lake.Run, error) {
	_, runs, err := e.history()
	if err != nil {
		return nil, err
	}
	run, err := findRun(runs, name)
	if err != nil {
		return nil, err
	}
	for i := range run.Inputs {
		run.Inputs[i].Marks = "" // long, and of use to the engine only
	}
	return run, nil
}

func findRun(runs []lake.Run, name string) (*lake.Run, error) {
	if len(runs) == 0 {
		return nil, &UsageError{fmt.Errorf("there is no run %q; nothing has been loaded yet", name)}
	}
	sequence, err := strconv.ParseUint(name, 10, 63)
	isSequence := err == nil
	var found []string
	var at int
	for i, run := range runs {
		number, _, _ := strings.Cut(run.Run, "-")
		n, _ := strconv.ParseUint(number, 10, 63) // digits, as run ids begin with
		if isSequence && n == sequence || !isSequence && name != "" && strings.HasPrefix(run.Run, name) {
			found, at = append(found, run.Run), i
		}
	}
	switch len(found) {
	case 1:
		run := runs[at].Normalized()
		return &run, nil
	case 0:
		return nil, &UsageError{fmt.Errorf("there is no run %q; the newest is %s, and engine runs lists them", name, runs[len(runs)-1].Run)}
	default:
		return nil, &UsageError{fmt.Errorf("run %q is not clear, it may be %s; write more of its name", name, strings.Join(found, " or "))}
	}
}

// summaries are of the newest runs, the newest first; limit 0: of all.
func summaries(runs []lake.Run, limit int) []RunSummary {
	all := []RunSummary{}
	for _, run := range slices.Backward(runs) {
		if limit > 0 && len(all) == limit {
			break
		}
		all = append(all, summaryOf(run))
	}
	return all
}

func summaryOf(run lake.Run) RunSummary {
	totals := totalsOf(run.Run, run.Inputs)
	s := RunSummary{
		Run: run.Run, StartedAt: run.StartedAt.UTC(), Seconds: run.EndedAt.Sub(run.StartedAt).Round(time.Millisecond).Seconds(),
		Files: totals.Files, Skipped: len(run.Skipped),
		Accepted: totals.Accepted, Duplicates: totals.Duplicates, Ignored: totals.Ignored, Rejected: totals.Rejected,
		Recovered: run.Recovered, Error: run.Error,
	}
	days := map[period.Day]bool{}
	for _, day := range run.Days {
		days[day.Day] = true
	}
	for _, day := range run.ExtensionDays {
		days[day.Day] = true
	}
	s.Days = len(days)
	for _, published := range run.Published {
		if published.Changed {
			s.Published++
		} else {
			s.Unchanged++
		}
	}
	if run.Pruned != nil {
		s.Pruned = run.Pruned.Requests
	}
	return s
}
