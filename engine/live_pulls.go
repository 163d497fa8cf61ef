package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// Unit is how long the periods are by which pulls are counted.
type Unit string

// The units, as DuckDB's date_trunc calls them: ISO weeks begin on Monday.
const (
	Days   Unit = "day"
	Weeks  Unit = "week"
	Months Unit = "month"
)

// begin is the first day of the unit that a day is in.
func (u Unit) begin(day time.Time) time.Time {
	switch u {
	case Weeks:
		return period.WeekOf(period.DayOf(day)).Start
	case Months:
		return period.MonthOf(period.DayOf(day)).Start
	}
	return period.DayOf(day).Time()
}

// next is the first day of the unit after the one that begins at start.
func (u Unit) next(start time.Time) time.Time {
	switch u {
	case Weeks:
		return start.AddDate(0, 0, 7)
	case Months:
		return start.AddDate(0, 1, 0)
	}
	return start.AddDate(0, 0, 1)
}

// Grouping is what pulls are told apart by.
type Grouping string

// The groupings. Those by country and use case are of a whole namespace, unless repositories are asked for.
const (
	ByRepository Grouping = "repo"
	ByNamespace  Grouping = "namespace"
	ByCountry    Grouping = "country"
	ByTag        Grouping = "tag" // of a repository
	ByUseCase    Grouping = "use-case"
)

// PullsRequest asks how often images were pulled, period by period.
type PullsRequest struct {
	// Namespace is whose images are meant; with Images it is empty.
	Namespace string
	// Images restricts the answer to these; the rows then tell them apart whatever By says.
	Images []Image
	Unit   Unit
	// From and To, midnights UTC, choose the periods that begin in them, To excluded.
	From, To time.Time
	By       Grouping
	// Open adds the period that is not closed, and days of which requests may still come.
	Open bool
}

// PullCount is how often something was pulled in one period.
type PullCount struct {
	First, Last period.Day // of the period, both included
	Image                  // Repository is empty where the row is of a whole namespace
	// Group is the country, tag or use case; empty where it is not known or there is none.
	Group string
	// Addresses is how many different addresses asked; never to be added up.
	Addresses                                int64
	PullsByTag, PullsByDigest, VersionChecks int64
	Open                                     bool // the period is not closed
}

// LastMonths are the days whose periods "the last n months" means: of months the last n that are closed; of weeks
// and days those that begin in the n months before the end of the last closed one. Where the month that this leads to
// is shorter, its last day is the first.
func (l *Live) LastMonths(unit Unit, n int) (from, to time.Time) {
	to = unit.begin(l.Now().Add(-l.Config().Grace.Duration))
	from = to.AddDate(0, -n, 0)
	if from.Day() != to.Day() { // 31 February is some day of March
		from = from.AddDate(0, 0, -from.Day())
	}
	return from, to
}

// pullSpan is one period that is asked for.
type pullSpan struct {
	first, after time.Time
	open         bool
	final        bool         // requests of it were pruned: nothing but its published reports can tell its numbers
	published    []spanReport // what tells its numbers, one per publisher; none: the actions do
}

// spanReport is a published report on one period.
type spanReport struct {
	of   *Publication
	file string
}

// Pulls counts pulls, ordered by image, period and group. Closed weeks and months by repository and namespace are as
// they are published, but for those that a run has published anew since the state was taken; these, and everything
// else, are counted from the stored actions. A period without pulls has no row, nor has one whose requests were pruned
// before it was published.
func (s *LiveState) Pulls(ctx context.Context, request PullsRequest) ([]PullCount, error) {
	spans := s.spans(request)
	if err := s.findPublished(ctx, request, spans); err != nil {
		return nil, err
	}
	counts, err := s.samePublishedPulls(ctx, request, spans)
	if err != nil {
		return nil, err
	}
	stored, err := s.storedPulls(ctx, request, spans)
	if err != nil {
		return nil, err
	}
	counts = append(counts, stored...)
	slices.SortFunc(counts, func(a, b PullCount) int {
		return slices.Compare(
			[]string{a.Namespace, a.Repository, string(a.First), a.Group}, []string{b.Namespace, b.Repository, string(b.First), b.Group})
	})
	return counts, nil
}

