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

// UsageDimension is what usage can be told apart by, and restricted to.
type UsageDimension struct {
	Name       string // in requests
	Column     string // of the query
	expression string // over the view actions; what is not known is an empty text
}

// UsageDimensions are all of them.
var UsageDimensions = []UsageDimension{
	{"repo", "repository", "repository"},
	{"tag", "tag", "coalesce(tag, '')"},
	{"country", "country", "coalesce(country, '')"},
	{"cloud", "cloud", "coalesce(cloud, '')"},
	{"client", "client", "coalesce(tool, '')"},
	{"version", "version", "coalesce(tool_version, '')"},
	{"use-case", "use_case", "coalesce(use_case, 'Unknown')"},
	{"platform", "platform", "case when os is null and arch is null then '' else coalesce(os, '?') || '/' || coalesce(arch, '?') end"},
	{"company", "company", "coalesce(company, '')"},
}

// FindUsageDimension returns a dimension by its name in requests.
func FindUsageDimension(name string) (UsageDimension, bool) {
	at := slices.IndexFunc(UsageDimensions, func(d UsageDimension) bool { return d.Name == name })
	if at < 0 {
		return UsageDimension{}, false
	}
	return UsageDimensions[at], true
}

// UsageRequest asks how the images of a namespace are used, counted from the stored actions.
type UsageRequest struct {
	Namespace string
	// Unit counts by period; empty: over all days at once.
	Unit Unit
	// From and To, midnights UTC, bound the days, To excluded. With a unit they choose the periods that begin in them.
	From, To time.Time
	By       []string // names of up to two dimensions
	Top      int      // how many groups there are rows of, those with most pulls
	// Filters restrict dimensions to some values.
	Filters map[string][]string
	Open    bool // the running period, or today, as well
}

// Usage is the answer.
type Usage struct {
	First, Last period.Day // what was counted; Last is before First where that is nothing
	Rows        []UsageRow // by period, then the largest groups first
	Totals      []UsageRow // over all groups by period, where there is a unit
	Total       UsageRow   // over everything
	Groups      int64      // how many there are
	// SQL and TotalSQL are the queries of Rows and Total, over the views of engine query.
	SQL, TotalSQL string
}

// UsageRow counts the actions of one group, in one period. Addresses and users are never to be added up.
type UsageRow struct {
	First, Last               period.Day // of the period; empty without
	Open                      bool       // the period is not closed
	Group                     []string   // a value for each dimension
	Pulls, Downloads          int64
	Checks                    int64
	Addresses, Users          int64
	FirstRequest, LastRequest time.Time // zero where there are no actions
}

// usageQuery is what the SQL file takes.
type usageQuery struct {
	Table           string // or view
	Unit, Namespace string
	By              []usageBy
	Conditions      []string
	From, Last      period.Day
	Top             int
	Ranked          bool

	table string // with the actions of the namespace
}

type usageBy struct{ Name, Expression string }

// Usage counts how images are used. All numbers are exact.
func (s *LiveState) Usage(ctx context.Context, request UsageRequest) (*Usage, error) {
	query := usageQuery{Namespace: request.Namespace, Table: actionsView}
	var err error
	if query.From, query.Last, err = s.usageDays(request); err != nil {
		return nil, err
	}
	for _, name := range request.By {
		dimension, ok := FindUsageDimension(name)
		if !ok {
			return nil, &UsageError{fmt.Errorf("there is no dimension %q", name)}
		}
		query.By = append(query.By, usageBy{dimension.Column, dimension.expression})
	}
	for _, dimension := range UsageDimensions { // in a fixed order, for the same text
		if values := request.Filters[dimension.Name]; len(values) > 0 {
			query.Conditions = append(query.Conditions, dimension.expression+" in ("+duck.List(values)+")")
		}
	}
	var done func()
	if query.table, done, err = s.actionsOf(ctx, request.Namespace, period.Range{From: query.From.Time(), To: query.Last.Next().Time()}); err != nil {
		return nil, err
	}
	defer done()
	usage := &Usage{First: query.From, Last: query.Last}
	total := query
	total.By = nil
	rows, err := s.usageRows(ctx, total, &usage.TotalSQL, nil)
	if err != nil {
		return nil, err
	}
	usage.Total = rows[0] // an aggregate without groups has one row
	ranked := query
	ranked.Ranked, ranked.Top = true, request.Top
	if usage.Rows, err = s.usageRows(ctx, ranked, &usage.SQL, &usage.Groups); err != nil {
		return nil, err
	}
	if usage.Total.Pulls == 0 {
		usage.Rows, usage.Groups = nil, 0 // without dimensions there is a row of nothing
	}
	if request.Unit == "" {
		return usage, nil
	}
	return usage, s.addPeriods(ctx, usage, query, request)
}

