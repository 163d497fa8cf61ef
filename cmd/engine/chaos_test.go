package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// rotatedLog is a log that is written in pieces that end anywhere, and rotated and
// packed as logrotate does: access.csv, access.csv.1, access.csv.2.gz, …
type rotatedLog struct {
	*testing.T
	dir    string
	random *rand.Rand
	at     time.Time
	count  int // requests
}

func (l *rotatedLog) path(n int) string {
	switch n {
	case 0:
		return filepath.Join(l.dir, "access.csv")
	case 1:
		return filepath.Join(l.dir, "access.csv.1")
	}
	return filepath.Join(l.dir, fmt.Sprintf("access.csv.%d.gz", n))
}

// text is some requests: of pulls over midnight and over rotations, with repeated ids.
func (l *rotatedLog) text(requests int) string {
	var text strings.Builder
	for range requests {
		l.at = l.at.Add(time.Duration(l.random.IntN(int(4 * time.Minute))))
		if l.random.IntN(3) == 0 {
			l.at = l.at.Truncate(time.Second).Add(time.Second)
		}
		id := ""
		if l.random.IntN(5) == 0 {
			id = fmt.Sprintf("id-%d", l.random.IntN(l.count+1))
		}
		l.count++
		fmt.Fprintf(&text, "%s,192.0.2.%d,%s,acme/app%d,%s,%s,%s\n", l.at.Format("2006-01-02T15:04:05.000000Z"), l.random.IntN(4),
			[]string{"HEAD", "GET", "GET"}[l.random.IntN(3)], l.random.IntN(2), []string{"latest", "v1", "sha256:" + strings.Repeat("a", 64)}[l.random.IntN(3)],
			[]string{"", "sha256:" + strings.Repeat("a", 64), "sha256:" + strings.Repeat("b", 64)}[l.random.IntN(3)], id)
	}
	return text.String()
}

// write appends in pieces; between two of them somebody may read.
func (l *rotatedLog) write(text string) {
	file, err := os.OpenFile(l.path(0), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		l.Error(err)
		return
	}
	defer file.Close()
	for len(text) > 0 {
		n := min(len(text), 1+l.random.IntN(700))
		if _, err := file.WriteString(text[:n]); err != nil {
			l.Error(err)
		}
		text = text[n:]
		time.Sleep(time.Duration(l.random.IntN(4)) * time.Millisecond)
	}
}

const rotatedHeader = "timestamp,client_ip,method,image,reference,digest,request_id\n"

// rotate renames the logs one further, packs the second, and begins a new one.
func (l *rotatedLog) rotate() {
	for n := 40; n >= 2; n-- {
		_ = os.Rename(l.path(n), l.path(n+1)) // most are not there
	}
	if content, err := os.ReadFile(l.path(1)); err == nil {
		packed := gzipped(string(content))
		file, err := os.Create(l.path(2))
		if err == nil {
			_, err = file.Write(packed[:len(packed)/2])
			time.Sleep(5 * time.Millisecond)
			_, _ = file.Write(packed[len(packed)/2:])
			file.Close()
		}
		if err != nil {
			l.Error(err)
		}
	}
	if err := os.Rename(l.path(0), l.path(1)); err != nil {
		l.Error(err)
	}
	l.write(rotatedHeader)
}

// TestChaos kills a worker fifty times, at any time, while its logs are written and
// rotated. In the end the lake is the one that a clean load of all logs makes.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	const kills = 50
	logs, clean, data := t.TempDir(), filepath.Join(t.TempDir(), "clean"), filepath.Join(t.TempDir(), "data")
	writeKey(t, data)
	writeKey(t, clean)
	log := &rotatedLog{T: t, dir: logs, random: rand.New(rand.NewPCG(5, 9)), at: time.Date(2024, 9, 20, 20, 0, 0, 0, time.UTC)}
	log.write(rotatedHeader)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			log.write(log.text(8))
			time.Sleep(20 * time.Millisecond)
			if n%100 == 0 {
				log.rotate()
			}
		}
	})
	random := rand.New(rand.NewPCG(3, 4))
	args := []string{"run", "--data", data, "--config", "testdata/few_reports.toml", "--input", filepath.Join(logs, "access.csv*")}
	for range kills {
		cmd := child(append(args, "--schedule", "* * * * * *")...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100*time.Millisecond + time.Duration(random.IntN(int(1100*time.Millisecond))))
		if err := cmd.Process.Kill(); err != nil {
			t.Errorf("the worker had ended by itself: %v", err)
		}
		if r := wait(t, cmd); r.code != -1 {
			t.Fatalf("the worker ended by itself with exit code %d:\n%s", r.code, r.stderr)
		}
	}
	close(stop)
	writing.Wait()

	// The last kill may have left a commit to complete, which is said on stderr.
	if r := engineIn(t, append(args, "--once")...); r.code != 0 {
		t.Fatalf("the last run: exit code %d\n%s", r.code, r.stderr)
	}
	mustEngine(t, "run", "--data", clean, "--config", "testdata/few_reports.toml", "--input", logs)
	checkSame(t, withoutRevisions(published(t, data)), withoutRevisions(published(t, clean)))
	mustEngine(t, "check", "--data", data)
	stored := queryCSV(t, data, "select count(*) from requests")
	t.Logf("%d requests written, %s stored, in %d files", log.count, stored[len(stored)-1], len(treeOf(t, logs)))
}

// withoutRevisions leaves out what counts how often a period was published.
func withoutRevisions(files map[string]string) map[string]string {
	for name := range files {
		if strings.HasSuffix(name, "/manifest.json") {
			delete(files, name)
		}
	}
	return files
}
