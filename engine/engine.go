package engine

import (
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Version names this build; the release process sets it.
var Version = "0.1.0-dev"

// RulesVersion names the rules of SEMANTICS that the stored actions follow.
const RulesVersion = "dvp-1"

// Engine runs over one data directory. The zero value of every field but Dir
// is usable.
type Engine struct {
	Dir    string // the data directory
	Config Config
	Log    *slog.Logger     // nil: silent
	Now    func() time.Time // nil: the clock of the machine
	// Progress is told how many bytes of the inputs are read, of how many. May be nil.
	Progress func(done, total int64)
	// Differences receives the reproduction when the check fails. May be nil.
	Differences io.Writer

	hashes hashes // of files that were not changed since the last run

	// classifyModel replaces the classification in tests of the check.
	classifyModel string
	// onlySQL lets the SQL of the formats read all records, in tests of what else reads them.
	onlySQL bool
}

// Request is what one run is asked to do.
type Request struct {
	Inputs      []string       // logs: files, directories, globs; no input at all: only publish what is due
	Format      ingest.Format  // of the logs
	Extensions  []string       // files with extension events, likewise
	Period      *period.Period // only this period is published
	IncludeOpen bool           // publish periods that are not closed, too
	Prune       bool           // remove what is older than the configuration keeps it, after publishing

	// Scheduled says that nobody watches: a glob or directory without files is a
	// quiet day, and a file that is changing and cannot be read yet is left for the next run.
	Scheduled bool
	Wait      bool // for whoever holds the lock
	// Readmit lifts late_days for this run, and reads inputs again whose requests were
	// set aside because they were too late or in the future.
	Readmit bool
	// AcceptClock takes the machine's clock as right though it is behind the last run.
	AcceptClock bool
}

func (r Request) session() sessionOptions {
	return sessionOptions{command: "run", wait: r.Wait, acceptClock: r.AcceptClock}
}

// Result is what Run did.
type Result struct {
	Runs    []lake.Run   // one for each batch of inputs, in their order; none when it failed early
	Stored  bool         // the lake changed
	Pruned  *PruneResult // of a run that prunes, once it has
	Pruning *lake.Run    // the manifest that tells of it; nil when there is none
	Elapsed time.Duration
}

// Last is the last of the runs, the one that publishes; an empty one when there is none.
func (r *Result) Last() *lake.Run {
	if len(r.Runs) == 0 {
		return &lake.Run{}
	}
	return &r.Runs[len(r.Runs)-1]
}

// ErrDifference is what a run fails with when the classification and the
// reference classifier disagree.
var ErrDifference = errors.New("the check found a difference")

// UsageError is an error in what the user asked for, before any work began.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now().UTC()
	}
	return time.Now().UTC()
}

func (e *Engine) log() *slog.Logger {
	if e.Log != nil {
		return e.Log
	}
	return slog.New(slog.DiscardHandler)
}
