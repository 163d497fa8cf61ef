package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// leftBehind counts the open file descriptors of the process, and the folders below TMPDIR that states make.
func leftBehind(t *testing.T) (descriptors, folders int) {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("there is no /proc")
	}
	made, err := filepath.Glob(filepath.Join(os.TempDir(), "engine-query-*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(open), len(made)
}

// Every log adds as many checks to each of two weeks, of two namespaces. Whatever a run is at, all that one state tells
// is as full as each other; what was asked for earlier is the same later, or told to be replaced.
func TestLiveDuringRuns(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const logs, perWeek, readers = 3, 10, 2
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	e.Config.Publishers = []Publisher{{ID: "p", Name: "P", Namespaces: []string{"acme", "globex"}}}
	e.Config.Reports.Publish = []string{"pulls_repo_summary", "pulls_namespace_summary", "raw"}
	var paths []string
	for n := range logs {
		var rows []logRow
		for week := range 2 {
			for i := range perWeek {
				at := monday.AddDate(0, 0, 7*week).Add(time.Duration(n)*time.Hour + time.Duration(i)*time.Minute)
				rows = append(rows, checkRow(at, "acme/app"), checkRow(at, "globex/web"))
			}
		}
		paths = append(paths, writeFile(t, filepath.Join(t.TempDir(), fmt.Sprintf("%d.csv", n)), csvText(rows)))
	}
	mustRun(t, e, paths[0])
	descriptors, _ := leftBehind(t)

	live, err := e.OpenLive()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wait sync.WaitGroup
	var mu sync.Mutex
	seen := map[int64]int{}
	for reader := range readers {
		wait.Go(func() {
			for last := int64(0); ; {
				checks, err := readState(t.Context(), live, reader, last)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[checks]++
				mu.Unlock()
				last = checks
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
	for checks, times := range seen {
		if checks%perWeek != 0 || checks == 0 || checks > logs*perWeek {
			t.Errorf("%d times a state told %d checks", times, checks)
		}
	}
	if len(seen) < 2 {
		t.Errorf("the states told %v only; the test has lost sight of the runs", seen)
	}
	last := stateNow(t, live)
	if rows := mustPulls(t, last, PullsRequest{Namespace: "acme", Unit: Weeks, By: ByNamespace, From: date("2026-09-01"), To: date("2026-10-01")}); len(rows) != 2 || rows[1].VersionChecks != logs*perWeek {
		t.Errorf("at the end %v", pullLines(rows))
	}
	last.Release()
	if err := live.Close(); err != nil {
		t.Error(err)
	}
	if _, err := live.State(); err == nil {
		t.Error("a closed lake gave a state")
	}
	if open, folders := leftBehind(t); open > descriptors || folders != 0 {
		t.Errorf("%d descriptors are open, and were %d; %d folders are left", open, descriptors, folders)
	}
}

// readState asks one state for pulls twice, and returns how many checks of acme it has in each week. Where those are others
// than before, it reads what is published, too.
func readState(ctx context.Context, live *Live, reader int, before int64) (checks int64, err error) {
	live.mu.Lock()
	live.looked = time.Time{} // runs are short here
	live.mu.Unlock()
	s, err := live.State()
	if err != nil {
		return 0, err
	}
	defer s.Release()
	unit, by := []Unit{Weeks, Months}[reader%2], []Grouping{ByNamespace, ByRepository, ByCountry}[reader%3]
	request := PullsRequest{Images: []Image{{"acme", "app"}, {"globex", "web"}}, Unit: Weeks, By: ByNamespace, From: date("2026-09-01"), To: date("2026-10-01")}
	var first []string
	for range 2 {
		counts, err := s.Pulls(ctx, request)
		if err != nil {
			return 0, err
		}
		if first = append(first, strings.Join(pullLines(counts), "\n")); len(counts) != 4 || len(slices.Compact(first)) != 1 {
			return 0, fmt.Errorf("one state told %q", first)
		}
		checks = counts[0].VersionChecks
		for _, c := range counts {
			if c.VersionChecks != checks {
				return 0, fmt.Errorf("one answer told %q", pullLines(counts))
			}
		}
		weeks := 1
		if unit == Months {
			weeks = 2
		}
		other, err := s.Pulls(ctx, PullsRequest{Namespace: "acme", Unit: unit, By: by, From: date("2026-09-01"), To: date("2026-10-01")})
		if err != nil {
			return 0, err
		}
		if len(other) != 2/weeks || other[0].VersionChecks != int64(weeks)*checks {
			return 0, fmt.Errorf("by %s and %s one state told %q beside %q", unit, by, pullLines(other), first)
		}
	}
	if checks == before {
		return checks, nil
	}
	return checks, readPublished(ctx, s)
}

// readPublished exports what is published of each week: as many rows as its manifest says, unless it was replaced.
func readPublished(ctx context.Context, s *LiveState) error {
	publications, err := s.Publications(ctx, "p")
	if err != nil {
		return err
	}
	if len(publications) != 3 {
		return fmt.Errorf("%d publications", len(publications))
	}
	for i := range publications {
		p := &publications[i]
		if !slices.Equal(p.Namespaces, []string{"acme", "globex"}) {
			return fmt.Errorf("%s is of %q", p.Period, p.Namespaces)
		}
		published, _ := p.Manifest.Find("raw")
		export, err := s.Export(ctx, p, "raw", "globex")
		if errors.Is(err, ErrReplaced) {
			continue
		}
		if err != nil {
			return err
		}
		file, err := export.Open("raw.csv")
		if errors.Is(err, ErrReplaced) {
			continue
		}
		if err != nil {
			return err
		}
		text := make([]byte, export.Files[0].Size)
		_, err = file.ReadAt(text, 0)
		file.Close()
		if err != nil {
			return err
		}
		if rows := int64(strings.Count(string(text), "\n") - 1); 2*rows != published.Rows {
			return fmt.Errorf("%s: %d rows of globex are exported, %d are published of both", p.Period, rows, published.Rows)
		}
	}
	return nil
}
