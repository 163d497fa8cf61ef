package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// mixed are options for a log with everything in it.
func mixed(rows int, format string) options {
	o := small(rows)
	o.format, o.mix, o.pollers, o.nat, o.ties = format, "captured", 10, 10, 10
	return o
}

// canonical are the CSV's values of each request, joined.
func canonical(t *testing.T, o options) []string {
	t.Helper()
	o.format, o.noise = "csv", 0
	var rows []string
	for _, record := range records(t, o) {
		rows = append(rows, strings.Join(record, "|"))
	}
	return rows
}

// line is a line of an nginx log that is written as JSON.
type line struct {
	Time        string `json:"time"`
	RequestID   string `json:"request_id"`
	RemoteAddr  string `json:"remote_addr"`
	Method      string `json:"method"`
	RequestURI  string `json:"request_uri"`
	Status      string `json:"status"`
	UserAgent   string `json:"user_agent"`
	RemoteUser  string `json:"remote_user"`
	Digest      string `json:"docker_content_digest"`
	RequestTime string `json:"request_time"`
}

// start is time minus request_time, exactly.
func (l line) start(t *testing.T) time.Time {
	t.Helper()
	end, ok := new(big.Rat).SetString(l.Time)
	took, okay := new(big.Rat).SetString(l.RequestTime)
	if !ok || !okay || took.Sign() < 0 {
		t.Fatalf("time %q, request_time %q", l.Time, l.RequestTime)
	}
	micros := end.Sub(end, took).Mul(end, big.NewRat(1_000_000, 1))
	if !micros.IsInt() {
		t.Fatalf("the start of %v is no microsecond", l)
	}
	return time.UnixMicro(micros.Num().Int64()).UTC()
}

func TestNginxJSON(t *testing.T) {
	const rows = 5000
	o := mixed(rows, "nginx-json")
	want := canonical(t, o)
	o.noise = 150
	log, ids, n, statuses := text(t, o), map[string]bool{}, 0, map[string]int{}
	for text := range strings.Lines(log) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		ids[l.RequestID] = true
		statuses[l.Status]++
		image, reference, found := strings.Cut(strings.TrimPrefix(l.RequestURI, "/v2/"), "/manifests/")
		if !found || l.Status != "200" {
			continue
		}
		got := strings.Join([]string{l.start(t).Format("2006-01-02T15:04:05.000Z"), l.RemoteAddr, l.Method, image, reference, l.Digest, l.Status, l.UserAgent, l.RemoteUser}, "|")
		if n >= len(want) || !strings.HasPrefix(want[n], got+"|") {
			t.Fatalf("request %d is %s, of the CSV %s", n, got, want[min(n, len(want)-1)])
		}
		n++
	}
	lines := strings.Count(log, "\n")
	if n != rows || lines < rows*24/10 || lines > rows*26/10 || len(ids) != lines {
		t.Errorf("got %d requests in %d lines with %d ids, want %d in about %d", n, lines, len(ids), rows, rows*5/2)
	}
	for _, status := range []string{"400", "401", "404"} {
		if statuses[status] == 0 {
			t.Errorf("no line has status %s", status)
		}
	}
}

// combinedPattern is the format by the letter.
var combinedPattern = regexp.MustCompile(`^[0-9a-f.:]+ - \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "([^"\\]|\\x[0-9A-F]{2})+" \d{3} \d+ "-" "([^"\\]|\\x[0-9A-F]{2})+"\n$`)

func TestCombined(t *testing.T) {
	o := mixed(3000, "combined")
	o.noise = 50
	requests := 0
	for line := range strings.Lines(text(t, o)) {
		if !combinedPattern.MatchString(line) {
			t.Fatalf("line %q is not combined", line)
		}
		if strings.Contains(line, "/manifests/") && strings.Contains(line, `" 200 `) {
			requests++
		}
	}
	if requests != o.rows {
		t.Errorf("got %d requests, want %d", requests, o.rows)
	}
}

func TestParquet(t *testing.T) {
	for _, ids := range []bool{false, true} {
		o, file := mixed(10_000, "parquet"), filepath.Join(t.TempDir(), "log.parquet")
		if o.requestIDs = ids; ids {
			o.rows = 3
		}
		if err := generate(o, func(int64) string { return file }); err != nil {
			t.Fatal(err)
		}
		var got []string
		rows, err := parquet.ReadFile[parquetRowWithID](file)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			text := strings.Join([]string{time.UnixMicro(row.Timestamp).UTC().Format("2006-01-02T15:04:05.000Z"), row.ClientIP, row.Method, row.Image,
				row.Reference, row.Digest, fmt.Sprint(row.Status), row.UserAgent, row.UserID, fmt.Sprint(row.Bytes)}, "|")
			if ids {
				text += "|" + row.RequestID
			}
			got = append(got, text)
		}
		if want := canonical(t, o); !slices.Equal(got, want) {
			t.Errorf("with ids %t: got %d rows, the first %s; want those of the CSV, %d, the first %s", ids, len(got), got[0], len(want), want[0])
		}
	}
}

func TestBadOptions(t *testing.T) {
	for name, change := range map[string]func(*options){
		"no such format": func(o *options) { o.format = "xml" },
		"no such mix":    func(o *options) { o.mix = "strange" },
		"no such case":   func(o *options) { o.worst = "weather" },
		"noise in CSV":   func(o *options) { o.noise = 1 },
		"too much":       func(o *options) { o.pollers, o.nat = 60, 60 },
		"negative":       func(o *options) { o.ties = -1 },
		"no day":         func(o *options) { o.days = 0 },
	} {
		o := small(10)
		change(&o)
		if o.check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
