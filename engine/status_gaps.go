package engine

import (
	"slices"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Gaps are days for which logs seem to be missing. The JSON names stay as they are.
type Gaps struct {
	// Horizon is the first day whose requests are kept; days before it are no gaps. Empty: none were removed.
	Horizon period.Day `json:"horizon"`
	// Gaps are the stretches of days without requests between days with requests, ascending.
	Gaps []Gap `json:"gaps"`
	// LowDays are the days with few requests for their weekday, ascending.
	LowDays []LowDay `json:"low_days"`
}

// Gap is a stretch of days without requests between two days with requests.
type Gap struct {
	From period.Day `json:"from"`
	// To is its last day.
	To period.Day `json:"to"`
	// Days is how many there are.
	Days int `json:"days"`
	// Weekdays are those of its days, from the first on, each once.
	Weekdays []string `json:"weekdays"`
	// Before and After are the days beside it.
	Before Neighbour `json:"before"`
	After  Neighbour `json:"after"`
}

// Neighbour is a day beside a gap.
type Neighbour struct {
	Day      period.Day `json:"day"`
	Requests int64      `json:"requests"`
}

// LowDay is a day with fewer requests than a tenth of what is usual on its weekday around it.
type LowDay struct {
	Day      period.Day `json:"day"`
	Weekday  string     `json:"weekday"`
	Requests int64      `json:"requests"`
	// Median is the median of the requests of the days that it is compared with.
	Median float64 `json:"median"`
	// Compared is how many these are: of the same weekday, up to two weeks before and after, with requests.
	Compared int `json:"compared"`
}

// What a low day is: LowDay.
const (
	lowShare    = 10 // a low day has less than the median divided by this
	lowWeeks    = 2  // on each side
	lowCompared = 2  // fewer days tell nothing
)

// Gaps finds the days for which logs seem to be missing. It changes nothing and may be called during a run.
//
// A gap is a stretch of days without requests between days with requests. A low day has requests, but less than
// a tenth of the median of the same weekday one and two weeks before and after, of which at least two must have
// requests: so looks a day for which the log of one of several hosts is missing. Days that are not over yet
// (plus grace) are not judged, and days before the horizon are neither.
func (e *Engine) Gaps() (*Gaps, error) {
	store, runs, err := e.history()
	if err != nil {
		return nil, err
	}
	days, err := storedDays(store, runs)
	if err != nil {
		return nil, err
	}
	horizon := lake.Horizon(runs)
	return &Gaps{
		Horizon: horizon, Gaps: findGaps(days, horizon),
		LowDays: findLowDays(days, horizon, e.now(), e.Config.Grace.Duration),
	}, nil
}

// findGaps finds the gaps between ascending days.
func findGaps(days []storedDay, horizon period.Day) []Gap {
	gaps := []Gap{}
	for i := 1; i < len(days); i++ {
		before, after := days[i-1], days[i]
		if before.Day < horizon || before.Day.Next() == after.Day {
			continue
		}
		gap := Gap{
			From: before.Day.Next(), To: after.Day.Prev(),
			Before: Neighbour{before.Day, before.Requests}, After: Neighbour{after.Day, after.Requests},
		}
		for day := gap.From; day != after.Day; day = day.Next() {
			if gap.Days < 7 {
				gap.Weekdays = append(gap.Weekdays, weekday(day))
			}
			gap.Days++
		}
		gaps = append(gaps, gap)
	}
	return gaps
}

// findLowDays finds the low days among ascending days.
func findLowDays(days []storedDay, horizon period.Day, now time.Time, grace time.Duration) []LowDay {
	low := []LowDay{}
	requests := map[period.Day]int64{}
	for _, day := range days {
		if day.Requests > 0 { // else its manifest is gone
			requests[day.Day] = day.Requests
		}
	}
	for _, day := range days {
		if requests[day.Day] == 0 || day.Day < horizon || now.Before(day.Day.Next().Time().Add(grace)) {
			continue
		}
		var usual []int64
		for week := -lowWeeks; week <= lowWeeks; week++ {
			other := period.DayOf(day.Day.Time().AddDate(0, 0, 7*week))
			if n, stored := requests[other]; stored && week != 0 {
				usual = append(usual, n)
			}
		}
		if len(usual) < lowCompared {
			continue
		}
		if median := medianOf(usual); float64(day.Requests)*lowShare < median {
			low = append(low, LowDay{day.Day, weekday(day.Day), day.Requests, median, len(usual)})
		}
	}
	return low
}

// medianOf is the middle one of the numbers, or the mean of the two in the middle.
func medianOf(numbers []int64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return float64(sorted[half])
	}
	return float64(sorted[half-1]+sorted[half]) / 2
}

func weekday(day period.Day) string { return day.Time().Weekday().String() }
