package main

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"
)

const queryUsage = `Runs one read-only query over these views; it may run during a run.

  requests  one row per accepted request
  actions   one row per version check or pull
  rejects   lines that could not be read: run, file, line, reason, raw
  runs      what each run read: run, file, lines, accepted, rejected, …

engine query "describe actions" lists the columns.`

func queryCommand() *cli.Command {
	return &cli.Command{
		Name: "query", Usage: "run SQL over the stored data", ArgsUsage: "SQL",
		Description: queryUsage,
		Flags: []cli.Flag{
			dataFlag(),
			&cli.StringFlag{Name: "format", Value: "table", Usage: "table, csv or json"},
		},
		OnUsageError: onUsageError,
		Action:       query,
	}
}

func query(c *cli.Context) error {
	if c.NArg() != 1 {
		return usageError("one SQL query is expected, in quotes; flags come before it")
	}
	var write func(io.Writer, *sql.Rows) error
	switch format := c.String("format"); format {
	case "table":
		write = writeTable
	case "csv":
		write = writeCSV
	case "json":
		write = writeJSON
	default:
		return usageError("format %q is unknown; take table, csv or json", format)
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	return e.Query(c.Context, c.Args().First(), func(rows *sql.Rows) error { return write(c.App.Writer, rows) })
}

// eachRow scans all rows as they come.
func eachRow(rows *sql.Rows, yield func(values []any) error) error {
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	values, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return fmt.Errorf("read the result: %w", err)
		}
		if err := yield(values); err != nil {
			return err
		}
	}
	return nil
}

func writeTable(w io.Writer, rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	header := make([]any, len(columns))
	for i, column := range columns {
		header[i] = column
	}
	t := newTable(w, header...)
	count := 0
	err = eachRow(rows, func(values []any) error {
		row := make(table.Row, len(values))
		for i, value := range values {
			row[i] = cell(value)
		}
		t.AppendRow(row)
		count++
		return nil
	})
	if err != nil {
		return err
	}
	t.Render()
	plural := "s"
	if count == 1 {
		plural = ""
	}
	_, err = fmt.Fprintf(w, "(%d row%s)\n", count, plural)
	return err
}

func writeCSV(w io.Writer, rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	writer := csv.NewWriter(w)
	if err := writer.Write(columns); err != nil {
		return err
	}
	record := make([]string, len(columns))
	err = eachRow(rows, func(values []any) error {
		for i, value := range values {
			record[i] = fmt.Sprint(cell(value))
		}
		return writer.Write(record)
	})
	writer.Flush()
	if err == nil {
		err = writer.Error()
	}
	return err
}

// writeJSON writes an array with one object a row, in the order of the columns.
func writeJSON(w io.Writer, rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	separator := "["
	err = eachRow(rows, func(values []any) error {
		var object strings.Builder
		for i, value := range values {
			name, err := json.Marshal(columns[i])
			if err != nil {
				return err
			}
			text, err := json.Marshal(jsonValue(value))
			if err != nil {
				return err
			}
			if i > 0 {
				object.WriteString(", ")
			}
			fmt.Fprintf(&object, "%s: %s", name, text)
		}
		_, err := fmt.Fprintf(w, "%s\n  {%s}", separator, object.String())
		separator = ","
		return err
	})
	if err != nil {
		return err
	}
	if separator == "[" {
		_, err = fmt.Fprintln(w, "[]")
		return err
	}
	_, err = fmt.Fprintln(w, "\n]")
	return err
}

// cell is a value as people read it; NULL is empty.
func cell(value any) any {
	switch value := value.(type) {
	case nil:
		return ""
	case time.Time:
		return formatTime(value)
	case []byte:
		return string(value)
	case int, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, bool, string, *big.Int:
		return value
	default:
		text, err := json.Marshal(jsonValue(value))
		if err != nil {
			return fmt.Sprint(value)
		}
		return string(text)
	}
}

func formatTime(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05.999999")
}

// jsonValue turns the driver's own types into what JSON knows.
func jsonValue(value any) any {
	switch value := value.(type) {
	case time.Time:
		return formatTime(value)
	case []byte:
		return string(value)
	case *big.Int:
		return json.Number(value.String())
	case map[any]any:
		object := map[string]any{}
		for key, element := range value {
			object[fmt.Sprint(key)] = jsonValue(element)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = jsonValue(element)
		}
		return list
	case fmt.Stringer:
		return value.String()
	default:
		return value
	}
}
