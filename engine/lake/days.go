package lake

import "github.com/pullscope/pullscope/engine/period"

// StoredDay is a stored day of requests as its newest manifest tells it.
type StoredDay struct {
	RunDay
	// Window is the longest time between two linked requests by which it was classified, such as "5s".
	Window string
	// Rules is the version of the rules that it was classified by.
	Rules string
}

// StoredDays returns what the manifests know of every day of requests that was not removed. The runs are
// ascending, as Runs returns them.
func StoredDays(runs []Run) map[period.Day]StoredDay {
	days := make(map[period.Day]StoredDay)
	for _, run := range runs {
		for _, day := range run.Days {
			if day.Removed {
				delete(days, day.Day)
			} else {
				days[day.Day] = StoredDay{day, run.Window, run.Versions["rules"]}
			}
		}
	}
	return days
}

// LastPruned is the newest day whose requests were pruned; empty when nothing was. It lies before the Horizon, and
// between the two there were no requests: a period that begins there has lost nothing.
func LastPruned(runs []Run) period.Day {
	var last period.Day
	for _, run := range runs {
		if run.Pruned == nil || run.Pruned.Horizon == "" {
			continue
		}
		for _, day := range run.Days {
			last = max(last, day.Day)
		}
	}
	return last
}
