package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/period"
)

// heads are requests of one client at the given stamps, each an action of its own.
func heads(stamps ...time.Time) []logRow {
	var rows []logRow
	for _, at := range stamps {
		rows = append(rows, logRow{at: at, client: "192.0.2.1", method: "HEAD", image: "acme/app", reference: "v1"})
	}
	return rows
}

// limited is an engine with the limits of the default configuration.
func limited(t *testing.T, now time.Time) (e *Engine, file func(name string, rows []logRow) string) {
	e = newEngine(filepath.Join(t.TempDir(), "data"), now)
	e.Config.LateDays, e.Config.FutureTolerance = DefaultConfig().LateDays, DefaultConfig().FutureTolerance
	return e, func(name string, rows []logRow) string {
		return writeFile(t, filepath.Join(t.TempDir(), name), csvText(rows))
	}
}

func storedRequests(t *testing.T, e *Engine) string {
	t.Helper()
	return query(t, e, "select count(*) from requests")[0][0]
}

// Thirty days before the newest stored day, 2026-09-30, is 2026-08-31.
func TestTooLate(t *testing.T) {
	t.Parallel()
	e, file := limited(t, farAway)
	bound := time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC)
	// A new lake takes what there is.
	mustRun(t, e, file("first.csv", heads(time.Date(2026, 9, 30, 8, 0, 0, 0, time.UTC), bound.AddDate(-1, 0, 0))))
	rows := heads(bound, bound.Add(-time.Microsecond), bound.AddDate(0, -2, 0))
	for i := range 150 { // more than the rejects that end a run, of other reasons
		rows = append(rows, heads(bound.Add(-time.Duration(i+1)*time.Hour))...)
	}
	late := file("late.csv", rows)
	input := mustRun(t, e, late).Last().Inputs[0]
	if input.Accepted != 1 || input.Rejected != 152 || input.Rejects["too_late"] != 152 || fmt.Sprint(input.Late) != "[{0 2026-08-31}]" {
		t.Fatalf("accepted %d, rejects %v, bounds %v; want 1, 152 too_late, 2026-08-31", input.Accepted, input.Rejects, input.Late)
	}
	quarantined := query(t, e, "select file, line, reason, raw from rejects order by line limit 1")
	want := "[late.csv 3 too_late 2026-08-30T23:59:59.999999Z,192.0.2.1,HEAD,acme/app,v1,,,,,,]"
	if fmt.Sprint(quarantined[0]) != want {
		t.Errorf("quarantine: %v, want %s", quarantined[0], want)
	}
	if got := storedRequests(t, e); got != "3" {
		t.Errorf("%s requests are stored, want 3", got)
	}

	// As it is known, it stays out; asked for, it comes in, once.
	if again := mustRun(t, e, late).Last(); len(again.Inputs) != 0 || !strings.HasPrefix(again.Skipped[0].Reason, "already loaded") {
		t.Errorf("loaded again: %+v", again)
	}
	for range 2 {
		if _, err := e.Run(context.Background(), Request{Inputs: []string{late}, Readmit: true}); err != nil {
			t.Fatal(err)
		}
		if got := storedRequests(t, e); got != "155" {
			t.Fatalf("%s requests are stored, want 2 + 153", got)
		}
	}
	mustCheck(t, e, 155)
}

func TestTooLateOfExtensionEvents(t *testing.T) {
	t.Parallel()
	e, _ := limited(t, farAway)
	events := func(name string, days ...period.Day) string {
		text := "timestamp,extension,event,user_id\n"
		for _, day := range days {
			text += string(day) + "T12:00:00Z,acme/tool,install,u1\n"
		}
		return writeFile(t, filepath.Join(t.TempDir(), name), []byte(text))
	}
	runExtensions(t, e, events("first.csv", "2026-03-01", "2026-09-30"))
	input := runExtensions(t, e, events("late.csv", "2026-08-30", "2026-08-31", "2026-09-01")).Last().Inputs[0]
	if input.Accepted != 2 || input.Rejects["too_late"] != 1 {
		t.Errorf("accepted %d, rejects %v; want 2, and 1 too late", input.Accepted, input.Rejects)
	}
}

