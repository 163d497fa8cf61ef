package lake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pullscope/pullscope/engine/period"
)

const (
	attemptFile = "attempt.json"
	workerFile  = "worker.json"
)

// Attempt is the last time that somebody tried to run: attempt.json. Failed runs leave no manifest, so this is
// where they are seen.
type Attempt struct {
	// Run is the id of the run; empty when it failed before it had one.
	Run string `json:"run"`
	// StartedAt is when the attempt began, by the clock of the machine.
	StartedAt time.Time `json:"started_at"`
	// EndedAt is when it was over.
	EndedAt time.Time `json:"ended_at"`
	// Error is why it failed; empty when it did not.
	Error string `json:"error,omitempty"`
	// Failures is how many attempts have failed since the last that did not.
	Failures int `json:"failures"`
}

// WriteAttempt replaces what is known of the last attempt. The caller holds the lock.
func (l *Lake) WriteAttempt(a Attempt) error {
	return l.writeState("record the attempt", attemptFile, a)
}

// Attempt returns the last attempt, nil when there was none.
func (l *Lake) Attempt() (*Attempt, error) { return readState[Attempt](l, attemptFile) }

// WorkerState is what the worker on a data directory does: worker.json.
type WorkerState struct {
	// PID is the process of the worker, on Host.
	PID int `json:"pid"`
	// Host is the name of its machine.
	Host string `json:"host"`
	// Schedule is what it was given: weekly, or five or six fields of cron.
	Schedule string `json:"schedule"`
	// StartedAt is when it began.
	StartedAt time.Time `json:"started_at"`
	// NextDue is when it runs next, be it on schedule or again after a failure.
	NextDue time.Time `json:"next_due"`
	// Retry says that NextDue is a repetition of a run that failed.
	Retry bool `json:"retry,omitempty"`
	// StoppedAt is when it ended in good order; zero while it works, and after a crash.
	StoppedAt time.Time `json:"stopped_at,omitzero"`
}

// WriteWorkerState replaces what is known of the worker. The caller holds the worker's lock.
func (l *Lake) WriteWorkerState(s WorkerState) error {
	return l.writeState("record the worker's state", workerFile, s)
}

// WorkerState returns what the last worker wrote, nil when there was none.
func (l *Lake) WorkerState() (*WorkerState, error) { return readState[WorkerState](l, workerFile) }

// writeState replaces a small file of the data directory at once.
func (l *Lake) writeState(verb, name string, state any) error {
	if err := l.writable(verb); err != nil {
		return err
	}
	text, err := encodeJSON(state)
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	// Room for what is to be told when the disk is full: then the file is written in place.
	text = append(text, bytes.Repeat([]byte(" "), max(0, stateBytes-len(text)-1))...)
	text = append(text, '\n')
	err = writeFile(l.path(name), text, l.Scratch())
	if errors.Is(err, unix.ENOSPC) {
		err = overwrite(l.path(name), text)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

// stateBytes is how large small files of the data directory are at least.
const stateBytes = 4096

// overwrite replaces the content of a file that is as large, which needs no space.
func overwrite(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Size() != int64(len(text)) {
		err = unix.ENOSPC
	}
	if err == nil {
		_, err = file.WriteAt(text, 0)
	}
	return errors.Join(err, file.Close())
}

// readState reads a small file of the data directory, nil when it is not there.
func readState[T any](l *Lake, name string) (*T, error) {
	var state T
	text, err := os.ReadFile(l.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w); remove it, the next run writes it anew", l.path(name), err)
	}
	return &state, nil
}

// EndedWell reports whether the run did all that it was to do: it published, and was not one of the batches
// before the last.
func (r *Run) EndedWell() bool { return r.Error == "" && (r.Load == nil || r.Load.Finished) }

// Unfinished is the load that a run began and no later one finished, nil when there is none. The runs are
// ascending, as Runs returns them.
func Unfinished(runs []Run) *Load {
	for n := len(runs) - 1; n >= 0; n-- {
		if load := runs[n].Load; load != nil {
			if load.Finished {
				return nil
			}
			return load
		}
	}
	return nil
}

// Horizon is the first day that the lake still keeps whole: the requests of the days before it were pruned, and it
// does not change any more, since its first requests may continue pruned ones. Empty when nothing was pruned.
func Horizon(runs []Run) period.Day {
	var horizon period.Day
	for _, run := range runs {
		if run.Pruned != nil {
			horizon = max(horizon, run.Pruned.Horizon)
		}
	}
	return horizon
}
