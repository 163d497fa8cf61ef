package engine

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// calendar tells how the periods stand at one moment: which are published, and
// which may be.
type calendar struct {
	*Engine
	dir    string // the reports directory
	at     time.Time
	pruned period.Day   // the newest that was pruned
	days   []period.Day // with requests
	events []period.Day // with extension events
	others otherDays    // with other settings, which engine rebuild left
	partly bool         // a load is not finished: nothing is known to be complete
	states dayStates
}

// newCalendar looks at the lake after some runs. It changes nothing.
func (e *Engine) newCalendar(store *lake.Lake, runs []lake.Run, chosen []reports.Report, at time.Time) (*calendar, error) {
	c := &calendar{Engine: e, dir: filepath.Join(e.Dir, "reports"), at: at, pruned: lake.LastPruned(runs)}
	var err error
	if c.days, err = store.Days(); err != nil {
		return nil, err
	}
	if c.events, err = store.ExtensionDays(); err != nil {
		return nil, err
	}
	c.partly = lake.Unfinished(runs) != nil
	c.others = e.otherDays(runs, lake.Horizon(runs))
	c.states = dayStates{requests: lake.DayStates(runs), events: lake.StatesOf(runs, lake.ExtensionEvents), reports: reportVersions(chosen)}
	return c, nil
}

// covered are the periods that have requests or extension events.
func (c *calendar) covered() []period.Period { return period.Covering(unionOfDays(c.days, c.events)) }

// isFinal reports whether requests of a period were pruned: what is published of
// it stays as it is, whatever comes.
func (c *calendar) isFinal(p period.Period) bool {
	return c.pruned != "" && !p.Start.After(c.pruned.Time())
}

// isExpired reports whether a period is so old that its reports are not kept.
func (c *calendar) isExpired(p period.Period) bool {
	retain := c.Config.RetainReports.Duration
	return retain > 0 && !c.at.Before(p.End().Add(retain))
}

// isMixed reports whether some days of a period wait to be classified again: its
// numbers would mean two things.
func (c *calendar) isMixed(p period.Period) bool {
	return len(daysIn(c.others.days, p.Range().Contains)) > 0
}

// describe tells what the reports of a period follow from.
func (c *calendar) describe(p period.Period) (duePeriod, error) {
	d := duePeriod{Period: p, open: !p.Closed(c.at, c.Config.Grace.Duration)}
	d.days = daysIn(c.days, p.Range().Contains)
	d.events = daysIn(c.events, p.Range().Reaches) // totals are over all time
	var err error
	d.fingerprint, err = c.fingerprint(d, c.states)
	return d, err
}

// due are the periods whose reports are missing or outdated, in the order of
// period.Covering; only one of them, when it is asked for.
func (c *calendar) due(only *period.Period, includeOpen bool) ([]duePeriod, error) {
	var due []duePeriod
	for _, p := range c.covered() {
		if only != nil && *only != p || c.partly || c.isFinal(p) || c.isExpired(p) || c.isMixed(p) {
			continue
		}
		d, err := c.describe(p)
		if err != nil {
			return nil, err
		}
		if d.open && !includeOpen {
			continue
		}
		upToDate, err := c.isPublished(c.dir, d)
		if err != nil {
			return nil, err
		}
		if !upToDate {
			due = append(due, d)
		}
	}
	return due, nil
}

// isSettled reports whether the requests of a period are not needed any more: it
// is closed and its reports are up to date, or they do not change or are not kept.
func (c *calendar) isSettled(p period.Period) (bool, error) {
	if c.isFinal(p) || c.isExpired(p) {
		return true, nil
	}
	d, err := c.describe(p)
	if err != nil || d.open || c.partly {
		return false, err
	}
	upToDate, err := c.isPublished(c.dir, d)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", p, err)
	}
	return upToDate, nil
}
