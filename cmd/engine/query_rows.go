package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
)

// resultWriter writes the rows of a query as they come.
type resultWriter interface {
	begin(columns []duck.Column) error
	row(values []*string) error
	end() error
}

func orEmpty(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// csvWriter writes RFC 4180; NULL is empty.
type csvWriter struct {
	w      io.Writer
	csv    *csv.Writer
	record []string
}

func (w *csvWriter) begin(columns []duck.Column) error {
	w.csv = csv.NewWriter(w.w)
	for _, column := range columns {
		w.record = append(w.record, column.Name)
	}
	return w.write()
}

func (w *csvWriter) row(values []*string) error {
	for i, value := range values {
		w.record[i] = orEmpty(value)
	}
	return w.write()
}

func (w *csvWriter) write() error {
	if len(w.record) == 1 && w.record[0] == "" {
		// Readers skip empty lines.
		w.csv.Flush()
		_, err := io.WriteString(w.w, "\"\"\n")
		return err
	}
	return w.csv.Write(w.record)
}

func (w *csvWriter) end() error {
	w.csv.Flush()
	return w.csv.Error()
}

// tsvWriter writes what PostgreSQL's COPY and ClickHouse read: NULL is \N, and a
// backslash begins what is not one character of a value.
type tsvWriter struct{ w io.Writer }

var tsvEscapes = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func (w *tsvWriter) begin(columns []duck.Column) error {
	return w.row(columnNames(columns))
}

func (w *tsvWriter) row(values []*string) error {
	fields := make([]string, len(values))
	for i, value := range values {
		if fields[i] = `\N`; value != nil {
			fields[i] = tsvEscapes.Replace(*value)
		}
	}
	_, err := io.WriteString(w.w, strings.Join(fields, "\t")+"\n")
	return err
}

func (w *tsvWriter) end() error { return nil }

func columnNames(columns []duck.Column) []*string {
	names := make([]*string, len(columns))
	for i := range columns {
		names[i] = &columns[i].Name
	}
	return names
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

// jsonLinesWriter writes one object a line.
type jsonLinesWriter struct{ w io.Writer }

func (w *jsonLinesWriter) begin([]duck.Column) error { return nil }

func (w *jsonLinesWriter) row(values []*string) error {
	_, err := io.WriteString(w.w, orEmpty(values[0])+"\n")
	return err
}

func (w *jsonLinesWriter) end() error { return nil }

// markdownWriter writes a table as GitHub and most wikis show it.
type markdownWriter struct{ w io.Writer }

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\r\n", "<br>", "\n", "<br>", "<", "&lt;", "&", "&amp;", "`", "\\`", "*", `\*`, "_", `\_`)

func (w *markdownWriter) begin(columns []duck.Column) error {
	if err := w.row(columnNames(columns)); err != nil {
		return err
	}
	rules := make([]string, len(columns))
	for i, column := range columns {
		if rules[i] = "---"; isNumber(column.Type) {
			rules[i] = "---:"
		}
	}
	return w.write(rules)
}

func (w *markdownWriter) row(values []*string) error {
	fields := make([]string, len(values))
	for i, value := range values {
		if fields[i] = "NULL"; value != nil {
			fields[i] = printable(markdownEscapes.Replace(*value))
		}
	}
	return w.write(fields)
}

func (w *markdownWriter) write(fields []string) error {
	_, err := io.WriteString(w.w, "| "+strings.Join(fields, " | ")+" |\n")
	return err
}

func (w *markdownWriter) end() error { return nil }
