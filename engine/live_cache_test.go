package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

func newCache(t *testing.T, limit int64) *fileCache {
	t.Helper()
	cache, err := newFileCache(filepath.Join(t.TempDir(), "cache"), limit)
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// compute fills a folder with a file of so many bytes.
func compute(times *atomic.Int64, name string, bytes int) func(string) (any, error) {
	return func(dir string) (any, error) {
		times.Add(1)
		return name, os.WriteFile(filepath.Join(dir, name), make([]byte, bytes), 0o600)
	}
}

func foldersOf(t *testing.T, cache *fileCache) int {
	t.Helper()
	entries, err := os.ReadDir(cache.dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Over the limit, what was asked for the longest ago goes; who has it open reads on, who asks again has it computed anew.
func TestLiveCacheDropsWhatWasUsedLongestAgo(t *testing.T) {
	t.Parallel()
	cache := newCache(t, 100)
	var times atomic.Int64
	hold := func(name string, bytes int) *cached {
		t.Helper()
		entry, err := cache.hold(context.Background(), name, compute(&times, name, bytes))
		if err != nil || entry.about != name || !slices.Equal(entry.files, []CachedFile{{name, int64(bytes)}}) {
			t.Fatalf("%s: %+v, %v", name, entry, err)
		}
		return entry
	}
	get := func(name string, bytes int) { cache.release(hold(name, bytes)) }
	want := func(computed int64, folders int, bytes int64) {
		t.Helper()
		if times.Load() != computed || foldersOf(t, cache) != folders || cache.bytes != bytes {
			t.Errorf("computed %d times, %d folders, %d bytes; want %d, %d and %d", times.Load(), foldersOf(t, cache), cache.bytes, computed, folders, bytes)
		}
	}
	a := hold("a", 40)
	file, err := os.Open(a.path("a"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cache.release(a)
	get("b", 60)
	want(2, 2, 100) // exactly the limit
	get("a", 40)
	get("c", 1) // b has to go: a was asked for after it
	want(3, 2, 41)
	get("a", 40)
	want(3, 2, 41)
	get("b", 60) // c has to go
	want(4, 2, 100)
	get("d", 200) // more than the limit by itself: it stays alone
	want(5, 1, 200)
	if text := readOpened(t)(file, nil); len(text) != 40 {
		t.Errorf("the open file has %d bytes, want 40", len(text))
	}
	// What somebody holds is there until they release it, though it is dropped.
	d := hold("d", 200)
	get("a", 40)
	want(6, 2, 40)
	if info, err := os.Stat(d.path("d")); err != nil || info.Size() != 200 {
		t.Errorf("d, which is held: %v", err)
	}
	cache.release(d)
	want(6, 1, 40)
	again, err := cache.open(context.Background(), func(context.Context) (*cached, error) { return hold("a", 40), nil }, "../../no/a")
	if text := readOpened(t)(again, err); len(text) != 40 { // no folder but its own
		t.Errorf("a has %d bytes, want 40", len(text))
	}
	want(6, 1, 40)
}

func TestLiveCacheKeepsNothingOfAnError(t *testing.T) {
	t.Parallel()
	cache := newCache(t, 100)
	broken := errors.New("broken")
	for range 2 {
		_, err := cache.hold(context.Background(), "a", func(dir string) (any, error) {
			return nil, errors.Join(os.WriteFile(filepath.Join(dir, "half"), []byte("x"), 0o600), broken)
		})
		if !errors.Is(err, broken) || foldersOf(t, cache) != 0 || cache.bytes != 0 || len(cache.entries) != 0 {
			t.Errorf("%v, %d folders, %d bytes, %d entries", err, foldersOf(t, cache), cache.bytes, len(cache.entries))
		}
	}
	var times atomic.Int64
	if _, err := cache.hold(context.Background(), "a", compute(&times, "a", 1)); err != nil || times.Load() != 1 {
		t.Errorf("after errors: %v, computed %d times", err, times.Load())
	}
}

// Whoever asks meanwhile waits for the first, unless they give up.
func TestLiveCacheComputesOnceForAll(t *testing.T) {
	t.Parallel()
	cache := newCache(t, 100)
	var times atomic.Int64
	begun, goOn := make(chan struct{}), make(chan struct{})
	slow := func(dir string) (any, error) {
		close(begun) // twice would panic
		<-goOn
		return compute(&times, "a", 1)(dir)
	}
	var wait sync.WaitGroup
	errs := make(chan error, 20)
	ask := func() {
		_, err := cache.hold(context.Background(), "a", slow)
		errs <- err
	}
	wait.Go(ask)
	<-begun
	for range 19 {
		wait.Go(ask)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := cache.hold(gone, "a", slow); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	if _, err := cache.hold(context.Background(), "b", compute(&times, "b", 1)); err != nil { // others need not wait
		t.Error(err)
	}
	close(goOn)
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if times.Load() != 2 {
		t.Errorf("computed %d times, want once for a and once for b", times.Load())
	}
}

// However small the cache: many who read and export at once get whole files.
func TestLiveCacheTooSmallForAll(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := exportedLake(t)
	e.Config.Threads, e.Config.Serve.CacheSize = 2, 1
	mustRun(t, e, exportedInput(t, monday))
	openLive(t, e, func(_ *Live, s *LiveState) {
		acme := publicationOf(t, s, "acme", "2026-W38")
		summary, _ := reports.Find("pulls_repo_summary")
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				for range 3 {
					namespace := acme.Namespaces[i%2]
					export, err := s.Export(ctx, acme, "raw", namespace)
					if err != nil {
						t.Error(err)
						return
					}
					if i%4 < 2 {
						file, err := export.Open("raw.csv")
						if err != nil {
							t.Errorf("open an export: %v", err)
							return
						}
						file.Close()
						continue
					}
					days, err := period.ParseRange(fmt.Sprintf("2026-09-%d", 14+i))
					if err != nil {
						t.Error(err)
						return
					}
					r, err := s.Report(ctx, summary, namespace, &days)
					if err != nil {
						t.Error(err)
						return
					}
					rows := 0
					err = r.Page(ctx, 0, 10, func(string) { rows++ })
					if err != nil || int64(rows) != r.Rows {
						t.Errorf("a page of %d rows, %v, want %d", rows, err, r.Rows)
					}
					file, err := r.OpenCSV(ctx)
					if err != nil {
						t.Errorf("open a report: %v", err)
						return
					}
					file.Close()
				}
			})
		}
		wait.Wait()
	})
}
