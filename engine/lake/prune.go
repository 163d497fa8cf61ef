package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// removedPrefix begins the name of a published directory that is being removed; CleanStaging removes the rest.
const removedPrefix = stagingPrefix + "removed."

// ExpiredRejects returns the paths of the files of quarantined lines of runs that started retention ago or
// earlier. The start is the one in the run id: copying a lake changes file times.
func (l *Lake) ExpiredRejects(retention time.Duration, now time.Time) ([]string, error) {
	entries, err := l.list(rejectsDir)
	if err != nil {
		return nil, fmt.Errorf("list rejects: %w", err)
	}
	var expired []string
	for _, id := range runIDs(entries, ".parquet") {
		if !now.Before(id.started.Add(retention)) {
			expired = append(expired, l.path(rejectsDir, id.text+".parquet"))
		}
	}
	return expired, nil
}

// DidNothing reports whether nothing is told by the manifest alone: the run read nothing, stored nothing, wrote
// no reports, removed neither requests nor reports, and did not fail.
func (r *Run) DidNothing() bool {
	for _, published := range r.Published {
		if published.Changed {
			return false
		}
	}
	pruned := r.Pruned != nil && (r.Pruned.Horizon != "" || len(r.Pruned.Reports) > 0)
	return len(r.Inputs)+len(r.Days)+len(r.ExtensionDays) == 0 && r.Error == "" && !pruned
}

// IdleRuns returns the ids of the runs that did nothing and started retention ago or earlier. The newest run is
// never among them: the next one takes its number and its clock from it. The runs are ascending, as Runs returns
// them.
func IdleRuns(runs []Run, retention time.Duration, now time.Time) []string {
	var idle []string
	for n, run := range runs {
		if n < len(runs)-1 && run.DidNothing() && !now.Before(run.StartedAt.Add(retention)) {
			idle = append(idle, run.Run)
		}
	}
	return idle
}

// RemoveRuns removes the manifests of runs that did nothing. It may be repeated. The caller holds the lock.
func (l *Lake) RemoveRuns(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := l.writable("remove manifests"); err != nil {
		return err
	}
	for _, id := range ids {
		if err := remove(l.runFile(id)); err != nil {
			return fmt.Errorf("remove manifest: %w", err)
		}
	}
	if err := syncDir(l.path(runsDir)); err != nil {
		return fmt.Errorf("remove manifest: %w", err)
	}
	return nil
}

// RetractDir removes a published directory: for readers it is there whole or not at all. It is no error when
// there is none. What a crash leaves of it, CleanStaging removes.
func RetractDir(target string) error {
	parent := filepath.Dir(target)
	aside := filepath.Join(parent, removedPrefix+filepath.Base(target))
	there, err := isDir(target)
	if err == nil && there {
		err = errors.Join(removeTree(aside), rename(target, aside), syncDir(parent), removeTree(aside))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove published %s: %w", target, err)
	}
	return nil
}
