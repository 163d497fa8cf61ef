package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/pullscope/pullscope/engine/period"
)

const (
	recordFile  = "commit.json"
	rejectsFile = "rejects.parquet"
)

// Commit is the change that one run makes to the lake: staged, sealed, applied, finished.
type Commit struct {
	lake    *Lake
	id      string
	removed map[Table]map[period.Day]bool

	record   *record // set once sealed
	applied  bool
	finished bool
}

// record is scratch/<run>/commit.json: all that is needed to redo a sealed commit.
type record struct {
	Run     Run        `json:"run"`
	Rejects *fileState `json:"rejects,omitempty"`
}

// Begin starts the commit of a run. Recover comes first: whatever is staged may not be of two runs.
func (l *Lake) Begin(runID string) (*Commit, error) {
	if err := l.writable("begin commit"); err != nil {
		return nil, err
	}
	if _, ok := parseRunID(runID); !ok {
		return nil, fmt.Errorf("begin commit: %q is not a run id", runID)
	}
	if there, err := exists(l.runFile(runID)); err != nil {
		return nil, fmt.Errorf("begin commit: %w", err)
	} else if there {
		return nil, fmt.Errorf("begin commit: run %s is finished already, see %s", runID, l.runFile(runID))
	}
	sealed, err := l.sealedRuns()
	if err != nil {
		return nil, err
	}
	if len(sealed) > 0 {
		return nil, fmt.Errorf("begin commit: run %s has not finished; recover it first", sealed[0].text)
	}
	c := &Commit{lake: l, id: runID, removed: make(map[Table]map[period.Day]bool)}
	if err := beforeStep("mkdir " + c.dir()); err != nil {
		return nil, err
	}
	if err := os.Mkdir(c.dir(), 0o700); err != nil {
		return nil, fmt.Errorf("begin commit: %w", err)
	}
	return c, nil
}

// dir returns the staging directory.
func (c *Commit) dir() string { return c.lake.path(scratchDir, c.id) }

// File returns where to write the new file of a day of a table.
func (c *Commit) File(t Table, d period.Day) string { return filepath.Join(c.dir(), t.stagedName(d)) }

// DayFile returns where to write the new file of a day's requests.
func (c *Commit) DayFile(d period.Day) string { return c.File(Requests, d) }

// RejectsFile returns where to write the quarantined lines. It is no error to write none.
func (c *Commit) RejectsFile() string { return filepath.Join(c.dir(), rejectsFile) }

// Remove says that a day of a table has no rows any more: Apply removes its file and directory.
func (c *Commit) Remove(t Table, d period.Day) {
	if c.removed[t] == nil {
		c.removed[t] = make(map[period.Day]bool)
	}
	c.removed[t][d] = true
}

// RemoveDay says that a day has no requests any more.
func (c *Commit) RemoveDay(d period.Day) { c.Remove(Requests, d) }

// Seal makes the commit certain: it fills in the size and hash of each staged day in run.Days and
// run.ExtensionDays, syncs everything and writes the redo record. The two list exactly the days that are
// staged or removed.
// Nothing is visible to readers before Apply. When Seal fails, Abort.
func (c *Commit) Seal(run Run) error {
	if c.record != nil {
		return fmt.Errorf("seal run %s: it is sealed already", c.id)
	}
	if run.Run != c.id {
		return fmt.Errorf("seal run %s: the manifest is of run %q", c.id, run.Run)
	}
	for _, table := range Tables {
		if err := c.fillDays(&run, table); err != nil {
			return fmt.Errorf("seal run %s: %s: %w", c.id, table, err)
		}
	}
	rec := record{Run: run.Normalized()}
	if there, err := exists(c.RejectsFile()); err != nil {
		return fmt.Errorf("seal run %s: %w", c.id, err)
	} else if there {
		state, err := stateOf(c.RejectsFile())
		if err != nil {
			return fmt.Errorf("seal run %s: %w", c.id, err)
		}
		rec.Rejects = &state
	}
	if err := c.writeRecord(rec); err != nil {
		return fmt.Errorf("seal run %s: %w", c.id, err)
	}
	c.record = &rec
	return nil
}

// fillDays completes the listed days of a table from what is staged, and refuses a list that does not match it.
func (c *Commit) fillDays(run *Run, t Table) error {
	staged, err := c.stagedDays(t)
	if err != nil {
		return err
	}
	listed := make(map[period.Day]bool)
	for n, d := range run.listed(t) {
		if listed[d.day] {
			return fmt.Errorf("day %s is listed twice", d.day)
		}
		listed[d.day] = true
		isStaged := slices.Contains(staged, d.day)
		d.removed = d.removed || c.removed[t][d.day]
		switch {
		case d.removed && isStaged:
			return fmt.Errorf("day %s is both staged and removed", d.day)
		case d.removed:
			d.state = fileState{}
		case !isStaged:
			return fmt.Errorf("day %s is listed, but %s was not written", d.day, c.File(t, d.day))
		default:
			if d.state, err = stateOf(c.File(t, d.day)); err != nil {
				return err
			}
		}
		run.setListed(t, n, d)
	}
	for _, day := range staged {
		if !listed[day] {
			return fmt.Errorf("day %s is staged, but not listed", day)
		}
	}
	for day := range c.removed[t] {
		if !listed[day] {
			return fmt.Errorf("day %s is removed, but not listed", day)
		}
	}
	return nil
}

// stagedDays returns the days of a table that have a staged file.
func (c *Commit) stagedDays(t Table) ([]period.Day, error) {
	entries, err := os.ReadDir(c.dir())
	if err != nil {
		return nil, err
	}
	var days []period.Day
	for _, entry := range entries {
		if day, ok := t.stagedDay(entry.Name()); ok {
			days = append(days, day)
		}
	}
	return days, nil
}

// writeRecord syncs what is staged, down to the name of the staging directory, and then writes the record.
func (c *Commit) writeRecord(rec record) error {
	for _, move := range c.moves(rec) {
		if err := syncFile(move.from); err != nil {
			return err
		}
	}
	for _, dir := range []string{c.dir(), filepath.Dir(c.dir())} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	text, err := encodeJSON(rec)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(c.dir(), recordFile), text, c.dir())
}

// Abort removes what is staged. A sealed commit cannot be aborted, the next Recover completes it.
func (c *Commit) Abort() error {
	if c.finished {
		return nil
	}
	if c.record != nil {
		return fmt.Errorf("abort run %s: it is sealed; the next run completes it", c.id)
	}
	if err := c.discard(); err != nil {
		return fmt.Errorf("abort run %s: %w", c.id, err)
	}
	c.finished = true
	return nil
}

// discard removes the staging directory, the record first: a Seal that failed late may have left one, and
// without it the rest is garbage.
func (c *Commit) discard() error {
	path := filepath.Join(c.dir(), recordFile)
	if there, err := exists(path); err != nil {
		return err
	} else if there {
		if err := errors.Join(remove(path), syncDir(c.dir())); err != nil {
			return err
		}
	}
	return removeTree(c.dir())
}
