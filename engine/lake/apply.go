package lake

import (
	"fmt"
	"path/filepath"
)

// move is one staged file on its way into place.
type move struct {
	from, to string
	state    fileState
}

// moves returns what a record moves: the staged days, and the rejects if there are any.
func (c *Commit) moves(rec record) []move {
	var moves []move
	for _, table := range Tables {
		for _, d := range rec.Run.listed(table) {
			if !d.removed {
				moves = append(moves, move{c.File(table, d.day), c.lake.File(table, d.day), d.state})
			}
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
	for _, table := range Tables {
		if err := c.applyRemovals(table); err != nil {
			return fmt.Errorf("apply run %s: %w", c.id, err)
		}
	}
	c.applied = true
	return nil
}

// applyRemovals removes the days of a table that have no rows any more.
func (c *Commit) applyRemovals(t Table) error {
	listed := c.record.Run.listed(t)
	if len(listed) == 0 {
		return nil // nothing of this table has changed
	}
	for _, d := range listed {
		if !d.removed {
			continue
		}
		if err := c.lake.removeDay(t, d.day); err != nil {
			return fmt.Errorf("remove day %s of %s: %w", d.day, t, err)
		}
	}
	// Once more at the end, also for what a run that crashed here had created and not yet synced.
	return syncDir(c.lake.path(t.name))
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

// Finish writes the manifest of an applied run and removes what it staged. The days are those that were
// sealed; everything else may have been completed since.
func (c *Commit) Finish(run Run) error {
	if !c.applied {
		return fmt.Errorf("finish run %s: it is not applied", c.id)
	}
	if run.Run != c.id {
		return fmt.Errorf("finish run %s: the manifest is of run %q", c.id, run.Run)
	}
	run.Days, run.ExtensionDays = c.record.Run.Days, c.record.Run.ExtensionDays
	if err := c.lake.writeManifest(run, c.dir()); err != nil {
		return fmt.Errorf("finish run %s: write manifest: %w", c.id, err)
	}
	c.finished = true
	if err := removeTree(c.dir()); err != nil {
		return fmt.Errorf("finish run %s: %w", c.id, err)
	}
	return nil
}
