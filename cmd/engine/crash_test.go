package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// child is the engine as a process of its own: the test binary, told to be it.
func child(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asEngine+"=1")
	cmd.Stdout, cmd.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return cmd
}

// wait ends a started child and returns what it gave; a signal is code -1.
func wait(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run engine: %v", err)
	}
	return result{cmd.ProcessState.ExitCode(), cmd.Stdout.(*bytes.Buffer).String(), cmd.Stderr.(*bytes.Buffer).String()}
}

func runChild(t *testing.T, args ...string) result {
	t.Helper()
	cmd := child(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return wait(t, cmd)
}

// crashInputs writes logs that build on each other: several days, pulls over
// midnight and over the ends of files, duplicates, rejects, and one that has grown.
// Beside each lies a file of extension events (see extensionsOf).
func crashInputs(t *testing.T, dir string, rows int) []string {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 11))
	digests := []string{"", "sha256:" + strings.Repeat("a", 64), "sha256:" + strings.Repeat("b", 64)}
	begin := time.Date(2024, 9, 24, 20, 0, 0, 0, time.UTC)
	var grown string
	var inputs []string
	for file := range 5 {
		var out strings.Builder
		out.WriteString("timestamp,client_ip,method,image,reference,digest,user_agent,user_id,request_id\n")
		at := begin.Add(time.Duration(file) * 9 * time.Hour)
		for i := range rows {
			at = at.Add(time.Duration(random.IntN(int(40 * time.Hour / time.Duration(rows)))))
			reference := []string{"latest", "v1", digests[1], digests[2]}[random.IntN(4)]
			id := ""
			if random.IntN(4) == 0 {
				id = fmt.Sprintf("id-%d", random.IntN(rows))
			}
			fmt.Fprintf(&out, "%s,192.0.2.%d,%s,%s,%s,%s,docker/24.0.%d,%s,%s\n", at.Format("2006-01-02T15:04:05.000000Z"), random.IntN(6),
				[]string{"HEAD", "GET"}[random.IntN(2)], []string{"acme/app", "acme/web", "globex/tool", "nginx"}[random.IntN(4)], reference,
				digests[random.IntN(3)], random.IntN(3), []string{"", "alice"}[random.IntN(2)], id)
			if i%997 == 5 {
				out.WriteString("nonsense\n")
			}
		}
		path := filepath.Join(dir, fmt.Sprintf("log%d.csv", file))
		switch file {
		case 1:
			grown = out.String()
		case 4: // the second log again, longer
			out.Reset()
			out.WriteString(grown + "2024-09-27T05:00:00Z,192.0.2.9,GET,acme/app,v2,,,,\n")
		}
		put(t, path, out.String())
		put(t, extensionsOf(path), crashEvents(file, rows/10))
		inputs = append(inputs, path)
	}
	return inputs
}

// extensionsOf is the file of extension events that is loaded together with a log.
func extensionsOf(input string) string { return strings.TrimSuffix(input, ".csv") + ".events.csv" }

// crashEvents are events of several days; the last file is the second one, longer.
func crashEvents(file, rows int) string {
	if file == 4 {
		return crashEvents(1, rows) + "2024-09-29T05:00:00Z,acme/tool,open,alice\n"
	}
	var out strings.Builder
	out.WriteString("timestamp,extension,event,user_id\n")
	at := time.Date(2024, 9, 24+file/2, 20, file, 0, 0, time.UTC)
	for i := range rows {
		at = at.Add(20 * time.Hour / time.Duration(rows))
		fmt.Fprintf(&out, "%s,acme/tool%d,%s,user%d\n", at.Format(time.RFC3339), i%3, []string{"install", "open", "remove", "update"}[i%97%4], i%5)
	}
	return out.String()
}

