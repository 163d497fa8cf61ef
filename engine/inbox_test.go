package engine

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
)

// aLog is the log of a registry that is written while the engine reads it.
type aLog struct {
	*testing.T
	dir string
	at  time.Time
}

func newLog(t *testing.T) *aLog {
	return &aLog{t, t.TempDir(), time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)}
}

func (l *aLog) path(name string) string { return filepath.Join(l.dir, name) }

// lines are n requests, each a minute after the one before.
func (l *aLog) lines(n int) []byte {
	var rows []logRow
	for range n {
		l.at = l.at.Add(time.Minute)
		rows = append(rows, heads(l.at)...)
	}
	_, lines, _ := bytes.Cut(csvText(rows), []byte("\n"))
	return lines
}

// append adds to a file, which begins with a header, and sets when it was changed.
func (l *aLog) append(name string, content []byte, changed time.Time) {
	l.Helper()
	if _, err := os.Stat(l.path(name)); err != nil {
		header, _, _ := bytes.Cut(csvText(nil), []byte("\n"))
		writeFile(l, l.path(name), append(header, '\n'))
	}
	file, err := os.OpenFile(l.path(name), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.Write(content)
		file.Close()
	}
	if err == nil {
		err = os.Chtimes(l.path(name), changed, changed)
	}
	if err != nil {
		l.Fatal(err)
	}
}

func (l *aLog) rename(from, to string) {
	l.Helper()
	if err := os.Rename(l.path(from), l.path(to)); err != nil {
		l.Fatal(err)
	}
}

func TestBegunLineIsLeft(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	whole := log.lines(3)
	cut := len(whole) - 9
	log.append("access.csv", whole[:cut], farAway.Add(-59*time.Second))
	last := mustRun(t, e, log.path("access.csv")).Last()
	if len(last.Inputs) != 1 || last.Inputs[0].Accepted != 2 || last.Inputs[0].Rejected != 0 {
		t.Fatalf("inputs %+v; want the two whole lines", last.Inputs)
	}
	if len(last.Skipped) != 1 || !strings.Contains(last.Skipped[0].Reason, "left for the next run") {
		t.Errorf("skipped %+v; want the begun line", last.Skipped)
	}
	// Nothing is read again while it only waits for its end.
	again := mustRun(t, e, log.path("access.csv")).Last()
	if len(again.Inputs) != 0 || len(again.Skipped) != 1 || !strings.HasPrefix(again.Skipped[0].Reason, "already loaded") {
		t.Errorf("the next run: inputs %+v, skipped %+v", again.Inputs, again.Skipped)
	}
	log.append("access.csv", whole[cut:], farAway)
	if input := mustRun(t, e, log.path("access.csv")).Last().Inputs[0]; input.Accepted != 3 || len(input.Supersedes) != 1 {
		t.Errorf("%+v; want 3 accepted in the place of the shorter version", input)
	}
	if got := storedRequests(t, e); got != "3" {
		t.Errorf("%s requests are stored, want 3", got)
	}
}

// Nobody writes it any more: its last line only lacks the newline.
func TestLastLineOfASettledFileIsRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		changed time.Time
		settle  time.Duration
		want    int64
	}{
		"a minute ago":             {farAway.Add(-time.Minute), time.Minute, 3},
		"less than a minute ago":   {farAway.Add(-time.Minute + time.Second), time.Minute, 2},
		"no time to settle":        {farAway, 0, 3},
		"by a clock that is ahead": {farAway.Add(time.Hour), time.Minute, 3},
	} {
		log := newLog(t)
		e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
		e.Config.Settle.Duration = test.settle
		log.append("access.csv", bytes.TrimSuffix(log.lines(3), []byte("\n")), test.changed)
		if got := mustRun(t, e, log.path("access.csv")).Last().Inputs[0].Accepted; got != test.want {
			t.Errorf("%s: %d accepted, want %d", name, got, test.want)
		}
	}
}

