package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// RebuildRequest is what one rebuild is asked to do.
type RebuildRequest struct {
	From, To    period.Day // both included; empty: no bound
	DryRun      bool       // store and publish nothing
	Wait        bool       // for whoever holds the lock
	AcceptClock bool       // take the machine's clock as right though it is behind the last run
}

// RebuildResult is what a rebuild did, or would do.
type RebuildResult struct {
	Result
	// Chunks are the days in the pieces in which they were rebuilt, ascending.
	Chunks []RebuiltDays
	// Stored is how many days the range holds that can be rebuilt, whether they had to be or not.
	Stored int
	// Frozen is how many days of the range are never rebuilt, since days before them were pruned.
	Frozen int
	// Left are the days that still have other settings, ascending.
	Left []period.Day
}

// RebuiltDays is one piece of a rebuild: one commit.
type RebuiltDays struct {
	From    period.Day   `json:"from"`
	To      period.Day   `json:"to"`
	Days    int          `json:"days"`
	Changed int          `json:"changed_days"` // days of which a label changed
	Before  ActionCounts `json:"before"`
	After   ActionCounts `json:"after"`
}

// ActionCounts are actions by kind.
type ActionCounts struct {
	VersionCheck int64 `json:"version_check"`
	PullByTag    int64 `json:"pull_by_tag"`
	PullByDigest int64 `json:"pull_by_digest"`
}

// Total adds up the pieces; an empty one when there is none.
func (r *RebuildResult) Total() RebuiltDays {
	var total RebuiltDays
	for i, chunk := range r.Chunks {
		if i == 0 {
			total.From = chunk.From
		}
		total.To = chunk.To
		total.Days += chunk.Days
		total.Changed += chunk.Changed
		total.Before.add(chunk.Before)
		total.After.add(chunk.After)
	}
	return total
}

func (c *ActionCounts) add(other ActionCounts) {
	c.VersionCheck += other.VersionCheck
	c.PullByTag += other.PullByTag
	c.PullByDigest += other.PullByDigest
}

// Rebuild classifies stored days again, those whose window or rules are not those
// of the configuration, checks and stores them, and publishes what has changed. The
// days go in pieces that fit into the memory, each one commit: after a stop in
// between, rebuilding again does the rest. The result is there, as far as it came,
// when an error is returned, too.
func (e *Engine) Rebuild(ctx context.Context, request RebuildRequest) (*RebuildResult, error) {
	result := &RebuildResult{}
	s, err := e.openSession(ctx, sessionOptions{command: "rebuild", wait: request.Wait, acceptClock: request.AcceptClock, anySettings: true, untold: request.DryRun})
	if err != nil {
		return result, err
	}
	defer s.close()
	err = s.rebuild(ctx, request, result)
	result.Elapsed = e.now().Sub(s.begun)
	if request.DryRun {
		return result, err
	}
	return result, s.recordAttempt(&result.Result, err)
}

func (s *session) rebuild(ctx context.Context, request RebuildRequest, result *RebuildResult) error {
	days, err := s.daysToRebuild(request, result)
	if err != nil {
		return err
	}
	all, stored := days, lake.StoredDays(s.runs)
	for len(days) > 0 {
		size := s.chunkSize(days, stored)
		if err := s.rebuildChunk(ctx, days[:size], request.DryRun, result); err != nil {
			return err
		}
		days = days[size:]
	}
	result.Left = s.otherDays(s.runs, s.horizon).days
	if request.DryRun {
		result.Left = slices.DeleteFunc(result.Left, func(day period.Day) bool { return slices.Contains(all, day) })
		return nil
	}
	return s.publishRebuilt(ctx, result)
}

// daysToRebuild are the stored days of the range from the first to the last that
// has other settings. What lies between is rebuilt along, so that every piece is a
// stretch without holes.
func (s *session) daysToRebuild(request RebuildRequest, result *RebuildResult) ([]period.Day, error) {
	stored, err := s.store.Days()
	if err != nil {
		return nil, err
	}
	known := lake.StoredDays(s.runs)
	first, end := 0, 0
	var days []period.Day
	for _, day := range stored {
		if request.From != "" && day < request.From || request.To != "" && day > request.To {
			continue
		}
		if day <= s.horizon {
			result.Frozen++
			continue
		}
		state, ok := known[day]
		if !ok {
			return nil, fmt.Errorf("no run wrote the day file %s; move it away, or load its logs", s.store.DayFile(day))
		}
		days = append(days, day)
		if !s.isCurrent(state) {
			if end == 0 {
				first = len(days) - 1
			}
			end = len(days)
		}
	}
	result.Stored = len(days)
	return days[first:end], nil
}

