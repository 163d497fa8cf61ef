package period

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWeekAndMonthOfDay(t *testing.T) {
	for _, test := range []struct {
		day                  Day
		week, weekStart      string
		month, monthFirstDay string
	}{
		{"2026-09-21", "2026-W39", "2026-09-21", "2026-09", "2026-09-01"}, // a Monday
		{"2026-09-27", "2026-W39", "2026-09-21", "2026-09", "2026-09-01"}, // its Sunday
		{"2026-09-28", "2026-W40", "2026-09-28", "2026-09", "2026-09-01"},
		{"2026-10-01", "2026-W40", "2026-09-28", "2026-10", "2026-10-01"}, // a week in two months
		{"2027-01-01", "2026-W53", "2026-12-28", "2027-01", "2027-01-01"}, // ISO year is the year before
		{"2027-01-04", "2027-W01", "2027-01-04", "2027-01", "2027-01-01"},
		{"2025-12-29", "2026-W01", "2025-12-29", "2025-12", "2025-12-01"}, // ISO year is the year after
		{"2024-12-31", "2025-W01", "2024-12-30", "2024-12", "2024-12-01"},
		{"2023-01-01", "2022-W52", "2022-12-26", "2023-01", "2023-01-01"},
		{"2024-02-29", "2024-W09", "2024-02-26", "2024-02", "2024-02-01"},
	} {
		week, month := WeekOf(test.day), MonthOf(test.day)
		if week.String() != test.week || week.Reference() != test.weekStart || week.Dir() != test.weekStart {
			t.Errorf("week of %s is %s from %s, want %s from %s", test.day, week, week.Reference(), test.week, test.weekStart)
		}
		if month.String() != test.month || month.Reference() != test.monthFirstDay || month.Dir() != test.monthFirstDay {
			t.Errorf("month of %s is %s from %s, want %s from %s", test.day, month, month.Reference(), test.month, test.monthFirstDay)
		}
	}
}

func TestParse(t *testing.T) {
	for name, reference := range map[string]string{
		"2026-W39": "2026-09-21", "2026-W53": "2026-12-28", "2020-W53": "2020-12-28",
		"2025-W01": "2024-12-30", "2026-W01": "2025-12-29", "2026-09": "2026-09-01", "2024-02": "2024-02-01",
	} {
		p, err := Parse(name)
		if err != nil || p.Reference() != reference || p.String() != name {
			t.Errorf("Parse(%q) = %s from %s, %v; want it to start on %s", name, p, p.Reference(), err, reference)
		}
	}
	for name, says := range map[string]string{
		"2025-W53": "run from 2025-W01 to 2025-W52", "2026-W54": "to 2026-W53", "2026-W00": "no week",
		"2026-00": "no month", "2026-13": "from 2026-01 to 2026-12",
		"": "write a week as", "2026": "not a period", "2026-W9": "not a period", "2026-w39": "not a period",
		"2026-09-21": "not a period", "0000-01": "not a period", "0000-W01": "not a period", " 2026-09": "not a period",
		"2026-09\n": "not a period",
	} {
		if p, err := Parse(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Parse(%q) = %v, %v; want an error that says %q", name, p, err, says)
		}
	}
}

func TestClosedExactlyAtEndPlusGrace(t *testing.T) {
	week, err := Parse("2026-W39")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC)
	if !week.End().Equal(end) {
		t.Fatalf("week ends at %s, want %s", week.End(), end)
	}
	for _, test := range []struct {
		now    time.Time
		grace  time.Duration
		closed bool
	}{
		{end.Add(-time.Nanosecond), 0, false},
		{end, 0, true},
		{end, time.Hour, false},
		{end.Add(time.Hour - time.Nanosecond), time.Hour, false},
		{end.Add(time.Hour), time.Hour, true},
		{end.Add(time.Hour).In(time.FixedZone("+0200", 2*60*60)), time.Hour, true},
		{week.Start, 0, false},
	} {
		if got := week.Closed(test.now, test.grace); got != test.closed {
			t.Errorf("Closed(%s, %s) = %t, want %t", test.now, test.grace, got, test.closed)
		}
	}
}

func TestDaysOfLeapFebruary(t *testing.T) {
	for name, count := range map[string]int{"2024-02": 29, "2025-02": 28, "2000-02": 29, "1900-02": 28, "2026-12": 31, "2026-W53": 7} {
		p, err := Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		days := p.Days()
		if len(days) != count || string(days[0]) != p.Reference() || days[count-1].Next() != DayOf(p.End()) {
			t.Errorf("%s has days %v, want %d", name, days, count)
		}
	}
}

func TestCovering(t *testing.T) {
	got := Covering([]Day{"2027-01-01", "2026-12-31", "2026-12-31", "2026-11-05"})
	var names []string
	for _, p := range got {
		names = append(names, p.String())
	}
	want := []string{"2026-W45", "2026-W53", "2026-11", "2026-12", "2027-01"}
	if !slices.Equal(names, want) {
		t.Errorf("Covering = %v, want %v", names, want)
	}
	if got := Covering(nil); len(got) != 0 {
		t.Errorf("Covering(nil) = %v, want none", got)
	}
}

func TestPeriodProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := anyDay(t, "day")
		covering := Covering([]Day{day})
		if len(covering) != 2 || covering[0].Granularity != Weekly || covering[1].Granularity != Monthly {
			t.Fatalf("%s is in %v, want exactly one week and one month", day, covering)
		}
		for _, p := range covering {
			if !p.Contains(day) || !slices.Contains(p.Days(), day) {
				t.Fatalf("%s does not contain %s", p, day)
			}
			if parsed, err := Parse(p.String()); err != nil || parsed != p {
				t.Fatalf("Parse(%s) = %v, %v; want %v", p, parsed, err, p)
			}
			// The neighbours touch and do not overlap: no day is in two periods or in none.
			before, after := DayOf(p.Start).Prev(), DayOf(p.End())
			if p.Contains(before) || p.Contains(after) {
				t.Fatalf("%s contains a day outside, %s or %s", p, before, after)
			}
			for _, neighbour := range Covering([]Day{after}) {
				if neighbour.Granularity == p.Granularity && !neighbour.Start.Equal(p.End()) {
					t.Fatalf("%s ends at %s but %s starts at %s", p, p.End(), neighbour, neighbour.Start)
				}
			}
		}
	})
}
