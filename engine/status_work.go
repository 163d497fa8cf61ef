package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
)

// WorkerStatus is what is known of the worker of a data directory.
type WorkerStatus struct {
	lake.WorkerState
	// State is whether it runs.
	State WorkerRuns `json:"state"`
}

// WorkerRuns says whether a worker runs.
type WorkerRuns string

// The states of a worker.
const (
	WorkerRunning WorkerRuns = "running"
	WorkerStopped WorkerRuns = "stopped" // in good order
	WorkerDead    WorkerRuns = "dead"    // it was not stopped
	WorkerUnknown WorkerRuns = "unknown" // the lock can be seen by its owner only
)

// overdueAfter is how long after its due time a worker has begun, whatever it had to do before.
const overdueAfter = 10 * time.Minute

// lookAtWork tells who works on the data directory, and how the last attempt ended.
func (s *Status) lookAtWork(store *lake.Lake) error {
	holders, err := store.Holders()
	hidden := errors.Is(err, fs.ErrPermission)
	if err != nil && !hidden {
		return err
	}
	s.AtWork = holders.Writer
	if s.LastAttempt, err = store.Attempt(); err != nil {
		return fmt.Errorf("read the last attempt: %w", err)
	}
	state, err := store.WorkerState()
	if err != nil {
		return fmt.Errorf("read the worker's state: %w", err)
	}
	if state != nil && state.StoppedAt.IsZero() && holders.Worker == nil && !hidden {
		// It may have begun since we looked.
		if alive, by := store.WorkerAlive(); alive {
			holders.Worker = &by
		}
	}
	if problem := s.judgeWorker(state, holders.Worker, hidden); problem != nil {
		s.Problems = append(s.Problems, *problem)
	}
	return nil
}

// judgeWorker compares what the worker wrote with who holds its lock.
func (s *Status) judgeWorker(state *lake.WorkerState, holder *lake.Holder, hidden bool) *Problem {
	if state == nil && holder == nil {
		return nil
	}
	w := &WorkerStatus{State: WorkerRunning}
	s.Worker = w
	if state != nil {
		w.WorkerState = *state
	} else { // it has just begun
		w.PID, w.Host, w.StartedAt = holder.PID, holder.Host, holder.Since
	}
	switch {
	case holder != nil && !w.StoppedAt.IsZero(): // what its predecessor wrote
		w.WorkerState = lake.WorkerState{PID: holder.PID, Host: holder.Host, StartedAt: holder.Since}
	case holder != nil:
		if s.AtWork == nil && !w.NextDue.IsZero() && s.CheckedAt.Sub(w.NextDue) > overdueAfter {
			return &Problem{WorkerOverdue, fmt.Sprintf("the worker (%s) was to run at %s and does nothing; see its log, and start it again",
				w, w.NextDue.UTC().Format(time.RFC3339))}
		}
	case !w.StoppedAt.IsZero():
		w.State = WorkerStopped
	case hidden:
		w.State = WorkerUnknown
	default:
		w.State = WorkerDead
		return &Problem{WorkerDied, fmt.Sprintf("the worker (%s) is not running, but was not stopped; start it again, or remove worker.json if none is wanted", w)}
	}
	return nil
}

// String says who the worker is.
func (w *WorkerStatus) String() string {
	return fmt.Sprintf("%s, process %d on %s, since %s", w.Schedule, w.PID, w.Host, w.StartedAt.UTC().Format(time.RFC3339))
}
