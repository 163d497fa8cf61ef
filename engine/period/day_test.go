package period

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDay(t *testing.T) {
	for _, good := range []string{"2026-09-25", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"} {
		if day, err := ParseDay(good); err != nil || string(day) != good {
			t.Errorf("ParseDay(%q) = %q, %v", good, day, err)
		}
	}
	for _, bad := range []string{"", "2026-9-25", "2025-02-29", "1900-02-29", "2026-13-01", "2026-09-31",
		"0000-01-01", "2026-09-25T00:00:00Z", " 2026-09-25", "26-09-25", "../../etc"} {
		if day, err := ParseDay(bad); err == nil {
			t.Errorf("ParseDay(%q) = %q, want an error", bad, day)
		}
	}
}

func TestDayOfIsUTC(t *testing.T) {
	newYork := time.FixedZone("-0400", -4*60*60)
	if got := DayOf(time.Date(2026, 9, 24, 20, 0, 0, 0, newYork)); got != "2026-09-25" {
		t.Errorf("20:00 at -04:00 is on %s, want the next UTC day", got)
	}
	if got := DayOf(time.Date(2026, 9, 24, 19, 59, 59, 999999999, newYork)); got != "2026-09-24" {
		t.Errorf("a nanosecond earlier is on %s, want the same UTC day", got)
	}
}

func TestNextAndPrevCrossEnds(t *testing.T) {
	for _, pair := range [][2]Day{
		{"2026-09-24", "2026-09-25"}, {"2026-12-31", "2027-01-01"},
		{"2024-02-28", "2024-02-29"}, {"2024-02-29", "2024-03-01"}, {"2025-02-28", "2025-03-01"},
	} {
		if got := pair[0].Next(); got != pair[1] {
			t.Errorf("%s.Next() = %s, want %s", pair[0], got, pair[1])
		}
		if got := pair[1].Prev(); got != pair[0] {
			t.Errorf("%s.Prev() = %s, want %s", pair[1], got, pair[0])
		}
	}
}

func TestDayInJSON(t *testing.T) {
	var days []Day
	if err := json.Unmarshal([]byte(`["2026-09-25"]`), &days); err != nil || days[0] != "2026-09-25" {
		t.Errorf("decoded %v, %v", days, err)
	}
	if err := json.Unmarshal([]byte(`["../../etc"]`), &days); err == nil {
		t.Errorf("decoded %v, want an error", days)
	}
	if text, err := json.Marshal(Day("2026-09-25")); err != nil || string(text) != `"2026-09-25"` {
		t.Errorf("encoded %s, %v", text, err)
	}
}

// anyDay draws a day between 0002 and 9998, so that every week around it has four-digit years.
func anyDay(t *rapid.T, label string) Day {
	const first, last = -718_000, 2_931_000 // days from 1970-01-01
	n := rapid.IntRange(first, last).Draw(t, label)
	return DayOf(time.Unix(0, 0).UTC().AddDate(0, 0, n))
}

func TestDayProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := anyDay(t, "day")
		if parsed, err := ParseDay(string(day)); err != nil || parsed != day {
			t.Fatalf("ParseDay(%s) = %s, %v", day, parsed, err)
		}
		if got := DayOf(day.Time()); got != day {
			t.Fatalf("DayOf(%s.Time()) = %s", day, got)
		}
		if got := day.Next().Prev(); got != day {
			t.Fatalf("%s.Next().Prev() = %s", day, got)
		}
		if day.Next() <= day {
			t.Fatalf("%s does not sort before %s", day, day.Next())
		}
	})
}
