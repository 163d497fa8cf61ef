package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
)

// eventRow is one extension event as a file tells it.
type eventRow struct{ at, extension, event, user string }

func eventsCSV(rows ...eventRow) []byte {
	text := []byte("timestamp,extension,event,user_id\n")
	for _, r := range rows {
		text = fmt.Appendf(text, "%s,%s,%s,%s\n", r.at, r.extension, r.event, r.user)
	}
	return text
}

func eventsJSONL(t *testing.T, rows ...eventRow) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	for _, r := range rows {
		if err := encoder.Encode(map[string]any{"timestamp": r.at, "extension": r.extension, "event": r.event, "user_id": r.user, "client": nil}); err != nil {
			t.Fatal(err)
		}
	}
	return text.Bytes()
}

// parquetOf writes the rows of a CSV file as Parquet.
func parquetOf(t *testing.T, csv string) string {
	t.Helper()
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(t.TempDir(), "events.parquet")
	if err := db.Exec(ctx, copyParquet("from read_csv("+duck.Quote(csv)+", all_varchar = true)", path)); err != nil {
		t.Fatal(err)
	}
	return path
}

func runExtensions(t rapid.TB, e *Engine, files ...string) *Result {
	t.Helper()
	result, err := e.Run(context.Background(), Request{Extensions: files})
	if err != nil {
		t.Fatalf("run over %q: %v", files, err)
	}
	return result
}

// storedEvents are the stored events in the order in which they lie there, with users by the order of their first event.
func storedEvents(t rapid.TB, e *Engine) []string {
	t.Helper()
	var rows []string
	users := map[string]string{"∅": "nobody"}
	for _, row := range query(t, e, "select user_key, day, occurred_at, namespace, extension, event, line from extension_events") {
		if users[row[0]] == "" {
			users[row[0]] = fmt.Sprintf("user%d", len(users))
		}
		rows = append(rows, strings.Join(append(row[1:], users[row[0]]), " "))
	}
	return rows
}

func sameLines(t rapid.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// everyEvent has all events, stamps of all kinds, a midnight, an unknown user and equal stamps.
var everyEvent = []eventRow{
	{"2026-09-24T23:59:59.999999Z", "acme/tool", "install", "alice"},
	{"2026-09-25T00:00:00Z", "acme/tool", "uninstall", "alice"},
	{"2026-09-25T01:30:00+02:00", "acme/tool", "Open", "bob"}, // 23:30 of the day before
	{"1790337600.25", "globex/deep/tool", "UPDATE", ""},       // 12:00:00.25
	{"2026-09-25 12:00:00", "acme/app", "open", "bob"},        // no offset is UTC
	{"2026-09-25 12:00:00", "acme/app", "open", "bob"},        // twice is two events
	{"2026-09-25T12:00:00Z", "acme/app", "install", "-"},
}

func TestExtensionEvents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	csv := writeFile(t, filepath.Join(dir, "events.csv"), eventsCSV(everyEvent...))
	jsonl := writeFile(t, filepath.Join(dir, "events.jsonl"), eventsJSONL(t, everyEvent...))
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	// want tells the lines of a file whose first event is at line first.
	want := func(first int) []string {
		line := func(i int) int { return first + i }
		return []string{
			fmt.Sprint("2026-09-24 2026-09-24 23:30:00 acme acme/tool open ", line(2), " user1"),
			fmt.Sprint("2026-09-24 2026-09-24 23:59:59.999999 acme acme/tool install ", line(0), " user2"),
			fmt.Sprint("2026-09-25 2026-09-25 12:00:00 acme acme/app open ", line(4), " user1"),
			fmt.Sprint("2026-09-25 2026-09-25 12:00:00 acme acme/app open ", line(5), " user1"),
			fmt.Sprint("2026-09-25 2026-09-25 12:00:00 acme acme/app install ", line(6), " nobody"),
			fmt.Sprint("2026-09-25 2026-09-25 00:00:00 acme acme/tool uninstall ", line(1), " user2"),
			fmt.Sprint("2026-09-25 2026-09-25 12:00:00.25 globex globex/deep/tool update ", line(3), " nobody"),
		}
	}
	for name, test := range map[string]struct {
		file   string
		format string
		first  int // line of the first event
	}{
		"csv":       {csv, "csv", 2},
		"jsonl":     {jsonl, "jsonl", 1},
		"csv.gz":    {writeFile(t, filepath.Join(dir, "events.csv.gz"), gzipped(t, mustRead(t, csv))), "csv", 2},
		"jsonl.zst": {writeFile(t, filepath.Join(dir, "events.jsonl.zst"), packer.EncodeAll(mustRead(t, jsonl), nil)), "jsonl", 1},
		"parquet":   {parquetOf(t, csv), "parquet", 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t.TempDir(), farAway)
			result := runExtensions(t, e, test.file)
			sameLines(t, "stored events", storedEvents(t, e), want(test.first))
			input := result.Last().Inputs[0]
			if input.Kind != lake.KindExtensionEvents || input.Format != test.format || input.Accepted != 7 || input.Lines != int64(7+test.first-1) || !input.AddsUp() {
				t.Errorf("input %+v", input)
			}
			if days := result.Last().ExtensionDays; len(days) != 2 || days[0].Events != 2 || days[1].Events != 5 || !result.Stored {
				t.Errorf("days %+v", days)
			}
			mustCheck(t, e, 0)
		})
	}
}