// storedRequestBytes is about how much log text a stored request comes from, which
// is what the size of a batch counts.
const storedRequestBytes = 200

// chunkSize is how many of the days are rebuilt at once: at least one.
func (s *session) chunkSize(days []period.Day, stored map[period.Day]lake.StoredDay) int {
	var bytes int64
	for i, day := range days {
		bytes += stored[day].Requests * storedRequestBytes
		if i > 0 && bytes > s.Config.batchSize() {
			return i
		}
	}
	return len(days)
}

// rebuildChunk rebuilds some days by one commit, whose manifest lists them all.
func (s *session) rebuildChunk(ctx context.Context, days []period.Day, dryRun bool, result *RebuildResult) error {
	r := &run{session: s, result: &result.Result}
	if dryRun {
		r.result = &Result{Runs: []lake.Run{{}}} // which nobody sees
	} else {
		if err := r.begin(); err != nil {
			return err
		}
		defer r.commit.Abort()
	}
	rebuilt, err := r.classifyAgain(ctx, days)
	if err != nil {
		return err
	}
	if !dryRun {
		if err := r.commitDays(); err != nil {
			return err
		}
		if err := r.finish(); err != nil {
			return err
		}
	}
	result.Chunks = append(result.Chunks, rebuilt)
	s.log().Info("rebuilt", "from", string(rebuilt.From), "to", string(rebuilt.To), "days", rebuilt.Days, "changed", rebuilt.Changed)
	return nil
}

// classifyAgain reads days back, classifies and checks them and, within a commit,
// stages all of them.
func (r *run) classifyAgain(ctx context.Context, days []period.Day) (RebuiltDays, error) {
	rebuilt := RebuiltDays{From: days[0], To: days[len(days)-1], Days: len(days)}
	w, err := openWorkspace(ctx, r.store, r.Config)
	if err != nil {
		return rebuilt, err
	}
	defer w.close()
	var m *merger
	err = r.timed("load", func() error {
		if m, err = newMerger(w, r.store, r.horizon, nil); err != nil {
			return err
		}
		return m.loadDays(ctx, days)
	})
	if err != nil {
		return rebuilt, err
	}
	// The neighbours only serve to judge: their own labels follow from the requests
	// alone, and are right once they are rebuilt themselves.
	err = r.timed("classify", func() error {
		if between, err := m.loadContext(ctx, r.Config.Window.Duration); err != nil {
			return err
		} else if len(between) > 0 {
			return fmt.Errorf("the days %v lie between those that are rebuilt; nothing is stored", between)
		}
		return r.classify(ctx, w)
	})
	if err != nil {
		return rebuilt, err
	}
	var proven *labelSet
	if err := r.timed("check", func() error { r.manifest().Check, proven, err = r.check(ctx, w); return err }); err != nil {
		return rebuilt, err
	}
	// The windows and the check held every request in memory.
	duck.FreeMemory()
	debug.FreeOSMemory()
	if rebuilt.Before, rebuilt.After, err = countActionsAgain(ctx, w); err != nil {
		return rebuilt, err
	}
	changed, err := relabelledDays(ctx, w, false)
	rebuilt.Changed = len(changed)
	if err != nil || r.commit == nil {
		return rebuilt, err
	}
	return rebuilt, r.timed("store", func() error {
		r.manifest().Days, err = stageDays(ctx, w, proven, r.commit, days)
		return err
	})
}

// countActionsAgain counts the actions of the rebuilt days as they are stored, and
// as they are now.
func countActionsAgain(ctx context.Context, w *workspace) (before, after ActionCounts, err error) {
	err = w.each(ctx, "duckdb/rebuilt_actions.sql", nil, func(row []driver.Value) error {
		was, is := row[1].(int64), row[2].(int64)
		switch row[0].(string) {
		case "version_check":
			before.VersionCheck, after.VersionCheck = was, is
		case "pull_by_tag":
			before.PullByTag, after.PullByTag = was, is
		case "pull_by_digest":
			before.PullByDigest, after.PullByDigest = was, is
		}
		return nil
	})
	return before, after, err
}

// publishRebuilt publishes what has changed, by a run of its own, unless nothing is
// due. Periods with days that are left wait for them.
func (s *session) publishRebuilt(ctx context.Context, result *RebuildResult) error {
	c, err := s.newCalendar(s.store, s.runs, s.chosen, s.begun)
	if err != nil {
		return err
	}
	if due, err := c.due(nil, false); err != nil || len(due) == 0 {
		return err
	}
	r := &run{session: s, result: &result.Result}
	if err := r.begin(); err != nil {
		return err
	}
	defer r.commit.Abort()
	if err := r.commitDays(); err != nil {
		return err
	}
	return r.publishAndFinish(ctx, "the days are rebuilt")
}