// addPeriods counts the total and the largest groups period by period.
func (s *LiveState) addPeriods(ctx context.Context, usage *Usage, query usageQuery, request UsageRequest) (err error) {
	query.Unit = string(request.Unit)
	totals := query
	totals.By = nil
	var totalsSQL string
	if usage.Totals, err = s.usageRows(ctx, totals, &totalsSQL, nil); err != nil {
		return err
	}
	if len(query.By) == 0 {
		usage.Rows, usage.SQL = usage.Totals, totalsSQL
		return nil
	}
	if len(usage.Rows) > 0 {
		query.Conditions = append(query.Conditions, groupsIn(query.By, usage.Rows))
	}
	usage.Rows, err = s.usageRows(ctx, query, &usage.SQL, nil)
	return err
}

// groupsIn is the condition that a row is of one of the groups.
func groupsIn(by []usageBy, rows []UsageRow) string {
	var expressions, groups []string
	for _, dimension := range by {
		expressions = append(expressions, dimension.Expression)
	}
	for _, row := range rows {
		groups = append(groups, "("+duck.List(row.Group)+")")
	}
	return "(" + strings.Join(expressions, ", ") + ") in (" + strings.Join(groups, ", ") + ")"
}

// usageDays are the first and the last day that are counted.
func (s *LiveState) usageDays(request UsageRequest) (first, last period.Day, err error) {
	unit := request.Unit
	if unit == "" {
		unit = Days
	}
	up := func(day time.Time) time.Time { // to where a period begins
		if begin := unit.begin(day); begin.Before(day) {
			return unit.next(begin)
		}
		return day
	}
	from, to := up(request.From), up(request.To)
	if closed := unit.begin(s.live.Now().Add(-s.live.Config().Grace.Duration)); !request.Open && closed.Before(to) {
		to = closed
	}
	if s.pruned != "" && !from.After(s.pruned.Time()) && from.Before(to) {
		return "", "", s.prunedError(from, to)
	}
	return period.DayOf(from), period.DayOf(to).Prev(), nil
}

// usageRows runs the query, and tells its text and how many groups there are.
func (s *LiveState) usageRows(ctx context.Context, q usageQuery, text *string, groups *int64) ([]UsageRow, error) {
	query, err := duck.Render(sqlfiles.Files, "duckdb/usage.sql", q, nil)
	if err != nil {
		return nil, err
	}
	_, query, _ = strings.Cut(query, "\nselect")
	query = "select" + query // what comes before is about the file
	*text = query
	var row UsageRow
	var begin time.Time
	var firstRequest, lastRequest sql.NullTime
	var dest []any
	if q.Unit != "" {
		dest = append(dest, &begin)
	}
	group := make([]string, len(q.By))
	for i := range group {
		dest = append(dest, &group[i])
	}
	dest = append(dest, &row.Pulls, &row.Downloads, &row.Checks, &row.Addresses, &row.Users, &firstRequest, &lastRequest)
	var count int64
	if q.Ranked {
		dest = append(dest, &count)
	}
	closed := s.live.Now().Add(-s.live.Config().Grace.Duration)
	var rows []UsageRow
	executed := q
	executed.Table = q.table
	if q.Top == 0 {
		executed.Top = maxPullRows + 1
	}
	if query, err = duck.Render(sqlfiles.Files, "duckdb/usage.sql", executed, nil); err != nil {
		return nil, err
	}
	err = s.query(ctx, query, nil, dest, func() {
		if groups != nil {
			*groups = count
		}
		row.Group = slices.Clone(group)
		row.FirstRequest, row.LastRequest = firstRequest.Time, lastRequest.Time
		if q.Unit != "" {
			after := Unit(q.Unit).next(begin)
			row.First, row.Last, row.Open = period.DayOf(begin), period.DayOf(after).Prev(), closed.Before(after)
		}
		rows = append(rows, row)
	})
	if err != nil {
		return nil, fmt.Errorf("count the usage of %s: %w", q.Namespace, err)
	}
	if len(rows) > maxPullRows {
		return nil, ErrTooManyRows
	}
	return rows, nil
}

// Days are the first and the last stored day of all; empty where there are none.
func (s *LiveState) Days() (first, last period.Day) {
	days := s.querier.snapshot.Days(lake.Requests)
	if len(days) == 0 {
		return "", ""
	}
	return days[0], days[len(days)-1]
}

// DaysOf are the first and the last day with stored actions of these namespaces; empty where there are none.
func (s *LiveState) DaysOf(ctx context.Context, namespaces []string) (first, last period.Day, err error) {
	if len(namespaces) == 0 {
		return "", "", nil
	}
	query := fmt.Sprintf(`select min("day"), max("day") from actions where namespace in (%s)`, placeholders(len(namespaces)))
	args := make([]any, len(namespaces))
	for i, namespace := range namespaces {
		args[i] = namespace
	}
	var from, to sql.NullTime
	err = s.query(ctx, query, args, []any{&from, &to}, func() {})
	if err == nil && from.Valid {
		first, last = period.DayOf(from.Time), period.DayOf(to.Time)
	}
	return first, last, err
}