// Columns of other types than text, others beside them, and no user at all.
func TestExtensionEventsFromTypedParquet(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := func(query string) string {
		path := filepath.Join(t.TempDir(), "events.parquet")
		if err := db.Exec(ctx, copyParquet(query, path)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	e := newEngine(t.TempDir(), farAway)
	runExtensions(t, e,
		write("select 7 as id, timestamptz '2026-09-25 10:00:00.5+02' as Timestamp, 'acme/tool' as extension, 'open'::enum('open') as event, 42::bigint as user_id"),
		write("select 1790337600 as timestamp, 'acme/tool' as extension, 'open' as event"),
		writeFile(t, filepath.Join(t.TempDir(), "42.csv"), eventsCSV(eventRow{"2026-09-25T13:00:00Z", "acme/tool", "open", "42"})))
	sameLines(t, "stored events", storedEvents(t, e), []string{
		"2026-09-25 2026-09-25 08:00:00.5 acme acme/tool open 1 user1",
		"2026-09-25 2026-09-25 12:00:00 acme acme/tool open 1 nobody",
		"2026-09-25 2026-09-25 13:00:00 acme acme/tool open 2 user1",
	})
}

func TestExtensionRejects(t *testing.T) {
	t.Parallel()
	bad := []struct{ line, reason string }{
		{"2026-09-25T10:00:00Z,acme/tool,remove,alice", "invalid_event"},
		{"2026-09-25T10:00:00Z,acme/tool,,alice", "invalid_event"},
		{"2026-09-25T10:00:00Z,tool,open,alice", "invalid_extension_name"},
		{"2026-09-25T10:00:00Z,acme/,open,alice", "invalid_extension_name"},
		{"2026-09-25T10:00:00Z,/tool,open,alice", "invalid_extension_name"},
		{"2026-09-25T10:00:00Z,Acme/tool,open,alice", "invalid_extension_name"},
		{"2026-09-25T10:00:00Z,acme/" + strings.Repeat("x", 251) + ",open,alice", "invalid_extension_name"},
		{"2026-09-25T10:00:00Z,,open,alice", "invalid_extension_name"},
		{"yesterday,acme/tool,open,alice", "invalid_timestamp"},
		{",acme/tool,open,alice", "invalid_timestamp"},
		{"1999-12-31T23:59:59Z,acme/tool,open,alice", "timestamp_out_of_range"},
		{"2026-09-25T10:00:00Z,acme/tool,open", "field_count"},
	}
	text := eventsCSV(everyEvent[0])
	var want []string
	for i, b := range bad {
		text = fmt.Appendln(text, b.line)
		want = append(want, fmt.Sprintf("events.csv %d %s %s", i+3, b.reason, b.line))
	}
	text = append(text, "\n"+string(eventsCSV(everyEvent[1]))...)
	e := newEngine(t.TempDir(), farAway)
	result := runExtensions(t, e, writeFile(t, filepath.Join(t.TempDir(), "events.csv"), text))
	var got []string
	for _, row := range query(t, e, "select file, line, reason, raw from rejects order by line") {
		got = append(got, strings.Join(row, " "))
	}
	sameLines(t, "quarantine", got, want)
	input := result.Last().Inputs[0]
	if input.Accepted != 2 || input.Rejected != int64(len(bad)) || input.Ignored["header"] != 2 || input.Ignored["blank"] != 1 || input.Records != input.Lines {
		t.Errorf("input %+v", input)
	}
	if n := query(t, e, "select count(*) from extension_events"); n[0][0] != "2" {
		t.Errorf("%s events are stored, want 2", n[0][0])
	}

	// A line that is no JSON, and values of other types.
	e = newEngine(t.TempDir(), farAway)
	runExtensions(t, e, writeFile(t, filepath.Join(t.TempDir(), "events.jsonl"),
		[]byte(`{"timestamp":1790337600.5,"extension":"acme/tool","event":"open","user_id":42}`+"\n"+
			`{"timestamp":"2026-09-25T12:00:01Z","extension":`+"\n"+`[]`+"\n"+`{"timestamp":"2026-09-25T12:00:01Z","extension":["acme/tool"],"event":"open"}`+"\n")))
	got = nil
	for _, row := range query(t, e, "select line, reason from rejects order by line") {
		got = append(got, strings.Join(row, " "))
	}
	sameLines(t, "quarantine", got, []string{"2 unreadable", "3 invalid_timestamp", "4 invalid_extension_name"})
	sameLines(t, "stored events", storedEvents(t, e), []string{"2026-09-25 2026-09-25 12:00:00.5 acme acme/tool open 1 user1"})
}

func TestExtensionRunsThatFailStoreNothing(t *testing.T) {
	t.Parallel()
	log := inputFile(t, checkRow(monday, "acme/app"))
	rejected := eventsCSV(everyEvent...)
	for range 101 {
		rejected = append(rejected, "2026-09-25T10:00:00Z,acme/tool,remove,alice\n"...)
	}
	for name, test := range map[string]struct {
		content []byte
		says    string
	}{
		"too many rejects":   {rejected, "101 of 109 records are rejected, more than max_reject_ratio = 0.01 allows; the first is line 9 (invalid_event). Check that it holds extension events"},
		"a log of requests":  {csvText([]logRow{checkRow(monday, "acme/app")}), "the content is no extension events; they are csv, jsonl or parquet with the columns timestamp, extension and event"},
		"another JSON":       {[]byte(`{"events":[]}` + "\n"), "the content is no extension events"},
		"cut off by the end": {gzipped(t, eventsCSV(everyEvent...))[:40], "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t.TempDir(), farAway)
			path := writeFile(t, filepath.Join(t.TempDir(), "events.csv"), test.content)
			_, err := e.Run(context.Background(), Request{Inputs: []string{log}, Extensions: []string{path}})
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("the run: %v, want an error with %s that says %q", err, path, test.says)
			}
			if stored := tree(t, e.Dir, []string{"requests", "extension_events", "runs", "rejects"}); len(stored) != 0 {
				t.Errorf("stored: %v", stored)
			}
		})
	}
	e := newEngine(t.TempDir(), farAway)
	_, err := e.Run(context.Background(), Request{Extensions: []string{filepath.Join(e.Dir, "nosuch")}})
	if err == nil || !strings.Contains(err.Error(), "check the path of --extensions") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// A log and a file of events that have the same bytes are two inputs.
func TestSameBytesOfTwoKinds(t *testing.T) {
	t.Parallel()
	both := []byte(`{"timestamp":"2026-09-14T10:00:00Z","client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"v1","user_id":"alice","extension":"acme/tool","event":"open"}` + "\n")
	path := writeFile(t, filepath.Join(t.TempDir(), "both.jsonl"), both)
	other := inputFile(t, checkRow(monday, "acme/app"))
	packed := writeFile(t, filepath.Join(t.TempDir(), "both.jsonl.gz"), gzipped(t, both))
	for name, requests := range map[string][]Request{
		"at once":      {{Inputs: []string{path, other}, Extensions: []string{path}}},
		"events later": {{Inputs: []string{path}}, {Extensions: []string{packed}, Inputs: []string{packed, other}}},
		"logs later":   {{Extensions: []string{path}}, {Inputs: []string{packed, other}, Extensions: []string{packed}}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t.TempDir(), farAway)
			for _, request := range append(requests, requests...) { // the second time nothing is new
				if _, err := e.Run(context.Background(), request); err != nil {
					t.Fatal(err)
				}
			}
			mustCheck(t, e, 2)
			got := query(t, e, `select (select count(*) from requests), (select count(*) from extension_events),
				(select count(distinct user_key) from (select user_key from requests union all select user_key from extension_events)),
				(select string_agg(kind, ' ' order by kind) from runs where file like 'both%')`)
			sameLines(t, "requests, events, users and kinds", got[0], []string{"2", "1", "1", "extension_events requests"})
		})
	}
}

