package lake

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/pullscope/pullscope/engine/period"
)

// heldContents are what the days of a snapshot hold, read through its names.
func heldContents(t *testing.T, s *Snapshot) map[Table]map[period.Day]string {
	t.Helper()
	held := map[Table]map[period.Day]string{}
	for _, table := range Tables {
		held[table] = map[period.Day]string{}
		for _, day := range s.Days(table) {
			text, err := os.ReadFile(s.File(table, day))
			if err != nil {
				t.Fatal(err)
			}
			held[table][day] = string(text)
		}
	}
	return held
}

func sameContents(a, b map[Table]map[period.Day]string) bool {
	return maps.EqualFunc(a, b, maps.Equal[map[period.Day]string, map[period.Day]string])
}

var (
	oldState = map[Table]map[period.Day]string{Requests: oldDays, ExtensionEvents: oldEvents}
	newState = map[Table]map[period.Day]string{Requests: newDays, ExtensionEvents: newEvents}
)

// Whatever step a commit is at, a snapshot shows all of its days or none, and goes
// on to show them when the commit is done.
func TestSnapshotShowsOneState(t *testing.T) {
	l := lakeWithOldDays(t)
	type taken struct {
		step     string
		snapshot *Snapshot
		held     map[Table]map[period.Day]string
	}
	var all []taken
	before := beforeStep
	beforeStep = func(step string) error {
		s, err := l.Snapshot()
		if err != nil {
			t.Fatalf("before %s: %v", step, err)
		}
		all = append(all, taken{step, s, heldContents(t, s)})
		return nil
	}
	err := changeDays(t, l)
	beforeStep = before
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	for _, at := range all {
		switch {
		case sameContents(at.held, oldState) && states["new"] == 0:
			states["old"]++
		case sameContents(at.held, newState):
			states["new"]++
		default:
			t.Errorf("before %s the snapshot held %v", at.step, at.held)
		}
		if later := heldContents(t, at.snapshot); !sameContents(later, at.held) {
			t.Errorf("a snapshot from before %s changed from %v to %v", at.step, at.held, later)
		}
		dir := at.snapshot.Dir()
		if err := at.snapshot.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left behind: %v", dir, err)
		}
	}
	if states["old"] < 5 || states["new"] < 10 {
		t.Errorf("snapshots by state: %v; the test has lost sight of the commit", states)
	}
}

// After a crash in the midst of a commit, which the next run completes, it shows as done.
func TestSnapshotAfterACrash(t *testing.T) {
	for n := 1; n < len(changesOfCommit(t)); n++ { // the first is of the beginning
		l := lakeWithOldDays(t)
		crashAt(t, n)
		err := changeDays(t, l)
		endCrash()
		if !errors.Is(err, errCrash) {
			t.Fatalf("crash %d: %v", n, err)
		}
		sealed, _ := isSealed(t, l)
		s, err := l.Snapshot()
		if err != nil {
			t.Fatalf("crash %d: %v", n, err)
		}
		held := heldContents(t, s)
		if want := map[bool]map[Table]map[period.Day]string{false: oldState, true: newState}[sealed || len(s.Runs()) == 2]; !sameContents(held, want) {
			t.Errorf("crash %d: the snapshot holds %v, want %v", n, held, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSnapshotOfAnEmptyLake(t *testing.T) {
	s, err := openLake(t).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Days(Requests))+len(s.Days(ExtensionEvents))+len(s.Runs())+len(s.Rejects()) != 0 {
		t.Errorf("an empty lake holds %+v", s)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A process that was killed leaves its directory, which the next snapshot removes; those in use stay.
func TestSnapshotSweepsWhatWasLeft(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	l := openLake(t)
	inUse, err := l.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(os.TempDir(), snapshotPrefix+"left")
	put(t, filepath.Join(left, snapshotLock), "")
	put(t, filepath.Join(left, "spill", "data"), "much")
	foreign := filepath.Join(os.TempDir(), snapshotPrefix+"foreign")
	put(t, filepath.Join(foreign, "file"), "")
	next, err := l.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{inUse.Dir(): true, next.Dir(): true, foreign: true, left: false} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", dir, err == nil, want)
		}
	}
	for _, s := range []*Snapshot{inUse, next} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
