package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/period"
)

const (
	recordFile  = "commit.json"
	rejectsFile = "rejects.parquet"
	dayExt      = ".parquet"
)

// Commit is the change that one run makes to the lake: staged, sealed, applied, finished.
type Commit struct {
	lake    *Lake
	id      string
	removed map[period.Day]bool

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
	c := &Commit{lake: l, id: runID, removed: make(map[period.Day]bool)}
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

// DayFile returns where to write the new file of a day.
func (c *Commit) DayFile(d period.Day) string {
	return filepath.Join(c.dir(), dayPrefix+string(d)+dayExt)
}

// RejectsFile returns where to write the quarantined lines. It is no error to write none.
func (c *Commit) RejectsFile() string { return filepath.Join(c.dir(), rejectsFile) }

// RemoveDay says that a day has no requests any more: Apply removes its file and directory.
func (c *Commit) RemoveDay(d period.Day) { c.removed[d] = true }

// Seal makes the commit certain: it fills in the size and hash of each staged day in run.Days, syncs
// everything and writes the redo record. run.Days lists exactly the days that are staged or removed.
// Nothing is visible to readers before Apply. When Seal fails, Abort.
func (c *Commit) Seal(run Run) error {
	if c.record != nil {
		return fmt.Errorf("seal run %s: it is sealed already", c.id)
	}
	if run.Run != c.id {
		return fmt.Errorf("seal run %s: the manifest is of run %q", c.id, run.Run)
	}
	if err := c.fillDays(run.Days); err != nil {
		return fmt.Errorf("seal run %s: %w", c.id, err)
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

// fillDays completes the list of days from what is staged, and refuses a list that does not match it.
func (c *Commit) fillDays(days []RunDay) error {
	staged, err := c.stagedDays()
	if err != nil {
		return err
	}
	listed := make(map[period.Day]bool)
	for n := range days {
		day := &days[n]
		if listed[day.Day] {
			return fmt.Errorf("day %s is listed twice", day.Day)
		}
		listed[day.Day] = true
		isStaged := slices.Contains(staged, day.Day)
		day.Removed = day.Removed || c.removed[day.Day]
		switch {
		case day.Removed && isStaged:
			return fmt.Errorf("day %s is both staged and removed", day.Day)
		case day.Removed:
			day.Bytes, day.SHA256 = 0, ""
		case !isStaged:
			return fmt.Errorf("day %s is listed, but %s was not written", day.Day, c.DayFile(day.Day))
		default:
			state, err := stateOf(c.DayFile(day.Day))
			if err != nil {
				return err
			}
			day.Bytes, day.SHA256 = state.Bytes, state.SHA256
		}
	}
	for _, day := range staged {
		if !listed[day] {
			return fmt.Errorf("day %s is staged, but not listed", day)
		}
	}
	for day := range c.removed {
		if !listed[day] {
			return fmt.Errorf("day %s is removed, but not listed", day)
		}
	}
	return nil
}

// stagedDays returns the days that have a staged file.
func (c *Commit) stagedDays() ([]period.Day, error) {
	entries, err := os.ReadDir(c.dir())
	if err != nil {
		return nil, err
	}
	var days []period.Day
	for _, entry := range entries {
		name, isParquet := strings.CutSuffix(entry.Name(), dayExt)
		name, isDay := strings.CutPrefix(name, dayPrefix)
		if day, err := period.ParseDay(name); isParquet && isDay && err == nil {
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
