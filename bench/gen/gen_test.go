package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small are options for a quick run.
func small(rows int) options {
	return options{
		rows: rows, days: 7, start: time.Date(2026, time.September, 14, 0, 0, 0, 0, time.UTC),
		clients: 3000, repositories: 40, seed: 38, format: "csv", mix: "plain",
	}
}

// text is what a run writes.
func text(t *testing.T, o options) string {
	t.Helper()
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "log")
	if err := generate(o, func(int64) string { return file }); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

// records are the rows of a CSV, without the header.
func records(t *testing.T, o options) [][]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text(t, o))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records[1:]
}

func TestRows(t *testing.T) {
	const rows = 50_000
	o := small(rows)
	last := "2026-09-14T00:00:00.000Z"
	all := records(t, o)
	if len(all) != rows {
		t.Fatalf("got %d rows, want %d", len(all), rows)
	}
	for _, record := range all {
		if record[0] < last {
			t.Fatalf("%s comes after %s", record[0], last)
		}
		last = record[0]
	}
	if last < "2026-09-20T23:30" || last >= "2026-09-21" {
		t.Errorf("last row is at %s, want the end of the week", last)
	}
	if size := len(text(t, o)) / rows; size < 195 || size > 219 {
		t.Errorf("a row has %d bytes, want about 207", size)
	}
}

func TestSmallRuns(t *testing.T) {
	for _, rows := range []int{0, 1, 3, 8, 100} {
		o := small(rows)
		o.clients, o.repositories = 1, 1
		if lines := strings.Count(text(t, o), "\n"); lines != rows+1 {
			t.Errorf("%d rows: got %d lines", rows, lines)
		}
	}
}

func TestTwiceTheSame(t *testing.T) {
	for _, format := range formats {
		o := small(5000)
		o.format, o.requestIDs = format, true
		o.mix, o.pollers, o.nat, o.ties = "captured", 20, 20, 20
		first := text(t, o)
		if first != text(t, o) {
			t.Errorf("%s: two runs differ", format)
		}
		if o.seed++; first == text(t, o) {
			t.Errorf("%s: another seed makes the same log", format)
		}
	}
}

func TestHeader(t *testing.T) {
	o := small(1)
	o.requestIDs = true
	if log := text(t, o); !strings.HasPrefix(log, "timestamp,client_ip,method,image,reference,digest,status,user_agent,user_id,bytes,request_id\n") {
		t.Errorf("header is %q", log[:120])
	}
}

func TestDayFiles(t *testing.T) {
	o, folder := small(20_000), t.TempDir()
	if err := generate(o, o.dayFiles(folder)); err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(text(t, o), "\n")
	whole := header + "\n"
	for day := range o.days {
		date := o.start.AddDate(0, 0, day).Format(time.DateOnly)
		part, err := os.ReadFile(filepath.Join(folder, date+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, found := strings.CutPrefix(string(part), header+"\n")
		if !found {
			t.Errorf("%s has no header", date)
		}
		if strings.Count(rows, "\n") != strings.Count(rows, "\n"+date)+1 || !strings.HasPrefix(rows, date) {
			t.Errorf("%s has rows of other days", date)
		}
		whole += rows
	}
	if whole != text(t, o) {
		t.Error("the days together are not the log as one file")
	}
}

func TestAddressesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for i := range 300_000 {
		if seen[address(i)] {
			t.Fatalf("address %d is %s, which came before", i, address(i))
		}
		seen[address(i)] = true
	}
}