// The end of a shorter version may be cut inside a stamp, which then lies on another day.
func TestGrownExtensionFileRemovesADay(t *testing.T) {
	t.Parallel()
	head := "extension,event,user_id,timestamp\nacme/tool,install,alice,2026-09-23T10:00:00Z\n"
	shorter := head + "acme/tool,open,alice,2026-09-25T00:30:00"
	longer := shorter + "+02:00\nacme/tool,open,bob,2026-09-26T10:00:00Z\n"
	file := func(text string) string {
		return writeFile(t, filepath.Join(t.TempDir(), "events.csv"), []byte(text))
	}
	e := newEngine(t.TempDir(), farAway)
	runExtensions(t, e, file(shorter))
	if n := query(t, e, "select count(*) from extension_events where day = '2026-09-25'"); n[0][0] != "1" {
		t.Fatalf("%s events on the wrong day, want 1", n[0][0])
	}
	result := runExtensions(t, e, file(longer))
	sameLines(t, "stored events", storedEvents(t, e), []string{
		"2026-09-23 2026-09-23 10:00:00 acme acme/tool install 2 user1",
		"2026-09-24 2026-09-24 22:30:00 acme acme/tool open 3 user1",
		"2026-09-26 2026-09-26 10:00:00 acme acme/tool open 4 user2",
	})
	if days := result.Last().ExtensionDays; len(days) != 4 || !days[2].Removed || days[2].Day != "2026-09-25" || len(result.Last().Inputs[0].Supersedes) != 1 {
		t.Errorf("days %+v of %+v", days, result.Last().Inputs)
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "extension_events", "day=2026-09-25")); !os.IsNotExist(err) {
		t.Errorf("the removed day: %v", err)
	}
	if result := runExtensions(t, e, file(shorter)); result.Stored || !strings.Contains(result.Last().Skipped[0].Reason, "events.csv") {
		t.Errorf("the shorter version afterwards: %+v", *result.Last())
	}
	mustCheck(t, e, 0)
}

func TestCheckFindsChangedExtensionDays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(path string) error
		says   string
	}{
		"changed": {func(path string) error { return os.WriteFile(path, []byte("PAR1"), 0o644) }, "is not the one that its run wrote"},
		"missing": {os.Remove, "is missing; restore it"},
	} {
		e := newEngine(t.TempDir(), farAway)
		runExtensions(t, e, writeFile(t, filepath.Join(t.TempDir(), "events.csv"), eventsCSV(everyEvent...)))
		path := filepath.Join(e.Dir, "extension_events", "day=2026-09-25", "extension_events.parquet")
		if err := test.change(path); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Check(context.Background()); err == nil || !strings.Contains(err.Error(), path+" "+test.says) {
			t.Errorf("%s: the check says %v", name, err)
		}
	}
}
