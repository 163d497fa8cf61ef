package lake

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/period"
)

const (
	firstRun  = "000001-20261120T120000Z"
	secondRun = "000002-20261120T130000Z"
)

// stage begins a commit with the contents of days; a day without content is removed.
func stage(t *testing.T, l *Lake, id string, contents map[period.Day]string) (*Commit, Run) {
	t.Helper()
	c, err := l.Begin(id)
	if err != nil {
		t.Fatal(err)
	}
	run := Run{Run: id, StartedAt: noon, EndedAt: noon.Add(time.Minute)}
	for day, content := range contents {
		run.Days = append(run.Days, RunDay{Day: day, Requests: 1})
		if content == "" {
			c.RemoveDay(day)
		} else {
			put(t, c.DayFile(day), content)
		}
	}
	slices.SortFunc(run.Days, func(a, b RunDay) int { return strings.Compare(string(a.Day), string(b.Day)) })
	return c, run
}

// stageEvents stages days of extension events beside what a commit has.
func stageEvents(t *testing.T, c *Commit, run *Run, contents map[period.Day]string) {
	t.Helper()
	for _, day := range slices.Sorted(maps.Keys(contents)) {
		run.ExtensionDays = append(run.ExtensionDays, ExtensionDay{Day: day, Events: 1})
		if content := contents[day]; content == "" {
			c.Remove(ExtensionEvents, day)
		} else {
			put(t, c.File(ExtensionEvents, day), content)
		}
	}
}

func commit(t *testing.T, l *Lake, id string, contents map[period.Day]string) {
	t.Helper()
	c, run := stage(t, l, id, contents)
	if err := c.Seal(run); err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(); err != nil {
		t.Fatal(err)
	}
	if err := c.Finish(run); err != nil {
		t.Fatal(err)
	}
}

// contents returns what the stored days of requests hold.
func contents(t *testing.T, l *Lake) map[period.Day]string { return contentsOf(t, l, Requests) }

func contentsOf(t *testing.T, l *Lake, table Table) map[period.Day]string {
	t.Helper()
	days, err := l.DaysOf(table)
	if err != nil {
		t.Fatal(err)
	}
	stored := make(map[period.Day]string)
	for _, day := range days {
		text, err := os.ReadFile(l.File(table, day))
		if err != nil {
			t.Fatal(err)
		}
		stored[day] = string(text)
	}
	return stored
}

func TestCommit(t *testing.T) {
	l := openLake(t)
	commit(t, l, firstRun, map[period.Day]string{"2026-09-24": "old", "2026-09-25": "old"})
	c, run := stage(t, l, secondRun, map[period.Day]string{"2026-09-24": "new", "2026-09-25": "", "2026-09-26": "new"})
	put(t, c.RejectsFile(), "rejects")
	if err := c.Seal(run); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, l); len(got) != 2 || got["2026-09-24"] != "old" || got["2026-09-25"] != "old" {
		t.Errorf("sealed, the lake holds %v, want the old days", got)
	}
	const hashOfNew = "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"
	if want := (RunDay{Day: "2026-09-24", Requests: 1, Bytes: 3, SHA256: hashOfNew}); run.Days[0] != want {
		t.Errorf("sealed day %+v, want %+v", run.Days[0], want)
	}
	if !run.Days[1].Removed {
		t.Errorf("the removed day is %+v", run.Days[1])
	}
	for range 2 { // Apply may be repeated
		if err := c.Apply(); err != nil {
			t.Fatal(err)
		}
	}
	run.Published = []Published{{Publisher: "acme"}}
	run.Days = nil // Finish takes the sealed days
	if err := c.Finish(run); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, l); len(got) != 2 || got["2026-09-24"] != "new" || got["2026-09-26"] != "new" {
		t.Errorf("finished, the lake holds %v, want the new days", got)
	}
	if there, err := exists(filepath.Dir(l.DayFile("2026-09-25"))); there || err != nil {
		t.Errorf("the directory of the removed day is there: %t, %v", there, err)
	}
	runs, err := l.Runs()
	if err != nil || len(runs) != 2 || len(runs[1].Days) != 3 || runs[1].Published[0].Publisher != "acme" || runs[1].Recovered {
		t.Errorf("Runs = %+v, %v", runs, err)
	}
	rejects, err := l.RejectsFiles()
	if err != nil || len(rejects) != 1 || filepath.Base(rejects[0]) != secondRun+".parquet" {
		t.Errorf("RejectsFiles = %v, %v", rejects, err)
	}
	if left, err := os.ReadDir(filepath.Join(l.Dir(), "scratch")); err != nil || len(left) != 0 {
		t.Errorf("left in scratch: %v, %v", left, err)
	}
	if err := c.Abort(); err != nil {
		t.Errorf("abort after finish is for defer and does nothing: %v", err)
	}
}