// published is what a lake shows to the world: days and reports, byte by byte.
func published(t *testing.T, data string) map[string]string {
	t.Helper()
	files := treeOf(t, filepath.Join(data, "requests"))
	for name, content := range treeOf(t, filepath.Join(data, "extension_events")) {
		files["extension_events/"+name] = content
	}
	for name, content := range treeOf(t, filepath.Join(data, "reports")) {
		// What a kill leaves half-written under a hidden name stays there. It is read by nobody.
		if !strings.HasPrefix(name, ".published/.") {
			files["reports/"+name] = content
		}
	}
	return files
}

func checkSame(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		} else if got[name] != want[name] {
			t.Errorf("%s has %d bytes, other than the %d of the run that nothing disturbed", name, len(got[name]), len(want[name]))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s should not be there", name)
		}
	}
}

// stage is the lake after some of the inputs, made by runs that nothing disturbed.
type stage struct {
	dir    string
	files  map[string]string
	counts map[string]int // requests by day, and extension events by "extensions:" and day
	took   time.Duration
}

// undisturbed loads one input after the other and keeps the lake after each.
func undisturbed(t *testing.T, dir string, inputs []string) []stage {
	t.Helper()
	data := filepath.Join(dir, "data")
	writeKey(t, data)
	stages := []stage{{dir: filepath.Join(dir, "stage0"), counts: map[string]int{}}}
	copyTree(t, data, stages[0].dir)
	for i := range inputs {
		begun := time.Now()
		if r := runChild(t, runArgs(data, inputs[:i+1])...); r.code != 0 || r.stderr != "" {
			t.Fatalf("run %d: exit code %d: %s", i+1, r.code, r.stderr)
		}
		s := stage{dir: filepath.Join(dir, fmt.Sprintf("stage%d", i+1)), took: time.Since(begun), files: published(t, data), counts: dayCounts(t, data)}
		copyTree(t, data, s.dir)
		stages = append(stages, s)
	}
	return stages
}

