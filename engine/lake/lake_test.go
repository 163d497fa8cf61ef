package lake

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/period"
)

func openLake(t *testing.T) *Lake {
	t.Helper()
	l, err := Open(filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// put writes a file and the directories above it, as somebody else than the lake would.
func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpenCreatesTheLayoutAndReopens(t *testing.T) {
	l := openLake(t)
	for name, mode := range map[string]os.FileMode{
		"requests": 0o755, "extension_events": 0o755, "runs": 0o755, "reports": 0o755, "rejects": 0o700, "scratch": 0o700,
	} {
		info, err := os.Stat(filepath.Join(l.Dir(), name))
		if err != nil || !info.IsDir() {
			t.Errorf("%s was not created: %v", name, err)
		} else if info.Mode().Perm()&^mode != 0 {
			t.Errorf("%s has mode %o, want at most %o", name, info.Mode().Perm(), mode)
		}
	}
	if info, err := os.Stat(l.Scratch()); err != nil || !info.IsDir() {
		t.Errorf("scratch was not created: %v", err)
	}
	if _, err := Open(l.Dir()); err != nil {
		t.Errorf("open again: %v", err)
	}
}

func TestOpenBelowAFileSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "")
	for _, path := range []string{file, filepath.Join(file, "data")} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "choose a directory") {
			t.Errorf("Open(%s) = %v, want an error with the path and what to do", path, err)
		}
	}
}

func TestOpenUnwritable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	l := openLake(t)
	if err := os.Chmod(filepath.Join(l.Dir(), "requests"), 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(l.Dir()); err == nil || !strings.Contains(err.Error(), "requests is not writable") {
		t.Errorf("open an unwritable lake: %v", err)
	}
}

func TestOpenExistingCreatesNothing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := OpenExisting(missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("open a missing directory: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "")
	if _, err := OpenExisting(file); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("open a file: %v", err)
	}

	empty := t.TempDir()
	l, err := OpenExisting(empty)
	if err != nil {
		t.Fatal(err)
	}
	days, daysErr := l.Days()
	runs, runsErr := l.Runs()
	rejects, rejectsErr := l.RejectsFiles()
	if len(days)+len(runs)+len(rejects) != 0 || daysErr != nil || runsErr != nil || rejectsErr != nil {
		t.Errorf("an empty directory holds %v %v %v, errors %v %v %v", days, runs, rejects, daysErr, runsErr, rejectsErr)
	}
	l.Scratch()
	for name, call := range map[string]func() error{
		"Lock":          func() error { _, err := l.Lock(t.Context(), "test", false); return err },
		"Key":           func() error { _, err := l.Key(); return err },
		"Recover":       func() error { _, err := l.Recover(); return err },
		"Begin":         func() error { _, err := l.Begin("000001-20261120T155911Z"); return err },
		"ExpireRejects": func() error { _, err := l.ExpireRejects(0, time.Now()); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "reading only") {
			t.Errorf("%s of a lake opened for reading: %v", name, err)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) != 0 {
		t.Errorf("reading created %v, %v", entries, err)
	}
}

func TestDaysIgnoresStrangers(t *testing.T) {
	l := openLake(t)
	put(t, l.DayFile("2026-10-01"), "x")
	put(t, l.DayFile("2026-09-30"), "x")
	put(t, filepath.Join(l.Dir(), "requests", "day=2026-09-31", "requests.parquet"), "no such day")
	put(t, filepath.Join(l.Dir(), "requests", "2026-09-29", "requests.parquet"), "no prefix")
	put(t, filepath.Join(l.Dir(), "requests", "day=2026-09-28", "other.parquet"), "other name")
	put(t, filepath.Join(l.Dir(), "requests", "day=2026-09-27"), "a file")
	put(t, filepath.Join(l.Dir(), "requests", "day=2026-09-26", "requests.parquet", "file"), "a directory")
	put(t, filepath.Join(l.Dir(), "requests", "README"), "hello")
	days, err := l.Days()
	if want := []period.Day{"2026-09-30", "2026-10-01"}; err != nil || !slices.Equal(days, want) {
		t.Errorf("Days = %v, %v; want %v", days, err, want)
	}
	if want := filepath.Join(l.Dir(), "requests", "day=2026-10-01", "requests.parquet"); l.DayFile("2026-10-01") != want {
		t.Errorf("DayFile = %s, want %s", l.DayFile("2026-10-01"), want)
	}
}
