package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"github.com/pullscope/pullscope/engine/period"
)

// Snapshot is one state of the lake: its files, held open, under names of its own in a temporary directory.
// Whatever runs do meanwhile, its files stay as they are.
type Snapshot struct {
	dir     string
	alive   *flock.Flock // held as long as the snapshot is
	files   []*os.File
	days    map[Table][]period.Day
	runs    []string
	rejects []string
}

// snapshotTries is how often a snapshot is begun anew because a run switched days meanwhile.
const snapshotTries = 100

// Snapshot takes the state of the lake as of now. Of a run that is switching days, it shows all of them as the
// run leaves them: once sealed, a commit will happen. To others than the owner of the data directory, who
// cannot see commits, and on systems without /proc, each day is whole, but two days may be of two states.
func (l *Lake) Snapshot() (*Snapshot, error) {
	sweepSnapshots()
	for try := 0; ; try++ {
		s, err := l.trySnapshot()
		if s != nil || err != nil && (try == snapshotTries || !errors.Is(err, fs.ErrNotExist)) {
			return s, err
		}
		if try == snapshotTries {
			return nil, errors.New("take a snapshot of the lake: runs kept changing it; try again")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// trySnapshot returns nil when the lake changed meanwhile.
func (l *Lake) trySnapshot() (s *Snapshot, err error) {
	before, err := l.state()
	if err != nil {
		return nil, err
	}
	s = &Snapshot{days: map[Table][]period.Day{}}
	defer func() {
		if err != nil {
			s.Close()
			s = nil
		}
	}()
	if err := s.makeDir(); err != nil {
		return s, fmt.Errorf("make a folder for temporary files: %w", err)
	}
	for _, table := range Tables {
		if err := s.addDays(l, table, before); err != nil {
			return s, err
		}
	}
	if s.runs, err = s.addFiles(l.RunFiles()); err != nil {
		return s, err
	}
	rejects, err := l.RejectsFiles()
	if errors.Is(err, fs.ErrPermission) || l.noRejects {
		rejects, err = nil, nil // the quarantine holds addresses: to others than the owner it is empty
	}
	if s.rejects, err = s.addFiles(rejects, err); err != nil {
		return s, err
	}
	after, err := l.state()
	if err != nil {
		return s, err
	}
	if !before.same(after) {
		s.Close()
		return nil, nil
	}
	return s, nil
}

const (
	snapshotPrefix = "engine-query-"
	snapshotLock   = "alive"
)

// makeDir makes the directory of the snapshot, and marks it as in use. Between the two, somebody may take it
// for one that was left; then there is another.
func (s *Snapshot) makeDir() error {
	for {
		dir, err := os.MkdirTemp("", snapshotPrefix+"*")
		if err != nil {
			return err
		}
		alive := flock.New(filepath.Join(dir, snapshotLock))
		locked, err := alive.TryLock()
		if _, gone := os.Stat(alive.Path()); gone == nil && err == nil && locked {
			s.dir, s.alive = dir, alive
			return nil
		}
		_ = alive.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, os.RemoveAll(dir))
		}
	}
}

// sweepSnapshots removes the directories of snapshots whose process was killed. What it cannot remove, such as
// other users' directories, stays.
func sweepSnapshots() {
	marks, _ := filepath.Glob(filepath.Join(os.TempDir(), snapshotPrefix+"*", snapshotLock))
	for _, mark := range marks {
		lock := flock.New(mark, flock.SetFlag(os.O_RDONLY)) // one that is not there any more must not be made
		if free, err := lock.TryLock(); err == nil && free {
			_ = os.RemoveAll(filepath.Dir(mark))
		}
		_ = lock.Close()
	}
}

// lakeState tells whether the lake has changed: with each run comes a commit, and then a manifest.
type lakeState struct {
	finished []string
	sealed   []string
	commits  []*Commit
}

func (s lakeState) same(other lakeState) bool {
	return slices.Equal(s.finished, other.finished) && slices.Equal(s.sealed, other.sealed)
}

func (l *Lake) state() (lakeState, error) {
	var s lakeState
	entries, err := l.list(runsDir)
	if err != nil {
		return s, fmt.Errorf("list runs: %w", err)
	}
	for _, id := range runIDs(entries, ".json") {
		s.finished = append(s.finished, id.text)
	}
	sealed, err := l.sealedRuns()
	if errors.Is(err, fs.ErrPermission) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	for _, id := range sealed {
		if slices.Contains(s.finished, id.text) {
			continue
		}
		c := &Commit{lake: l, id: id.text, record: &record{}}
		if err := readJSON(filepath.Join(c.dir(), recordFile), c.record); err != nil {
			return s, err
		}
		s.sealed, s.commits = append(s.sealed, id.text), append(s.commits, c)
	}
	return s, nil
}

// addDays holds the days of a table, as the commits of the state leave them.
func (s *Snapshot) addDays(l *Lake, t Table, state lakeState) error {
	days, err := l.DaysOf(t)
	if err != nil {
		return err
	}
	staged := map[period.Day]string{}
	for _, commit := range state.commits {
		for _, d := range commit.record.Run.listed(t) {
			days = slices.DeleteFunc(days, func(day period.Day) bool { return day == d.day })
			delete(staged, d.day)
			if !d.removed {
				days = append(days, d.day)
				staged[d.day] = commit.File(t, d.day)
			}
		}
	}
	slices.Sort(days)
	for _, day := range days {
		paths := []string{l.File(t, day)}
		if staged[day] != "" {
			paths = []string{staged[day], paths[0]} // moved from the one to the other
		}
		if _, err := s.add(filepath.Join(t.name, dayPrefix+string(day), t.name+dayExt), paths...); err != nil {
			return err
		}
		s.days[t] = append(s.days[t], day)
	}
	return nil
}

func (s *Snapshot) addFiles(paths []string, err error) (names []string, _ error) {
	for _, path := range paths {
		name, err := s.add(filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path)), path)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, err
}