func TestRemovedDayKeepsStrangers(t *testing.T) {
	l := openLake(t)
	commit(t, l, firstRun, map[period.Day]string{"2026-09-24": "old"})
	stranger := filepath.Join(filepath.Dir(l.DayFile("2026-09-24")), "notes.txt")
	put(t, stranger, "x")
	commit(t, l, secondRun, map[period.Day]string{"2026-09-24": "", "2026-09-25": ""})
	if there, err := exists(stranger); !there || err != nil {
		t.Errorf("the stranger is there: %t, %v", there, err)
	}
	if got := contents(t, l); len(got) != 0 {
		t.Errorf("the lake holds %v, want nothing", got)
	}
}

func TestSealRefusesAListThatDoesNotMatch(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *Commit, run *Run)
		says   string
	}{
		"listed, not staged":         {func(c *Commit, run *Run) { run.Days = append(run.Days, RunDay{Day: "2026-01-01"}) }, "was not written"},
		"staged, not listed":         {func(c *Commit, run *Run) { run.Days = nil }, "staged, but not listed"},
		"removed, not listed":        {func(c *Commit, run *Run) { c.RemoveDay("2026-01-01") }, "removed, but not listed"},
		"staged and removed":         {func(c *Commit, run *Run) { c.RemoveDay("2026-09-24") }, "both staged and removed"},
		"listed twice":               {func(c *Commit, run *Run) { run.Days = append(run.Days, run.Days[0]) }, "listed twice"},
		"events listed, not staged":  {func(c *Commit, run *Run) { run.ExtensionDays = []ExtensionDay{{Day: "2026-09-24"}} }, "extension_events: day 2026-09-24 is listed"},
		"events staged, not listed":  {func(c *Commit, run *Run) { put(t, c.File(ExtensionEvents, "2026-09-24"), "x") }, "extension_events: day 2026-09-24 is staged"},
		"events removed, not listed": {func(c *Commit, run *Run) { c.Remove(ExtensionEvents, "2026-09-24") }, "extension_events: day 2026-09-24 is removed"},
		"another run":                {func(c *Commit, run *Run) { run.Run = firstRun }, "is of run"},
	} {
		l := openLake(t)
		c, run := stage(t, l, secondRun, map[period.Day]string{"2026-09-24": "new"})
		test.change(c, &run)
		if err := c.Seal(run); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: Seal = %v, want an error that says %q", name, err, test.says)
		}
		if err := c.Abort(); err != nil {
			t.Errorf("%s: abort: %v", name, err)
		}
		if recovered, err := l.Recover(); recovered != nil || err != nil || len(contents(t, l)) != 0 {
			t.Errorf("%s: after abort, Recover = %v, %v", name, recovered, err)
		}
	}
}

func TestCommitOutOfOrder(t *testing.T) {
	l := openLake(t)
	for _, bad := range []string{"", "..", "1-20261120T120000Z"} {
		if _, err := l.Begin(bad); err == nil {
			t.Errorf("Begin(%q) succeeded", bad)
		}
	}
	c, run := stage(t, l, firstRun, map[period.Day]string{"2026-09-24": "new"})
	if err := c.Apply(); err == nil {
		t.Error("applied before it was sealed")
	}
	if err := c.Finish(run); err == nil {
		t.Error("finished before it was applied")
	}
	if err := c.Seal(run); err != nil {
		t.Fatal(err)
	}
	if err := c.Seal(run); err == nil {
		t.Error("sealed twice")
	}
	if err := c.Abort(); err == nil || !strings.Contains(err.Error(), "sealed") {
		t.Errorf("abort a sealed commit: %v", err)
	}
	if _, err := l.Begin(secondRun); err == nil || !strings.Contains(err.Error(), "recover it first") {
		t.Errorf("begin before the sealed commit was recovered: %v", err)
	}
	if err := c.Apply(); err != nil {
		t.Fatal(err)
	}
	if err := c.Finish(run); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(firstRun); err == nil || !strings.Contains(err.Error(), "finished already") {
		t.Errorf("begin a finished run: %v", err)
	}
}

// A reader that opens a day file at any moment reads one version of it, whole.
func TestConcurrentReaderSeesWholeDays(t *testing.T) {
	l := openLake(t)
	const day, size = period.Day("2026-09-24"), 1 << 16
	commit(t, l, firstRun, map[period.Day]string{day: strings.Repeat("a", size)})
	done := make(chan struct{})
	read := make(chan int)
	go func() {
		count := 0
		defer func() { read <- count }()
		for {
			text, err := os.ReadFile(l.DayFile(day))
			if err != nil || len(text) != size || strings.Trim(string(text), string(text[:1])) != "" {
				t.Errorf("read %d bytes, %v: torn", len(text), err)
				return
			}
			count++
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	for n := range 8 {
		id, err := l.NextRunID(noon)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, l, id, map[period.Day]string{day: strings.Repeat(string(rune('b'+n)), size)})
	}
	close(done)
	if count := <-read; count == 0 {
		t.Error("nothing was read")
	}
}
