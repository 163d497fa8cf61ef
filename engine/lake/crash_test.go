package lake

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pullscope/pullscope/engine/period"
)

var (
	oldDays = map[period.Day]string{"2026-09-23": "old", "2026-09-24": "old", "2026-09-25": "old"}
	change  = map[period.Day]string{"2026-09-24": "new", "2026-09-25": "", "2026-09-26": "new"}
	newDays = map[period.Day]string{"2026-09-23": "old", "2026-09-24": "new", "2026-09-26": "new"}

	// The same commit changes extension events: a day that has none after it, and one that had none.
	oldEvents    = map[period.Day]string{"2026-09-24": "old"}
	changeEvents = map[period.Day]string{"2026-09-24": "", "2026-09-26": "new"}
	newEvents    = map[period.Day]string{"2026-09-26": "new"}
)

var errCrash = errors.New("crash")

// crashAt fails the n-th step that changes something, from 0, and whatever comes after it, as nothing runs
// any more after a crash; a negative n crashes nowhere. Syncs are not counted: a crash before one leaves what
// a crash before the next change leaves. It returns the steps that were reached.
func crashAt(t *testing.T, n int) *[]string {
	t.Helper()
	var steps []string
	changes, crashed := 0, false
	before := beforeStep
	beforeStep = func(step string) error {
		if isChange(step) {
			crashed = crashed || changes == n
			changes++
		}
		if crashed {
			return fmt.Errorf("%w before %s", errCrash, step)
		}
		steps = append(steps, step)
		return nil
	}
	t.Cleanup(func() { beforeStep = before })
	return &steps
}

func isChange(step string) bool { return !strings.HasPrefix(step, "sync ") }

// changesOfCommit returns the steps of the run that change something. The first is Begin's.
func changesOfCommit(t *testing.T) []string {
	t.Helper()
	_, steps := stepsOfCommit(t)
	return slices.DeleteFunc(steps, func(step string) bool { return !isChange(step) })
}

// endCrash lets steps run again, as in the next process.
func endCrash() { beforeStep = func(string) error { return nil } }

// lakeWithOldDays returns a lake that the crashing run is to change.
func lakeWithOldDays(t *testing.T) *Lake {
	t.Helper()
	l := openLake(t)
	c, run := stage(t, l, firstRun, oldDays)
	stageEvents(t, c, &run, oldEvents)
	if err := errors.Join(c.Seal(run), c.Apply(), c.Finish(run)); err != nil {
		t.Fatal(err)
	}
	return l
}

// changeDays is the run that crashes.
func changeDays(t *testing.T, l *Lake) error {
	t.Helper()
	c, run := stage(t, l, secondRun, change)
	stageEvents(t, c, &run, changeEvents)
	put(t, c.RejectsFile(), "rejects")
	if err := c.Seal(run); err != nil {
		return err
	}
	if err := c.Apply(); err != nil {
		return err
	}
	return c.Finish(run)
}

// checkOldOrNew checks that each day is old or new.
func checkOldOrNew(t *testing.T, l *Lake) {
	t.Helper()
	got, events := contents(t, l), contentsOf(t, l, ExtensionEvents)
	for _, day := range []period.Day{"2026-09-23", "2026-09-24", "2026-09-25", "2026-09-26"} {
		if got[day] != oldDays[day] && got[day] != newDays[day] {
			t.Fatalf("day %s holds %q, neither old nor new", day, got[day])
		}
		if events[day] != oldEvents[day] && events[day] != newEvents[day] {
			t.Fatalf("day %s holds extension events %q, neither old nor new", day, events[day])
		}
	}
}

