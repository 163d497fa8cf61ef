package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// session is a data directory under its lock, in good order, for whoever changes it.
type session struct {
	*Engine
	store   *lake.Lake
	release func() error
	begun   time.Time
	runs    []lake.Run       // what runs before have done
	chosen  []reports.Report // the reports that are published
	horizon period.Day       // the days before it were pruned
	untold  bool             // see sessionOptions
	expired int              // how many quarantine files were removed
	pruning *lake.Run        // the manifest of a pruning; nil: there was none, or nothing to remove
}

// sessionOptions say who opens a session, and how.
type sessionOptions struct {
	command     string // in words, for those who find the lock taken
	wait        bool   // until the lock is free
	acceptClock bool   // though it is behind the last run
	anySettings bool   // even if the stored days were classified with others
	untold      bool   // it is no run that anybody waits for
}

// clockTolerance is how far the clock may go back between two runs: more than
// any correction of a clock that is looked after.
const clockTolerance = time.Hour

// openSession locks the data directory, completes what an interrupted run left,
// and refuses settings that would mix two meanings.
func (e *Engine) openSession(ctx context.Context, options sessionOptions) (*session, error) {
	if err := e.Config.Validate(); err != nil {
		return nil, &UsageError{err}
	}
	store, err := lake.Open(e.Dir)
	if err != nil {
		return nil, err
	}
	release, err := store.Lock(ctx, options.command, options.wait)
	if err != nil {
		return nil, err
	}
	s := &session{Engine: e, store: store, release: release, begun: e.now(), untold: options.untold}
	if err := s.prepare(options); err != nil {
		err = s.recordAttempt(&Result{}, err)
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() { _ = s.release() } // the end of the process releases it, too

// prepare brings the data directory in order.
func (s *session) prepare(options sessionOptions) error {
	recovered, err := s.store.Recover()
	if err != nil {
		return err
	}
	if recovered != nil {
		s.log().Warn("completed a run that was interrupted", "run", recovered.Run)
	}
	if s.runs, err = s.store.Runs(); err != nil {
		return err
	}
	s.horizon = lake.Horizon(s.runs)
	if !options.acceptClock {
		if err := s.checkClock(); err != nil {
			return err
		}
	}
	if s.expired, err = s.store.ExpireRejects(s.Config.RetainRejects.Duration, s.begun); err != nil {
		return err
	} else if s.expired > 0 {
		s.log().Info("removed old quarantine files", "files", s.expired)
	}
	check := s.checkSettings
	if options.anySettings {
		check = s.checkClientPrefix // which nothing can change
	}
	if err := check(s.runs); err != nil {
		return err
	}
	// Better now than after all the work.
	s.chosen, err = s.Config.allReports()
	return err
}

// checkClock refuses a clock that has gone back: by it, requests would be in the
// future, and closed periods would be open again.
func (s *session) checkClock() error {
	if len(s.runs) == 0 {
		return nil
	}
	last := s.runs[len(s.runs)-1]
	if !s.begun.Before(last.StartedAt.Add(-clockTolerance)) {
		return nil
	}
	return fmt.Errorf("the clock says %s, but run %s began at %s; nothing is done. Set the clock; or, if it was wrong at that run and is right now, run once with --accept-clock",
		s.begun.Format(time.RFC3339), last.Run, last.StartedAt.Format(time.RFC3339))
}

// recordAttempt notes how the run went, for engine status, and returns its error.
// An interruption is no failure.
func (s *session) recordAttempt(result *Result, failed error) error {
	if errors.Is(failed, context.Canceled) {
		return failed
	}
	if s.untold {
		return failed
	}
	attempt := lake.Attempt{Run: result.Last().Run, StartedAt: s.begun, EndedAt: s.now()}
	if failed != nil {
		attempt.Error = shortened(failed.Error())
		if before, err := s.store.Attempt(); err == nil && before != nil {
			attempt.Failures = before.Failures
		}
		attempt.Failures++
	}
	if err := s.store.WriteAttempt(attempt); err != nil {
		// On a full disk this fails, too; what matters then is the first error.
		s.log().Warn("the outcome of the run is not recorded", "error", err)
	}
	return failed
}

// shortened is a message that has room in the record of an attempt.
func shortened(message string) string {
	const most = 2000
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "…"
}
