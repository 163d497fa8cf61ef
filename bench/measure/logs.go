package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// logs are the generated logs of one number of rows. Each is made when it is first asked for.
type logs struct {
	programs
	rows, days int
}

// log is one log, of one or more files.
type log struct{ files []string }

// manyRows is from where on a log lies in daily files.
const manyRows = 20_000_000

// firstDay is a Monday.
var firstDay = time.Date(2026, time.September, 14, 0, 0, 0, 0, time.UTC)

func newLogs(p programs, rows int) *logs {
	l := &logs{programs: p, rows: rows, days: 7}
	if rows > manyRows {
		l.days = 30
	}
	return l
}

// week names the first week of a log.
func (l *logs) week() string {
	year, week := firstDay.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

// standard is the log that most figures are of: the plain mix.
func (l *logs) standard(format string) (log, error) {
	return l.generate("requests", format, "-rows", fmt.Sprint(l.rows), "-days", fmt.Sprint(l.days))
}

// nextDay is a log of the day after, of the same size for all logs from ten million rows on.
func (l *logs) nextDay() (log, error) {
	rows := min(l.rows, 10_000_000) / 7
	return l.generate(fmt.Sprintf("day-after-%d", l.days), "csv", "-rows", fmt.Sprint(rows), "-days", "1", "-seed", "39",
		"-start", firstDay.AddDate(0, 0, l.days).Format(time.DateOnly))
}

// shape is a log that is harder to load than the standard one.
type shape struct {
	figure string
	flags  []string
}

var shapes = []shape{
	{"mixed", []string{"-mix", "captured", "-pollers", "10", "-nat", "10", "-ties", "5"}},
	{"worst_address", []string{"-worst", "address"}},
	{"worst_repository", []string{"-worst", "repository"}},
	{"worst_poller", []string{"-worst", "poller"}},
}

func (l *logs) shaped(s shape) (log, error) {
	return l.generate(s.figure, "csv", append([]string{"-rows", fmt.Sprint(l.rows), "-days", fmt.Sprint(l.days)}, s.flags...)...)
}

// generate makes a log unless it is there: one file, or a folder with a file per day.
func (l *logs) generate(name, format string, flags ...string) (log, error) {
	path := filepath.Join(l.dir, fmt.Sprintf("%s-%d.%s", name, l.rows, format))
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		unfinished := path + ".new"
		if err := os.RemoveAll(unfinished); err != nil {
			return log{}, err
		}
		flags = append(flags, "-format", format, "-out", unfinished)
		if l.rows > manyRows {
			flags = append(flags, "-split-days")
		}
		if _, err := output(l.gen, flags...); err != nil {
			return log{}, err
		}
		err = os.Rename(unfinished, path)
	}
	if err != nil || l.rows <= manyRows {
		return log{[]string{path}}, err
	}
	files, err := filepath.Glob(filepath.Join(path, "*"))
	return log{files}, err
}

// config is a configuration of 40 publishers that get these reports; all, when none is named.
func (l *logs) config(reports ...string) (string, error) {
	path := filepath.Join(l.dir, "engine.toml")
	if _, err := output(l.gen, "-rows", "0", "-out", os.DevNull, "-config", path); err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(file, "\n[reports]\npublish = %s\n", list(reports))
	return path, errors.Join(err, file.Close())
}

// list is a list of texts in TOML.
func list(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	return `["` + strings.Join(texts, `", "`) + `"]`
}
