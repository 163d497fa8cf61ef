package period

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var (
	weekName  = regexp.MustCompile(`^([0-9]{4})-W([0-9]{2})$`)
	monthName = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})$`)
)

// Parse reads the name of a week (2026-W39, ISO year and week) or of a month (2026-09).
func Parse(s string) (Period, error) {
	if year, week, ok := matchNumbers(weekName, s); ok {
		return parseWeek(s, year, week)
	}
	if year, month, ok := matchNumbers(monthName, s); ok {
		return parseMonth(s, year, month)
	}
	return Period{}, fmt.Errorf("%q is not a period; write a week as 2026-W39 or a month as 2026-09", s)
}

// matchNumbers returns the year and the number behind it when s has the shape of name and the year exists.
func matchNumbers(name *regexp.Regexp, s string) (year, number int, ok bool) {
	parts := name.FindStringSubmatch(s)
	if parts == nil {
		return 0, 0, false
	}
	year, _ = strconv.Atoi(parts[1]) // digits only, cannot fail
	number, _ = strconv.Atoi(parts[2])
	return year, number, year >= 1
}

func parseWeek(s string, year, week int) (Period, error) {
	// 4 January is in week 1 and 28 December in the last week of its ISO year, always.
	first := WeekOf(DayOf(time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)))
	_, last := time.Date(year, time.December, 28, 0, 0, 0, 0, time.UTC).ISOWeek()
	if week < 1 || week > last {
		return Period{}, fmt.Errorf("there is no week %q; the weeks of %04d run from %04d-W01 to %04d-W%02d",
			s, year, year, year, last)
	}
	return Period{Weekly, first.Start.AddDate(0, 0, 7*(week-1))}, nil
}

func parseMonth(s string, year, month int) (Period, error) {
	if month < 1 || month > 12 {
		return Period{}, fmt.Errorf("there is no month %q; the months of %04d run from %04d-01 to %04d-12",
			s, year, year, year)
	}
	return Period{Monthly, time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)}, nil
}