// checkRecovered checks that all days are old, without a manifest, or all new, with one; the second when the
// record was sealed.
func checkRecovered(t *testing.T, l *Lake, sealed bool) {
	t.Helper()
	want := map[Table]map[period.Day]string{Requests: oldDays, ExtensionEvents: oldEvents}
	manifests, rejects := 1, 0
	if sealed {
		want = map[Table]map[period.Day]string{Requests: newDays, ExtensionEvents: newEvents}
		manifests, rejects = 2, 1
	}
	runs, err := l.Runs()
	if err != nil || len(runs) != manifests {
		t.Fatalf("recovered, there are %d manifests, %v; want %d", len(runs), err, manifests)
	}
	if sealed && (len(runs[1].Days) != len(change) || len(runs[1].ExtensionDays) != len(changeEvents)) {
		t.Fatalf("recovered, the manifest is %+v", runs[1])
	}
	if files, err := l.RejectsFiles(); err != nil || len(files) != rejects {
		t.Fatalf("recovered, there are rejects %v, %v; want %d", files, err, rejects)
	}
	if left, err := os.ReadDir(filepath.Join(l.Dir(), "scratch")); err != nil || len(left) != 0 {
		t.Fatalf("recovered, in scratch there are %v, %v", left, err)
	}
	for _, table := range Tables {
		if got := contentsOf(t, l, table); !maps.Equal(got, want[table]) {
			t.Fatalf("recovered, the lake holds %s %v, want %v", table, got, want[table])
		}
		states := StatesOf(runs, table)
		for day := range want[table] {
			if state, err := stateOf(l.File(table, day)); err != nil || state.SHA256 != states[day] {
				t.Fatalf("day %s of %s has hash %s, %v; its manifest says %s", day, table, state.SHA256, err, states[day])
			}
		}
		if len(states) != len(want[table]) {
			t.Fatalf("the manifests know days %v of %s, want those of %v", states, table, want[table])
		}
	}
}

func isSealed(t *testing.T, l *Lake) (sealed, finished bool) {
	t.Helper()
	sealed, err := exists(filepath.Join(l.Dir(), "scratch", secondRun, recordFile))
	if err != nil {
		t.Fatal(err)
	}
	finished, err = exists(l.runFile(secondRun))
	if err != nil {
		t.Fatal(err)
	}
	return sealed, finished
}

// stepsOfCommit returns the steps of the run when nothing crashes.
func stepsOfCommit(t *testing.T) (l *Lake, steps []string) {
	t.Helper()
	l = lakeWithOldDays(t)
	reached := crashAt(t, -1)
	if err := changeDays(t, l); err != nil {
		t.Fatal(err)
	}
	endCrash()
	return l, *reached
}

func TestCrashBeforeEveryStep(t *testing.T) {
	steps := changesOfCommit(t)
	seals := 0
	for n := 1; n < len(steps); n++ { // before the first, in Begin, TestCrashKilled crashes
		l := lakeWithOldDays(t)
		crashAt(t, n)
		if err := changeDays(t, l); !errors.Is(err, errCrash) {
			t.Fatalf("step %d: %v, want a crash", n, err)
		}
		endCrash()
		checkOldOrNew(t, l)
		sealed, finished := isSealed(t, l)
		if sealed {
			seals++
		}
		before, _ := os.ReadFile(l.runFile(secondRun))
		recovered, err := l.Recover()
		if err != nil {
			t.Fatalf("crashed before step %d, %s: recover: %v", n, steps[n], err)
		}
		checkRecovered(t, l, sealed)
		if want := sealed && !finished; (recovered != nil) != want {
			t.Fatalf("crashed before step %d, %s: recovered %v, want one: %t", n, steps[n], recovered, want)
		}
		if recovered != nil && (!recovered.Recovered || recovered.Run != secondRun) {
			t.Fatalf("recovered %+v", recovered)
		}
		if after, _ := os.ReadFile(l.runFile(secondRun)); finished && string(after) != string(before) {
			t.Fatalf("crashed before step %d, %s: the manifest was changed", n, steps[n])
		}
		if again, err := l.Recover(); again != nil || err != nil {
			t.Fatalf("recover again: %v, %v; want nothing to do", again, err)
		}
		checkRecovered(t, l, sealed)
	}
	if seals == 0 || seals == len(steps)-1 {
		t.Errorf("of %d crashes %d were sealed; want both kinds", len(steps)-1, seals)
	}
}

// Recover may crash before each of its own steps, wherever the run had crashed.
func TestCrashWhileRecovering(t *testing.T) {
	steps := changesOfCommit(t)
	for n := 1; n < len(steps); n++ {
		for m := 0; ; m++ {
			l := lakeWithOldDays(t)
			crashAt(t, n)
			if err := changeDays(t, l); !errors.Is(err, errCrash) {
				t.Fatalf("step %d: %v, want a crash", n, err)
			}
			endCrash()
			sealed, _ := isSealed(t, l)
			crashAt(t, m)
			_, err := l.Recover()
			endCrash()
			if err == nil {
				break // it has fewer than m steps
			}
			if !errors.Is(err, errCrash) {
				t.Fatalf("crashed before %s and recovering at %d: %v", steps[n], m, err)
			}
			checkOldOrNew(t, l)
			if _, err := l.Recover(); err != nil {
				t.Fatalf("crashed before %s, recovering at %d, and recovering again: %v", steps[n], m, err)
			}
			checkRecovered(t, l, sealed)
		}
	}
}

