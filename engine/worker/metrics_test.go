package worker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// finish writes the manifest of a run, as it is in the lake when the run is done.
func finish(t *testing.T, l *lake.Lake, run lake.Run) lake.Run {
	t.Helper()
	id, err := l.NextRunID(run.StartedAt)
	if err != nil {
		t.Fatal(err)
	}
	run.Run = id
	text, err := json.Marshal(run.Normalized())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.Dir(), "runs", id+".json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return run
}

// loaded is a run that read two logs, rebuilt three days, removed one and published.
func loaded() lake.Run {
	return lake.Run{
		StartedAt: at("2027-01-04T01:00"), EndedAt: at("2027-01-04T01:05"),
		Inputs: []lake.Input{
			{Bytes: 1000, Records: 22, Accepted: 10, Duplicates: 2, Rejected: 3, Rejects: map[string]int64{"unreadable": 2, "192.0.2.1 alice": 1}, Ignored: map[string]int64{"header": 1, "status": 6}},
			{Bytes: 500, Records: 5, Accepted: 4, Ignored: map[string]int64{"header": 1}},
		},
		Days: []lake.RunDay{
			{Day: "2026-12-30", Requests: 10, Bytes: 100}, {Day: "2026-12-31", Requests: 3, Bytes: 30}, {Day: "2027-01-01", Requests: 4, Bytes: 40},
		},
		ExtensionDays: []lake.ExtensionDay{{Day: "2026-12-31", Events: 7, Bytes: 70}},
		Check:         lake.Check{Requests: 17},
		Timings:       []lake.Timing{{Step: "load", Seconds: 2}, {Step: "check", Seconds: 0.02}},
		Published: []lake.Published{
			{Publisher: "acme", Period: "2026-W53", Changed: true}, {Publisher: "acme", Period: "2026-W52"}, {Publisher: "acme", Period: "2026-12", Changed: true},
			{Publisher: "acme", Period: "2027-01", Changed: true}, // open: it ends after the run
		},
	}
}

const stored = `
# HELP engine_published_period_end_timestamp_seconds End of the newest closed period that is published.
# TYPE engine_published_period_end_timestamp_seconds gauge
engine_published_period_end_timestamp_seconds{granularity="monthly"} 1.7987616e+09
engine_published_period_end_timestamp_seconds{granularity="weekly"} 1.7990208e+09
# HELP engine_stored_bytes Size of the day files in the data directory.
# TYPE engine_stored_bytes gauge
engine_stored_bytes{table="extension_events"} 70
engine_stored_bytes{table="requests"} 140
# HELP engine_stored_day_files Day files in the data directory, one per day with records.
# TYPE engine_stored_day_files gauge
engine_stored_day_files{table="extension_events"} 1
engine_stored_day_files{table="requests"} 2
# HELP engine_stored_extension_events Extension events in the data directory.
# TYPE engine_stored_extension_events gauge
engine_stored_extension_events 7
# HELP engine_stored_requests Requests in the data directory.
# TYPE engine_stored_requests gauge
engine_stored_requests 14
`

var storedNames = []string{"engine_stored_bytes", "engine_stored_day_files", "engine_stored_requests", "engine_stored_extension_events", "engine_published_period_end_timestamp_seconds"}

