package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

const reportUsage = `Computes a report from the stored data, for any publisher and any stretch of days,
closed or not. It publishes nothing. engine report columns NAME lists the columns of a report.

Your own report is a file with one SELECT. It may use {{table "actions"}}, {{timestamp .From}}
and {{timestamp .To}}, and has a column publisher_id.`

func reportCommand() *cli.Command {
	command := &cli.Command{
		Name: "report", Usage: "compute a report on demand",
		UsageText:    "engine report NAME [options]\nengine report --report-file FILE.sql [options]",
		Description:  reportUsage,
		Flags:        append(reportFlags(), &cli.StringFlag{Name: "report-file", Usage: "your own report: a SQL `FILE`, in place of a name"}),
		OnUsageError: onUsageError, HideHelpCommand: true,
		Before: flagsBeforeName, Action: ownReport,
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list the reports and what they answer", OnUsageError: onUsageError, HideHelpCommand: true, Action: reportList},
			{Name: "columns", Usage: "list the columns of a report", ArgsUsage: "NAME", OnUsageError: onUsageError, HideHelpCommand: true, Action: reportColumns},
		},
	}
	for _, report := range reports.All() {
		command.Subcommands = append(command.Subcommands, &cli.Command{
			Name: report.Name, Usage: report.Question(), Flags: reportFlags(), Category: namedReports,
			HideHelpCommand: true,
			OnUsageError: func(_ *cli.Context, err error, _ bool) error {
				if strings.HasSuffix(err.Error(), "-report-file") {
					err = fmt.Errorf("--report-file stands in place of a report's name; leave out %s", report.Name)
				}
				return &engine.UsageError{Err: err}
			},
			Action: func(c *cli.Context) error {
				if c.NArg() > 0 {
					return usageError("argument %q is unexpected; a publisher is named with --publisher, days with --period", c.Args().First())
				}
				return computeReport(c, report)
			},
		})
	}
	return command
}

// namedReports is the category of the commands that compute a report.
const namedReports = "reports"

// flagsBeforeName lets flags stand before the name of a report, too: they are
// what holds where none stands behind it.
func flagsBeforeName(c *cli.Context) error {
	command := c.Command.Command(c.Args().First())
	if command == nil || command.Category != namedReports {
		return nil
	}
	if c.IsSet("report-file") {
		return usageError("--report-file stands in place of a report's name; leave out %s", command.Name)
	}
	for _, flag := range command.Flags {
		switch f := flag.(type) {
		case *cli.StringFlag:
			if c.IsSet(f.Name) {
				f.Value, f.HasBeenSet, f.EnvVars = c.String(f.Name), true, nil
			}
		case *cli.IntFlag:
			if c.IsSet(f.Name) {
				f.Value, f.HasBeenSet = c.Int(f.Name), true
			}
		}
	}
	return nil
}

func reportFlags() []cli.Flag {
	return append([]cli.Flag{
		dataFlag(), configFlag(),
		&cli.StringFlag{Name: "publisher", Usage: "only the rows of this publisher `ID`"},
		&cli.StringFlag{Name: "period", Usage: "`DAYS`: 2026-W39, 2026-09, 2026-09-25 or 2026-01-01..2026-03-31; default: the newest closed week"},
		&cli.StringFlag{Name: "format", Usage: "`FORM` of the result: table, csv, json, parquet or xlsx; default: what the name of -o ends in, else table"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to this `FILE`, whole or not at all"},
	}, append(limitFlags(), logFlags()...)...)
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
	case path == "" && c.NumFlags() > 0:
		return usageError("the name of a report or --report-file is missing; engine report list lists the reports")
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

// reportRequest is what the flags ask for, in which form and which file.
func reportRequest(c *cli.Context, report reports.Report) (request engine.ReportRequest, format, path string, err error) {
	for _, name := range []string{"publisher", "period", "output"} {
		if c.IsSet(name) && c.String(name) == "" {
			// A script whose variable is empty must not get the reports of everybody.
			return request, "", "", usageError("--%s is empty; give it a value or leave it out", name)
		}
	}
	request = engine.ReportRequest{Report: report, Publisher: c.String("publisher")}
	if text := c.String("period"); text != "" {
		days, err := period.ParseRange(text)
		if err != nil {
			return request, "", "", &engine.UsageError{Err: err}
		}
		request.Range = &days
	}
	if format, err = chooseFormat(c, reportFormats); err != nil {
		return request, "", "", err
	}
	if path = c.String("output"); path != "" {
		path, err = engine.OutputFile(path)
	}
	return request, format, path, err
}

func computeReport(c *cli.Context, report reports.Report) error {
	request, format, path, err := reportRequest(c, report)
	if err != nil {
		return err
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	return e.Report(c.Context, request, func(rows *engine.ReportRows) error {
		if err := writeReport(c, rows, format, path); err != nil {
			return err
		}
		if remark := remarkText(rows); path != "" || format == "table" || remark != "" {
			text := fmt.Sprintf("%s, %s to %s", rows.Report.Name, rows.Range.Reference(), rows.Range.LastDay())
			if path != "" {
				text += fmt.Sprintf(": %s in %s", count(rows.Rows, "row"), c.String("output"))
			}
			fmt.Fprintln(c.App.ErrWriter, text+remark)
		}
		return nil
	})
}

// remarkText says what a reader of the rows would not expect.
func remarkText(rows *engine.ReportRows) string {
	var text string
	if rows.Days == 0 {
		text += "; nothing is stored of these days"
	}
	if rows.Open {
		text += "; they are not over yet"
	}
	if rows.Suppressed > 0 {
		text += fmt.Sprintf("; %s left out, for they are about too few users", count(rows.Suppressed, "row"))
	}
	if rows.LeftOut > 0 {
		text += fmt.Sprintf("; %s left out, for they use too many images", count(rows.LeftOut, leftOutNoun(rows.Report)))
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
	return engine.WriteFile(path, func(w io.Writer) error { return writeReportText(c, rows, format, w) })
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
		writer = &guardedWriter{csvWriter{w: w}, rows}
	case "json":
		writer, read = &jsonWriter{w: w}, rows.Objects
	default:
		writer = &reportTable{tableWriter: tableWriter{w: w}, narrow: isTerminal(w)}
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
	return w.write()
}

// reportTable writes a report for people.
type reportTable struct {
	tableWriter
	narrow bool // long headers are cut where there is a _, for the lines of a terminal are short
}

func (t *reportTable) begin(columns []duck.Column) error {
	if t.narrow {
		for i := range columns {
			columns[i].Name = strings.ReplaceAll(columns[i].Name, "_", "_\n")
		}
	}
	return t.tableWriter.begin(columns)
}

// leftOutNoun is what a report's users are.
func leftOutNoun(report reports.Report) string {
	if report.Name == "technographic_companies" {
		return "company domain"
	}
	return "user"
}
