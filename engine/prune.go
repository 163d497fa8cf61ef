package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// PruneRequest is what one pruning is asked to do.
type PruneRequest struct {
	DryRun      bool // only tell; the data directory is not touched
	Wait        bool // for whoever holds the lock
	AcceptClock bool // take the machine's clock as right though it is behind the last run
}

// PruneResult is what was removed, or would be.
type PruneResult struct {
	// Run is the run whose manifest tells of it; empty when there is none.
	Run string `json:"run"`
	// Days are the removed days of requests, ascending, with what they held.
	Days []PrunedDay `json:"days"`
	// Horizon is the first day that is kept, if days were removed: it does not change any more.
	Horizon period.Day `json:"horizon,omitempty"`
	// Reports are directories of reports, below reports/.
	Reports []string `json:"reports"`
	// Rejects is how many files of quarantined lines.
	Rejects int `json:"rejects"`
	// Runs are the ids of runs that did nothing, whose manifests are removed.
	Runs []string `json:"runs"`
}

// PrunedDay is a day of requests that is removed.
type PrunedDay struct {
	Day      period.Day `json:"day"`
	Requests int64      `json:"requests"`
	Bytes    int64      `json:"bytes"` // size of its file
}

// Empty reports whether there is nothing to remove.
func (r *PruneResult) Empty() bool {
	return len(r.Days)+len(r.Reports)+len(r.Runs)+r.Rejects == 0
}

// Requests is how many requests the removed days hold.
func (r *PruneResult) Requests() (requests, bytes int64) {
	for _, day := range r.Days {
		requests += day.Requests
		bytes += day.Bytes
	}
	return requests, bytes
}

// Prune removes what is older than the configuration keeps it: days of requests
// whose periods are published, reports, quarantine, and manifests of runs that
// did nothing. Extension events stay: their totals are over all time.
func (e *Engine) Prune(ctx context.Context, request PruneRequest) (*PruneResult, error) {
	if request.DryRun {
		return e.planPrune()
	}
	s, err := e.openSession(ctx, sessionOptions{command: "prune", wait: request.Wait, acceptClock: request.AcceptClock, untold: true})
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.prune(ctx)
}

// planPrune tells what Prune would remove, without a lock and without a write.
func (e *Engine) planPrune() (*PruneResult, error) {
	if err := e.Config.Validate(); err != nil {
		return nil, &UsageError{err}
	}
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return nil, err
	}
	runs, err := store.Runs()
	if err != nil {
		return nil, err
	}
	if err := e.checkSettings(runs); err != nil {
		return nil, err
	}
	chosen, err := e.Config.allReports()
	if err != nil {
		return nil, err
	}
	c, err := e.newCalendar(store, runs, chosen, e.now())
	if err != nil {
		return nil, err
	}
	result, err := c.plan(runs)
	if err != nil {
		return nil, err
	}
	rejects, err := store.ExpiredRejects(e.Config.RetainRejects.Duration, c.at)
	result.Rejects = len(rejects)
	return result, err
}

// prune removes what is due. The days go first, by a commit of their own, whose
// manifest names all that is to go. After a crash in between, the next pruning
// finds the rest.
func (s *session) prune(ctx context.Context) (*PruneResult, error) {
	c, err := s.newCalendar(s.store, s.runs, s.chosen, s.begun)
	if err != nil {
		return nil, err
	}
	plan, err := c.plan(s.runs)
	if err != nil {
		return nil, err
	}
	plan.Rejects = s.expired // when the session began
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(plan.Days)+len(plan.Reports)+plan.Rejects == 0 {
		return plan, s.removeOld(c, plan) // what is left leaves no trace worth a manifest
	}
	r := &run{session: s, result: &Result{}}
	if err := r.begin(); err != nil {
		return nil, err
	}
	defer r.commit.Abort()
	plan.Run = r.manifest().Run
	requests, bytes := plan.Requests()
	r.manifest().Pruned = &lake.Pruned{
		Horizon: plan.Horizon, Requests: requests, Bytes: bytes, Reports: plan.Reports, Rejects: plan.Rejects, Runs: len(plan.Runs),
	}
	for _, day := range plan.Days {
		r.commit.RemoveDay(day.Day)
		r.manifest().Days = append(r.manifest().Days, lake.RunDay{Day: day.Day, Removed: true})
	}
	if err := r.commitDays(); err != nil {
		return nil, err
	}
	if err := r.timed("prune", func() error { return s.removeOld(c, plan) }); err != nil {
		return nil, errors.Join(err, r.finish())
	}
	s.log().Info("pruned", "days", len(plan.Days), "requests", requests, "reports", len(plan.Reports), "rejects", plan.Rejects, "runs", len(plan.Runs))
	if plan.Horizon != "" {
		s.horizon = plan.Horizon
	}
	s.pruning = r.manifest()
	return plan, r.finish()
}

// removeOld removes the reports and manifests of a plan.
func (s *session) removeOld(c *calendar, plan *PruneResult) error {
	if err := c.removeReports(plan.Reports); err != nil {
		return err
	}
	if err := s.store.RemoveRuns(plan.Runs); err != nil {
		return err
	}
	s.runs = slices.DeleteFunc(slices.Clone(s.runs), func(run lake.Run) bool { return slices.Contains(plan.Runs, run.Run) })
	return nil
}

// plan decides what is removed, but for the quarantine.
func (c *calendar) plan(runs []lake.Run) (*PruneResult, error) {
	plan := &PruneResult{Days: []PrunedDay{}, Reports: []string{}, Runs: []string{}}
	stored := lake.StoredDays(runs)
	days, horizon, err := c.oldDays(stored)
	if err != nil {
		return nil, err
	}
	plan.Horizon = horizon
	for _, day := range days {
		plan.Days = append(plan.Days, PrunedDay{day, stored[day].Requests, stored[day].Bytes})
	}
	if plan.Reports, err = c.oldReports(); err != nil {
		return nil, err
	}
	plan.Runs = append(plan.Runs, lake.IdleRuns(runs, c.Config.RetainRejects.Duration, c.at)...)
	return plan, nil
}

// oldDays are the days of requests that are removed: an unbroken stretch from the
// oldest on. The day after them is the horizon.
func (c *calendar) oldDays(stored map[period.Day]lake.StoredDay) (days []period.Day, horizon period.Day, err error) {
	retain := c.Config.RetainRequests.Duration
	if retain == 0 {
		return nil, "", nil
	}
	for _, day := range c.days {
		if _, known := stored[day]; !known || c.at.Before(day.Next().Time().Add(retain)) {
			break // of an unknown file nothing is certain; engine check tells of it
		}
		settled, err := c.isSettled(period.WeekOf(day))
		if err == nil && settled {
			settled, err = c.isSettled(period.MonthOf(day))
		}
		if err != nil {
			return nil, "", err
		}
		if !settled {
			break
		}
		days = append(days, day)
	}
	// The horizon takes no more requests. A day that may still get some is none, so
	// then the last of the old days is kept in its place.
	if len(days) == len(c.days) || len(days) > 0 && !c.isOver(c.days[len(days)]) {
		days = days[:max(0, len(days)-1)]
	}
	if len(days) == 0 {
		return nil, "", nil
	}
	return days, c.days[len(days)], nil
}

// isOver reports whether a day may become the horizon: it began as long ago as
// requests are kept, and the grace after its end has passed.
func (c *calendar) isOver(day period.Day) bool {
	return !c.at.Before(day.Time().Add(c.Config.RetainRequests.Duration)) &&
		!c.at.Before(day.Next().Time().Add(c.Config.Grace.Duration))
}