// spans are the periods that may be told, without those beyond what is stored.
func (s *LiveState) spans(request PullsRequest) []*pullSpan {
	days := s.querier.snapshot.Days(lake.Requests)
	end := request.To
	if len(days) > 0 {
		if last := days[len(days)-1].Next().Time(); last.Before(end) {
			end = last
		}
	}
	begin := request.Unit.begin(request.From)
	if begin.Before(request.From) {
		begin = request.Unit.next(begin)
	}
	closed := s.live.Now().Add(-s.live.Config().Grace.Duration)
	var spans []*pullSpan
	for first := begin; first.Before(end); first = request.Unit.next(first) {
		p := &pullSpan{first: first, after: request.Unit.next(first)}
		p.open, p.final = closed.Before(p.after), s.pruned != "" && !p.first.After(s.pruned.Time())
		if !p.open || request.Open {
			spans = append(spans, p)
		}
	}
	return spans
}

// published is the report that tells the numbers; empty: none does.
func (r PullsRequest) published() string {
	switch {
	case r.Unit == Days || r.By != ByRepository && r.By != ByNamespace:
		return ""
	case r.By == ByNamespace && len(r.Images) == 0:
		return "pulls_namespace_summary"
	}
	return "pulls_repo_summary"
}

// findPublished finds the reports that tell the numbers of the periods.
func (s *LiveState) findPublished(ctx context.Context, request PullsRequest, spans []*pullSpan) error {
	report := request.published()
	if report == "" {
		return nil
	}
	granularity := period.Weekly
	if request.Unit == Months {
		granularity = period.Monthly
	}
	owned := map[string][]string{} // the namespaces by their owner
	for _, namespace := range request.namespaces() {
		owner := s.live.Config().PublisherOf(namespace).ID
		owned[owner] = append(owned[owner], namespace)
	}
	for owner, namespaces := range owned {
		publications, err := s.Publications(ctx, owner)
		if err != nil {
			return err
		}
		for i := range publications {
			p := &publications[i]
			file := p.file(report)
			if p.Period.Granularity != granularity || p.Manifest.Open || file == "" {
				continue
			}
			for _, span := range spans {
				if p.Period.Start.Equal(span.first) && !span.open && (span.final || p.current && p.tellsOf(namespaces)) {
					span.published = append(span.published, spanReport{p, file})
				}
			}
		}
	}
	for _, span := range spans {
		if len(span.published) < len(owned) && !span.final {
			span.published = nil // what is published of one may be older than what is stored of the other
		}
	}
	return nil
}

// tellsOf reports whether all of the namespaces have actions in a publication. One that has none may have
// belonged to somebody else then.
func (p *Publication) tellsOf(namespaces []string) bool {
	return !slices.ContainsFunc(namespaces, func(namespace string) bool { return !slices.Contains(p.Namespaces, namespace) })
}

