package reports

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"
	"strings"
)

// CSVWriter writes one report as RFC 4180 CSV with LF line ends.
type CSVWriter struct {
	Rows int64

	file    *os.File
	buffer  *bufio.Writer
	csv     *csv.Writer
	columns int
	record  []string
	line    []byte
}

// CreateCSV creates the file and writes the header.
func CreateCSV(path string, columns []Column) (*CSVWriter, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create report: %w", err)
	}
	w := &CSVWriter{file: file, buffer: bufio.NewWriterSize(file, 1<<18), columns: len(columns), record: make([]string, len(columns))}
	w.csv = csv.NewWriter(w.buffer)
	for i, column := range columns {
		w.record[i] = column.Name
	}
	if err := w.csv.Write(w.record); err != nil {
		file.Close()
		return nil, fmt.Errorf("write report header: %w", err)
	}
	return w, nil
}

// Joined is the SQL expression that joins the values of columns to one text, in
// the form that Write takes. One text a row crosses over far faster than many.
func Joined(columns []Column) string {
	values := make([]string, len(columns))
	for i, column := range columns {
		name := `"` + strings.ToLower(column.Name) + `"`
		if column.Type != "varchar" {
			name = "cast(" + name + " as varchar)"
		}
		values[i] = fmt.Sprintf("coalesce(%s, '')", name)
	}
	return "concat_ws(chr(31), " + strings.Join(values, ", ") + ")"
}

// Write writes one row: its values joined by the control character 31.
func (w *CSVWriter) Write(joined string) error {
	if isPlain(joined) && strings.Count(joined, separator) == w.columns-1 {
		w.Rows++
		return w.writePlain(joined)
	}
	record := w.record[:0]
	for value := range strings.SplitSeq(joined, separator) {
		record = append(record, value)
	}
	if len(record) != w.columns {
		return fmt.Errorf("write report: a row has %d values for %d columns; a value holds the control character 31", len(record), w.columns)
	}
	w.record = record
	w.Rows++
	if err := w.csv.Write(record); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// separator joins the values of a row.
const separator = "\x1f"

// isPlain reports whether no value of a row needs quotes or closer looks. Most
// rows are such, and then a row is written as fast as it is copied.
func isPlain(joined string) bool {
	previous := separator[0]
	for i := range len(joined) {
		switch c := joined[i]; {
		case c < ' ' && c != separator[0], c >= 0x7f, c == '"', c == ',', c == '\\':
			return false
		case c == ' ' && previous == separator[0]:
			return false
		}
		previous = joined[i]
	}
	return true
}

func (w *CSVWriter) writePlain(joined string) error {
	// The CSV library writes to the same buffer: bufio does not wrap a large one twice.
	w.line = append(w.line[:0], joined...)
	for i, c := range w.line {
		if c == separator[0] {
			w.line[i] = ','
		}
	}
	w.line = append(w.line, '\n')
	if _, err := w.buffer.Write(w.line); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// Close finishes the file.
func (w *CSVWriter) Close() error {
	w.csv.Flush()
	err := w.csv.Error()
	if flushErr := w.buffer.Flush(); err == nil {
		err = flushErr
	}
	if closeErr := w.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