// What is being packed, or copied, is left by a worker and told to a person.
func TestHalfWrittenFiles(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	log.append("whole.csv", log.lines(2000), farAway)
	content, err := os.ReadFile(log.path("whole.csv"))
	if err != nil {
		t.Fatal(err)
	}
	packed := gzipped(t, content)
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	columns, err := os.ReadFile(parquetOf(t, log.path("whole.csv")))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"access.csv.gz": packed, "access.parquet": columns} {
		path := writeFile(t, log.path("half/"+name), content[:len(content)-20])
		set := func(changed time.Time) {
			if err := os.Chtimes(path, changed, changed); err != nil {
				t.Fatal(err)
			}
		}
		run := func(scheduled bool) (*Result, error) {
			return e.Run(context.Background(), Request{Inputs: []string{path}, Scheduled: scheduled})
		}
		set(farAway)
		if _, err := run(false); err == nil || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%s by hand: %v", name, err)
		}
		result, err := run(true)
		if err != nil || len(result.Last().Inputs) != 0 || len(result.Last().Skipped) != 1 || !strings.Contains(result.Last().Skipped[0].Reason, "still being written") {
			t.Errorf("%s by the worker: %v, %+v", name, err, result.Last())
		}
		set(farAway.Add(-time.Hour))
		if _, err := run(true); err == nil || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%s by the worker when nobody writes it any more: %v", name, err)
		}
		writeFile(t, path, content)
		if _, err := run(true); err != nil {
			t.Errorf("%s when it is whole: %v", name, err)
		}
	}
	if got := storedRequests(t, e); got != "4000" {
		t.Errorf("%s requests are stored, want 2000 of each file", got)
	}
}

