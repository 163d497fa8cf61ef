package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/pullscope/pullscope/engine/period"
)

// move is one staged file on its way into place.
type move struct {
	from, to string
	state    fileState
}

// moves returns what a record moves: the staged days, and the rejects if there are any.
func (c *Commit) moves(rec record) []move {
	var moves []move
	for _, day := range rec.Run.Days {
		if !day.Removed {
			moves = append(moves, move{c.DayFile(day.Day), c.lake.DayFile(day.Day), fileState{day.Bytes, day.SHA256}})
		}
	}
	if rec.Rejects != nil {
		to := c.lake.path(rejectsDir, c.id+".parquet")
		moves = append(moves, move{c.RejectsFile(), to, *rec.Rejects})
	}
	return moves
}

// Apply puts the sealed files in their places, one day after the other, each at once. It may be repeated.
func (c *Commit) Apply() error {
	if c.record == nil {
		return fmt.Errorf("apply run %s: it is not sealed", c.id)
	}
	for _, move := range c.moves(*c.record) {
		if err := move.apply(); err != nil {
			return fmt.Errorf("apply run %s: %w", c.id, err)
		}
	}
	for _, day := range c.record.Run.Days {
		if !day.Removed {
			continue
		}
		if err := c.lake.removeDay(day.Day); err != nil {
			return fmt.Errorf("apply run %s: remove day %s: %w", c.id, day.Day, err)
		}
	}
	// Once more at the end, also for what a run that crashed here had created and not yet synced.
	if err := syncDir(c.lake.path(requestsDir)); err != nil {
		return fmt.Errorf("apply run %s: %w", c.id, err)
	}
	c.applied = true
	return nil
}

// apply renames the file, unless that was done before a crash, and syncs the directory in either case.
func (m move) apply() error {
	dir := filepath.Dir(m.to)
	staged, err := exists(m.from)
	if err != nil {
		return err
	}
	if staged {
		if err := makeDir(dir, 0o755); err != nil {
			return err
		}
		if err := rename(m.from, m.to); err != nil {
			return err
		}
	} else if there, err := exists(m.to); err != nil {
		return err
	} else if !there {
		return fmt.Errorf("the file for %s is gone from %s", m.to, m.from)
	}
	return syncDir(dir)
}

// removeDay removes the file of a day and then its directory, unless there is something else in it.
func (l *Lake) removeDay(d period.Day) error {
	file := l.DayFile(d)
	if err := remove(file); err != nil {
		return err
	}
	dir := filepath.Dir(file)
	if there, err := exists(dir); err != nil || !there {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	err := remove(dir)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Finish writes the manifest of an applied run and removes what it staged. The days are those that were
// sealed; everything else may have been completed since.
func (c *Commit) Finish(run Run) error {
	if !c.applied {
		return fmt.Errorf("finish run %s: it is not applied", c.id)
	}
	if run.Run != c.id {
		return fmt.Errorf("finish run %s: the manifest is of run %q", c.id, run.Run)
	}
	run.Days = c.record.Run.Days
	if err := c.lake.writeManifest(run, c.dir()); err != nil {
		return fmt.Errorf("finish run %s: write manifest: %w", c.id, err)
	}
	c.finished = true
	if err := removeTree(c.dir()); err != nil {
		return fmt.Errorf("finish run %s: %w", c.id, err)
	}
	return nil
}
