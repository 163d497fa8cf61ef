package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// sealedRuns returns the ids of the staged commits that have a redo record, by sequence.
func (l *Lake) sealedRuns() ([]runID, error) {
	entries, err := l.list(scratchDir)
	if err != nil {
		return nil, fmt.Errorf("list scratch: %w", err)
	}
	var sealed []runID
	for _, id := range runIDs(entries, "") {
		there, err := exists(l.path(scratchDir, id.text, recordFile))
		if err != nil {
			return nil, fmt.Errorf("list scratch: %w", err)
		}
		if there {
			sealed = append(sealed, id)
		}
	}
	return sealed, nil
}

// Recover completes the commit of a run that crashed after sealing it, returns that run's manifest, and
// removes everything else from scratch. It returns nil when there was nothing to complete.
func (l *Lake) Recover() (recovered *Run, err error) {
	if err := l.writable("recover"); err != nil {
		return nil, err
	}
	sealed, err := l.sealedRuns()
	if err != nil {
		return nil, err
	}
	for _, id := range sealed {
		run, err := l.redo(id.text)
		if err != nil {
			return nil, err
		}
		if run != nil {
			recovered = run
		}
	}
	if err := l.clearScratch(); err != nil {
		return nil, fmt.Errorf("clear scratch: %w", err)
	}
	return recovered, nil
}

// redo completes one sealed commit, unless its manifest says that it had been completed.
func (l *Lake) redo(id string) (*Run, error) {
	finished, err := exists(l.runFile(id))
	if err != nil {
		return nil, fmt.Errorf("recover run %s: %w", id, err)
	}
	if finished {
		// The manifest has to be on the disk before the record goes.
		if err := syncDir(l.path(runsDir)); err != nil {
			return nil, fmt.Errorf("recover run %s: %w", id, err)
		}
		return nil, nil
	}
	c := &Commit{lake: l, id: id, record: &record{}}
	path := filepath.Join(c.dir(), recordFile)
	if err := readJSON(path, c.record); err != nil {
		return nil, fmt.Errorf("recover run %s: %w", id, err)
	}
	if c.record.Run.Run != id {
		return nil, fmt.Errorf("recover run %s: %s is damaged, it is of run %q; restore it from a backup", id, path, c.record.Run.Run)
	}
	if err := c.verify(); err != nil {
		return nil, fmt.Errorf("recover run %s: %w", id, err)
	}
	if err := c.Apply(); err != nil {
		return nil, err
	}
	run := c.record.Run
	run.Recovered = true
	if err := c.Finish(run); err != nil {
		return nil, err
	}
	return &run, nil
}

// verify checks, before anything is moved, that each file is what was sealed: staged still or in its place.
func (c *Commit) verify() error {
	for _, move := range c.moves(*c.record) {
		path := move.from
		state, err := stateOf(path)
		if errors.Is(err, fs.ErrNotExist) {
			path = move.to
			state, err = stateOf(path)
		}
		if err != nil {
			return err
		}
		if state != move.state {
			return fmt.Errorf("%s is not the file that was sealed (%d bytes, sha256 %s); restore the data directory from a backup",
				path, move.state.Bytes, move.state.SHA256)
		}
	}
	return nil
}

func (l *Lake) clearScratch() error {
	entries, err := l.list(scratchDir)
	if err != nil || len(entries) == 0 {
		return err
	}
	for _, entry := range entries {
		if err := removeTree(l.path(scratchDir, entry.Name())); err != nil {
			return err
		}
	}
	return syncDir(l.path(scratchDir))
}
