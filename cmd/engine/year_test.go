package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/worker"
)

// monthWith is the month that is published together with a week, by the calendars
// of 2026, 2027 and 2028. The first log begins on Monday, 30 November 2026.
var monthWith = map[string]string{
	"2026-W49": "2026-11", "2026-W53": "2026-12", "2027-W04": "2027-01", "2027-W08": "2027-02", "2027-W13": "2027-03",
	"2027-W17": "2027-04", "2027-W22": "2027-05", "2027-W26": "2027-06", "2027-W30": "2027-07", "2027-W35": "2027-08",
	"2027-W39": "2027-09", "2027-W43": "2027-10", "2027-W48": "2027-11", "2027-W52": "2027-12", "2028-W05": "2028-01", "2028-W09": "2028-02",
}

// TestYear runs at every due time of a weekly schedule, from December 2026 to March
// 2028, over a folder in which a log of each week appears when the week is over. For
// six weeks in the summer nobody runs. 2026 has a week 53, 2028 a 29 February.
func TestYear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	config := engine.DefaultConfig()
	config.Threads = 1
	config.Reports.Publish = []string{"summary"}
	config.Publishers = []engine.Publisher{{ID: "acme", Name: "Acme Corp", Namespaces: []string{"acme"}}}
	schedule, err := worker.ParseSchedule("weekly", config.Grace.Duration)
	if err != nil {
		t.Fatal(err)
	}
	var now time.Time
	e := &engine.Engine{Dir: filepath.Join(dir, "data"), Config: config, Now: func() time.Time { return now }}

	var weeks []string // those that are over and not published
	var names []string // of all weeks
	for year, count := range map[int]int{2026: 53, 2027: 52, 2028: 9} {
		for week := 1; week <= count; week++ {
			names = append(names, fmt.Sprintf("%d-W%02d", year, week))
		}
	}
	slices.Sort(names)
	names = names[slices.Index(names, "2026-W49"):]
	due := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for n, name := range names {
		due = schedule.Next(due)
		writeWeek(t, logs, due)
		weeks = append(weeks, name)
		if n >= 28 && n < 34 { // 2027-W24 to W29
			continue
		}
		now = due
		result, err := e.Run(t.Context(), engine.Request{Inputs: []string{logs}, Scheduled: true, Prune: true})
		if err != nil {
			t.Fatalf("run at %s: %v", due, err)
		}
		var got []string
		for _, published := range result.Last().Published {
			if !published.Changed || published.Revision != 1 || published.Publisher != "acme" {
				t.Errorf("run at %s: %+v is not new", due, published)
			}
			got = append(got, published.Period)
		}
		if want := withMonths(weeks); !slices.Equal(got, want) {
			t.Fatalf("the run at %s published %q, want %q", due, got, want)
		}
		weeks = nil
	}
	if want := time.Date(2028, 3, 6, 1, 0, 0, 0, time.UTC); !due.Equal(want) {
		t.Errorf("the last run was at %s, want %s", due, want)
	}
	for period, downloads := range map[string]int{
		"weekly/2026-12-28": 7, "weekly/2027-01-04": 7, "weekly/2027-07-12": 7, "weekly/2028-02-28": 7,
		"monthly/2026-11-01": 1, "monthly/2026-12-01": 31, "monthly/2027-02-01": 28, "monthly/2027-07-01": 31, "monthly/2028-02-01": 29,
	} {
		text, err := os.ReadFile(filepath.Join(e.Dir, "reports", "acme", period, "summary.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("Acme Corp,repository,acme/app,%d,0,%d\n", downloads, downloads); !strings.Contains(string(text), want) {
			t.Errorf("%s has no row %q:\n%s", period, want, text)
		}
	}
}

// writeWeek writes the log of the seven days before a due time: a pull at noon of each.
func writeWeek(t *testing.T, dir string, due time.Time) {
	t.Helper()
	midnight := due.Truncate(24 * time.Hour)
	text := header
	for day := -7; day < 0; day++ {
		text += midnight.AddDate(0, 0, day).Add(12*time.Hour).Format(time.RFC3339) + ",192.0.2.1,GET,acme/app,latest\n"
	}
	path := filepath.Join(dir, midnight.Format(time.DateOnly)+".csv")
	put(t, path, text)
	if err := os.Chtimes(path, midnight, midnight); err != nil { // when it was rotated
		t.Fatal(err)
	}
}

// withMonths are the weeks and, after them, the months that end with them.
func withMonths(weeks []string) []string {
	periods := slices.Clone(weeks)
	for _, week := range weeks {
		if month, ok := monthWith[week]; ok {
			periods = append(periods, month)
		}
	}
	return periods
}
