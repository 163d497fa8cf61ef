package period

import (
	"fmt"
	"time"
)

const dayLayout = "2006-01-02"

// Day is a calendar day in UTC, written 2026-09-25. Days compare and sort as text.
type Day string

// DayOf returns the day of t in UTC.
func DayOf(t time.Time) Day {
	return Day(t.UTC().Format(dayLayout))
}

// ParseDay reads a day written as 2026-09-25, from 0001-01-01 to 9999-12-31.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(dayLayout, s)
	if err != nil || t.Year() < 1 {
		return "", fmt.Errorf("%q is not a day; write it as YYYY-MM-DD, such as 2026-09-25", s)
	}
	return Day(s), nil
}

// Time returns the midnight UTC at which d begins, or the zero time when d is not a day.
func (d Day) Time() time.Time {
	t, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Next returns the day after d.
func (d Day) Next() Day {
	return DayOf(d.Time().AddDate(0, 0, 1))
}

// Prev returns the day before d.
func (d Day) Prev() Day {
	return DayOf(d.Time().AddDate(0, 0, -1))
}

// UnmarshalText reads a day from JSON or TOML and refuses what is not one.
func (d *Day) UnmarshalText(text []byte) error {
	day, err := ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = day
	return nil
}
