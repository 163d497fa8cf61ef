package period

import (
	"fmt"
	"regexp"
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

var dayName = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// ParseRange reads a week, a month, a day, or two days and what is between them:
// 2026-W39, 2026-09, 2026-09-25 or 2026-01-01..2026-03-31, the last day included.
func ParseRange(s string) (Range, error) {
	first, last, isPair := strings.Cut(s, "..")
	if !isPair {
		if day, err := ParseDay(s); err == nil {
			return Range{From: day.Time(), To: day.Next().Time()}, nil
		}
		p, err := Parse(s)
		switch {
		case err == nil:
			return p.Range(), nil
		case weekName.MatchString(s) || monthName.MatchString(s):
			return Range{}, err // there is none of that number
		case dayName.MatchString(s):
			return Range{}, fmt.Errorf("there is no day %q", s)
		}
		return Range{}, fmt.Errorf("%q is not a period; write a week as 2026-W39, a month as 2026-09, a day as 2026-09-25, or days as 2026-01-01..2026-03-31", s)
	}
	from, err := parseEnd(s, first)
	if err != nil {
		return Range{}, err
	}
	to, err := parseEnd(s, last)
	if err != nil {
		return Range{}, err
	}
	if to < from {
		return Range{}, fmt.Errorf("%q ends before it begins; write the first day first", s)
	}
	return Range{From: from.Time(), To: to.Next().Time()}, nil
}

// parseEnd reads the first or last day of the pair s.
func parseEnd(s, end string) (Day, error) {
	day, err := ParseDay(end)
	switch {
	case err != nil && dayName.MatchString(end):
		return "", fmt.Errorf("there is no day %q", end)
	case err != nil:
		return "", fmt.Errorf("%q is not a period; write days as 2026-01-01..2026-03-31, the last one included", s)
	}
	return day, nil
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
