package main

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"
)

// small are options for a quick run.
func small(rows int) options {
	return options{
		rows: rows, days: 7, start: time.Date(2026, time.September, 14, 0, 0, 0, 0, time.UTC),
		clients: 3000, repositories: 40, seed: 38,
	}
}

// text is what a run writes.
func text(t *testing.T, o options) string {
	t.Helper()
	var out bytes.Buffer
	if err := generate(o, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRows(t *testing.T) {
	const rows = 50_000
	log := text(t, small(rows))
	records, err := csv.NewReader(strings.NewReader(log)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != rows+1 {
		t.Fatalf("got %d records, want a header and %d rows", len(records), rows)
	}
	last := "2026-09-14T00:00:00.000Z"
	for _, record := range records[1:] {
		if record[0] < last {
			t.Fatalf("%s comes after %s", record[0], last)
		}
		last = record[0]
	}
	if last < "2026-09-20T23:30" || last >= "2026-09-21" {
		t.Errorf("last row is at %s, want the end of the week", last)
	}
	if size := len(log) / rows; size < 195 || size > 219 {
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
	o := small(5000)
	o.requestIDs = true
	first := text(t, o)
	if first != text(t, o) {
		t.Error("two runs differ")
	}
	if !strings.HasPrefix(first, "timestamp,client_ip,method,image,reference,digest,status,user_agent,user_id,bytes,request_id\n") {
		t.Errorf("header is %q", first[:120])
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
