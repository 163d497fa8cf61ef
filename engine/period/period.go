// Package period answers which weeks and months there are and whether they are over.
//
// A week runs from Monday 00:00 UTC to the next Monday and is numbered as ISO 8601 does (2026-W39, with
// the ISO year). A month is a calendar month in UTC (2026-09). Both are referred to by their first day.
package period

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Granularity is the length of a period: a week or a month.
type Granularity string

// The two granularities, spelled as the reports spell them.
const (
	Weekly  Granularity = "weekly"
	Monthly Granularity = "monthly"
)

// Period is one week or one month. Periods that are equal compare equal with ==.
type Period struct {
	Granularity Granularity
	Start       time.Time // midnight UTC of the first day
}

// WeekOf returns the week that contains d.
func WeekOf(d Day) Period {
	t := d.Time()
	sinceMonday := (int(t.Weekday()) + 6) % 7
	return Period{Weekly, t.AddDate(0, 0, -sinceMonday)}
}

// MonthOf returns the month that contains d.
func MonthOf(d Day) Period {
	t := d.Time()
	return Period{Monthly, t.AddDate(0, 0, 1-t.Day())}
}

// Covering returns every week and every month that contains any of the days, without duplicates: first the
// weeks, then the months, each by start.
func Covering(days []Day) []Period {
	seen := make(map[Period]bool)
	for _, day := range days {
		seen[WeekOf(day)] = true
		seen[MonthOf(day)] = true
	}
	periods := make([]Period, 0, len(seen))
	for p := range seen {
		periods = append(periods, p)
	}
	slices.SortFunc(periods, func(a, b Period) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.Start.Compare(b.Start))
	})
	return periods
}

// rank orders the granularities: weeks before months.
func (p Period) rank() int {
	if p.Granularity == Weekly {
		return 0
	}
	return 1
}

// End returns the first moment after the period.
func (p Period) End() time.Time {
	if p.Granularity == Weekly {
		return p.Start.AddDate(0, 0, 7)
	}
	return p.Start.AddDate(0, 1, 0)
}

// Reference returns the first day of the period, 2026-09-21: the DATE_REFERENCE of the reports.
func (p Period) Reference() string {
	return string(DayOf(p.Start))
}

// Dir returns the name of the directory that holds the period's reports, which is its reference.
func (p Period) Dir() string {
	return p.Reference()
}

// String returns the name of the period, 2026-W39 or 2026-09, as Parse reads it.
func (p Period) String() string {
	if p.Granularity == Weekly {
		year, week := p.Start.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	}
	return p.Start.Format("2006-01")
}

// Closed reports whether the period has ended and the grace for late requests has passed as well.
func (p Period) Closed(now time.Time, grace time.Duration) bool {
	return !now.Before(p.End().Add(grace))
}

// Days returns the days of the period, in order.
func (p Period) Days() []Day {
	days := make([]Day, 0, 31)
	for t, end := p.Start, p.End(); t.Before(end); t = t.AddDate(0, 0, 1) {
		days = append(days, DayOf(t))
	}
	return days
}

// Contains reports whether d is one of the days of the period.
func (p Period) Contains(d Day) bool {
	t := d.Time()
	return !t.Before(p.Start) && t.Before(p.End())
}
