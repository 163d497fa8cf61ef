package engine

import (
	"context"
	"database/sql"
	"fmt"
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
	final        bool     // requests of it were pruned: nothing but its published reports can tell its numbers
	files        []string // the published reports that tell its numbers, one per publisher; none: the actions do
}

// Pulls counts pulls, ordered by image, period and group. Closed weeks and months by repository and namespace are as
// they are published; everything else is counted from the stored actions. A period without pulls has no
// row, nor has one whose requests were pruned before it was published.
func (s *LiveState) Pulls(ctx context.Context, request PullsRequest) ([]PullCount, error) {
	spans := s.spans(request)
	if err := s.findPublished(ctx, request, spans); err != nil {
		return nil, err
	}
	counts, err := s.publishedPulls(ctx, request, spans)
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

// findPublished finds the reports that tell the numbers of the periods.
func (s *LiveState) findPublished(ctx context.Context, request PullsRequest, spans []*pullSpan) error {
	report := "pulls_repo_summary"
	switch {
	case request.Unit == Days || request.By != ByRepository && request.By != ByNamespace:
		return nil
	case request.By == ByNamespace && len(request.Images) == 0:
		report = "pulls_namespace_summary"
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
				if p.Period.Start.Equal(span.first) && !span.open && (span.final || p.tellsOf(namespaces)) {
					span.files = append(span.files, file)
				}
			}
		}
	}
	for _, span := range spans {
		if len(span.files) < len(owned) && !span.final {
			span.files = nil // what is published of one may be older than what is stored of the other
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

// publishedPulls reads the periods of which reports are published.
func (s *LiveState) publishedPulls(ctx context.Context, request PullsRequest, spans []*pullSpan) ([]PullCount, error) {
	byFile := map[string]*pullSpan{}
	var files []string
	for _, p := range spans {
		for _, file := range p.files {
			byFile[file] = p
			files = append(files, file)
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
		if len(p.files) > 0 || p.final {
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
	params := map[string]any{"Unit": string(request.Unit), "Group": groupColumns[request.By]}
	return s.readPulls(ctx, request, "stored_pulls", params, []any{from, to}, func(key string) *pullSpan { return byDay[key] })
}

// groupColumns are the expressions that rows are told apart by, beside their image.
var groupColumns = map[Grouping]string{
	ByCountry: "coalesce(country, '')", ByTag: "coalesce(tag, '')", ByUseCase: "coalesce(use_case, 'Unknown')",
}

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
	return counts, nil
}

// placeholders are those of n values in SQL.
func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }
