package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWorkerInTrouble: a worker says what is wrong, goes on trying, and recovers by
// itself when it is mended, without having harmed anything.
func TestWorkerInTrouble(t *testing.T) {
	dir := mountSmall(t, 24)
	data, logs := filepath.Join(dir, "data"), t.TempDir()
	old := time.Now().Add(-time.Hour)
	write := func(name string, content []byte) {
		path := filepath.Join(logs, name)
		put(t, path, string(content))
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	write("first.csv", []byte(header+numbered(100)))
	w := startWorker(t, "--data", data, "--config", "testdata/few_reports.toml", "--input", filepath.Join(logs, "*"), "--schedule", everySecond)
	w.await(1, `msg="run done".*accepted=100`)
	good := published(t, data)

	t.Log("a log that is cut off, and that nobody writes any more")
	whole := gzipped(header + "2024-09-27T05:00:00Z,192.0.2.9,GET,acme/app,v2\n")
	write("second.csv.gz", whole[:len(whole)-10])
	w.await(2, `msg="run failed" error="input .*second.csv.gz: .*cut off`)
	checkSame(t, published(t, data), good)
	if out := mustEngine(t, "status", "--data", data); !strings.Contains(out, "second.csv.gz") || !strings.Contains(out, "cut off") {
		t.Errorf("status does not say what is wrong:\n%s", out)
	}
	write("second.csv.gz", whole)
	w.await(1, `msg="run done".*accepted=1 `)

	t.Log("a full disk")
	good = published(t, data)
	filler := fill(t, dir, 8)
	write("third.csv", []byte(header+strings.ReplaceAll(numbered(40000), "2024-09-25", "2024-09-28")))
	w.await(1, `msg="run failed".*(?i:space)`)
	checkSame(t, published(t, data), good)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	w.await(1, `msg="run done".*accepted=40000`)

	t.Log("a directory that cannot be written any more")
	good = published(t, data)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	write("fourth.csv", []byte(header+"2024-09-29T05:00:00Z,192.0.2.9,GET,acme/app,v3\n"))
	w.await(1, `msg="run failed" error=".*(not writable|read-only)`)
	checkSame(t, published(t, data), good)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=24m"); err != nil {
		t.Fatal(err)
	}
	w.await(2, `msg="run done".*accepted=1 `)

	w.end(syscall.SIGTERM)
	mustEngine(t, "check", "--data", data)
	if out := mustEngine(t, "status", "--data", data, "--check"); !strings.Contains(out, "in order") {
		t.Errorf("status in the end:\n%s", out)
	}
}
