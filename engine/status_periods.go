package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// PeriodStatus tells what is published of a week or month. The JSON names stay as they are.
type PeriodStatus struct {
	// Period is its name, 2026-W39 or 2026-09.
	Period string `json:"period"`
	// Granularity is weekly or monthly.
	Granularity period.Granularity `json:"granularity"`
	From        period.Day         `json:"from"`
	// To is its last day.
	To period.Day `json:"to"`
	// Closed says that it has ended, and the grace as well.
	Closed bool        `json:"closed"`
	State  PeriodState `json:"state"`
	// Because is why it is due; empty for other states.
	Because DueReason `json:"because,omitempty"`
	// Days is how many of its days have requests.
	Days int `json:"days"`
	// Publishers is how many have reports of it, and Revision is the highest of these; 0: none.
	Publishers int `json:"publishers"`
	Revision   int `json:"revision"`
	// PublishedAt is when reports of it were last written, as far as the manifests tell.
	PublishedAt time.Time `json:"published_at,omitzero"`
}

// PeriodState says what is published of a period.
type PeriodState string

// The states of a period.
const (
	PeriodOpen      PeriodState = "open"      // not closed; published only with --include-open
	PeriodDue       PeriodState = "due"       // closed, and the next run publishes it
	PeriodPublished PeriodState = "published" // closed and up to date, or not to be changed any more
	PeriodMixed     PeriodState = "mixed"     // published after engine rebuild: some of its days were classified with other settings
	PeriodPruned    PeriodState = "pruned"    // without reports, and its requests were removed or its reports are not kept
)

// DueReason says why a period is due.
type DueReason string

// The reasons, of which the first that is true is given.
const (
	NotPublished   DueReason = "not_published"   // never yet
	ReportsMissing DueReason = "reports_missing" // somebody removed a directory
	WasOpen        DueReason = "was_open"        // it was published before it was closed
	NewData        DueReason = "new_data"        // a run changed its days since
	BeingPublished DueReason = "being_published" // the run that is at work has changed it, and has not told yet
	NewSettings    DueReason = "new_settings"    // publishers, reports or engine differ from those it was published with
)

// periods tells of all periods that have requests, extension events or reports: the weeks, then the months.
// While somebody is at work, what the manifests tell may be old.
func (e *Engine) periods(store *lake.Lake, runs []lake.Run, atWork bool) ([]PeriodStatus, error) {
	chosen, err := e.Config.allReports()
	if err != nil {
		return nil, err
	}
	c, err := e.newCalendar(store, runs, chosen, e.now())
	if err != nil {
		return nil, err
	}
	look := periodLook{calendar: c, due: map[period.Period]bool{}, atWork: atWork, history: publishedIn(runs)}
	due, err := c.due(nil, false)
	if err != nil {
		return nil, err
	}
	for _, d := range due {
		look.due[d.Period] = true
	}
	all, err := publishedPeriods(c.dir)
	if err != nil {
		return nil, err
	}
	for _, p := range c.covered() {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b period.Period) int { // weekly before monthly
		return cmp.Or(-cmp.Compare(a.Granularity, b.Granularity), a.Start.Compare(b.Start))
	})
	statuses := []PeriodStatus{}
	for _, p := range all {
		status, err := look.at(p)
		if err != nil {
			return nil, err
		}
		statuses = append(statuses, status)
	}
	return statuses, nil
}

