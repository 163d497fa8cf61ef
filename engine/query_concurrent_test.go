package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
)

// Every log adds as many requests to each of five days. Whatever a run is at, all
// days of a query are as full as each other, and stay so as long as it lives.
func TestQueriesDuringRuns(t *testing.T) {
	t.Parallel()
	const logs, days, perDay, readers = 6, 5, 40, 8
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	var paths []string
	for n := range logs {
		var rows []logRow
		for day := range days {
			for i := range perDay {
				rows = append(rows, heads(time.Date(2026, 9, 14+day, n, i, 0, 0, time.UTC))...)
			}
		}
		paths = append(paths, writeFile(t, filepath.Join(t.TempDir(), fmt.Sprintf("%d.csv", n)), csvText(rows)))
	}
	mustRun(t, e, paths[0])

	read := func() (counts string, err error) {
		q, err := e.OpenQuery(t.Context(), QueryOptions{})
		if err != nil {
			return "", err
		}
		defer q.Close()
		var seen []string
		for range 3 {
			var counts []string
			err := q.Run(t.Context(), "select count(*) from actions group by day order by day", nil, Texts,
				func([]duck.Column) error { return nil },
				func(row []*string) error { counts = append(counts, *row[0]); return nil })
			if err != nil {
				return "", err
			}
			seen = append(seen, strings.Join(counts, " "))
			time.Sleep(20 * time.Millisecond)
		}
		if len(slices.Compact(seen)) != 1 {
			return "", fmt.Errorf("one query session saw %q", seen)
		}
		return seen[0], nil
	}
	done := make(chan struct{})
	var wait sync.WaitGroup
	var mu sync.Mutex
	states := map[string]int{}
	for range readers {
		wait.Go(func() {
			for {
				counts, err := read()
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				states[counts]++
				mu.Unlock()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for _, path := range paths[1:] {
		mustRun(t, e, path)
	}
	close(done)
	wait.Wait()
	valid := map[string]bool{}
	for n := 1; n <= logs; n++ {
		valid[strings.TrimSpace(strings.Repeat(fmt.Sprintf("%d ", n*perDay), days))] = true
	}
	for state, times := range states {
		if !valid[state] {
			t.Errorf("%d times a query counted %s", times, state)
		}
	}
	if len(states) < 2 {
		t.Errorf("the queries saw %v only; the test has lost sight of the runs", states)
	}
}

// The data directory may be reached through links.
func TestQueryThroughLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := newEngine(filepath.Join(dir, "there", "data"), farAway)
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	for _, link := range []struct{ from, to string }{{"linked", "there"}, {"data", "there/data"}} {
		if err := os.Symlink(link.to, filepath.Join(dir, link.from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, data := range []string{"linked/data", "data"} {
		linked := newEngine(filepath.Join(dir, data), farAway)
		if rows := query(t, linked, "select count(*) from actions"); rows[0][0] != "1" {
			t.Errorf("through %s: %v", data, rows)
		}
	}
}
