package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pullscope/pullscope/engine/period"
)

// Table is what the lake keeps in one file a day: <table>/day=2026-09-25/<table>.parquet.
type Table struct {
	name   string
	staged string // what the names of staged files begin with
}

// The tables of the lake.
var (
	Requests        = Table{name: "requests", staged: dayPrefix}
	ExtensionEvents = Table{name: "extension_events", staged: "extension_events." + dayPrefix}

	// Tables lists them in the order in which a commit applies them.
	Tables = []Table{Requests, ExtensionEvents}
)

const (
	dayPrefix = "day="
	dayExt    = ".parquet"
)

func (t Table) String() string { return t.name }

// stagedName returns the name of a day's file in the staging directory.
func (t Table) stagedName(d period.Day) string { return t.staged + string(d) + dayExt }

// stagedDay returns the day of a staged file of this table; false for other names.
func (t Table) stagedDay(name string) (period.Day, bool) {
	name, isParquet := strings.CutSuffix(name, dayExt)
	name, isStaged := strings.CutPrefix(name, t.staged)
	day, err := period.ParseDay(name)
	return day, isParquet && isStaged && err == nil
}

// File returns the path of the file that holds a day of a table, whether there is one or not.
func (l *Lake) File(t Table, d period.Day) string {
	return l.path(t.name, dayPrefix+string(d), t.name+dayExt)
}

// DaysOf returns the days of a table that have a file, ascending. Other files and directories beside them are
// ignored.
func (l *Lake) DaysOf(t Table) ([]period.Day, error) {
	entries, err := l.list(t.name)
	if err != nil {
		return nil, fmt.Errorf("list days: %w", err)
	}
	var days []period.Day
	for _, entry := range entries { // sorted by name, so by day
		name, isDay := strings.CutPrefix(entry.Name(), dayPrefix)
		day, err := period.ParseDay(name)
		if !isDay || err != nil {
			continue
		}
		info, err := os.Stat(l.File(t, day))
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR):
			continue
		case err != nil:
			return nil, fmt.Errorf("list days: %w", err)
		case info.Mode().IsRegular():
			days = append(days, day)
		}
	}
	return days, nil
}

// DayFile returns the path of the file that holds the requests of a day, whether there is one or not.
func (l *Lake) DayFile(d period.Day) string { return l.File(Requests, d) }

// Days returns the days that have requests, ascending.
func (l *Lake) Days() ([]period.Day, error) { return l.DaysOf(Requests) }

// ExtensionFile returns the path of the file that holds the extension events of a day, whether there is one or not.
func (l *Lake) ExtensionFile(d period.Day) string { return l.File(ExtensionEvents, d) }

// ExtensionDays returns the days that have extension events, ascending.
func (l *Lake) ExtensionDays() ([]period.Day, error) { return l.DaysOf(ExtensionEvents) }

// removeDay removes the file of a day and then its directory, unless there is something else in it.
func (l *Lake) removeDay(t Table, d period.Day) error {
	file := l.File(t, d)
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
	if errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// listedDay is a day in a manifest as a commit sees it, whichever table it is of.
type listedDay struct {
	day     period.Day
	state   fileState
	removed bool
}

// listed returns the days of a table that the manifest lists, in its order.
func (r *Run) listed(t Table) []listedDay {
	var days []listedDay
	switch t {
	case Requests:
		for _, d := range r.Days {
			days = append(days, listedDay{d.Day, fileState{d.Bytes, d.SHA256}, d.Removed})
		}
	case ExtensionEvents:
		for _, d := range r.ExtensionDays {
			days = append(days, listedDay{d.Day, fileState{d.Bytes, d.SHA256}, d.Removed})
		}
	}
	return days
}

// setListed writes the n-th listed day of a table back into the manifest.
func (r *Run) setListed(t Table, n int, d listedDay) {
	switch t {
	case Requests:
		day := &r.Days[n]
		day.Bytes, day.SHA256, day.Removed = d.state.Bytes, d.state.SHA256, d.removed
	case ExtensionEvents:
		day := &r.ExtensionDays[n]
		day.Bytes, day.SHA256, day.Removed = d.state.Bytes, d.state.SHA256, d.removed
	}
}
