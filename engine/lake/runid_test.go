package lake

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestNextRunIDDoesNotDependOnTheClock(t *testing.T) {
	l := openLake(t)
	next := func(now time.Time) string {
		t.Helper()
		id, err := l.NextRunID(now)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	if got, want := next(noon.In(time.FixedZone("", 3600))), "000001-20261120T120000Z"; got != want {
		t.Errorf("first id is %s, want %s", got, want)
	}
	put(t, l.runFile("000011-20261120T120000Z"), "{}")
	put(t, l.runFile("000009-20271120T120000Z"), "{}")
	put(t, filepath.Join(l.Dir(), "runs", "000099.json"), "a stranger")
	put(t, filepath.Join(l.Dir(), "scratch", "000050-20261120T120000Z", "other"), "not sealed")
	if got, want := next(noon.AddDate(-1, 0, 0)), "000012-20251120T120000Z"; got != want {
		t.Errorf("with the clock set back the id is %s, want %s", got, want)
	}
	put(t, filepath.Join(l.Dir(), "scratch", "000012-20251120T120000Z", recordFile), "{}")
	if got, want := next(noon), "000013-20261120T120000Z"; got != want {
		t.Errorf("after a sealed commit the id is %s, want %s", got, want)
	}
	put(t, l.runFile("999999-20261120T120000Z"), "{}")
	put(t, l.runFile("1000000-20261120T120000Z"), "{}")
	if got, want := next(noon), "1000001-20261120T120000Z"; got != want {
		t.Errorf("after a million runs the id is %s, want %s", got, want)
	}
	files, err := l.RunFiles()
	if want := l.runFile("1000000-20261120T120000Z"); err != nil || files[len(files)-1] != want {
		t.Errorf("the last of %v is not %s, %v", files, want, err)
	}
}

func TestParseRunID(t *testing.T) {
	for _, bad := range []string{"", "000001", "1-20261120T120000Z", "000001-20261320T120000Z",
		"000001-20261120T120000", "../000001-20261120T120000Z", "000001-20261120T120000Z\n"} {
		if id, ok := parseRunID(bad); ok {
			t.Errorf("%q was read as %v", bad, id)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		sequence := rapid.Int64Range(1, 1e17).Draw(t, "sequence")
		started := noon.Add(time.Duration(rapid.IntRange(-1e8, 1e8).Draw(t, "seconds")) * time.Second)
		id, ok := parseRunID(fmt.Sprintf("%06d-%s", sequence, started.Format(runIDTime)))
		if !ok || id.sequence != sequence || !id.started.Equal(started) {
			t.Fatalf("read as %v, %t", id, ok)
		}
	})
}

func TestExpireRejectsByTheRunNotTheFile(t *testing.T) {
	l := openLake(t)
	rejects := func(name string) string { return filepath.Join(l.Dir(), "rejects", name) }
	old, edge, kept := rejects("000001-20261020T115959Z.parquet"), rejects("000002-20261021T120000Z.parquet"), rejects("000003-20261021T120001Z.parquet")
	stranger := rejects("notes.txt")
	for _, path := range []string{kept, old, edge, stranger} {
		put(t, path, "x")
		// File times say the contrary of the names.
		changed := noon
		if path == kept || path == stranger {
			changed = noon.AddDate(-1, 0, 0)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := l.RejectsFiles(); err != nil || !slices.Equal(files, []string{old, edge, kept}) {
		t.Fatalf("RejectsFiles = %v, %v", files, err)
	}
	removed, err := l.ExpireRejects(30*24*time.Hour, noon)
	if err != nil || removed != 2 {
		t.Errorf("removed %d, %v; want 2", removed, err)
	}
	if files, err := l.RejectsFiles(); err != nil || !slices.Equal(files, []string{kept}) {
		t.Errorf("left are %v, %v; want %s", files, err, kept)
	}
	if there, err := exists(stranger); err != nil || !there {
		t.Errorf("the stranger is gone, %v", err)
	}
	if removed, err := l.ExpireRejects(30*24*time.Hour, noon); err != nil || removed != 0 {
		t.Errorf("again removed %d, %v; want none", removed, err)
	}
}