// add holds the first of the paths that is there, under a name in the snapshot.
func (s *Snapshot) add(name string, paths ...string) (string, error) {
	link := filepath.Join(s.dir, name)
	var file *os.File
	var err error
	for _, path := range paths {
		if file, err = os.Open(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, unix.EMFILE) {
		return "", fmt.Errorf("take a snapshot of the lake: %w; allow more with ulimit -n", err)
	}
	if err != nil {
		return "", fmt.Errorf("take a snapshot of the lake: %w", err)
	}
	s.files = append(s.files, file)
	target := fmt.Sprintf("/proc/self/fd/%d", file.Fd())
	if _, err := os.Stat(target); err != nil {
		if target, err = filepath.Abs(file.Name()); err != nil {
			return "", fmt.Errorf("take a snapshot of the lake: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return "", fmt.Errorf("take a snapshot of the lake: %w", err)
	}
	if err := os.Symlink(target, link); err != nil {
		return "", fmt.Errorf("take a snapshot of the lake: %w", err)
	}
	return link, nil
}

// Dir is the directory with the names. Whoever holds the snapshot may put more into it.
func (s *Snapshot) Dir() string { return s.dir }

// Mark changes whenever a run has ended, and is cheap to ask for: with each run comes a manifest.
func (l *Lake) Mark() (string, error) {
	info, err := os.Stat(l.path(runsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for new runs: %w", err)
	}
	return strconv.FormatInt(info.ModTime().UnixNano(), 36), nil
}

// IsSettled reports whether no run is between its days, which snapshots show, and its manifest. Others than the owner of
// the data directory, who cannot see commits, are told that none is.
func (l *Lake) IsSettled() (bool, error) {
	sealed, err := l.sealedRuns()
	if errors.Is(err, fs.ErrPermission) {
		return true, nil
	}
	return len(sealed) == 0, err
}

// Paths are where the files were when they were opened.
func (s *Snapshot) Paths() []string {
	paths := make([]string, len(s.files))
	for i, file := range s.files {
		paths[i] = file.Name()
	}
	return paths
}

// Days are the days of a table, ascending.
func (s *Snapshot) Days(t Table) []period.Day { return s.days[t] }

// File is the path of a day of a table.
func (s *Snapshot) File(t Table, d period.Day) string {
	return filepath.Join(s.dir, t.name, dayPrefix+string(d), t.name+dayExt)
}

// Runs are the paths of the manifests, ascending by the sequence of their runs.
func (s *Snapshot) Runs() []string { return s.runs }

// Manifests are what the runs up to the snapshot have done, ascending by sequence.
func (s *Snapshot) Manifests() ([]Run, error) {
	runs := make([]Run, len(s.runs))
	for n, path := range s.runs {
		var err error
		if runs[n], err = readManifest(path, strings.TrimSuffix(filepath.Base(path), ".json")); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// Rejects are the paths of the quarantined lines, likewise.
func (s *Snapshot) Rejects() []string { return s.rejects }

// Close lets go of the files and removes the directory with all that is in it.
func (s *Snapshot) Close() error {
	var errs []error
	for _, file := range s.files {
		errs = append(errs, file.Close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	if s.alive != nil {
		errs = append(errs, s.alive.Close())
	}
	return errors.Join(errs...)
}

// PublicDirs are the directories of the lake that hold nothing secret to those who may read them.
func (l *Lake) PublicDirs() []string {
	dirs := []string{l.path(Requests.name), l.path(ExtensionEvents.name), l.path(runsDir), l.path(reportsDir)}
	if !l.noRejects {
		dirs = append(dirs, l.path(rejectsDir))
	}
	return dirs
}
