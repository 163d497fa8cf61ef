package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

const reportUsage = `Computes a report from the stored data, for any publisher and any stretch of days,
closed or not. It publishes nothing. Give the name of a report, or your own with
--report-file: a SELECT that may use {{table "actions"}}, {{timestamp .From}} and
{{timestamp .To}}, with a column publisher_id.`

func reportCommand() *cli.Command {
	command := &cli.Command{
		Name: "report", Usage: "compute a report on demand", ArgsUsage: "NAME",
		Description:  reportUsage,
		Flags:        append(reportFlags(), &cli.StringFlag{Name: "report-file", Usage: "your own report: a SQL `FILE`"}),
		OnUsageError: onUsageError, Action: ownReport,
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list the reports and what they answer", OnUsageError: onUsageError, Action: reportList},
			{Name: "columns", Usage: "list the columns of a report", ArgsUsage: "NAME", OnUsageError: onUsageError, Action: reportColumns},
		},
	}
	for _, report := range reports.All() {
		command.Subcommands = append(command.Subcommands, &cli.Command{
			Name: report.Name, Usage: report.Question(), Flags: reportFlags(), OnUsageError: onUsageError, Category: "reports",
			Action: func(c *cli.Context) error {
				if c.NArg() > 0 {
					return usageError("argument %q is unexpected", c.Args().First())
				}
				return computeReport(c, report)
			},
		})
	}
	return command
}

func reportFlags() []cli.Flag {
	return append([]cli.Flag{
		dataFlag(), configFlag(),
		&cli.StringFlag{Name: "publisher", Usage: "only the rows of this publisher `ID`"},
		&cli.StringFlag{Name: "period", Usage: "2026-W39, 2026-09, 2026-09-25 or 2026-01-01..2026-03-31; default: the newest closed week"},
		&cli.StringFlag{Name: "format", Value: "table", Usage: "table, csv, json, parquet or xlsx; default: what the name of -o ends in, or table"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to this `FILE`, whole or not at all"},
	}, logFlags()...)
}

func reportList(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected", c.Args().First())
	}
	t := newTable(c.App.Writer, "report", "answers")
	for _, report := range reports.All() {
		t.AppendRow([]any{report.Name, report.Question()})
	}
	t.Render()
	return nil
}

func reportColumns(c *cli.Context) error {
	if c.NArg() != 1 {
		return usageError("the name of one report is expected; engine report list lists them")
	}
	report, ok := reports.Find(c.Args().First())
	if !ok {
		return unknownReport(c.Args().First())
	}
	t := newTable(c.App.Writer, report.Name, "type", "what it says")
	for _, column := range report.Columns {
		t.AppendRow([]any{column.Name, column.Type, column.Description})
	}
	for _, column := range report.More {
		t.AppendRow([]any{column.Name, column.Type, column.Description + " (Parquet only)"})
	}
	t.Render()
	return nil
}

func unknownReport(name string) error {
	return usageError("there is no report %q; take one of %s, or your own with --report-file", name, strings.Join(reports.Names(), ", "))
}

func ownReport(c *cli.Context) error {
	path := c.String("report-file")
	switch {
	case c.NArg() > 0:
		return unknownReport(c.Args().First())
	case path == "":
		return cli.ShowSubcommandHelp(c)
	}
	report, err := engine.OwnReport(path)
	if err != nil {
		return &engine.UsageError{Err: err}
	}
	return computeReport(c, report)
}

var reportFormats = []string{"table", "csv", "json", "parquet", "xlsx"}

// reportFormat is the format that the flags ask for.
func reportFormat(c *cli.Context) (string, error) {
	format := c.String("format")
	if ending := strings.TrimPrefix(filepath.Ext(c.String("output")), "."); !c.IsSet("format") && slices.Contains(reportFormats, ending) {
		format = ending
	}
	if !slices.Contains(reportFormats, format) {
		return "", usageError("format %q is unknown; take %s", format, strings.Join(reportFormats, ", "))
	}
	if (format == "parquet" || format == "xlsx") && c.String("output") == "" {
		return "", usageError("format %s needs a file: add -o FILE.%s", format, format)
	}
	return format, nil
}

func computeReport(c *cli.Context, report reports.Report) error {
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	request := engine.ReportRequest{Report: report, Publisher: c.String("publisher")}
	if text := c.String("period"); text != "" {
		days, err := period.ParseRange(text)
		if err != nil {
			return &engine.UsageError{Err: err}
		}
		request.Range = &days
	}
	format, err := reportFormat(c)
	if err != nil {
		return err
	}
	return e.Report(c.Context, request, func(rows *engine.ReportRows) error {
		path := c.String("output")
		if err := writeReport(c, rows, format, path); err != nil {
			return err
		}
		if path != "" || format == "table" {
			fmt.Fprintf(c.App.ErrWriter, "%s, %s to %s%s\n", rows.Report.Name, rows.Range.Reference(), rows.Range.LastDay(), leftOutText(rows))
		}
		return nil
	})
}

// leftOutText says what thresholds leave out of a report.
func leftOutText(rows *engine.ReportRows) string {
	var text string
	if rows.Suppressed > 0 {
		text += fmt.Sprintf("; %s left out, for they are about too few users", count(rows.Suppressed, "row"))
	}
	if rows.LeftOut > 0 {
		text += fmt.Sprintf("; %s left out, for they use too many images", count(rows.LeftOut, "user"))
	}
	return text
}

func writeReport(c *cli.Context, rows *engine.ReportRows, format, path string) error {
	switch format {
	case "parquet":
		return rows.WriteParquet(c.Context, path)
	case "xlsx":
		return rows.WriteXLSX(c.Context, path)
	}
	if path == "" {
		return writeReportText(c, rows, format, c.App.Writer)
	}
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = file.Cleanup() }() // without effect once the file is in place
	if err := writeReportText(c, rows, format, file); err != nil {
		return err
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writeReportText(c *cli.Context, rows *engine.ReportRows, format string, w io.Writer) error {
	columns := make([]duck.Column, len(rows.Report.Columns))
	for i, column := range rows.Report.Columns {
		columns[i] = duck.Column{Name: column.Name, Type: strings.ToUpper(column.Type)}
	}
	var writer resultWriter
	read := rows.Texts
	switch format {
	case "csv":
		writer = &guardedWriter{csvWriter{csv: csv.NewWriter(w)}, rows}
	case "json":
		writer, read = &jsonWriter{w: w}, rows.Objects
	default:
		writer = &tableWriter{w: w}
	}
	if err := writer.begin(columns); err != nil {
		return err
	}
	if err := read(c.Context, writer.row); err != nil {
		return err
	}
	return writer.end()
}

// guardedWriter writes CSV as the published files have it.
type guardedWriter struct {
	csvWriter
	rows *engine.ReportRows
}

func (w *guardedWriter) row(values []*string) error {
	for i, value := range values {
		w.record[i] = w.rows.Guarded(i, orEmpty(value))
	}
	return w.csv.Write(w.record)
}
