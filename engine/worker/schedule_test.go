package worker

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// at reads 2026-09-25T10:00:00Z, or the same without seconds, time or zone.
func at(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	panic("no time: " + text)
}

func mustParse(t rapid.TB, text string, grace time.Duration) Schedule {
	t.Helper()
	s, err := ParseSchedule(text, grace)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNextDueTimes(t *testing.T) {
	const hour = time.Hour
	for _, test := range []struct {
		schedule string
		grace    time.Duration
		after    string
		want     []string
	}{
		{"hourly", hour, "2028-02-28T22:59:59.5Z", []string{"2028-02-28T23:00", "2028-02-29T00:00", "2028-02-29T01:00"}},
		{"hourly", 30 * time.Minute, "2026-12-31T23:00", []string{"2027-01-01T00:00"}}, // nothing is published every hour
		{"daily", 0, "2027-02-27T00:00", []string{"2027-02-28", "2027-03-01", "2027-03-02"}},
		{"daily", hour, "2028-02-28T00:59:59.999999999Z", []string{"2028-02-28T01:00", "2028-02-29T01:00", "2028-03-01T01:00"}},
		{"daily", 30 * hour, "2028-02-28T06:00", []string{"2028-02-29T06:00", "2028-03-01T06:00"}}, // the end of 27 February is 30 hours ago
		{"daily", 1500 * time.Millisecond, "2026-12-31T00:00:01", []string{"2026-12-31T00:00:01.5Z", "2027-01-01T00:00:01.5Z"}},
		{"weekly", hour, "2026-12-28T01:00", []string{"2027-01-04T01:00", "2027-01-11T01:00"}}, // 2026-W53, 2027-W01
		{"weekly", 0, "2026-12-27T23:59:59", []string{"2026-12-28", "2027-01-04"}},             // 2026-W52, 2026-W53
		{"weekly", 10 * 24 * hour, "2027-01-06", []string{"2027-01-07", "2027-01-14"}},         // of 2026-12-28 and 2027-01-04
		{"monthly", hour, "2027-12-01T01:00", []string{"2028-01-01T01:00", "2028-02-01T01:00", "2028-03-01T01:00"}},
		{"monthly", 40 * 24 * hour, "2028-02-10", []string{"2028-03-12", "2028-04-10"}}, // 40 days after 1 February and 1 March of a leap year
		{"30 2 * * 1", hour, "2026-12-28", []string{"2026-12-28T02:30", "2027-01-04T02:30"}},
		{"15 30 2 31 * *", 0, "2027-01-31T02:30:15", []string{"2027-03-31T02:30:15", "2027-05-31T02:30:15"}},
		{" 0  12 * *  FRI ", 0, "2026-09-25T12:00", []string{"2026-10-02T12:00"}},
		{"0 0 29 2 *", 0, "2028-02-29", []string{"2032-02-29"}},
		{"0 0 29 2 *", 0, "2096-02-29", []string{"2104-02-29"}}, // 2100 has none, and cron looks ahead five years only
		{"@monthly", hour, "2026-12-01", []string{"2027-01-01"}},
		{"@every 90m", hour, "2026-12-31T23:00", []string{"2027-01-01T00:30"}},
		// Two o'clock in the night in which Europe's clocks skip it, and in which they repeat it.
		{"0 2 * * *", 0, "2027-03-27T02:00", []string{"2027-03-28T02:00", "2027-03-29T02:00"}},
		{"30 * * * *", 0, "2027-10-31T00:30", []string{"2027-10-31T01:30", "2027-10-31T02:30", "2027-10-31T03:30"}},
	} {
		s := mustParse(t, test.schedule, test.grace)
		zoned := time.FixedZone("+0530", 5*3600+1800)
		next := at(test.after).In(zoned) // which makes no difference
		for _, want := range test.want {
			if next = s.Next(next); !next.Equal(at(want)) || next.Location() != time.UTC {
				t.Errorf("%q with a grace of %s, after %s: %s, want %s", test.schedule, test.grace, test.after, next, want)
			}
			next = next.In(zoned)
		}
	}
}

func TestSchedulesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "empty spec string",
		"fortnightly":                     "expected 5 to 6 fields, found 1",
		"Weekly":                          "expected 5 to 6 fields, found 1",
		"* * * *":                         "found 4",
		"* * * * * * *":                   "found 7",
		"60 * * * *":                      "above maximum (59)",
		"* * * * 8":                       "above maximum (6)",
		"*/0 * * * *":                     "step of range should be a positive number",
		"@fortnightly":                    "unrecognized descriptor",
		"@every 5":                        "missing unit",
		"@every 0.1s":                     "the shortest time between two runs is 1s",
		"@every -1h":                      "the shortest time between two runs is 1s",
		"0 0 31 2 *":                      "there is no such day",
		"0 0 0 31 4,6,9,11 *":             "there is no such day",
		"CRON_TZ=Europe/Berlin 0 0 * * *": "the time zone is always UTC",
		"TZ=UTC 0 0 * * *":                "the time zone is always UTC",
		"TZ=0":                            "the time zone is always UTC",
		"CRON_TZ=":                        "the time zone is always UTC",
	} {
		s, err := ParseSchedule(text, time.Hour)
		if err == nil {
			t.Errorf("%q is taken as %v", text, s)
			continue
		}
		for _, part := range []string{want, "take hourly, daily, weekly, monthly or a cron expression in UTC"} {
			if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %q does not say %q", text, err, part)
			}
		}
	}
}

// The due times of an expression are those at which each field of the time is among its values.
func TestNextAgainstEveryMinute(t *testing.T) {
	field := func(t *rapid.T, name string, least, most int) (string, int) {
		value := rapid.IntRange(least-1, most).Draw(t, name)
		if value < least {
			return "*", -1
		}
		return strconv.Itoa(value), value
	}
	rapid.Check(t, func(t *rapid.T) {
		minuteText, minute := field(t, "minute", 0, 59)
		hourText, hour := field(t, "hour", 0, 23)
		dayText, day := field(t, "day", 1, 28)
		s := mustParse(t, strings.Join([]string{minuteText, hourText, dayText, "*", "*"}, " "), 0)
		begin := at("2028-02-20").Add(time.Duration(rapid.IntRange(0, 40*24*3600).Draw(t, "second")) * time.Second)
		want := begin.Truncate(time.Minute).Add(time.Minute)
		for minute >= 0 && want.Minute() != minute || hour >= 0 && want.Hour() != hour || day >= 0 && want.Day() != day {
			want = want.Add(time.Minute)
		}
		if got := s.Next(begin); !got.Equal(want) {
			t.Fatalf("%s after %s: %s, want %s", s, begin, got, want)
		}
	})
}

// Whatever is given as a schedule, it is refused or due later.
func TestAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[@0-9*/,?A-Z= -]{0,20}`)).Draw(t, "text")
		s, err := ParseSchedule(text, time.Hour)
		begin := at("2026-11-21")
		if err == nil && !s.Next(begin).After(begin) {
			t.Fatalf("%q is due at %s", text, s.Next(begin))
		}
	})
}
