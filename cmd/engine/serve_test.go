package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// One process loads what a log gains and serves it; SIGHUP changes who may see it, SIGTERM ends both.
func TestServeWithWorker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, log, config := filepath.Join(dir, "data"), filepath.Join(dir, "log.csv"), filepath.Join(dir, "engine.toml")
	const header = "timestamp,client_ip,method,image,reference\n"
	row := func(image string) string {
		return time.Now().UTC().Add(-time.Minute).Format(time.RFC3339) + ",192.0.2.1,GET," + image + ",latest\n"
	}
	write(t, log, header+row("acme/app"))
	write(t, config, "settle = \"0s\"\n[serve]\nanonymous = [\"acme\"]\n")
	address := freeAddress(t)
	w := startProcess(t, "serve", "--listen", address, "--with-worker", "--schedule", everySecond, "--data", data, "--config", config, "--input", log)
	w.await(1, `msg="the worker starts"`)
	images := "http://" + address + "/api/publisher/analytics/v1/namespaces/%s/images"
	awaitBody(t, w, fmt.Sprintf(images, "acme"), http.StatusOK, `{"repos":["app"]}`)
	awaitBody(t, w, fmt.Sprintf(images, "globex"), http.StatusUnauthorized, "log in")

	write(t, log, header+row("acme/app")+row("acme/web")+row("globex/db"))
	awaitBody(t, w, fmt.Sprintf(images, "acme"), http.StatusOK, `{"repos":["app","web"]}`)
	write(t, config, "settle = \"0s\"\n[serve]\nanonymous = [\"globex\"]\n")
	w.signal(syscall.SIGHUP)
	awaitBody(t, w, fmt.Sprintf(images, "globex"), http.StatusOK, `{"repos":["db"]}`)
	awaitBody(t, w, fmt.Sprintf(images, "acme"), http.StatusUnauthorized, "log in")

	write(t, config, "nonsense = 1\n")
	w.signal(syscall.SIGHUP)
	w.await(1, "the configuration cannot be read again, the old one stays")
	awaitBody(t, w, fmt.Sprintf(images, "globex"), http.StatusOK, `{"repos":["db"]}`)
	w.signal(syscall.SIGTERM)
	if err := w.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v\n%s", err, w.log())
	}
	if out := w.cmd.Stdout.(*bytes.Buffer).String(); !strings.HasPrefix(out, "serving "+data+" at http://"+address+"/") {
		t.Errorf("the server printed %q", out)
	}
	if strings.Contains(w.log(), "127.0.0.1:") && strings.Contains(w.log(), "remote") {
		t.Errorf("the log names clients:\n%s", w.log())
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// awaitBody asks until the answer is this one.
func awaitBody(t *testing.T, w *workerProcess, url string, status int, says string) {
	t.Helper()
	var got int
	var body string
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(50 * time.Millisecond) {
		if got, body = scrape(t, url); got == status && strings.Contains(body, says) {
			return
		}
	}
	t.Fatalf("%s answers %d %s, want %d with %s\n%s", url, got, body, status, says, w.log())
}

// An address that is taken, and flags that do not belong together.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--listen", taken.Addr().String()}, exitFailed, "another program has this address; give another one with --listen"},
		{[]string{"--listen", "nonsense"}, exitFailed, "give an address such as 127.0.0.1:8080"},
		{[]string{"--listen", "0.0.0.0:0", "--no-login"}, exitUsage, "is reached from other machines"},
		{[]string{"--schedule", "weekly"}, exitUsage, "--schedule is for runs; give it with --with-worker"},
		{[]string{"--input", "x"}, exitUsage, "--input is for runs"},
		{[]string{"--with-worker"}, exitUsage, "--with-worker needs --schedule"},
		{[]string{"--with-worker", "--schedule", "sometimes"}, exitUsage, "sometimes"},
		{[]string{"more"}, exitUsage, `argument "more" is unexpected`},
	} {
		r := engineIn(t, append([]string{"serve", "--data", data}, test.args...)...)
		if r.code != test.code || r.stdout != "" || !strings.Contains(r.stderr, test.says) {
			t.Errorf("serve %q: exit code %d, said %q and %q; want %d and %q", test.args, r.code, r.stdout, r.stderr, test.code, test.says)
		}
	}
	if entries, err := os.ReadDir(data); err != nil || len(entries) > 0 {
		t.Errorf("refused commands left %v in the data directory (%v)", entries, err)
	}
	if r := engineIn(t, "serve", "--data", filepath.Join(data, "missing")); r.code != exitFailed || !strings.Contains(r.stderr, "there is no directory") {
		t.Errorf("serve of a directory that is not there: %d %s", r.code, r.stderr)
	}
}
