package lake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecoverRemovesGarbage(t *testing.T) {
	l := lakeWithOldDays(t)
	scratch := func(parts ...string) string {
		return filepath.Join(append([]string{l.Dir(), "scratch"}, parts...)...)
	}
	put(t, filepath.Join(l.Scratch(), "duckdb_temp_storage.tmp"), "spilled")
	put(t, scratch("key-123"), "half a key")
	put(t, scratch(secondRun, "day=2026-09-24.parquet"), "unsealed")
	put(t, scratch(secondRun, ".commit.json123"), `{"run": {"run": "`) // torn while it was written
	put(t, scratch("not a run", recordFile), "{}")
	if recovered, err := l.Recover(); recovered != nil || err != nil {
		t.Errorf("Recover = %v, %v; want nothing to complete", recovered, err)
	}
	checkRecovered(t, l, false)
}

// crashSealed returns a lake with a sealed commit that was not applied.
func crashSealed(t *testing.T) (l *Lake, staging string) {
	t.Helper()
	l = lakeWithOldDays(t)
	c, run := stage(t, l, secondRun, change)
	if err := c.Seal(run); err != nil {
		t.Fatal(err)
	}
	return l, filepath.Join(l.Dir(), "scratch", secondRun)
}

func TestRecoverRefusesWhatWasNotSealed(t *testing.T) {
	for name, damage := range map[string]struct {
		change func(l *Lake, staging string) error
		says   string
	}{
		"torn record": {func(l *Lake, staging string) error {
			return os.WriteFile(filepath.Join(staging, recordFile), []byte(`{"run":`), 0o644)
		}, recordFile + " is damaged"},
		"record of another run": {func(l *Lake, staging string) error {
			return os.WriteFile(filepath.Join(staging, recordFile), []byte(`{"run":{"run":"`+firstRun+`"}}`), 0o644)
		}, "it is of run"},
		"changed day": {func(l *Lake, staging string) error {
			return os.WriteFile(filepath.Join(staging, "day=2026-09-26.parquet"), []byte("bad"), 0o644)
		}, "is not the file that was sealed"},
		"lost day, with an old one in its place": {func(l *Lake, staging string) error {
			return os.Remove(filepath.Join(staging, "day=2026-09-24.parquet"))
		}, "is not the file that was sealed"},
		"lost day": {func(l *Lake, staging string) error {
			return os.Remove(filepath.Join(staging, "day=2026-09-26.parquet"))
		}, "no such file"},
	} {
		l, staging := crashSealed(t)
		if err := damage.change(l, staging); err != nil {
			t.Fatal(err)
		}
		for range 2 { // and it stays refused
			if recovered, err := l.Recover(); recovered != nil || err == nil || !strings.Contains(err.Error(), damage.says) {
				t.Errorf("%s: Recover = %v, %v; want an error that says %q", name, recovered, err, damage.says)
			}
		}
		if got := contents(t, l); got["2026-09-24"] != "old" || got["2026-09-25"] != "old" || got["2026-09-26"] != "" {
			t.Errorf("%s: the lake was changed: %v", name, got)
		}
	}
}
