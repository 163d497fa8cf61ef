package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Status is the state of a data directory, as its manifests and the sizes of its files tell it. The JSON names
// stay as they are; times are UTC.
type Status struct {
	// CheckedAt is when Status looked.
	CheckedAt time.Time `json:"checked_at"`
	// Data is the path of the data directory.
	Data string `json:"data"`
	// InOrder says that there are no problems.
	InOrder bool `json:"in_order"`
	// Problems are what somebody should look at, the worst first.
	Problems []Problem `json:"problems"`
	// AtWork is who holds the lock of the data directory now; nil: nobody.
	AtWork *lake.Holder `json:"at_work"`
	// Worker is the worker of the data directory; nil: there never was one.
	Worker *WorkerStatus `json:"worker"`
	// LastAttempt is how the last run went, also when it failed; nil: none is known.
	LastAttempt *lake.Attempt `json:"last_attempt"`
	// LastGoodRun is the newest run without an error; empty: there was none.
	LastGoodRun string `json:"last_good_run"`
	// LastGoodAt is when it ended.
	LastGoodAt time.Time `json:"last_good_at,omitzero"`
	// Lake is what is stored.
	Lake LakeStatus `json:"lake"`
	// Inputs are all logs but those that a longer version replaced.
	Inputs InputTotals `json:"inputs"`
	// LastInputs are the logs of the newest run that read any, all of them; nil: no run did.
	LastInputs *InputTotals `json:"last_inputs"`
	// Periods are the weeks and then the months with requests, extension events or reports, each ascending.
	Periods []PeriodStatus `json:"periods"`
	// PeriodsDue is how many periods the next run publishes.
	PeriodsDue int `json:"periods_due"`
	// Runs are the newest runs, the newest first.
	Runs []RunSummary `json:"runs"`
}

// Problem is something that is not in order.
type Problem struct {
	// Kind is what it is, for programs.
	Kind ProblemKind `json:"kind"`
	// Text says it in one sentence.
	Text string `json:"text"`
}

// ProblemKind names a kind of problem.
type ProblemKind string

// The problems that Status knows.
const (
	RunFailed     ProblemKind = "run_failed"
	WorkerDied    ProblemKind = "worker_died"
	WorkerOverdue ProblemKind = "worker_overdue"
	OtherSettings ProblemKind = "other_settings" // runs with this configuration are refused
)

// LakeStatus is what is stored.
type LakeStatus struct {
	// Days is how many days have requests.
	Days int `json:"days"`
	// FirstDay is the first of them; empty: there are none.
	FirstDay period.Day `json:"first_day"`
	// LastDay is the last of them.
	LastDay  period.Day `json:"last_day"`
	Requests int64      `json:"requests"`
	Actions  int64      `json:"actions"`
	// ExtensionDays is how many days have extension events.
	ExtensionDays   int   `json:"extension_days"`
	ExtensionEvents int64 `json:"extension_events"`
	// Bytes is the size of the day files of both.
	Bytes int64 `json:"bytes"`
	// Horizon is the first day whose requests are kept; empty: none were removed.
	Horizon period.Day `json:"horizon"`
	// Gaps and LowDays are how many Engine.Gaps finds.
	Gaps    int `json:"gaps"`
	LowDays int `json:"low_days"`
	// NewestGaps are the last three of the gaps, the newest first.
	NewestGaps []Gap `json:"newest_gaps"`
}

// InputTotals sums up logs.
type InputTotals struct {
	// Run is the run that read them; empty: all runs.
	Run        string           `json:"run,omitempty"`
	Files      int              `json:"files"`
	Records    int64            `json:"records"`
	Accepted   int64            `json:"accepted"`
	Duplicates int64            `json:"duplicates"`
	Ignored    int64            `json:"ignored"`
	Rejected   int64            `json:"rejected"`
	Rejects    map[string]int64 `json:"rejects"` // by reason
}

// The newest periods of each granularity, runs and gaps that Status tells of.
const (
	statusPeriods = 6
	statusRuns    = 5
	statusGaps    = 3
)

// Status looks at a data directory. It takes no lock, changes nothing and may be called during a run. With
// allPeriods it lists every period, else the newest six weeks and months.
func (e *Engine) Status(allPeriods bool) (*Status, error) {
	if err := e.Config.Validate(); err != nil {
		return nil, &UsageError{err}
	}
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return nil, err
	}
	s := &Status{CheckedAt: e.now().Truncate(time.Second), Data: e.Dir, Problems: []Problem{}}
	// First, so that the manifests are not those from before a run that is said to be over.
	if err := s.lookAtWork(store); err != nil {
		return nil, err
	}
	runs, err := readRuns(store)
	if err != nil {
		return nil, err
	}
	s.Runs = summaries(runs, statusRuns)
	s.lookAtRuns(runs)
	if refused := e.checkSettings(runs); refused != nil {
		s.Problems = append(s.Problems, Problem{OtherSettings, refused.Error()})
	}
	days, err := storedDays(store, runs)
	if err != nil {
		return nil, err
	}
	if err := s.lookAtLake(e, store, runs, days); err != nil {
		return nil, err
	}
	if s.Periods, err = e.periods(store, runs, s.AtWork != nil); err != nil {
		return nil, err
	}
	for _, p := range s.Periods {
		if p.State == PeriodDue {
			s.PeriodsDue++
		}
	}
	if !allPeriods {
		s.Periods = newestPeriods(s.Periods, statusPeriods)
	}
	s.InOrder = len(s.Problems) == 0
	return s, nil
}

