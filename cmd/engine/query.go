package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/duck"
)

const queryUsage = `Runs one read-only query over these views; it may run during a run.

  requests          one row per accepted request
  actions           one row per version check or pull
  extension_events  one row per extension event
  rejects           lines that could not be read: run, file, line, reason, raw
  runs              what each run read: run, file, lines, accepted, rejected, …

engine query "describe actions" lists the columns.`

func queryCommand() *cli.Command {
	return &cli.Command{
		Name: "query", Usage: "run SQL over the stored data", ArgsUsage: "SQL",
		Description: queryUsage,
		Flags: append([]cli.Flag{
			dataFlag(),
			&cli.StringFlag{Name: "format", Value: "table", Usage: "`FORM` of the result: table, csv or json"},
		}, limitFlags()...),
		OnUsageError: onUsageError,
		Action:       query,
	}
}

// resultWriter writes the rows of a query as they come.
type resultWriter interface {
	begin(columns []duck.Column) error
	row(values []*string) error
	end() error
}

func query(c *cli.Context) error {
	if c.NArg() != 1 {
		return usageError("one SQL query is expected, in quotes; flags come before it")
	}
	var w resultWriter
	form := engine.Texts
	switch format := c.String("format"); format {
	case "table":
		w = &tableWriter{w: c.App.Writer}
	case "csv":
		w = &csvWriter{csv: csv.NewWriter(c.App.Writer)}
	case "json":
		w, form = &jsonWriter{w: c.App.Writer}, engine.Objects
	default:
		return usageError("format %q is unknown; take table, csv or json", format)
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	if err := e.Query(c.Context, c.Args().First(), form, w.begin, w.row); err != nil {
		return err
	}
	return w.end()
}

// tableWriter aligns columns for people; NULL is empty.
type tableWriter struct {
	w     io.Writer
	table table.Writer
	rows  int
}

func (t *tableWriter) begin(columns []duck.Column) error {
	header := make([]any, len(columns))
	configs := make([]table.ColumnConfig, len(columns))
	for i, column := range columns {
		header[i] = column.Name
		configs[i] = table.ColumnConfig{Number: i + 1}
		if isNumber(column.Type) {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	t.table = newTable(t.w, header...)
	t.table.SetColumnConfigs(configs)
	return nil
}

func isNumber(kind string) bool {
	switch kind, _, _ = strings.Cut(kind, "("); kind {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL":
		return true
	}
	return false
}

func (t *tableWriter) row(values []*string) error {
	row := make(table.Row, len(values))
	for i, value := range values {
		row[i] = printable(orEmpty(value))
	}
	t.table.AppendRow(row)
	t.rows++
	return nil
}

func (t *tableWriter) end() error {
	t.table.Render()
	_, err := fmt.Fprintf(t.w, "(%s)\n", count(int64(t.rows), "row"))
	return err
}

// printable keeps what a log line holds from steering the terminal.
func printable(value string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, value)
}

func orEmpty(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// csvWriter writes RFC 4180; NULL is empty.
type csvWriter struct {
	csv    *csv.Writer
	record []string
}

func (w *csvWriter) begin(columns []duck.Column) error {
	for _, column := range columns {
		w.record = append(w.record, column.Name)
	}
	return w.csv.Write(w.record)
}

func (w *csvWriter) row(values []*string) error {
	for i, value := range values {
		w.record[i] = orEmpty(value)
	}
	return w.csv.Write(w.record)
}

func (w *csvWriter) end() error {
	w.csv.Flush()
	return w.csv.Error()
}

// jsonWriter writes an array with one object a row.
type jsonWriter struct {
	w    io.Writer
	rows int
}

func (w *jsonWriter) begin([]duck.Column) error { return nil }

func (w *jsonWriter) row(values []*string) error {
	separator := "[\n  "
	if w.rows > 0 {
		separator = ",\n  "
	}
	w.rows++
	_, err := fmt.Fprint(w.w, separator, orEmpty(values[0]))
	return err
}

func (w *jsonWriter) end() error {
	if w.rows == 0 {
		_, err := fmt.Fprintln(w.w, "[]")
		return err
	}
	_, err := fmt.Fprintln(w.w, "\n]")
	return err
}