// publishedPeriods are those of which a publication is recorded.
func publishedPeriods(dir string) ([]period.Period, error) {
	entries, err := os.ReadDir(filepath.Join(dir, publishedDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list what is published: %w", err)
	}
	var all []period.Period
	for _, entry := range entries {
		granularity, name, _ := strings.Cut(strings.TrimSuffix(entry.Name(), ".json"), "-")
		if p, ok := periodOfDir(period.Granularity(granularity), name); ok && string(p.Granularity) == granularity {
			all = append(all, p)
		}
	}
	return all, nil
}

// periodLook is what is known while looking at periods.
type periodLook struct {
	*calendar
	due     map[period.Period]bool
	atWork  bool
	history publishHistory
}

func (l periodLook) at(p period.Period) (PeriodStatus, error) {
	s := PeriodStatus{
		Period: p.String(), Granularity: p.Granularity, From: period.DayOf(p.Start), To: period.DayOf(p.End()).Prev(),
		Closed: p.Closed(l.calendar.at, l.Config.Grace.Duration), Days: len(daysIn(l.days, p.Contains)), PublishedAt: l.history.writtenAt[p.String()],
	}
	dirs := publishedBefore(publicationFile(l.dir, p))
	s.Publishers = len(dirs)
	missing := false
	for _, dir := range dirs {
		revision, err := l.revision(dir)
		if err != nil {
			return s, err
		}
		s.Revision = max(s.Revision, revision)
		missing = missing || revision == 0
	}
	var err error
	switch {
	case !s.Closed:
		s.State = PeriodOpen
	case l.due[p]:
		s.State = PeriodDue
		s.Because, err = l.because(p, len(dirs) > 0, missing)
	case l.isMixed(p):
		s.State = PeriodMixed
	case len(dirs) == 0 && (l.isFinal(p) || l.isExpired(p)):
		s.State = PeriodPruned
	default:
		s.State = PeriodPublished
	}
	return s, err
}

// because says why a period is due.
func (l periodLook) because(p period.Period, published, missing bool) (DueReason, error) {
	switch {
	case !published:
		return NotPublished, nil
	case missing:
		return ReportsMissing, nil
	}
	d, err := l.describe(p)
	if err != nil {
		return "", err
	}
	d.open = true
	if d.fingerprint, err = l.fingerprint(d, l.states); err != nil {
		return "", err
	}
	wasOpen, err := l.isPublished(l.dir, d)
	switch {
	case wasOpen || err != nil:
		return WasOpen, err
	case l.history.changedSince(l.history.lookedAt[p.String()], p):
		return NewData, nil
	case l.atWork:
		return BeingPublished, nil
	default:
		return NewSettings, nil
	}
}

// revision is that of a published directory; 0 when its manifest is not there.
func (l periodLook) revision(dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(l.dir, dir, reports.ManifestFile)); err != nil {
		return 0, nil
	}
	if revision := l.history.revisions[dir]; revision > 0 {
		return revision, nil
	}
	// The run that wrote it ended before it could say so.
	text, err := os.ReadFile(filepath.Join(l.dir, dir, reports.ManifestFile))
	if err != nil {
		return 0, nil
	}
	var manifest reports.Manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		return 0, fmt.Errorf("report manifest of %s is damaged (%w); remove its directory and run again", dir, err)
	}
	return manifest.Revision, nil
}

// publishHistory is what the manifests tell of publishing.
type publishHistory struct {
	lookedAt  map[string]int       // by period: the number of the last run that published it or found it right
	writtenAt map[string]time.Time // by period: when reports of it were last written
	revisions map[string]int       // by directory
	changed   map[lake.Table]map[period.Day]int
}

// publishedIn reads the history of ascending runs, which it numbers from 1.
func publishedIn(runs []lake.Run) publishHistory {
	h := publishHistory{
		lookedAt: map[string]int{}, writtenAt: map[string]time.Time{}, revisions: map[string]int{},
		changed: map[lake.Table]map[period.Day]int{lake.Requests: {}, lake.ExtensionEvents: {}},
	}
	for i, run := range runs {
		for _, day := range run.Days {
			h.changed[lake.Requests][day.Day] = i + 1
		}
		for _, day := range run.ExtensionDays {
			h.changed[lake.ExtensionEvents][day.Day] = i + 1
		}
		for _, p := range run.Published {
			h.lookedAt[p.Period], h.revisions[p.Dir] = i+1, p.Revision
			if p.Changed {
				h.writtenAt[p.Period] = run.EndedAt.UTC()
			}
		}
	}
	return h
}

// changedSince reports whether a run after the given one changed what the period's reports come from.
func (h publishHistory) changedSince(run int, p period.Period) bool {
	for day, changed := range h.changed[lake.Requests] {
		if changed > run && p.Contains(day) {
			return true
		}
	}
	for day, changed := range h.changed[lake.ExtensionEvents] {
		if changed > run && p.Range().Reaches(day) {
			return true
		}
	}
	return false
}

// newestPeriods are the last n of each granularity.
func newestPeriods(all []PeriodStatus, n int) []PeriodStatus {
	counts := map[period.Granularity]int{}
	newest := []PeriodStatus{}
	for _, p := range slices.Backward(all) {
		if counts[p.Granularity]++; counts[p.Granularity] <= n {
			newest = append(newest, p)
		}
	}
	slices.Reverse(newest)
	return newest
}
