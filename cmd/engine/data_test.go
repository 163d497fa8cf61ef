package main

import (
	"testing"
	"time"
)

func TestBuiltText(t *testing.T) {
	now := time.Date(2026, 9, 4, 12, 0, 0, 0, time.UTC)
	for built, want := range map[string]string{
		"2026-09-01":                 "2026-09-01 (3 days ago)",
		"2026-09-04T10:30:00Z":       "2026-09-04 (1 hour ago)",
		"2026-09-03-12-00-00":        "2026-09-03 (24 hours ago)", // of AWS
		"2026-09-04T11:59:59.000001": "2026-09-04 (less than an hour ago)",
		"2026-09-05":                 "2026-09-05 (in the future)",
		"v1.0":                       "v1.0",
		"":                           "",
	} {
		if got := builtText(built, now); got != want {
			t.Errorf("%q: got %q, want %q", built, got, want)
		}
	}
}
