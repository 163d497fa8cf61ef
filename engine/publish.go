package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// publish brings the reports of every period up to date with the lake: a period
// is due when its days, the publishers or the reports have changed since it was
// published. So a run that was killed while publishing leaves nothing behind.
// A period with pruned days is final, and one beyond retain_reports is not kept.
func (r *run) publish(ctx context.Context) error {
	dir := filepath.Join(r.Dir, "reports")
	if err := lake.CleanStaging(dir); err != nil {
		return err
	}
	runs := append(r.runs[:len(r.runs):len(r.runs)], *r.manifest())
	c, err := r.newCalendar(r.store, runs, r.chosen, r.begun)
	if err != nil {
		return err
	}
	if err := r.withdraw(c, runs); err != nil {
		return err
	}
	due, err := c.due(r.request.Period, r.request.IncludeOpen)
	if err != nil {
		return err
	}
	if r.request.Period != nil && len(due) == 0 {
		r.log().Info("nothing to publish", "period", r.request.Period.String(), "reason", "up to date, not closed yet, without requests, or older than what is kept")
	}
	if len(due) == 0 {
		return nil
	}
	return r.publishPeriods(ctx, dir, due)
}

// dayStates are the hashes of everything that reports follow from.
type dayStates struct {
	requests, events map[period.Day]string
	reports          map[string]string
}

// reportVersions tells what each report means: its version, or the text of a user's.
func reportVersions(all []reports.Report) map[string]string {
	versions := map[string]string{}
	for _, report := range all {
		versions[report.Name] = fmt.Sprint(report.Version) + report.SQL
	}
	return versions
}

func unionOfDays(a, b []period.Day) []period.Day {
	days := slices.Concat(a, b)
	slices.Sort(days)
	return slices.Compact(days)
}

// daysIn are the days that in accepts.
func daysIn(days []period.Day, in func(period.Day) bool) []period.Day {
	var chosen []period.Day
	for _, day := range days {
		if in(day) {
			chosen = append(chosen, day)
		}
	}
	return chosen
}

// filesOf are the files of days.
func filesOf(days []period.Day, file func(period.Day) string) []string {
	var files []string
	for _, day := range days {
		files = append(files, file(day))
	}
	return files
}

// duePeriod is a period whose reports are to be written.
type duePeriod struct {
	period.Period
	open        bool
	days        []period.Day // with requests
	events      []period.Day // with extension events, from the first one on
	fingerprint string       // of everything that its reports follow from
}

// fingerprint is of everything that the reports of a period follow from.
func (e *Engine) fingerprint(d duePeriod, states dayStates) (string, error) {
	output := e.Config.Reports
	output.Files = nil // their text is among the reports
	content := struct {
		Days, Events map[period.Day]string
		Open         bool
		Publishers   []Publisher
		Reports      map[string]string
		Output       ReportsConfig
		Engine       string
	}{map[period.Day]string{}, map[period.Day]string{}, d.open, e.Config.Publishers, states.reports, output, Version}
	for _, day := range d.days {
		content.Days[day] = states.requests[day]
	}
	for _, day := range d.events {
		content.Events[day] = states.events[day]
	}
	text, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("fingerprint period: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// publication records what was published for a period, beside the reports, so
// that removing the reports makes their periods due again.
type publication struct {
	Fingerprint string   `json:"fingerprint"`
	Dirs        []string `json:"dirs"` // below the reports directory
}

// publishedDir holds the publications, below the reports directory.
const publishedDir = ".published"

func publicationFile(dir string, p period.Period) string {
	return filepath.Join(dir, publishedDir, fmt.Sprintf("%s-%s.json", p.Granularity, p.Dir()))
}

// publishedBefore are the directories that an earlier publication of a period wrote.
func publishedBefore(path string) []string {
	var p publication
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &p) != nil {
		return nil
	}
	return p.Dirs
}

// isPublished reports whether the period's reports are there and up to date.
func (e *Engine) isPublished(dir string, d duePeriod) (bool, error) {
	text, err := os.ReadFile(publicationFile(dir, d.Period))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read what is published: %w", err)
	}
	var p publication
	if json.Unmarshal(text, &p) != nil || p.Fingerprint != d.fingerprint {
		return false, nil
	}
	for _, published := range p.Dirs {
		if _, err := os.Stat(filepath.Join(dir, published, reports.ManifestFile)); err != nil {
			return false, nil
		}
	}
	return true, nil
}

// recordPublication notes that the period is published; written after all of its
// directories are. Directories of publishers who have no part in the period any
// more are removed: their numbers are not right any more.
func (r *run) recordPublication(dir string, d duePeriod, dirs []string) error {
	path := publicationFile(dir, d.Period)
	if err := r.removeStale(dir, publishedBefore(path), dirs); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("record what is published: %w", err)
	}
	text, err := json.MarshalIndent(publication{d.fingerprint, dirs}, "", "  ")
	if err != nil {
		return fmt.Errorf("record what is published: %w", err)
	}
	// Temporary files go where the next run clears them away.
	if err := renameio.WriteFile(path, append(text, '\n'), 0o644, renameio.WithTempDir(r.store.Scratch())); err != nil {
		return fmt.Errorf("record what is published: %w", err)
	}
	return nil
}

// removeStale removes the directories of before that are not in now.
func (r *run) removeStale(dir string, before, now []string) error {
	for _, stale := range before {
		if slices.Contains(now, stale) || !filepath.IsLocal(stale) {
			continue
		}
		r.log().Info("removed reports of a publisher without actions in the period", "dir", stale)
		path := filepath.Join(dir, stale)
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove outdated reports: %w", err)
		}
		if err := pointLatest(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

// withdraw removes the reports of periods that lost their last day: a log that
// was loaded before it was complete may have had its last stamp cut off.
// Pruned days are not lost: what is published of them stays.
func (r *run) withdraw(c *calendar, runs []lake.Run) error {
	removed := map[period.Day]bool{}
	for _, run := range runs {
		for _, day := range run.Days {
			removed[day.Day] = day.Removed
		}
		for _, day := range run.ExtensionDays {
			removed[day.Day] = day.Removed
		}
	}
	var lost, kept []period.Day
	for day, gone := range removed {
		if gone {
			lost = append(lost, day)
		} else {
			kept = append(kept, day) // if somebody deleted it, its reports may stay
		}
	}
	covered := append(period.Covering(kept), c.covered()...)
	for _, p := range period.Covering(lost) {
		path := publicationFile(c.dir, p)
		if c.isFinal(p) || slices.Contains(covered, p) || r.request.Period != nil && *r.request.Period != p {
			continue
		}
		if err := r.removeStale(c.dir, publishedBefore(path), nil); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove outdated reports: %w", err)
		}
	}
	return nil
}
