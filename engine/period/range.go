package period

import (
	"fmt"
	"strings"
	"time"
)

// Range is any stretch of whole days.
type Range struct {
	From, To time.Time // midnights UTC; To is the first moment after the last day
	of       Granularity
}

// Range returns the days of the period.
func (p Period) Range() Range { return Range{p.Start, p.End(), p.Granularity} }

// ParseRange reads a week, a month, a day, or two days and what is between them:
// 2026-W39, 2026-09, 2026-09-25 or 2026-01-01..2026-03-31, the last day included.
func ParseRange(s string) (Range, error) {
	first, last, isPair := strings.Cut(s, "..")
	if !isPair {
		if p, err := Parse(s); err == nil {
			return p.Range(), nil
		} else if day, dayErr := ParseDay(s); dayErr != nil {
			return Range{}, fmt.Errorf("%w, a day as 2026-09-25, or days as 2026-01-01..2026-03-31", err)
		} else {
			return Range{From: day.Time(), To: day.Next().Time()}, nil
		}
	}
	from, err := ParseDay(first)
	if err != nil {
		return Range{}, err
	}
	to, err := ParseDay(last)
	if err != nil {
		return Range{}, err
	}
	if to < from {
		return Range{}, fmt.Errorf("%q ends before it begins; write the first day first", s)
	}
	return Range{From: from.Time(), To: to.Next().Time()}, nil
}

// Granularity is weekly or monthly for a week or month, else "range".
func (r Range) Granularity() string {
	if r.of == "" {
		return "range"
	}
	return string(r.of)
}

// Reference returns the first day, YYYY-MM-DD.
func (r Range) Reference() string { return string(DayOf(r.From)) }

// LastDay returns the last day, YYYY-MM-DD.
func (r Range) LastDay() string { return string(DayOf(r.To).Prev()) }

// Contains reports whether d is one of the days.
func (r Range) Contains(d Day) bool { return !d.Time().Before(r.From) && r.Reaches(d) }

// Reaches reports whether d is one of the days or before them.
func (r Range) Reaches(d Day) bool { return d.Time().Before(r.To) }
