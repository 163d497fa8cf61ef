package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// oldReports are the directories of expired periods, below the reports directory.
func (c *calendar) oldReports() ([]string, error) {
	old := []string{}
	if c.Config.RetainReports.Duration == 0 {
		return old, nil
	}
	err := c.eachReportDir(func(dir string, p period.Period) error {
		if c.isExpired(p) {
			old = append(old, dir)
		}
		return nil
	})
	return old, err
}

// eachReportDir yields the directories of periods, whichever publisher's they are.
func (c *calendar) eachReportDir(yield func(dir string, p period.Period) error) error {
	for _, granularity := range []period.Granularity{period.Weekly, period.Monthly} {
		// A fixed pattern cannot be bad, and c.dir may hold any character.
		paths, err := fs.Glob(os.DirFS(c.dir), "*/"+string(granularity)+"/*")
		if err != nil {
			return fmt.Errorf("list reports: %w", err)
		}
		for _, path := range paths {
			p, ok := periodOfDir(granularity, filepath.Base(path))
			if info, err := os.Lstat(filepath.Join(c.dir, path)); !ok || err != nil || !info.IsDir() {
				continue
			}
			if err := yield(filepath.FromSlash(path), p); err != nil {
				return err
			}
		}
	}
	return nil
}

// periodOfDir is the period that a directory's name stands for.
func periodOfDir(granularity period.Granularity, name string) (period.Period, bool) {
	day, err := period.ParseDay(name)
	if err != nil {
		return period.Period{}, false
	}
	p := period.WeekOf(day)
	if granularity == period.Monthly {
		p = period.MonthOf(day)
	}
	return p, p.Dir() == name
}

// removeReports removes directories of expired periods and what is noted of them,
// and points the links to the latest right, also after a crash here.
func (c *calendar) removeReports(dirs []string) error {
	if c.Config.RetainReports.Duration == 0 {
		return nil
	}
	if err := lake.CleanStaging(c.dir); err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := lake.RetractDir(filepath.Join(c.dir, dir)); err != nil {
			return err
		}
	}
	for _, granularity := range []period.Granularity{period.Weekly, period.Monthly} {
		parents, err := fs.Glob(os.DirFS(c.dir), "*/"+string(granularity))
		if err != nil {
			return fmt.Errorf("list reports: %w", err)
		}
		for _, parent := range parents {
			if err := pointLatest(filepath.Join(c.dir, parent)); err != nil {
				return err
			}
		}
	}
	return c.forgetPublications()
}

// forgetPublications removes what is noted of the publication of expired periods.
func (c *calendar) forgetPublications() error {
	published, err := publishedPeriods(c.dir)
	if err != nil {
		return err
	}
	for _, p := range published {
		if !c.isExpired(p) {
			continue
		}
		if err := os.Remove(publicationFile(c.dir, p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget what is published: %w", err)
		}
	}
	return nil
}
