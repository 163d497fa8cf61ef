package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// ExportDuckDB writes one database file with the tables actions, extension_events,
// publishers and periods and, per report, report_<name> with the published rows of all
// publishers and periods. The file appears whole or not at all. It has the keys of the
// lake: it is for the owner of the data, not for handing out.
func (e *Engine) ExportDuckDB(ctx context.Context, path string, options ExportOptions) (Exported, error) {
	var done Exported
	err := atomically(path, func(staged string) error {
		return e.export(ctx, options, filepath.Dir(staged), func(x *exporter) (err error) {
			for _, leftover := range []string{staged, staged + ".wal"} {
				if err := os.RemoveAll(leftover); err != nil {
					return fmt.Errorf("write %s: %w", path, err)
				}
			}
			done, err = x.writeDatabase(ctx, staged)
			return err
		})
	})
	return done, err
}

// exportedTables are the tables beside the reports: whose description they have, and what they hold.
var exportedTables = []struct {
	name, describedAs, description string
	rows                           func(ExportOptions) string
}{
	{"actions", "published_actions", "", func(o ExportOptions) string {
		return "select * from published_actions where " + o.where("publisher_id", `"day"`, `"day"`)
	}},
	{"extension_events", "published_extension_events", "", func(o ExportOptions) string {
		day := "cast(occurred_at as date)"
		return "select * from published_extension_events where " + o.where("publisher_id", day, day)
	}},
	{"publishers", "publishers", "one row per namespace that has an owner, actions or extension events, and the publisher that it is reported to", func(o ExportOptions) string {
		return `select namespace, publisher_id, publisher_name from (
				select namespace, publisher_id, publisher_name from publishers
				union
				select namespace, publisher_id, publisher_name from published_actions
				union
				select split_part(extension, '/', 1), publisher_id, publisher_name from published_extension_events
			) where ` + ExportOptions{Publisher: o.Publisher}.where("publisher_id", "", "") + " order by namespace"
	}},
	{"periods", "periods", "one row per publisher and week or month whose reports are in the tables report_…", func(ExportOptions) string {
		return `select periods.* from periods
			inner join (select distinct publisher_id, period from export_files) as files
				on periods.publisher_id = files.publisher_id and periods.period = files.period
			order by periods.publisher_id, periods.granularity desc, periods.first_day`
	}},
}

// storageVersion is the format of the file: that of DuckDB 1.0, which every 1.x reads.
const storageVersion = "v1.0.0"

func (x *exporter) writeDatabase(ctx context.Context, path string) (Exported, error) {
	done := Exported{Periods: len(x.published)}
	attach := fmt.Sprintf("-- Create the database\nattach %s as export (storage_version '%s')", duck.Quote(path), storageVersion)
	if err := x.db.Exec(ctx, attach); err != nil {
		return done, err
	}
	if err := x.listExportFiles(ctx); err != nil {
		return done, err
	}
	for _, table := range exportedTables {
		described, err := SchemaOf(table.describedAs)
		if err != nil {
			return done, err
		}
		if described.Name = table.name; table.description != "" {
			described.Description = table.description
		}
		if err := x.createTable(ctx, described, table.rows(x.options)); err != nil {
			return done, err
		}
	}
	for _, report := range x.exportedReports() {
		if err := x.createReportTable(ctx, report); err != nil {
			return done, fmt.Errorf("export report %s: %w", report.Name, err)
		}
	}
	if err := x.db.Value(ctx, "select (select count(*) from export.actions), (select count(*) from export.extension_events)", &done.Actions, &done.ExtensionEvents); err != nil {
		return done, err
	}
	return done, x.db.Exec(ctx, "checkpoint export; detach export")
}

// listExportFiles makes the table export_files: which file holds which report of whom.
func (x *exporter) listExportFiles(ctx context.Context) error {
	err := x.db.Exec(ctx, "create or replace table export_files (file_no bigint, report varchar, file varchar, publisher_id varchar, period varchar, granularity varchar)")
	if err != nil {
		return err
	}
	var rows [][]driver.Value
	for _, dir := range x.published {
		for _, report := range dir.manifest.Reports {
			rows = append(rows, []driver.Value{
				int64(len(rows)), report.Report, filepath.Join(dir.path, report.Report+".parquet"),
				dir.manifest.PublisherID, dir.manifest.Period, dir.manifest.Granularity,
			})
		}
	}
	return x.db.Append("export_files", rows)
}