func TestInTheFuture(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC)
	e, file := limited(t, now)
	log := file("log.csv", heads(now.Add(-time.Hour), now.Add(time.Hour), now.Add(time.Hour+time.Microsecond), now.AddDate(0, 0, 3)))
	input := mustRun(t, e, log).Last().Inputs[0]
	if input.Accepted != 2 || input.Rejects["in_the_future"] != 2 {
		t.Fatalf("accepted %d, rejects %v; want 2, and 2 in the future", input.Accepted, input.Rejects)
	}
	// When their time has come, they can be taken in. The first stamp, and so the
	// name of the log in the lake, are the same.
	e.Now = func() time.Time { return now.AddDate(0, 0, 4) }
	result, err := e.Run(context.Background(), Request{Inputs: []string{log}, Readmit: true})
	if err != nil {
		t.Fatal(err)
	}
	if input := result.Last().Inputs[0]; input.Accepted != 4 || storedRequests(t, e) != "4" {
		t.Errorf("accepted %d, stored %s, want 4 of each", input.Accepted, storedRequests(t, e))
	}
	// It is one live log still: a longer version takes its place.
	longer := file("log.csv", append(heads(now.Add(-time.Hour), now.Add(time.Hour), now.Add(time.Hour+time.Microsecond), now.AddDate(0, 0, 3)), heads(now.Add(2*time.Hour))...))
	if mustRun(t, e, longer); storedRequests(t, e) != "5" {
		t.Errorf("%s requests are stored with the longer version, want 5", storedRequests(t, e))
	}
}

// A log that is never rotated holds lines that are old by now; they stay.
func TestGrownLogKeepsItsOldLines(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain", "packed"} {
		t.Run(name, func(t *testing.T) {
			e, file := limited(t, farAway)
			pack := func(path string) string { return path }
			if name == "packed" {
				pack = func(path string) string {
					content, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					return writeFile(t, path+".gz", gzipped(t, content))
				}
			}
			day := func(n int) time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
			rows := heads(day(0), day(1), day(20))
			mustRun(t, e, file("growing.csv", rows))
			mustRun(t, e, file("other.csv", heads(day(90)))) // the bound is day 60 now

			rows = append(rows, heads(day(91), day(2))...) // of the new lines, the last is late
			input := mustRun(t, e, pack(file("growing.csv", rows))).Last().Inputs[0]
			if input.Accepted != 4 || input.Rejects["too_late"] != 1 || len(input.Supersedes) != 1 || fmt.Sprint(input.Late) != "[{4 } {0 2026-07-31}]" {
				t.Fatalf("accepted %d, rejects %v, supersedes %v, bounds %v; want 4, 1 too late, 1, the first 4 lines none", input.Accepted, input.Rejects, input.Supersedes, input.Late)
			}
			if got := storedRequests(t, e); got != "5" {
				t.Errorf("%s requests are stored, want 5", got)
			}

			// One that was first read with a bound keeps it: what was too late stays so.
			bounded := append(heads(day(92)), heads(day(50))...)
			first := mustRun(t, e, file("bounded.csv", bounded)).Last().Inputs[0]
			mustRun(t, e, file("later.csv", heads(day(200))))
			bounded = append(bounded, heads(day(201))...)
			grown := mustRun(t, e, pack(file("bounded.csv", bounded))).Last().Inputs[0]
			if first.Rejects["too_late"] != 1 || grown.Rejects["too_late"] != 1 || grown.Accepted != 2 || fmt.Sprint(grown.Late) != "[{3 2026-08-01} {0 2026-11-18}]" {
				t.Errorf("first %+v\ngrown %+v\nwant one too late in both, two accepted in the second", first, grown)
			}
			mustCheck(t, e, 8)
		})
	}
}

// Many logs begin with the same header; that makes none of them the continuation of an empty one.
func TestHeaderAloneSetsNoBound(t *testing.T) {
	t.Parallel()
	e, file := limited(t, farAway)
	mustRun(t, e, file("empty.csv", nil))
	mustRun(t, e, file("a.csv", heads(time.Date(2026, 9, 30, 8, 0, 0, 0, time.UTC))))
	if input := mustRun(t, e, file("b.csv", heads(time.Date(2025, 9, 30, 8, 0, 0, 0, time.UTC)))).Last().Inputs[0]; input.Rejects["too_late"] != 1 {
		t.Errorf("accepted %d, rejects %v; want 1 too late", input.Accepted, input.Rejects)
	}
}