func runArgs(data string, inputs []string) []string {
	args := []string{"run", "--data", data, "--config", "testdata/few_reports.toml"}
	for _, input := range inputs {
		args = append(args, "--input", input, "--extensions", extensionsOf(input))
	}
	return args
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func dayCounts(t *testing.T, data string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, row := range queryCSV(t, data, `select day || ' ' || count(*) from requests group by day
		union all select 'extensions:' || day || ' ' || count(*) from extension_events group by day`) {
		var day string
		var n int
		if _, err := fmt.Sscan(row, &day, &n); err == nil {
			counts[day] = n
		}
	}
	return counts
}

// moments are states of the data directory in which a run is killed, beside
// those that the clock chooses.
var moments = []struct{ name, glob string }{
	{"a day is staged", "scratch/*/day=*.parquet"},
	{"a day of extension events is staged", "scratch/*/extension_events.day=*.parquet"},
	{"the commit is sealed", "scratch/*/commit.json"},
	{"reports are being written", "reports/*/*/.staging-*"},
	{"a period is published", "reports/.published/*"},
	{"the manifest is there", "runs/*.json"},
}

// TestKill kills the engine at many points of a run. Whatever the point, the next
// run makes the lake and the reports that a run without disturbance makes.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	inputs := crashInputs(t, dir, 1000)
	stages := undisturbed(t, dir, inputs)
	const byClock = 3 // points per stage; with the moments these are 45
	point := 0
	found := map[string]int{}
	for i := range inputs {
		before, after := stages[i], stages[i+1]
		try := func(name string, kill func(data string, cmd *exec.Cmd)) {
			point++
			data := filepath.Join(dir, fmt.Sprintf("killed%d", point))
			copyTree(t, before.dir, data)
			defer os.RemoveAll(data)
			cmd := child(runArgs(data, inputs[:i+1])...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			kill(data, cmd)
			_ = cmd.Process.Kill() // it may have ended by itself
			wait(t, cmd)
			found[stateOf(t, data, before, after)]++
			checkDays(t, data, before, after)
			r := runChild(t, runArgs(data, inputs[:i+1])...)
			if r.code != 0 {
				t.Fatalf("the run after the kill: exit code %d: %s", r.code, r.stderr)
			}
			checkSame(t, published(t, data), after.files)
			if point%6 == 0 {
				mustEngine(t, "check", "--data", data)
			}
			if t.Failed() {
				t.Fatalf("input %d, killed %s", i+1, name)
			}
		}
		for k := range byClock {
			delay := after.took * time.Duration(2*k+1+i%2) / (2*byClock + 1)
			try(fmt.Sprintf("after %s of %s", delay, after.took), func(string, *exec.Cmd) { time.Sleep(delay) })
		}
		for _, moment := range moments {
			try("when "+moment.name, func(data string, cmd *exec.Cmd) { awaitNew(data, moment.glob, 2*after.took+time.Second) })
		}
	}
	t.Logf("%d kills left the data directory: %v", point, found)
}

// awaitNew returns as soon as something matches that did not match before.
func awaitNew(data, glob string, limit time.Duration) {
	pattern := filepath.Join(data, glob)
	there, _ := filepath.Glob(pattern) // the pattern is well formed
	for begun := time.Now(); time.Since(begun) < limit; time.Sleep(200 * time.Microsecond) {
		now, _ := filepath.Glob(pattern)
		for _, path := range now {
			if !slices.Contains(there, path) {
				return
			}
		}
	}
}

// stateOf names how far a killed run came.
func stateOf(t *testing.T, data string, before, after stage) string {
	t.Helper()
	sealed, _ := filepath.Glob(filepath.Join(data, "scratch/*/commit.json"))
	files := published(t, data)
	same := func(want map[string]string, reports bool) bool {
		for name, content := range want {
			if strings.HasPrefix(name, "reports/") == reports && files[name] != content {
				return false
			}
		}
		return true
	}
	switch {
	case len(sealed) > 0 && !same(after.files, false):
		return "sealed, not all days in place"
	case len(sealed) > 0 && !same(after.files, true):
		return "days in place, reports not all published"
	case len(sealed) > 0:
		return "all in place, manifest missing"
	case same(after.files, false):
		return "done"
	default:
		return "nothing stored"
	}
}

// checkDays wants every day to be whole, as before or as after.
func checkDays(t *testing.T, data string, before, after stage) {
	t.Helper()
	for day, count := range dayCounts(t, data) {
		if count != before.counts[day] && count != after.counts[day] {
			t.Errorf("day %s has %d rows, neither %d nor %d", day, count, before.counts[day], after.counts[day])
		}
	}
}

// TestKillTwice kills the run that repairs, too, several times in a row.
func TestKillTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	dir := t.TempDir()
	inputs := crashInputs(t, dir, 800)
	stages := undisturbed(t, dir, inputs[:2])
	random := rand.New(rand.NewPCG(3, 5))
	for try := range 3 {
		data := filepath.Join(dir, fmt.Sprintf("killed%d", try))
		copyTree(t, stages[0].dir, data)
		for step := 1; step <= 2; step++ {
			for range 3 {
				cmd := child(runArgs(data, inputs[:step])...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(random.Int64N(int64(stages[step].took))))
				_ = cmd.Process.Kill()
				wait(t, cmd)
			}
			if r := runChild(t, runArgs(data, inputs[:step])...); r.code != 0 {
				t.Fatalf("exit code %d: %s", r.code, r.stderr)
			}
			checkSame(t, published(t, data), stages[step].files)
		}
	}
}

