package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/reports"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// createQueryViews makes everything that a query may name: the views over the
// snapshot, and every report as a table function of a period.
func (q *Querier) createViews(ctx context.Context) error {
	s := q.snapshot
	requests, events := snapshotFiles(s, lake.Requests, s.Days(lake.Requests)), snapshotFiles(s, lake.ExtensionEvents, s.Days(lake.ExtensionEvents))
	source := &reportSource{db: q.db, config: q.engine.Config}
	if err := source.createTables(ctx); err != nil {
		return err
	}
	if err := source.use(ctx, requests, events); err != nil {
		return err
	}
	periods, err := duck.Render(sqlfiles.Files, "duckdb/periods.sql", nil, nil)
	if err != nil {
		return err
	}
	if err := q.db.Exec(ctx, periods); err != nil {
		return err
	}
	if err := q.createSpans(ctx); err != nil {
		return err
	}
	return createViews(ctx, q.db, []view{
		{"duckdb/rejects_view.sql", s.Rejects()}, {"duckdb/runs_view.sql", s.Runs()}, {"duckdb/periods_view.sql", s.Runs()},
	})
}

// mayName reports whether a query may name reports, which cost more to make than most
// queries take.
func mayName(query string) bool {
	query = strings.ToLower(query)
	return strings.Contains(query, "report") || strings.Contains(query, "function")
}

// createReportFunctions makes report_<name>(period) of every report, once.
func (q *Querier) createReportFunctions(ctx context.Context) error {
	if q.hasReports {
		return nil
	}
	q.hasReports = true
	runs, err := q.snapshot.Manifests()
	if err != nil {
		return err
	}
	pruned := prunedUntil(runs, q.snapshot.Days(lake.Requests))
	begin, err := duck.Render(sqlfiles.Files, "duckdb/requests_begin.sql", map[string]string{"Pruned": string(pruned)}, nil)
	if err != nil {
		return err
	}
	statements := []string{begin}
	for _, report := range reports.All() { // what an own report yields is known only when it has run
		query, err := reportFunction(report, q.engine.Config.Reports)
		if err != nil {
			return err
		}
		columns, width := columnList(report.ParquetColumns()), len(report.ParquetColumns())
		if !slices.ContainsFunc(report.Columns, func(c reports.Column) bool { return strings.EqualFold(c.Name, publisherColumn) }) {
			columns, width = publisherColumn+", "+columns, width+1
		}
		// Without a row to look at, nobody would ask whether the period is right.
		nulls := strings.TrimSuffix(strings.Repeat("null, ", width), ", ")
		statements = append(statements, fmt.Sprintf("create macro report_%s(period) as table select %s from (\n%s\n) where %s\nunion all\nselect %s where %s is null",
			report.Name, columns, query, publishedRows(report), nulls, periodBegin(report)))
	}
	return q.db.Exec(ctx, strings.Join(statements, ";\n"))
}

// The period of a table function is known when it is called: expressions stand for
// what is a value when a report is published.
var (
	beginOfPeriod = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	endOfPeriod   = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)
)

const (
	granularityOfPeriod = "\x00granularity"
	referenceOfPeriod   = "\x00reference"
)

// periodBegin is where the period of a report begins, in SQL. Of extension events nothing is pruned.
func periodBegin(report reports.Report) string {
	if report.Of == reports.Extensions {
		return "period_begin(period)"
	}
	return "requests_begin(period)"
}

// reportFunction is the query of a report over the period "period".
func reportFunction(report reports.Report, config ReportsConfig) (string, error) {
	source, err := report.Template()
	if err != nil {
		return "", err
	}
	funcs := maps.Clone(reports.Funcs)
	maps.Copy(funcs, template.FuncMap{
		"timestamp": func(t time.Time) (string, error) {
			switch t {
			case beginOfPeriod:
				return periodBegin(report), nil
			case endOfPeriod:
				return "period_end(period)", nil
			}
			return "", fmt.Errorf("%s is no bound of the period", t)
		},
		"text": func(text string) string {
			switch text {
			case granularityOfPeriod:
				return "period_granularity(period)"
			case referenceOfPeriod:
				return "period_reference(period)"
			}
			return duck.Quote(text)
		},
	})
	params := reports.Params{
		Granularity: granularityOfPeriod, Reference: referenceOfPeriod, From: beginOfPeriod, To: endOfPeriod,
		MinUsers: config.TechnographicMinUsers, MaxImages: config.TechnographicMaxImages, MaxCompanyImages: config.TechnographicMaxCompanyImages,
	}
	return duck.RenderText(reports.Files, report.Name+".sql", source, params, funcs)
}

// QueryNames are the names that a query may use, for those who type.
type QueryNames struct {
	Tables    []string            // views and tables
	Columns   map[string][]string // of each of them
	Functions []string            // reports as table functions, then the database's own
}

// Names lists what a query may name.
func (q *Querier) Names(ctx context.Context) (QueryNames, error) {
	names := QueryNames{Columns: map[string][]string{}}
	if err := q.createReportFunctions(ctx); err != nil {
		return names, err
	}
	err := eachText(ctx, q.db, "select table_name, column_name from duckdb_columns() where not internal and schema_name = 'main' order by table_name, column_index", func(row []*string) error {
		table := *row[0]
		if !slices.Contains(names.Tables, table) {
			names.Tables = append(names.Tables, table)
		}
		names.Columns[table] = append(names.Columns[table], *row[1])
		return nil
	})
	if err != nil {
		return names, err
	}
	query := "select distinct function_name, internal from duckdb_functions() where regexp_full_match(function_name, '[a-z][a-z0-9_]*') and function_name not like 'period_part%' order by internal, function_name"
	err = eachText(ctx, q.db, query, func(row []*string) error {
		names.Functions = append(names.Functions, *row[0])
		return nil
	})
	return names, err
}
