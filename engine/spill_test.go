package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A run whose tables are larger than the memory limit writes the same bytes as one with enough.
func TestRunBeyondTheMemoryLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("loads 600,000 requests twice")
	}
	t.Parallel()
	var log bytes.Buffer
	log.WriteString("timestamp,client_ip,method,image,reference,digest\n")
	at := time.Date(2026, 9, 21, 22, 0, 0, 0, time.UTC)
	for i := range 600_000 {
		at = at.Add(time.Duration(i%7) * 10 * time.Millisecond)
		reference, digest := "latest", fmt.Sprintf("sha256:%064x", i%50)
		if i%3 == 0 {
			reference = digest
		}
		fmt.Fprintf(&log, "%s,192.0.%d.%d,%s,acme/app%d,%s,%s\n", at.Format(time.RFC3339Nano), i/3%2, i/3%250, []string{"HEAD", "GET", "GET"}[i%3], i/3%4, reference, digest)
	}
	dir := t.TempDir()
	input := writeFile(t, filepath.Join(dir, "access.csv"), log.Bytes())
	files := map[string]map[string]string{}
	for _, limit := range []string{"1GiB", "100MiB"} {
		e := newEngine(filepath.Join(dir, limit), farAway)
		e.Config.MemoryLimit, e.Config.smallPieces = limit, nil
		e.Config.Reports.Publish = []string{"summary"}
		writeFile(t, filepath.Join(e.Dir, "key"), bytes.Repeat([]byte("ab"), 32))
		spilled := watchSpill(t, filepath.Join(e.Dir, "scratch", "tmp"))
		mustRun(t, e, input)
		if spilled() != (limit == "100MiB") {
			t.Errorf("limit %s: spilled %v", limit, limit != "100MiB")
		}
		files[limit] = wholeTree(t, filepath.Join(e.Dir, "requests"))
	}
	if difference := treeDifference(files["100MiB"], files["1GiB"]); difference != "" {
		t.Errorf("the lakes differ:\n%s", difference)
	}
}

// watchSpill tells afterwards whether the database has written a temporary file below a directory.
func watchSpill(t *testing.T, dir string) func() bool {
	stop, found := make(chan struct{}), make(chan bool)
	go func() {
		seen := false
		for {
			matches, _ := filepath.Glob(filepath.Join(dir, "duckdb_temp*"))
			for _, match := range matches {
				if info, err := os.Stat(match); err == nil && info.Size() > 0 {
					seen = true
				}
			}
			select {
			case <-stop:
				found <- seen
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() bool {
		close(stop)
		return <-found
	}
}