// namespaces are those of the images that are asked for.
func (r PullsRequest) namespaces() []string {
	if len(r.Images) == 0 {
		return []string{r.Namespace}
	}
	var namespaces []string
	for _, image := range r.Images {
		namespaces = append(namespaces, image.Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}

// samePublishedPulls is publishedPulls where no run replaces a report meanwhile. What it replaces is left to the actions,
// which are still those that the report told of.
func (s *LiveState) samePublishedPulls(ctx context.Context, request PullsRequest, spans []*pullSpan) ([]PullCount, error) {
	for {
		counts, failed := s.publishedPulls(ctx, request, spans)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		current, err := s.isCurrent()
		if err != nil {
			return nil, err
		}
		if current || !forgetReplaced(spans) {
			return counts, failed
		}
	}
}

// forgetReplaced makes the periods forget reports that are not there any more, and tells whether there are some.
func forgetReplaced(spans []*pullSpan) (some bool) {
	for _, span := range spans {
		if slices.ContainsFunc(span.published, func(report spanReport) bool { return report.of.checkSame() != nil }) {
			span.published, some = nil, true
		}
	}
	return some
}

// publishedPulls reads the periods of which reports are published.
func (s *LiveState) publishedPulls(ctx context.Context, request PullsRequest, spans []*pullSpan) ([]PullCount, error) {
	byFile := map[string]*pullSpan{}
	var files []string
	for _, p := range spans {
		for _, report := range p.published {
			byFile[report.file] = p
			files = append(files, report.file)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	return s.readPulls(ctx, request, "published_pulls", map[string]any{"Files": duck.Paths(files)}, nil, func(key string) *pullSpan { return byFile[key] })
}

// storedPulls counts the periods of which none are.
func (s *LiveState) storedPulls(ctx context.Context, request PullsRequest, spans []*pullSpan) ([]PullCount, error) {
	byDay := map[string]*pullSpan{}
	var from, to time.Time
	for _, p := range spans {
		if p.final && !s.publishes(request) {
			return nil, s.prunedError(request.From, request.To)
		}
		if len(p.published) > 0 || p.final {
			continue
		}
		if from.IsZero() {
			from = p.first
		}
		to = p.after
		byDay[string(period.DayOf(p.first))] = p
	}
	if from.IsZero() {
		return nil, nil
	}
	table := actionsView
	if namespaces := request.namespaces(); len(namespaces) == 1 {
		of, done, err := s.actionsOf(ctx, namespaces[0], period.Range{From: from, To: to})
		if err != nil {
			return nil, err
		}
		defer done()
		table = of
	}
	params := map[string]any{"Table": table, "Unit": string(request.Unit), "Group": groupColumns[request.By]}
	return s.readPulls(ctx, request, "stored_pulls", params, []any{from, to}, func(key string) *pullSpan { return byDay[key] })
}

// publishes reports whether published reports tell all closed periods of what is asked for, so that one of which
// there is none had no pulls.
func (s *LiveState) publishes(request PullsRequest) bool {
	report := request.published()
	return report != "" && !slices.ContainsFunc(request.namespaces(), func(namespace string) bool {
		names := s.live.Config().reportsOf(s.live.Config().PublisherOf(namespace).ID)
		return names != nil && !slices.Contains(names, report)
	})
}

// prunedError says that these days have lost requests.
func (s *LiveState) prunedError(from, to time.Time) error {
	return &PrunedError{s.pruned, period.Range{From: from, To: to}, filepath.Join(s.live.engine.Dir, "reports")}
}

// groupColumns are the expressions that rows are told apart by, beside their image.
var groupColumns = map[Grouping]string{
	ByCountry: "coalesce(country, '')", ByTag: "coalesce(tag, '')", ByUseCase: "coalesce(use_case, 'Unknown')",
}

// maxPullRows is how many rows one question may have.
const maxPullRows = 200_000

// ErrTooManyRows refuses a question whose answer would fill the memory.
var ErrTooManyRows = errors.New("this has more than 200,000 rows; ask for fewer days, or longer periods")

// readPulls runs one of the two queries. Its rows begin with what finds their period.
func (s *LiveState) readPulls(ctx context.Context, request PullsRequest, file string, params map[string]any, args []any, find func(string) *pullSpan) ([]PullCount, error) {
	params["ByRepository"] = request.By == ByRepository || request.By == ByTag || len(request.Images) > 0
	params["Namespaces"], params["Images"] = placeholders(len(request.namespaces())), placeholders(len(request.Images))
	for _, namespace := range request.namespaces() {
		args = append(args, namespace)
	}
	for _, image := range request.Images {
		args = append(args, image.String())
	}
	query, err := duck.Render(sqlfiles.Files, "duckdb/"+file+".sql", params, nil)
	if err != nil {
		return nil, err
	}
	query += fmt.Sprintf("\nlimit %d", maxPullRows+1)
	var counts []PullCount
	var key string
	var repository sql.NullString
	var c PullCount
	dest := []any{&key, &c.Namespace, &repository, &c.Group, &c.Addresses, &c.PullsByTag, &c.PullsByDigest, &c.VersionChecks}
	err = s.query(ctx, query, args, dest, func() {
		p := find(key)
		if p == nil {
			return // a period between those that are asked for
		}
		c.Repository, c.Open = repository.String, p.open
		c.First, c.Last = period.DayOf(p.first), period.DayOf(p.after).Prev()
		counts = append(counts, c)
	})
	if err != nil {
		return nil, fmt.Errorf("count the pulls of %s: %w", strings.Join(request.namespaces(), ", "), err)
	}
	if len(counts) > maxPullRows {
		return nil, ErrTooManyRows
	}
	return counts, nil
}

// placeholders are those of n values in SQL.
func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }
