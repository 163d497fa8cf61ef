package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
)

const everySecond = "* * * * * *"

// workerProcess is a worker as a process of its own.
type workerProcess struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr string // the file
}

func startWorker(t *testing.T, args ...string) *workerProcess {
	t.Helper()
	return startProcess(t, append([]string{"run"}, args...)...)
}

// startProcess starts a command that stays.
func startProcess(t *testing.T, args ...string) *workerProcess {
	t.Helper()
	w := &workerProcess{t: t, cmd: child(args...), stderr: filepath.Join(t.TempDir(), "stderr")}
	file, err := os.Create(w.stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w.cmd.Stderr = file
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill() }) // it has ended, unless the test failed
	return w
}

func (w *workerProcess) log() string {
	text, err := os.ReadFile(w.stderr)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// await waits until the log says something n times, and returns what matched last.
func (w *workerProcess) await(n int, pattern string) []string {
	w.t.Helper()
	expression := regexp.MustCompile(pattern)
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(10 * time.Millisecond) {
		if found := expression.FindAllStringSubmatch(w.log(), -1); len(found) >= n {
			return found[len(found)-1]
		}
	}
	w.t.Fatalf("the log does not say %q %d times:\n%s", pattern, n, w.log())
	return nil
}

func (w *workerProcess) signal(sent os.Signal) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(sent); err != nil {
		w.t.Fatalf("%v\n%s", err, w.log())
	}
}

// end sends a signal and wants the worker to end in good order.
func (w *workerProcess) end(sent os.Signal) {
	w.t.Helper()
	w.signal(sent)
	begun := time.Now()
	err := w.cmd.Wait()
	if err != nil || time.Since(begun) > 10*time.Second {
		w.t.Errorf("the worker ended after %s with %v\n%s", time.Since(begun), err, w.log())
	}
	if stdout := fmt.Sprint(w.cmd.Stdout); stdout != "" {
		w.t.Errorf("the worker printed %s", stdout)
	}
}

func workerState(t *testing.T, data string) lake.WorkerState {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "worker.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state lake.WorkerState
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	return state
}

// scrape gets a page of a worker.
func scrape(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// TestWorker: a worker reads logs as they appear, tells how it goes, lets no other
// worker in, and ends when it is asked to.
func TestWorker(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	w := startWorker(t, "--data", data, "--config", "testdata/few_reports.toml", "--input", filepath.Join(logs, "*.csv"),
		"--schedule", everySecond, "--metrics", "127.0.0.1:0")
	url := "http://" + w.await(1, `msg="serving metrics" address=(\S+)`)[1]
	w.await(2, `msg="run done" .*inputs=0`)
	old := time.Now().Add(-time.Hour)
	put(t, filepath.Join(logs, "a.csv.new"), header+row+"nonsense,,,,\n")
	if err := os.Chtimes(filepath.Join(logs, "a.csv.new"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(logs, "a.csv.new"), filepath.Join(logs, "a.csv")); err != nil {
		t.Fatal(err)
	}
	w.await(1, `msg="run done" run=\S+ inputs=1 accepted=1 rejected=1 published=2 seconds=`)
	w.await(1, `inputs=1(.*\n)+.*inputs=0`) // so that the metrics have the one before

	for path, want := range map[string]string{
		"/healthz": "ok\n", "/readyz": "ok\n",
		"/metrics": `engine_records_total{reason="",verdict="accepted"} 1` + "\n",
	} {
		if code, body := scrape(t, url+path); code != 200 || !strings.Contains(body, want) || strings.Contains(body, "192.0.2") {
			t.Errorf("%s answers %d %s, want %s", path, code, body, want)
		}
	}
	_, metrics := scrape(t, url+"/metrics")
	for _, want := range []string{"engine_stored_requests 1\n", "engine_inputs_total 1\n", `engine_step_duration_seconds_count{step="check"} 1` + "\n", "engine_consecutive_failures 0\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics has no %q", want)
		}
	}

	second := runChild(t, "run", "--data", data, "--schedule", "daily", "--log-level", "error")
	checkFailure(t, second, "the data directory is in use: a worker with schedule * * * * * *", fmt.Sprintf("process %d on ", w.cmd.Process.Pid), "worker.lock", "--wait")
	taken := runChild(t, "run", "--data", filepath.Join(dir, "other"), "--schedule", "daily", "--metrics", strings.TrimPrefix(url, "http://"), "--log-level", "error")
	checkFailure(t, taken, "another program has this address", "--metrics")
	waiting := startWorker(t, "--data", data, "--schedule", "monthly", "--wait")

	if got := queryCSV(t, data, "select count(*) from requests"); got[0] != "1" {
		t.Errorf("%s requests, want 1", got[0])
	}
	state := workerState(t, data)
	if state.PID != w.cmd.Process.Pid || state.Schedule != everySecond || !state.StoppedAt.IsZero() {
		t.Errorf("worker.json says %+v", state)
	}
	w.end(syscall.SIGTERM)
	// The one that waited takes its place.
	waiting.await(1, `msg="run done"`)
	if state := workerState(t, data); state.PID != waiting.cmd.Process.Pid || state.NextDue.Day() != 1 {
		t.Errorf("worker.json says %+v", state)
	}
	waiting.end(syscall.SIGINT)
	if state := workerState(t, data); state.StoppedAt.IsZero() {
		t.Errorf("worker.json says %+v", state)
	}
	if alive, by := openedLake(t, data).WorkerAlive(); alive {
		t.Errorf("%s still holds the lock", by)
	}
	mustEngine(t, "check", "--data", data)
}