func checkMetrics(t *testing.T, m *Metrics, want string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

func TestMetricsOfRuns(t *testing.T) {
	l, m := openLake(t, t.TempDir()), NewMetrics()
	first := finish(t, l, loaded())
	second := finish(t, l, lake.Run{
		StartedAt: at("2027-01-05T01:00"), EndedAt: at("2027-01-05T01:01"),
		Days: []lake.RunDay{{Day: "2026-12-31", Removed: true}},
	})
	if err := m.observe(l, outcome{runs: []lake.Run{first, second}}, at("2027-01-05T01:01")); err != nil {
		t.Fatal(err)
	}
	// A run that found differences has stored nothing; what it read is not counted.
	failed := loaded()
	failed.Run, failed.Check.Differences, failed.Days = "000009-20270106T000000Z", 3, nil
	if err := m.observe(l, outcome{runs: []lake.Run{failed}, err: errors.New("the check found a difference")}, at("2027-01-06T00:00")); err != nil {
		t.Fatal(err)
	}
	m.setNext(at("2027-01-06T00:01"))
	checkMetrics(t, m, stored, storedNames...)
	checkMetrics(t, m, `
# HELP engine_check_differences_total Requests on which the classification and the reference classifier disagreed.
# TYPE engine_check_differences_total counter
engine_check_differences_total 3
# HELP engine_consecutive_failures Runs that have failed since the last one that succeeded.
# TYPE engine_consecutive_failures gauge
engine_consecutive_failures 1
# HELP engine_input_bytes_total Size of the logs that were read and stored, unpacked.
# TYPE engine_input_bytes_total counter
engine_input_bytes_total 1500
# HELP engine_inputs_total Logs that were read and stored.
# TYPE engine_inputs_total counter
engine_inputs_total 2
# HELP engine_last_attempt_timestamp_seconds When the last run ended, failed or not; 0: never.
# TYPE engine_last_attempt_timestamp_seconds gauge
engine_last_attempt_timestamp_seconds 1.7991936e+09
# HELP engine_last_success_timestamp_seconds When the last run that succeeded ended; 0: never.
# TYPE engine_last_success_timestamp_seconds gauge
engine_last_success_timestamp_seconds 1.79911086e+09
# HELP engine_next_due_timestamp_seconds When the next run begins, be it on schedule or again after a failure.
# TYPE engine_next_due_timestamp_seconds gauge
engine_next_due_timestamp_seconds 1.79919366e+09
# HELP engine_records_total Records of the logs by verdict, and by reason where they were ignored or rejected.
# TYPE engine_records_total counter
engine_records_total{reason="",verdict="accepted"} 14
engine_records_total{reason="",verdict="duplicate"} 2
engine_records_total{reason="header",verdict="ignored"} 2
engine_records_total{reason="status",verdict="ignored"} 6
engine_records_total{reason="other",verdict="rejected"} 1
engine_records_total{reason="unreadable",verdict="rejected"} 2
# HELP engine_runs_total Runs of this worker by outcome, ok or failed.
# TYPE engine_runs_total counter
engine_runs_total{outcome="failed"} 1
engine_runs_total{outcome="ok"} 1
`, "engine_check_differences_total", "engine_consecutive_failures", "engine_input_bytes_total", "engine_inputs_total", "engine_last_attempt_timestamp_seconds",
		"engine_last_success_timestamp_seconds", "engine_next_due_timestamp_seconds", "engine_records_total", "engine_runs_total")
	if n := testutil.CollectAndCount(m.steps); n != 2 {
		t.Errorf("%d steps have durations, want load and check", n)
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	l, m := openLake(t, t.TempDir()), NewMetrics()
	if err := m.observe(l, outcome{runs: []lake.Run{finish(t, l, loaded())}}, at("2027-01-05")); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

// A worker that begins knows what those before it have stored, when they succeeded, and that they failed since.
func TestMetricsBeginWithTheDataDirectory(t *testing.T) {
	l, m := openLake(t, t.TempDir()), NewMetrics()
	finish(t, l, loaded())
	finish(t, l, lake.Run{StartedAt: at("2027-01-05T01:00"), EndedAt: at("2027-01-05T01:01"), Days: []lake.RunDay{{Day: "2026-12-31", Removed: true}}})
	err := l.WriteAttempt(lake.Attempt{StartedAt: at("2027-01-06"), EndedAt: at("2027-01-06T00:00:02"), Error: "disk full", Failures: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.load(l); err != nil {
		t.Fatal(err)
	}
	checkMetrics(t, m, stored, storedNames...)
	for name, test := range map[string]struct{ got, want float64 }{
		"last success": {testutil.ToFloat64(m.lastSuccess), float64(at("2027-01-05T01:01").Unix())},
		"last attempt": {testutil.ToFloat64(m.lastAttempt), float64(at("2027-01-06T00:00:02").Unix())},
		"failures":     {testutil.ToFloat64(m.failures), 4},
		"runs":         {testutil.ToFloat64(m.runs.WithLabelValues(outcomeOK)), 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %f, want %f", name, test.got, test.want)
		}
	}
	if err := m.observe(l, outcome{err: errors.New("disk full")}, at("2027-01-06T01:00")); err != nil {
		t.Fatal(err)
	}
	if got := testutil.ToFloat64(m.failures); got != 5 {
		t.Errorf("%f failures in a row, want those of the worker before, too", got)
	}
}

func TestNewestEndsLeaveOutWhatWasOpen(t *testing.T) {
	run := loaded()
	got := newestEnds([]lake.Run{run, {EndedAt: at("2027-02-01"), Published: []lake.Published{{Period: "2026-W40"}, {Period: "quarter 7"}}}})
	want := map[period.Granularity]time.Time{period.Weekly: at("2027-01-04"), period.Monthly: at("2027-01-01")}
	if len(got) != 2 || !got[period.Weekly].Equal(want[period.Weekly]) || !got[period.Monthly].Equal(want[period.Monthly]) {
		t.Errorf("%v, want %v", got, want)
	}
}

func get(t *testing.T, url string) (int, string) {
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

func checkAnswer(t *testing.T, url string, code int, part string) {
	t.Helper()
	if gotCode, body := get(t, url); gotCode != code || !strings.Contains(body, part) {
		t.Errorf("%s answers %d %q, want %d and %q", url, gotCode, body, code, part)
	}
}

func TestServer(t *testing.T) {
	l, m := openLake(t, t.TempDir()), NewMetrics()
	var log buffer
	s, err := serve("127.0.0.1:0", m, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(log.String(), "address=")
	address = strings.TrimSpace(address)
	url := "http://" + address
	m.setNext(at("2027-01-06T00:01"))
	checkAnswer(t, url+"/healthz", 200, "ok\n")
	checkAnswer(t, url+"/readyz", 503, "the first run has not ended yet")
	if err := m.observe(l, outcome{}, at("2027-01-05")); err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, url+"/readyz", 200, "ok\n")
	if err := m.observe(l, outcome{err: errors.New("192.0.2.1 is secret")}, at("2027-01-06")); err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, url+"/readyz", 503, "the last run failed (failures in a row: 1), the log says why; the next one begins at 2027-01-06T00:01:00Z\n")
	checkAnswer(t, url+"/metrics", 200, "engine_runs_total{outcome=\"failed\"} 1\n")
	checkAnswer(t, url+"/metrics", 200, "go_goroutines ")
	checkAnswer(t, url+"/metrics", 200, "process_resident_memory_bytes ")
	checkAnswer(t, url+"/", 404, "not found")
	if _, body := get(t, url+"/metrics"); strings.Contains(body, "192.0.2.1") {
		t.Error("the metrics hold the text of an error")
	}
	if _, err := serve(address, m, log.logger()); err == nil || err.Error() != "metrics cannot be served at "+address+", another program has this address; give another one with --metrics" {
		t.Errorf("a second server at %s: %v", address, err)
	}
	for _, bad := range []string{"nonsense", "127.0.0.1:99999", ":http:"} {
		if _, err := serve(bad, m, log.logger()); err == nil || !strings.Contains(err.Error(), "give an address such as :9090") {
			t.Errorf("a server at %q: %v", bad, err)
		}
	}
	s.close()
	if connection, err := net.Dial("tcp", address); err == nil {
		connection.Close()
		t.Error("the address is still served")
	}
}

// A loop that hangs, on a disk that does not answer, is not alive.
func TestHealthOfALoopThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMetrics()
		checkHealth := func(code int, body string) {
			t.Helper()
			w := httptest.NewRecorder()
			m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			if w.Code != code || w.Body.String() != body {
				t.Errorf("/healthz answers %d %q, want %d %q", w.Code, w.Body, code, body)
			}
		}
		s := simulate(t, "2027-01-05T00:30", "weekly", 0, func(context.Context, int) ([]lake.Run, error) { time.Sleep(5 * time.Hour); return nil, nil })
		s.Metrics = m
		s.start()
		s.until("2027-01-05T04:00:30") // during a run
		checkHealth(200, "ok\n")
		s.until("2027-01-05T06:00")
		s.end()
		time.Sleep(maxSilence + time.Second)
		checkHealth(503, "the worker has not looked at the clock for 3m1s\n")
	})
}

func TestAddressInUseEndsTheWorker(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	w := &Worker{
		Lake: openLake(t, t.TempDir()), Schedule: mustParse(t, "daily", 0), Metrics: NewMetrics(), MetricsAddress: listener.Addr().String(),
		Do: func(context.Context) ([]lake.Run, error) { t.Error("a run began"); return nil, nil },
	}
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "another program has this address") {
		t.Errorf("the worker ended with %v", err)
	}
	if alive, _ := w.Lake.WorkerAlive(); alive {
		t.Error("the lock is still held")
	}
}
