package reports

import (
	"bufio"
	"database/sql/driver"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
)

// CSVWriter writes one report as RFC 4180 CSV with LF line ends.
type CSVWriter struct {
	Rows int64

	file   *os.File
	buffer *bufio.Writer
	csv    *csv.Writer
	record []string
}

// CreateCSV creates the file and writes the header.
func CreateCSV(path string, columns []Column) (*CSVWriter, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create report: %w", err)
	}
	w := &CSVWriter{file: file, buffer: bufio.NewWriterSize(file, 1<<18), record: make([]string, len(columns))}
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

// Write writes the first values of a row, as many as there are columns: text,
// 64-bit integers, or nil for an empty field.
func (w *CSVWriter) Write(values []driver.Value) error {
	for i := range w.record {
		switch value := values[i].(type) {
		case nil:
			w.record[i] = ""
		case string:
			w.record[i] = value
		case int64:
			w.record[i] = strconv.FormatInt(value, 10)
		default:
			return fmt.Errorf("write report: column %d has the unexpected type %T", i+1, value)
		}
	}
	w.Rows++
	if err := w.csv.Write(w.record); err != nil {
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