// TestQueryDuringRuns asks without a pause while runs replace days, and wants
// every answer, and whole days in each.
func TestQueryDuringRuns(t *testing.T) {
	dir := t.TempDir()
	inputs := crashInputs(t, dir, 1500)
	stages := undisturbed(t, dir, inputs)
	data := filepath.Join(dir, "live")
	copyTree(t, stages[1].dir, data)
	allowed := func(day string, count int) bool {
		return slices.ContainsFunc(stages, func(s stage) bool { return s.counts[day] == count })
	}
	var asking sync.WaitGroup
	stop, asked := make(chan struct{}), 0
	asking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			var stdout, stderr bytes.Buffer
			if code := execute(context.Background(), []string{"engine", "query", "--data", data, "--format", "csv",
				"select day || ' ' || count(*) || ' ' || count(distinct namespace || repository || line) as row from requests group by day"}, &stdout, &stderr); code != 0 {
				t.Errorf("query %d: exit code %d: %s", asked, code, stderr.String())
				return
			}
			for _, line := range strings.Split(strings.TrimSpace(stdout.String()), "\n")[1:] {
				var day string
				var count int
				if _, err := fmt.Sscan(line, &day, &count); err != nil || !allowed(day, count) {
					t.Errorf("query %d: %q is not a whole day", asked, line)
				}
			}
			asked++
		}
	})
	for round := range 2 {
		for i := 1; i < len(inputs); i++ {
			if r := runChild(t, runArgs(data, inputs[:i+1])...); r.code != 0 {
				t.Errorf("round %d, run %d: exit code %d: %s", round, i+1, r.code, r.stderr)
			}
		}
	}
	close(stop)
	asking.Wait()
	checkSame(t, published(t, data), stages[len(inputs)].files)
	t.Logf("%d queries", asked)
	if asked < 5 {
		t.Errorf("only %d queries were answered", asked)
	}
}

// TestTwoRuns: while one run is at work, a second one says so and ends.
func TestTwoRuns(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	input := writeFile(t, "log.csv", header+numbered(20000))
	first := child("run", "--data", data, "--input", input)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	awaitNew(data, "scratch/0*", 10*time.Second)
	if err := first.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"run", "--data", data, "--input", input}, {"check", "--data", data}} {
		r := runChild(t, args...)
		checkFailure(t, r, "the data directory is in use: run (process ", filepath.Join(data, "lock"), "wait until it has ended")
	}
	// A query needs no lock.
	mustEngine(t, "query", "--data", data, "select count(*) from requests")
	if err := first.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, first); r.code != 0 || r.stderr != "" {
		t.Errorf("the first run: exit code %d: %s", r.code, r.stderr)
	}
	if got := queryCSV(t, data, "select count(*) from requests"); got[0] != "20000" {
		t.Errorf("%s requests, want 20000", got[0])
	}
}

// TestInterrupt: a run that is asked to end does so, and the next completes it.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	input := writeFile(t, "log.csv", header+numbered(40000))
	whole := filepath.Join(dir, "whole")
	writeKey(t, whole)
	begun := time.Now()
	if r := runChild(t, "run", "--data", whole, "--input", input); r.code != 0 {
		t.Fatal(r.stderr)
	}
	took, want := time.Since(begun), published(t, whole)
	for i, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGINT} {
		t.Run(fmt.Sprintf("%s at %d of 6", sent, 2*i+1), func(t *testing.T) {
			data := filepath.Join(dir, fmt.Sprintf("data%d", i))
			writeKey(t, data)
			cmd := child("run", "--data", data, "--input", input)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(took * time.Duration(2*i+1) / 6)
			signalled := time.Now()
			_ = cmd.Process.Signal(sent) // it may have ended
			r := wait(t, cmd)
			if late := time.Since(signalled); late > 5*time.Second {
				t.Errorf("it ended %s after the signal", late)
			}
			t.Logf("exit code %d: %s", r.code, r.stderr)
			if r.code == 0 {
				checkSame(t, published(t, data), want)
			}
			if r.code != 0 && r.code != exitFailed && r.code != -1 {
				t.Errorf("exit code %d", r.code)
			}
			if r := runChild(t, "run", "--data", data, "--input", input); r.code != 0 {
				t.Errorf("the next run: exit code %d: %s", r.code, r.stderr)
			}
			checkSame(t, published(t, data), want)
		})
	}
}
