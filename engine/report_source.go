package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"text/template"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// reportSource is a database with the tables that reports read: who owns what,
// and the actions and extension events of the days in question.
type reportSource struct {
	db     *duck.DB
	config Config
	shared sharedTables
	rows   string // the table or view with the rows of the report that ran last
}

// openReports starts a database for reports; what does not fit into memory waits
// in scratch.
func openReports(ctx context.Context, scratch string, config Config) (*reportSource, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: config.Threads, MemoryLimit: config.memoryLimit(), TempDir: scratch})
	if err != nil {
		return nil, err
	}
	s := &reportSource{db: db, config: config}
	if err := s.createTables(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

func (s *reportSource) close() error { return s.db.Close() }

// createTables makes the tables publishers (which namespace belongs to whom) and
// tracked_companies (which companies a publisher asks for).
func (s *reportSource) createTables(ctx context.Context) error {
	err := s.db.Exec(ctx, `
		create table publishers (namespace varchar, publisher_id varchar, publisher_name varchar);
		create table tracked_companies (publisher_id varchar, domain varchar)`)
	if err != nil {
		return err
	}
	var namespaces, tracked [][]driver.Value
	for _, publisher := range s.config.Publishers {
		for _, namespace := range publisher.Namespaces {
			namespaces = append(namespaces, []driver.Value{namespace, publisher.ID, publisher.Name})
		}
		for _, domain := range publisher.TrackedCompanies {
			tracked = append(tracked, []driver.Value{publisher.ID, domain})
		}
	}
	if err := s.db.Append("publishers", namespaces); err != nil {
		return err
	}
	return s.db.Append("tracked_companies", tracked)
}

// use makes the views over these files of requests and extension events.
func (s *reportSource) use(ctx context.Context, requests, events []string) error {
	if err := s.forget(ctx); err != nil {
		return err
	}
	err := createViews(ctx, s.db, []view{
		{"duckdb/requests_view.sql", requests}, {"duckdb/actions_view.sql", nil}, {"duckdb/extension_events_view.sql", events},
	})
	if err != nil {
		return err
	}
	for _, name := range []string{"published_actions", "published_extension_events"} {
		query, err := duck.Render(sqlfiles.Files, "models/"+name+".sql", nil, lakeTables)
		if err != nil {
			return err
		}
		if err := s.db.Exec(ctx, "create or replace view "+name+" as\n"+query); err != nil {
			return err
		}
	}
	return nil
}

// lakeTables are what the models over the lake read.
var lakeTables = template.FuncMap{"table": func(name string) (string, error) { return name, nil }}

// withThresholds adds those of the configuration.
func (s *reportSource) withThresholds(params reports.Params) reports.Params {
	thresholds := s.config.Reports
	params.MinUsers, params.MaxImages = thresholds.TechnographicMinUsers, thresholds.TechnographicMaxImages
	params.MaxCompanyImages = thresholds.TechnographicMaxCompanyImages
	return params
}

// run makes the table report_rows from the report's query, or the view report_stream
// where the rows come in their order by themselves. Own reports learn their columns from it.
func (s *reportSource) run(ctx context.Context, report *reports.Report, params reports.Params) error {
	source, err := report.Template()
	if err != nil {
		return err
	}
	name := report.Name + ".sql"
	if report.Path != "" {
		name = report.Path
	}
	params = s.withThresholds(params)
	funcs, err := s.reportFuncs(ctx, params)
	if err != nil {
		return err
	}
	query, err := duck.RenderText(reports.Files, name, source, params, funcs)
	if err != nil {
		return err
	}
	if report.Path != "" {
		if query, err = ownReportQuery(query); err != nil {
			return fmt.Errorf("%s: %w", report.Path, err)
		}
	}
	if len(report.Streamed) > 0 && params.InOrder {
		s.rows = "report_stream"
		return s.db.Exec(ctx, "create or replace view report_stream as "+query)
	}
	s.rows = "report_rows"
	// On one line, so that errors count the lines of the file.
	if err := s.db.Exec(ctx, "create or replace table report_rows as "+query); err != nil {
		if report.Path != "" {
			return fmt.Errorf("%s: %w", report.Path, databaseMessage(err))
		}
		return err
	}
	if report.Path == "" {
		return nil
	}
	return s.describeOwn(ctx, report)
}

// ownReportQuery takes a user's query: one statement that only reads.
func ownReportQuery(query string) (string, error) {
	parsed, err := parseStatement(query)
	if err == nil && parsed.explains {
		err = errReadOnly
	}
	return parsed.text, err
}

// describeOwn reads the columns of a user's report.
func (s *reportSource) describeOwn(ctx context.Context, report *reports.Report) error {
	columns, err := s.db.Describe(ctx, "select * from report_rows")
	if err != nil {
		return err
	}
	report.Columns = nil
	for _, column := range columns {
		if !strings.EqualFold(column.Name, publisherColumn) {
			kind := strings.ToLower(column.Type)
			if column.Type == "HUGEINT" {
				kind = "decimal(38,0)" // see orderOwn
			}
			report.Columns = append(report.Columns, reports.Column{Name: column.Name, Type: kind, Key: column.Type == "VARCHAR"})
		}
	}
	if len(report.Columns) == len(columns) {
		return fmt.Errorf("%s: the query has no column %s, which says whose a row is; select it from {{table \"actions\"}}", report.Path, publisherColumn)
	}
	if len(report.Columns) == 0 {
		return fmt.Errorf("%s: the query has no column beside %s", report.Path, publisherColumn)
	}
	return s.orderOwn(ctx, columns)
}

// orderOwn puts the rows of each publisher together, in the order that the query
// gave them, and names publishers by text.
func (s *reportSource) orderOwn(ctx context.Context, columns []duck.Column) error {
	casts := []string{"cast(publisher_id as varchar) as publisher_id"}
	for _, column := range columns {
		if name := duck.QuoteName(column.Name); column.Type == "HUGEINT" { // of sum(); Parquet would make it a DOUBLE
			casts = append(casts, "cast("+name+" as decimal(38, 0)) as "+name)
		}
	}
	return s.db.Exec(ctx, `
		alter table report_rows rename to own_rows;
		create table report_rows as
		select * replace (`+strings.Join(casts, ", ")+`) from own_rows order by publisher_id, rowid;
		drop table own_rows`)
}

// publisherColumn says in every report whose a row is.
const publisherColumn = "publisher_id"

// publishedRows is the condition that restricts report_rows to what is published.
func publishedRows(report reports.Report) string {
	condition := "true"
	for _, column := range report.LeftOut {
		condition += " and " + column + " is null"
	}
	return condition
}

// columnList names columns in SQL.
func columnList(columns []reports.Column) string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.SQLName()
	}
	return strings.Join(names, ", ")
}
