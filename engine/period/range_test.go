package period

import (
	"strings"
	"testing"
)

func TestParseRange(t *testing.T) {
	for text, want := range map[string]string{
		"2026-W39":                "weekly 2026-09-21 2026-09-27",
		"2026-09":                 "monthly 2026-09-01 2026-09-30",
		"2024-02-29":              "range 2024-02-29 2024-02-29",
		"2026-01-01..2026-03-31":  "range 2026-01-01 2026-03-31",
		"2026-03-31..2026-03-31":  "range 2026-03-31 2026-03-31",
		"2026-09-21..2026-09-27":  "range 2026-09-21 2026-09-27", // asked for as days, not as a week
		"2026-W00":                `there is no week "2026-W00"; the weeks of 2026 run from 2026-W01 to 2026-W53`,
		"2026-13":                 `there is no month "2026-13"; the months of 2026 run from 2026-01 to 2026-12`,
		"2026-02-29":              `there is no day "2026-02-29"`,
		"2026-02-28..2026-02-29":  `there is no day "2026-02-29"`,
		"":                        `"" is not a period; write a week as 2026-W39, a month as `,
		"2026-9-1":                `"2026-9-1" is not a period`,
		"..":                      `".." is not a period; write days as 2026-01-01..2026-03-31, the last one included`,
		"2026-09-01..":            `"2026-09-01.." is not a period; write days as `,
		"2026-W39..2026-W40":      `"2026-W39..2026-W40" is not a period; write days as `,
		"2026-09-02..2026-09-01":  `"2026-09-02..2026-09-01" ends before it begins; write the first day first`,
		"2026-09-01...2026-09-02": `is not a period; write days as `,
	} {
		days, err := ParseRange(text)
		got := days.Granularity() + " " + days.Reference() + " " + days.LastDay()
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