// createTable makes a table with comments from a query.
func (x *exporter) createTable(ctx context.Context, table SchemaTable, query string) error {
	name := "export." + duck.QuoteName(table.Name)
	if err := x.db.Exec(ctx, "-- Fill table "+table.Name+"\ncreate table "+name+" as\n"+query); err != nil {
		return err
	}
	comments := []string{"comment on table " + name + " is " + duck.Quote(table.Description)}
	for _, column := range table.Columns {
		comments = append(comments, fmt.Sprintf("comment on column %s.%s is %s", name, duck.QuoteName(column.Name), duck.Quote(column.Meaning())))
	}
	return x.db.Exec(ctx, "-- Comment on table "+table.Name+"\n"+strings.Join(comments, ";\n"))
}

// exportedReports are the engine's reports, and the users' own that are published.
func (x *exporter) exportedReports() []reports.Report {
	all := reports.All()
	for _, dir := range x.published {
		for _, published := range dir.manifest.Reports {
			if !slices.ContainsFunc(all, func(r reports.Report) bool { return r.Name == published.Report }) {
				all = append(all, reports.Report{Name: published.Report})
			}
		}
	}
	return all
}

// createReportTable makes the table of one report from its published files. A file of an
// older version may lack columns; those are NULL in its rows.
func (x *exporter) createReportTable(ctx context.Context, report reports.Report) error {
	table := SchemaTable{Name: reportFunctionPrefix + report.Name, Description: "published rows of the report " + report.Name}
	if question := report.Question(); question != "" {
		table.Description += ": " + question
	}
	documented := reportSchema(report)
	table.Columns = []SchemaColumn{
		{publisherColumn, "VARCHAR", "id of the publisher that the report is for", neverNull},
		{"period", "VARCHAR", "the week or month of the report, such as 2026-W39 or 2026-09", neverNull},
		{"granularity", "VARCHAR", "weekly or monthly; sum over one of them, not over both", neverNull},
	}
	given := len(table.Columns)
	from, held, err := x.reportFiles(ctx, report.Name)
	if err != nil {
		return err
	}
	var values []string
	for _, column := range unionOfColumns(documented.Columns, held) {
		if column.Name == publisherColumn {
			continue
		}
		value := "rows_of_files." + duck.QuoteName(column.Name)
		if !slices.ContainsFunc(held, func(c duck.Column) bool { return strings.EqualFold(c.Name, column.Name) }) {
			value = "cast(null as " + column.Type + ")"
		}
		if slices.ContainsFunc(table.Columns[:given], func(c SchemaColumn) bool { return c.Name == column.Name }) {
			column.Name = "report_" + column.Name // of an own report
		}
		values = append(values, value+" as "+duck.QuoteName(column.Name))
		table.Columns = append(table.Columns, column)
	}
	if from == "" {
		return x.createTable(ctx, table, "select cast(null as varchar) as publisher_id, cast(null as varchar) as period, cast(null as varchar) as granularity, "+strings.Join(values, ", ")+" where false")
	}
	return x.createTable(ctx, table, fmt.Sprintf(`select export_files.publisher_id, export_files.period, export_files.granularity, %s
		from %s as rows_of_files
		inner join export_files on rows_of_files.export_file = export_files.file
		order by export_files.file_no, rows_of_files.file_row_number`, strings.Join(values, ", "), from))
}

// unionOfColumns are the documented columns, then those that only the files have, in lower case.
func unionOfColumns(documented []SchemaColumn, held []duck.Column) []SchemaColumn {
	all := slices.Clone(documented)
	for _, column := range held {
		name := strings.ToLower(column.Name)
		if !slices.ContainsFunc(all, func(c SchemaColumn) bool { return c.Name == name }) {
			all = append(all, SchemaColumn{Name: name, Type: column.Type, Description: "as the report's own query has it", Null: neverNull})
		}
	}
	return all
}

// reportFiles is the SQL of all published files of a report, empty when there are none, and their columns.
func (x *exporter) reportFiles(ctx context.Context, report string) (from string, held []duck.Column, err error) {
	var files []string
	err = x.db.Each(ctx, "select file from export_files where report = "+duck.Quote(report)+" order by file_no", func(row []driver.Value) error {
		files = append(files, row[0].(string))
		return nil
	})
	if err != nil || len(files) == 0 {
		return "", nil, err
	}
	paths := duck.QuoteList(duck.Paths(files))
	held, err = x.db.Describe(ctx, "from read_parquet("+paths+", union_by_name = true, hive_partitioning = false)")
	return "read_parquet(" + paths + ", union_by_name = true, hive_partitioning = false, filename = 'export_file', file_row_number = true)", held, err
}