// What is renamed has been synced before, and the directories are synced after.
func TestSyncedBeforeRenamed(t *testing.T) {
	l, steps := stepsOfCommit(t)
	staged := func(name string) string { return filepath.Join(l.Dir(), "scratch", secondRun, name) }
	position := func(step string) int {
		for n, s := range steps {
			if s == step {
				return n
			}
		}
		t.Fatalf("no step %q in:\n%s", step, strings.Join(steps, "\n"))
		return 0
	}
	lastPosition := func(step string) (last int) {
		for n, s := range steps {
			if s == step {
				last = n
			}
		}
		return last
	}
	record := position("write " + staged(recordFile))
	manifest := position("write " + l.runFile(secondRun))
	for _, name := range []string{"day=2026-09-24.parquet", "day=2026-09-26.parquet", "extension_events.day=2026-09-26.parquet", rejectsFile, ""} {
		if position("sync "+staged(name)) > record {
			t.Errorf("%s is synced after the record is written", staged(name))
		}
	}
	for _, path := range []string{l.DayFile("2026-09-24"), l.DayFile("2026-09-26"), l.ExtensionFile("2026-09-26"), filepath.Join(l.Dir(), "rejects", secondRun+".parquet")} {
		renamed, synced := position("rename "+path), lastPosition("sync "+filepath.Dir(path))
		if record > renamed || renamed > synced || synced > manifest {
			t.Errorf("%s: record %d, renamed %d, directory synced %d, manifest %d are out of order", path, record, renamed, synced, manifest)
		}
	}
	for _, removed := range []string{l.DayFile("2026-09-25"), l.ExtensionFile("2026-09-24")} {
		day := filepath.Dir(removed)
		if synced := lastPosition("sync " + filepath.Dir(day)); synced > manifest || synced < position("remove "+day) {
			t.Errorf("%s is not synced between the removal of a day and the manifest", filepath.Dir(day))
		}
	}
	if position("sync "+filepath.Join(l.Dir(), "runs")) > position("remove "+filepath.Dir(staged(recordFile))) {
		t.Error("the record is removed before the manifest is synced")
	}
}

// TestCrashKilled kills a process before each step, so that nothing at all can clean up.
func TestCrashKilled(t *testing.T) {
	if dir := os.Getenv("LAKE_TEST_KILLED_DIR"); dir != "" {
		killMyself(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("starts a process per step")
	}
	_, steps := stepsOfCommit(t)
	for n := range len(steps) + 1 {
		l := lakeWithOldDays(t)
		child := exec.Command(os.Args[0], "-test.run=^TestCrashKilled$")
		child.Env = append(os.Environ(), "LAKE_TEST_KILLED_DIR="+l.Dir(), "LAKE_TEST_KILLED_AT="+strconv.Itoa(n))
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if killed != (n < len(steps)) || !killed && err != nil {
			t.Fatalf("step %d of %d: %v\n%s", n, len(steps), err, out)
		}
		release, err := l.Lock(t.Context(), "test", false)
		if err != nil {
			t.Fatalf("the killed process left the lake locked: %v", err)
		}
		checkOldOrNew(t, l)
		sealed, finished := isSealed(t, l)
		if _, err := l.Recover(); err != nil {
			t.Fatalf("killed before step %d: recover: %v", n, err)
		}
		checkRecovered(t, l, sealed || finished)
		if err := release(); err != nil {
			t.Fatal(err)
		}
	}
}

func killMyself(t *testing.T, dir string) {
	at, err := strconv.Atoi(os.Getenv("LAKE_TEST_KILLED_AT"))
	if err != nil {
		t.Fatal(err)
	}
	l := &Lake{dir: dir}
	if _, err := l.Lock(t.Context(), "test", false); err != nil {
		t.Fatal(err)
	}
	n := 0
	beforeStep = func(string) error {
		if n == at {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		n++
		return nil
	}
	if err := changeDays(t, l); err != nil {
		t.Fatal(err)
	}
}