// history opens the data directory for reading and reads its manifests.
func (e *Engine) history() (*lake.Lake, []lake.Run, error) {
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return nil, nil, err
	}
	runs, err := readRuns(store)
	return store, runs, err
}

// readRuns reads the manifests without a lock.
func readRuns(store *lake.Lake) ([]lake.Run, error) {
	runs, err := store.Runs()
	if errors.Is(err, fs.ErrNotExist) { // pruned between listing and reading
		return store.Runs()
	}
	return runs, err
}

// lookAtRuns tells how the last runs went and what they read.
func (s *Status) lookAtRuns(runs []lake.Run) {
	for _, run := range slices.Backward(runs) {
		if run.EndedWell() {
			s.LastGoodRun, s.LastGoodAt = run.Run, run.EndedAt.UTC()
			break
		}
	}
	s.Inputs = totalsOf("", slices.Concat(lake.LiveInputsByRun(runs)...))
	for _, run := range slices.Backward(runs) {
		if len(run.Inputs) > 0 {
			totals := totalsOf(run.Run, run.Inputs)
			s.LastInputs = &totals
			break
		}
	}
	if failed := s.failure(runs); failed != "" {
		s.Problems = slices.Insert(s.Problems, 0, Problem{RunFailed, failed})
	}
}

// failure says how the last attempt failed; empty when it did not.
func (s *Status) failure(runs []lake.Run) string {
	since := "no run has ended well yet"
	if s.LastGoodRun != "" {
		since = fmt.Sprintf("the last good run, %s, ended at %s", s.LastGoodRun, s.LastGoodAt.Format(time.RFC3339))
	}
	attempt := s.LastAttempt
	if attempt == nil { // of a version that did not record attempts
		if len(runs) == 0 || runs[len(runs)-1].Error == "" {
			return ""
		}
		last := runs[len(runs)-1]
		attempt = &lake.Attempt{EndedAt: last.EndedAt, Error: last.Error, Failures: 1}
	}
	if attempt.Error == "" {
		return ""
	}
	which := "the last run failed"
	if attempt.Failures > 1 {
		which = fmt.Sprintf("the last %d runs failed, the last one", attempt.Failures)
	}
	return fmt.Sprintf("%s at %s (%s): %s", which, attempt.EndedAt.UTC().Format(time.RFC3339), since, strings.TrimSpace(attempt.Error))
}

func (s *Status) lookAtLake(e *Engine, store *lake.Lake, runs []lake.Run, days []storedDay) error {
	l := LakeStatus{Days: len(days), Horizon: lake.Horizon(runs), NewestGaps: []Gap{}}
	for _, day := range days {
		l.Requests += day.Requests
		l.Actions += day.Actions
		l.Bytes += day.Bytes
	}
	if len(days) > 0 {
		l.FirstDay, l.LastDay = days[0].Day, days[len(days)-1].Day
	}
	events, err := storedExtensionDays(store, runs)
	if err != nil {
		return err
	}
	l.ExtensionDays = len(events)
	for _, day := range events {
		l.ExtensionEvents += day.Events
		l.Bytes += day.Bytes
	}
	gaps := findGaps(days, l.Horizon)
	l.Gaps, l.LowDays = len(gaps), len(findLowDays(days, l.Horizon, e.now(), e.Config.Grace.Duration))
	for _, gap := range slices.Backward(gaps) {
		if len(l.NewestGaps) < statusGaps {
			l.NewestGaps = append(l.NewestGaps, gap)
		}
	}
	s.Lake = l
	return nil
}

func totalsOf(run string, inputs []lake.Input) InputTotals {
	totals := InputTotals{Run: run, Files: len(inputs), Rejects: map[string]int64{}}
	for _, input := range inputs {
		totals.Records += input.Records
		totals.Accepted += input.Accepted
		totals.Duplicates += input.Duplicates
		totals.Ignored += input.IgnoredTotal()
		totals.Rejected += input.Rejected
		for reason, n := range rejectsOf(input) {
			totals.Rejects[reason] += n
		}
	}
	return totals
}
