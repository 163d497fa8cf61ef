package lake

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A run id is a sequence number, which orders runs whatever the clock says, and the start of the run.
var runIDPattern = regexp.MustCompile(`^([0-9]{6,18})-([0-9]{8}T[0-9]{6}Z)$`)

const runIDTime = "20060102T150405Z"

// runID is a parsed run id.
type runID struct {
	sequence int64
	started  time.Time
	text     string
}

func parseRunID(text string) (runID, bool) {
	parts := runIDPattern.FindStringSubmatch(text)
	if parts == nil {
		return runID{}, false
	}
	started, err := time.Parse(runIDTime, parts[2])
	if err != nil {
		return runID{}, false
	}
	sequence, _ := strconv.ParseInt(parts[1], 10, 64) // at most 18 digits, cannot fail
	return runID{sequence: sequence, started: started, text: text}, true
}

// runIDs returns the ids in the names of entries that end in suffix, by sequence, and ignores other names.
func runIDs(entries []fs.DirEntry, suffix string) []runID {
	var ids []runID
	for _, entry := range entries {
		name, found := strings.CutSuffix(entry.Name(), suffix)
		if id, ok := parseRunID(name); found && ok {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b runID) int {
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), strings.Compare(a.text, b.text))
	})
	return ids
}

// NextRunID returns the id of a run that starts now: 000012-20261120T155911Z. Its sequence number follows the
// highest there is, so that the order of runs never depends on the clock.
func (l *Lake) NextRunID(now time.Time) (string, error) {
	finished, err := l.list(runsDir)
	if err != nil {
		return "", fmt.Errorf("list runs: %w", err)
	}
	sealed, err := l.sealedRuns()
	if err != nil {
		return "", err
	}
	var highest int64
	for _, id := range append(runIDs(finished, ".json"), sealed...) {
		highest = max(highest, id.sequence)
	}
	return fmt.Sprintf("%06d-%s", highest+1, now.UTC().Format(runIDTime)), nil
}

// RunFiles returns the paths of the manifests, ascending by the sequence of their runs.
func (l *Lake) RunFiles() ([]string, error) {
	return l.filesOfRuns(runsDir, ".json")
}

// RejectsFiles returns the paths of the files of quarantined lines, ascending by the sequence of their runs.
func (l *Lake) RejectsFiles() ([]string, error) {
	return l.filesOfRuns(rejectsDir, ".parquet")
}

func (l *Lake) filesOfRuns(dir, suffix string) ([]string, error) {
	entries, err := l.list(dir)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	var paths []string
	for _, id := range runIDs(entries, suffix) {
		paths = append(paths, l.path(dir, id.text+suffix))
	}
	return paths, nil
}

// ExpireRejects removes what ExpiredRejects tells, and returns how many files it removed.
func (l *Lake) ExpireRejects(retention time.Duration, now time.Time) (removed int, err error) {
	if err := l.writable("expire rejects"); err != nil {
		return 0, err
	}
	expired, err := l.ExpiredRejects(retention, now)
	if err != nil {
		return 0, err
	}
	for _, path := range expired {
		if err := remove(path); err != nil {
			return removed, fmt.Errorf("expire rejects: %w", err)
		}
		removed++
	}
	if removed > 0 {
		if err := syncDir(l.path(rejectsDir)); err != nil {
			return removed, fmt.Errorf("expire rejects: %w", err)
		}
	}
	return removed, nil
}
