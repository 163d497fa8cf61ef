package engine

import (
	"fmt"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// otherDays are stored days that were classified with other settings than those
// of the configuration.
type otherDays struct {
	days    []period.Day // ascending
	setting string       // what differs, in words
}

// isCurrent reports whether a day was classified as the configuration says.
func (e *Engine) isCurrent(day lake.StoredDay) bool {
	return day.Window == e.Config.Window.String() && day.Rules == RulesVersion
}

// otherDays finds the days that were classified with other settings. Those up to
// the horizon do not count: they do not change any more.
func (e *Engine) otherDays(runs []lake.Run, horizon period.Day) otherDays {
	stored := lake.StoredDays(runs)
	others := map[period.Day]bool{}
	windows, rules := map[string]bool{}, map[string]bool{}
	for day, state := range stored {
		if day > horizon && !e.isCurrent(state) {
			others[day] = true
			windows[state.Window], rules[state.Rules] = true, true
		}
	}
	o := otherDays{days: sortedDays(others)}
	if len(o.days) == 0 {
		return o
	}
	first := stored[o.days[0]]
	switch {
	case len(windows) == 1 && len(rules) == 1 && first.Rules == RulesVersion:
		o.setting = fmt.Sprintf("with a window of %s, not %s", first.Window, e.Config.Window)
	case len(windows) == 1 && len(rules) == 1 && first.Window == e.Config.Window.String():
		o.setting = fmt.Sprintf("by the rules %s, not %s", first.Rules, RulesVersion)
	default:
		o.setting = fmt.Sprintf("with other settings than a window of %s and the rules %s", e.Config.Window, RulesVersion)
	}
	return o
}

// String says how many days there are, and which: "3 days of requests, 2026-09-01 to 2026-09-05,".
func (o otherDays) String() string {
	if len(o.days) == 1 {
		return fmt.Sprintf("1 day of requests, %s,", o.days[0])
	}
	return fmt.Sprintf("%d days of requests, %s to %s,", len(o.days), o.days[0], o.days[len(o.days)-1])
}

// checkSettings refuses settings that would mix two meanings in one lake.
func (e *Engine) checkSettings(runs []lake.Run) error {
	if err := e.checkClientPrefix(runs); err != nil {
		return err
	}
	others := e.otherDays(runs, lake.Horizon(runs))
	if len(others.days) == 0 {
		return nil
	}
	verb := "were"
	if len(others.days) == 1 {
		verb = "was"
	}
	return &UsageError{fmt.Errorf("in %s, %s %s classified %s; engine rebuild classifies them again, or configure what they were classified with", e.Dir, others, verb, others.setting)}
}

// checkClientPrefix refuses another prefix for good: addresses are not stored.
func (e *Engine) checkClientPrefix(runs []lake.Run) error {
	for _, run := range runs {
		if prefix := e.Config.IPv6ClientPrefix; run.ClientPrefix != prefix && len(run.Days) > 0 {
			return &UsageError{fmt.Errorf("the data in %s counts IPv6 clients by /%d, not /%d; use another --data directory for another prefix", e.Dir, run.ClientPrefix, prefix)}
		}
	}
	return nil
}