func openedLake(t *testing.T, data string) *lake.Lake {
	t.Helper()
	l, err := lake.OpenExisting(data)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestWorkerEndsDuringARun: it ends soon and well, and what it leaves the next one
// completes.
func TestWorkerEndsDuringARun(t *testing.T) {
	dir := t.TempDir()
	input := writeFile(t, "log.csv", header+numbered(40000))
	args := func(data string) []string {
		return []string{"--data", data, "--config", "testdata/few_reports.toml", "--input", input}
	}
	whole := filepath.Join(dir, "whole")
	writeKey(t, whole)
	begun := time.Now()
	if r := runChild(t, append([]string{"run"}, args(whole)...)...); r.code != 0 {
		t.Fatal(r.stderr)
	}
	took, want := time.Since(begun), published(t, whole)
	for i, sent := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGTERM} {
		data := filepath.Join(dir, fmt.Sprintf("data%d", i))
		writeKey(t, data)
		w := startWorker(t, append(args(data), "--schedule", "weekly")...)
		w.await(1, "msg=reading")
		time.Sleep(took * time.Duration(i) / 4)
		w.end(sent)
		t.Logf("%s", w.log())
		if state := workerState(t, data); state.StoppedAt.IsZero() || state.Retry {
			t.Errorf("worker.json says %+v", state)
		}
		if r := runChild(t, append([]string{"run", "--once"}, args(data)...)...); r.code != 0 {
			t.Errorf("the next run: exit code %d: %s", r.code, r.stderr)
		}
		checkSame(t, published(t, data), want)
		if left, _ := filepath.Glob(filepath.Join(data, "scratch/0*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

// TestWorkerReload: SIGHUP reads the configuration again. One that is wrong changes
// nothing; one that mends what failed is tried at once.
func TestWorkerReload(t *testing.T) {
	dir := t.TempDir()
	data, config, told := filepath.Join(dir, "data"), filepath.Join(dir, "engine.toml"), filepath.Join(dir, "told.json")
	input := writeFile(t, "log.csv", header+row)
	const reports = "[reports]\npublish = [\"summary\"]\n"
	missing := "[enrichment]\ndatabases = [\"missing.mmdb\"]\n"
	put(t, config, missing+reports)
	w := startWorker(t, "--data", data, "--config", config, "--input", input, "--schedule", "weekly", "--metrics", "127.0.0.1:0")
	url := "http://" + w.await(1, `msg="serving metrics" address=(\S+)`)[1]
	w.await(1, `level=ERROR msg="run failed" error=".*missing.mmdb`)
	w.await(1, `msg="the failed run is repeated" at=\S+ failures=1`)
	if code, body := scrape(t, url+"/readyz"); code != 503 || !strings.HasPrefix(body, "the last run failed (failures in a row: 1), the log says why; the next one begins at ") {
		t.Errorf("/readyz answers %d %s", code, body)
	}
	if code, _ := scrape(t, url+"/healthz"); code != 200 {
		t.Errorf("/healthz answers %d", code)
	}
	awaitRetry := func() time.Time {
		for range 200 {
			if state := workerState(t, data); state.Retry {
				return state.NextDue
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("worker.json says %+v", workerState(t, data))
		return time.Time{}
	}
	if wait := time.Until(awaitRetry()); wait < 30*time.Second || wait > time.Minute {
		t.Errorf("the run is repeated in %s, want a minute", wait)
	}

	put(t, config, "grace = \"soon\"\n")
	w.signal(syscall.SIGHUP)
	w.await(1, `msg="the settings cannot be read again, the old ones stay" error=".*line 1.*grace`)

	put(t, config, fmt.Sprintf("grace = \"5h\"\n%s[notify]\non = \"all\"\ncommand = [\"sh\", \"-c\", \"cat > %s.new && mv %s.new %s\"]\n", reports, told, told, told))
	w.signal(syscall.SIGHUP)
	next := w.await(1, `msg="the settings were read again" schedule=weekly next=(\S+)`)[1]
	if at, err := time.Parse(time.RFC3339, next); err != nil || at.Weekday() != time.Monday || at.Hour() != 5 {
		t.Errorf("with a grace of 5 hours the next run is due at %s", next)
	}
	w.await(1, `msg="run done" run=\S+ inputs=1 accepted=1 `)
	w.await(1, `msg="waiting for the next run"`)
	if code, body := scrape(t, url+"/readyz"); code != 200 {
		t.Errorf("/readyz answers %d %s", code, body)
	}
	text, err := os.ReadFile(told)
	if err != nil || !strings.HasPrefix(string(text), `{"ok":true,"error":"","runs":[{"run":"`) {
		t.Errorf("told %s, %v", text, err)
	}
	w.end(syscall.SIGTERM)
	reportDirs, _ := filepath.Glob(filepath.Join(data, "reports/acme/weekly/*/summary.csv"))
	if !slices.Contains(reportDirs, filepath.Join(data, "reports/acme/weekly/2024-09-23/summary.csv")) {
		t.Errorf("published: %q", reportDirs)
	}
}