// Between the look into the directory and the opening, and between two batches, logs
// are rotated: each is read once.
func TestRotationDuringARun(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	old := farAway.Add(-time.Hour)
	log.append("access.log.1", log.lines(4), old.Add(-time.Hour))
	log.append("access.log", log.lines(3), old)
	e.Config.BatchSize = 1 // one file a batch
	s, err := e.openSession(t.Context(), sessionOptions{command: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	inbox, err := s.newInbox(Request{Inputs: []string{log.path("access.log*")}})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	rotate := func() {
		if _, err := os.Stat(log.path("access.log.2.gz")); err == nil {
			log.rename("access.log.2.gz", "access.log.3.gz")
		}
		if _, err := os.Stat(log.path("access.log.1")); err == nil {
			content, _ := os.ReadFile(log.path("access.log.1"))
			writeFile(t, log.path("access.log.2.gz"), gzipped(t, content))
			if err := os.Remove(log.path("access.log.1")); err != nil {
				t.Fatal(err)
			}
		}
		log.rename("access.log", "access.log.1")
		log.append("access.log", log.lines(2), old)
	}
	for turn := 0; ; turn++ {
		if turn < 2 {
			rotate()
		}
		batch, err := inbox.next(t.Context(), known{})
		if err != nil {
			t.Fatal(err)
		}
		for _, input := range batch.inputs {
			lines = append(lines, linesOf(t, input)...)
		}
		closeInputs(batch.inputs)
		if batch.last {
			break
		}
	}
	seen := map[string]int{}
	for _, line := range lines {
		seen[line]++
	}
	delete(seen, strings.Join(logColumns, ","))
	if len(seen) != 4+3+2+2 {
		t.Errorf("%d lines were read, want 11", len(seen))
	}
}

func linesOf(t *testing.T, input *ingest.Input) []string {
	t.Helper()
	reader, err := ingest.NewReader(input, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var lines []string
	for {
		block, err := reader.Next()
		if err != nil {
			return lines
		}
		lines = append(lines, strings.Fields(string(block.Data))...)
	}
}

// A backlog beyond the batch size is loaded by several runs; what they store, and
// what the last one publishes, is that of one.
func TestBatches(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	var paths []string
	for i, name := range []string{"d.csv", "a.csv", "c.csv", "b.csv"} {
		log.append(name, log.lines(700), farAway.Add(time.Duration(i-100)*time.Hour))
		paths = append(paths, log.path(name))
	}
	newLake := func(batch ByteSize) *Engine {
		e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
		e.Config.BatchSize = batch
		writeFile(t, filepath.Join(e.Dir, "key"), []byte(testKey+"\n"))
		return e
	}
	atOnce, inBatches := newLake(1<<30), newLake(130_000)
	if runs := mustRun(t, atOnce, paths...).Runs; len(runs) != 1 {
		t.Fatalf("%d runs, want 1", len(runs))
	}
	result := mustRun(t, inBatches, paths...)
	var names []string
	for i, run := range result.Runs {
		for _, input := range run.Inputs {
			names = append(names, input.Path)
		}
		if last := i == len(result.Runs)-1; (len(run.Published) > 0) != last {
			t.Errorf("run %d of %d published %d directories", i+1, len(result.Runs), len(run.Published))
		}
	}
	if len(result.Runs) != 2 || strings.Join(names, " ") != "d.csv a.csv c.csv b.csv" {
		t.Errorf("%d runs over %v, want 2, oldest first", len(result.Runs), names)
	}
	if difference := treeDifference(tree(t, inBatches.Dir, []string{"requests", "reports"}), tree(t, atOnce.Dir, []string{"requests", "reports"})); difference != "" {
		t.Errorf("in batches:\n%s", difference)
	}
	mustCheck(t, inBatches, 2800)
}

func TestInputsOfAWorkerMayBeMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	for pattern, want := range map[string]string{
		filepath.Join(dir, "*.log"):      "matches no file",
		dir:                              "holds no file",
		filepath.Join(dir, "access.log"): "",
	} {
		_, err := e.Run(context.Background(), Request{Inputs: []string{pattern}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s by hand: %v", pattern, err)
		}
		_, err = e.Run(context.Background(), Request{Inputs: []string{pattern}, Scheduled: true})
		if (err == nil) != (want != "") {
			t.Errorf("%s by the worker: %v", pattern, err)
		}
	}
}

// What growing does not mend is told, however young the file is.
func TestUnknownFormatIsToldAtOnce(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"some unknown line\nand another\n": "format",
		"some unknown beg":                 "", // of the first line
	} {
		path := writeFile(t, filepath.Join(t.TempDir(), "access.log"), []byte(text))
		if err := os.Chtimes(path, farAway, farAway); err != nil {
			t.Fatal(err)
		}
		_, err := newEngine(filepath.Join(t.TempDir(), "data"), farAway).Run(context.Background(), Request{Inputs: []string{path}, Scheduled: true})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Errors are stored and told; what they quote from a log is not.
func TestErrorsDoNotQuoteLogs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	format := writeFile(t, filepath.Join(dir, "my.sql"), []byte("select source, line, '2026-09-25T15:15:15Z' as \"timestamp\", split_part(raw, '|', 1) as client_ip, 'GET' as method, '/v2/acme/app/manifests/v1' as path, cast(split_part(raw, '|', 2) as integer) as status from {{.Source}}"))
	input := writeFile(t, filepath.Join(dir, "access.log"), []byte("192.0.2.77|alice@example.org\n"))
	_, err := newEngine(filepath.Join(dir, "data"), farAway).Run(context.Background(), Request{Inputs: []string{input}, Format: ingest.Format(format)})
	if err == nil || strings.Contains(err.Error(), "alice") || !strings.Contains(err.Error(), "try_cast") || !strings.Contains(err.Error(), "access.log") {
		t.Errorf("got %v", err)
	}
}

func TestFileIsReadOnceUnderAllItsNames(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	log.append("access.csv", log.lines(3), farAway)
	for _, err := range []error{os.Link(log.path("access.csv"), log.path("hard.csv")), os.Symlink("access.csv", log.path("soft.csv"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	last := mustRun(t, e, log.dir, log.path("*.csv"), log.path("access.csv")).Last()
	if len(last.Inputs) != 1 || last.Inputs[0].Accepted != 3 {
		t.Errorf("inputs %+v", last.Inputs)
	}
}

func TestEveryAttemptIsRecorded(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	now := farAway
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	e.Now = func() time.Time { return now }
	attempt := func() lake.Attempt {
		t.Helper()
		store, err := lake.OpenExisting(e.Dir)
		if err != nil {
			t.Fatal(err)
		}
		a, err := store.Attempt()
		if err != nil || a == nil {
			t.Fatalf("%v, %v", a, err)
		}
		return *a
	}
	log.append("access.csv", log.lines(3), farAway)
	for want := 1; want <= 2; want++ {
		now = now.Add(time.Hour)
		if _, err := e.Run(context.Background(), Request{Inputs: []string{log.path("access.txt")}}); err == nil {
			t.Fatal("no error")
		}
		if a := attempt(); a.Failures != want || !strings.Contains(a.Error, "access.txt does not exist") || !a.StartedAt.Equal(now) {
			t.Errorf("after failure %d: %+v", want, a)
		}
	}
	mustRun(t, e, log.path("access.csv"))
	if a := attempt(); a.Failures != 0 || a.Error != "" || a.Run == "" {
		t.Errorf("after a run: %+v", a)
	}
}
