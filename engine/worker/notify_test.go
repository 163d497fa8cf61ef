package worker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
)

// toldTo runs a notifier whose command writes what it is told into a file, and returns that, "" for nothing.
func toldTo(t *testing.T, on string, runs []lake.Run, failed error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "told.json")
	var log buffer
	n := Notifier{Command: []string{"sh", "-c", `cat > "$1"`, "sh", path}, On: on, Log: log.logger()}
	n.Notify(t.Context(), runs, failed)
	if log.String() != "" {
		t.Errorf("the log says %s", &log)
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsTold(t *testing.T) {
	disk := errors.New("disk full")
	for _, test := range []struct {
		name                 string
		runs                 []lake.Run
		failed               error
		change, all, failure bool
	}{
		{"nothing to do", []lake.Run{{}}, nil, false, true, false},
		{"found everything up to date", []lake.Run{{Skipped: []lake.Skipped{{}}, Published: []lake.Published{{Changed: false}}}}, nil, false, true, false},
		{"failed early", nil, disk, true, true, true},
		{"failed to publish", []lake.Run{{Inputs: []lake.Input{{}}}}, disk, true, true, true},
		{"read", []lake.Run{{Inputs: []lake.Input{{}}}}, nil, true, true, false},
		{"stored", []lake.Run{{Days: []lake.RunDay{{}}}}, nil, true, true, false},
		{"stored events", []lake.Run{{ExtensionDays: []lake.ExtensionDay{{}}}}, nil, true, true, false},
		{"published", []lake.Run{{}, {Published: []lake.Published{{Changed: true}}}}, nil, true, true, false},
		{"pruned", []lake.Run{{Pruned: &lake.Pruned{}}}, nil, true, true, false},
	} {
		for on, want := range map[string]bool{"": test.change, OnChange: test.change, OnAll: test.all, OnFailure: test.failure} {
			if got := toldTo(t, on, test.runs, test.failed) != ""; got != want {
				t.Errorf("%s, on %q: told %t, want %t", test.name, on, got, want)
			}
		}
	}
}

func TestTheJSONOfARun(t *testing.T) {
	run := lake.Run{Run: "000001-20270104T010000Z", Inputs: []lake.Input{{Path: "a.log", Accepted: 3, Marks: "0123456789abcdef"}}}
	text := toldTo(t, OnAll, []lake.Run{run}, errors.New(`"reports" is full`))
	var told struct {
		OK    bool
		Error string
		Runs  []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if told.OK || told.Error != `"reports" is full` || len(told.Runs) != 1 || told.Runs[0]["run"] != run.Run {
		t.Errorf("told %s", text)
	}
	input := told.Runs[0]["inputs"].([]any)[0].(map[string]any)
	if _, there := input["marks"]; there || input["accepted"] != 3.0 || input["path"] != "a.log" {
		t.Errorf("told of the input %v", input)
	}
	if run.Inputs[0].Marks == "" {
		t.Error("the caller's manifest has lost its marks")
	}
	if got := toldTo(t, OnAll, nil, nil); got != `{"ok":true,"error":"","runs":[]}`+"\n" {
		t.Errorf("of no run, told %s", got)
	}
}

func TestCommandsThatFail(t *testing.T) {
	for script, want := range map[string]string{
		"exit 3":                          `error="exit status 3"`,
		"echo no mail server >&2; exit 1": `error="exit status 1: no mail server"`,
		"yes | head -c 100000; exit 1":    "y\\ny\\n",
		"kill -9 $$":                      "signal: killed",
	} {
		var log buffer
		Notifier{Command: []string{"sh", "-c", script}, Log: log.logger()}.Notify(t.Context(), nil, errors.New("disk full"))
		if text := log.String(); !strings.Contains(text, want) || len(text) > 2000 || !strings.Contains(text, "level=ERROR") {
			t.Errorf("%s: the log says %s", script, text)
		}
	}
	var log buffer
	Notifier{Command: []string{"/nonexistent/tell"}, Log: log.logger()}.Notify(t.Context(), nil, errors.New("disk full"))
	checkLog(t, log.String(), "no such file or directory")
	// One that does not read what it is told has not failed.
	log = buffer{}
	long := []lake.Run{{Inputs: make([]lake.Input, 5000)}}
	Notifier{Command: []string{"true"}, Log: log.logger()}.Notify(t.Context(), long, nil)
	if log.String() != "" {
		t.Errorf("the log says %s", &log)
	}
}

// A command that hangs ends with the engine, and so does what it has started.
func TestCommandThatHangs(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
				cancel()
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	var log buffer
	begun := time.Now()
	Notifier{Command: []string{"sh", "-c", `cd "$1"; (sleep 2; touch late) & touch started; sleep 100`, "sh", dir}, Log: log.logger()}.Notify(ctx, nil, errors.New("disk full"))
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	checkLog(t, log.String(), "it was killed, because the engine ends")
	time.Sleep(2500 * time.Millisecond)
	if _, err := os.Stat(filepath.Join(dir, "late")); err == nil {
		t.Error("what the command started lives on")
	}
}

func TestWebhook(t *testing.T) {
	var tries atomic.Int32
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
		switch n := tries.Add(1); {
		case r.URL.Path == "/busy" && n < 3:
			w.Header().Set("Retry-After", "0")
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case r.URL.Path == "/down":
			http.Error(w, "down", http.StatusBadGateway)
		case r.URL.Path == "/secret":
			http.Error(w, "who are you?", http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer server.Close()
	const told = `POST application/json {"ok":false,"error":"disk full","runs":[]}` + "\n"
	for _, test := range []struct {
		path  string
		tries int
		log   string
	}{
		{"/", 1, ""}, {"/busy", 3, ""}, {"/down", 3, "the server answers 502 Bad Gateway"}, {"/secret", 1, "the server answers 403 Forbidden"},
	} {
		var log buffer
		tries.Store(0)
		got = nil
		n := Notifier{Webhook: server.URL + test.path, Log: log.logger(), retryWait: time.Millisecond}
		n.Notify(t.Context(), nil, errors.New("disk full"))
		if len(got) != test.tries {
			t.Errorf("%s: %d tries, want %d", test.path, len(got), test.tries)
		}
		for _, one := range got {
			if one != told {
				t.Errorf("%s: posted %q, want %q", test.path, one, told)
			}
		}
		if text := log.String(); !strings.Contains(text, test.log) || (test.log == "") != (text == "") || strings.Contains(text, "/secret") {
			t.Errorf("%s: the log says %s", test.path, text)
		}
	}
	server.Close()
	var log buffer
	Notifier{Webhook: server.URL + "/secret", Log: log.logger(), retryWait: time.Millisecond}.Notify(t.Context(), nil, errors.New("disk full"))
	checkLog(t, log.String(), "connection refused")
	if strings.Contains(log.String(), "/secret") {
		t.Errorf("the log tells the path of the webhook: %s", &log)
	}
}

// A server that is slow in asking for patience does not hold up the runs.
func TestWebhookEndsWithTheEngine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		cancel()
	}))
	defer server.Close()
	var log buffer
	begun := time.Now()
	Notifier{Webhook: server.URL, Log: log.logger()}.Notify(ctx, nil, errors.New("disk full"))
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	checkLog(t, log.String(), "context canceled")
}