// A log of which nothing could be read grows: its longer version takes its place.
func TestLogOfRejectsGrows(t *testing.T) {
	t.Parallel()
	e, _ := limited(t, farAway)
	path := filepath.Join(t.TempDir(), "a.csv")
	bad := string(csvText(nil)) + "nonsense,,,,,,,,,,\n"
	mustRun(t, e, writeFile(t, path, []byte(bad)))
	_, row, _ := strings.Cut(string(csvText(heads(monday))), "\n")
	if input := mustRun(t, e, writeFile(t, path, []byte(bad+row))).Last().Inputs[0]; len(input.Supersedes) != 1 || input.Rejected != 1 || input.Accepted != 1 {
		t.Errorf("%+v; want it in the place of the shorter version", input)
	}
}

// A load that stops between two batches goes on with the limits that it began with,
// and publishes nothing before its end.
func TestUnfinishedLoad(t *testing.T) {
	t.Parallel()
	e, _ := limited(t, farAway)
	whole, _ := limited(t, farAway)
	for _, e := range []*Engine{e, whole} {
		writeFile(t, filepath.Join(e.Dir, "key"), []byte(testKey+"\n"))
	}
	dir := t.TempDir()
	// The newest log is read first: by it, the others are too late.
	for i, name := range []string{"access.csv", "access.csv.1", "access.csv.2"} {
		at := time.Date(2026, time.Month(9-2*i), 10, 0, 0, 0, 0, time.UTC)
		path := writeFile(t, filepath.Join(dir, name), csvText(heads(at, at.Add(time.Hour))))
		if err := os.Chtimes(path, monday, monday); err != nil {
			t.Fatal(err)
		}
	}
	bad := filepath.Join(dir, "access.csv.1")
	content, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, whole, dir)

	e.Config.BatchSize = 1
	writeFile(t, bad, []byte("no log\nat all\n"))
	_, err = e.Run(context.Background(), Request{Inputs: []string{dir}})
	if err == nil || !strings.Contains(err.Error(), "are published when the rest is loaded") {
		t.Fatalf("got %v", err)
	}
	if published := tree(t, e.Dir, []string{"reports"}); len(published) > 0 {
		t.Errorf("published: %v", published)
	}
	status, err := e.Status(true)
	if err != nil || status.LastGoodRun != "" {
		t.Errorf("status: %v, last good run %q", err, status.LastGoodRun)
	}
	if _, err := e.Run(context.Background(), Request{}); err == nil || !strings.Contains(err.Error(), "name its inputs again") {
		t.Errorf("a run without inputs: %v", err)
	}
	writeFile(t, bad, content)
	mustRun(t, e, dir)
	if difference := treeDifference(tree(t, e.Dir, []string{"requests", "reports"}), tree(t, whole.Dir, []string{"requests", "reports"})); difference != "" {
		t.Errorf("other than in one go:\n%s", difference)
	}
	mustRun(t, e)
	// Now it is finished, and what comes is held against what is stored.
	old := writeFile(t, filepath.Join(dir, "old.csv"), csvText(heads(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))))
	if input := mustRun(t, e, old).Last().Inputs[0]; input.Rejects["too_late"] != 1 {
		t.Errorf("after the load: %+v", input)
	}
}

// A clock that went back would open closed periods again.
func TestClockThatWentBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC)
	e, file := limited(t, now)
	mustRun(t, e, file("a.csv", heads(now.Add(-time.Hour))))
	before := wholeTree(t, e.Dir)

	next := file("b.csv", heads(now.Add(-30*time.Minute)))
	e.Now = func() time.Time { return now.Add(-time.Hour - time.Second) }
	_, err := e.Run(context.Background(), Request{Inputs: []string{next}})
	if err == nil || !strings.Contains(err.Error(), "the clock says 2026-09-30T10:59:59Z, but run 000001-20260930T120000Z began at 2026-09-30T12:00:00Z") ||
		!strings.Contains(err.Error(), "--accept-clock") {
		t.Fatalf("got %v", err)
	}
	if difference := treeDifference(wholeTree(t, e.Dir), before); difference != "" {
		t.Errorf("the data directory changed:\n%s", difference)
	}
	// Within an hour clocks are corrected, and a later run goes on by itself.
	e.Now = func() time.Time { return now.Add(-time.Hour) }
	mustRun(t, e, next)
	e.Now = func() time.Time { return now.Add(time.Hour) }
	mustRun(t, e)

	// The clock was ahead when the last run began, and is right now.
	e.Now = func() time.Time { return now.AddDate(0, 0, -20) }
	if _, err := e.Run(context.Background(), Request{AcceptClock: true}); err != nil {
		t.Fatal(err)
	}
	mustRun(t, e)
}
