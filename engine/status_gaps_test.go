package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

func gapTexts(gaps []Gap) []string {
	texts := []string{}
	for _, gap := range gaps {
		texts = append(texts, fmt.Sprintf("%d after %s (%d) %s..%s %v before %s (%d)", gap.Days, gap.Before.Day, gap.Before.Requests, gap.From, gap.To, gap.Weekdays, gap.After.Day, gap.After.Requests))
	}
	return texts
}

func TestGapsAreStretchesBetweenDays(t *testing.T) {
	for name, test := range map[string]struct {
		days    []storedDay
		horizon period.Day
		want    []string
	}{
		"no day":             {},
		"one day":            {days: dayRange("2026-09-01", 5)},
		"none is missing":    {days: dayRange("2026-12-30", 5, 5, 5, 5)},
		"over a month's end": {days: dayRange("2026-09-29", 5, 0, 0, 7), want: []string{"2 after 2026-09-29 (5) 2026-09-30..2026-10-01 [Wednesday Thursday] before 2026-10-02 (7)"}},
		"over a year's end":  {days: dayRange("2026-12-30", 5, 0, 0, 0, 7), want: []string{"3 after 2026-12-30 (5) 2026-12-31..2027-01-02 [Thursday Friday Saturday] before 2027-01-03 (7)"}},
		"a leap day":         {days: dayRange("2028-02-28", 1, 0, 2), want: []string{"1 after 2028-02-28 (1) 2028-02-29..2028-02-29 [Tuesday] before 2028-03-01 (2)"}},
		"no leap day":        {days: dayRange("2027-02-28", 1, 2)},
		"more than a week": {days: dayRange("2026-09-06", 1, 0, 0, 0, 0, 0, 0, 0, 0, 2),
			want: []string{"8 after 2026-09-06 (1) 2026-09-07..2026-09-14 [Monday Tuesday Wednesday Thursday Friday Saturday Sunday] before 2026-09-15 (2)"}},
		"two": {days: dayRange("2026-09-01", 1, 0, 2, 0, 3), want: []string{
			"1 after 2026-09-01 (1) 2026-09-02..2026-09-02 [Wednesday] before 2026-09-03 (2)",
			"1 after 2026-09-03 (2) 2026-09-04..2026-09-04 [Friday] before 2026-09-05 (3)"}},
		"before the horizon": {days: dayRange("2026-09-01", 1, 0, 2, 0, 3), horizon: "2026-09-02", want: []string{
			"1 after 2026-09-03 (2) 2026-09-04..2026-09-04 [Friday] before 2026-09-05 (3)"}},
	} {
		if got := gapTexts(findGaps(test.days, test.horizon)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// sundays are five Sundays, 2026-09-06 to 2026-10-04, with these requests; 0: no file.
func sundays(requests ...int64) []storedDay {
	var days []storedDay
	for i, n := range requests {
		if n > 0 {
			days = append(days, storedDay{Day: period.DayOf(time.Date(2026, 9, 6+7*i, 0, 0, 0, 0, time.UTC)), Requests: n})
		}
	}
	return days
}

func TestLowDaysHaveLessThanATenthOfTheMedian(t *testing.T) {
	later := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	middle := func(requests int64, median float64, compared int) []LowDay {
		return []LowDay{{"2026-09-20", "Sunday", requests, median, compared}}
	}
	for name, test := range map[string]struct {
		days    []storedDay
		horizon period.Day
		now     time.Time
		want    []LowDay
	}{
		"even, 80 90 | 110 1000": {days: sundays(80, 1000, 9, 110, 90), now: later, want: middle(9, 100, 4)}, // the mean of 90 and 110
		"exactly a tenth":        {days: sundays(80, 1000, 10, 110, 90), now: later},
		"half a request less":    {days: sundays(80, 1000, 10, 111, 90), now: later, want: middle(10, 100.5, 4)},
		"odd, 80 [90] 1000":      {days: sundays(80, 1000, 8, 0, 90), now: later, want: middle(8, 90, 3)},
		"two":                    {days: sundays(0, 0, 1, 11, 11), now: later, want: middle(1, 11, 2)},
		"one tells nothing":      {days: sundays(0, 0, 1, 1000, 0), now: later},
		"a day that is over":     {days: sundays(100, 100, 1), now: time.Date(2026, 9, 21, 1, 0, 0, 0, time.UTC), want: middle(1, 100, 2)},
		"a day within its grace": {days: sundays(100, 100, 1), now: time.Date(2026, 9, 21, 0, 59, 59, 0, time.UTC)},
		"before the horizon":     {days: sundays(100, 100, 1, 100, 100), now: later, horizon: "2026-09-21"},
		"another weekday":        {days: append(sundays(100, 100), storedDay{Day: "2026-09-21", Requests: 1}), now: later},
		"three weeks away":       {days: append(sundays(1, 0, 0, 100, 100)[:1], sundays(0, 0, 0, 100, 100)...), now: later},
		"its manifest is gone":   {days: append(sundays(100, 100), storedDay{Day: "2026-09-20"}), now: later},
	} {
		if got := findLowDays(test.days, test.horizon, test.now, time.Hour); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestGapsOfALake(t *testing.T) {
	h := newHandMade(t)
	h.add(lake.Run{Days: []lake.RunDay{{Day: "2026-08-01", Requests: 9}, {Day: "2026-09-01", Requests: 100}, {Day: "2026-09-08", Requests: 100}}})
	h.add(lake.Run{Days: []lake.RunDay{{Day: "2026-08-01", Removed: true}, {Day: "2026-09-15", Requests: 3}}, Pruned: &lake.Pruned{Horizon: "2026-08-20", Requests: 9}})
	gaps, err := h.Gaps()
	if err != nil {
		t.Fatal(err)
	}
	if len(gaps.Gaps) != 2 || gaps.Gaps[0].From != "2026-09-02" || gaps.Gaps[1].Days != 6 || gaps.Horizon != "2026-08-20" ||
		!slices.Equal(gaps.LowDays, []LowDay{{"2026-09-15", "Tuesday", 3, 100, 2}}) {
		t.Errorf("got %+v", gaps)
	}
}
