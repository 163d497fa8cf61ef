package reports

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// CSVOptions say how CSV files are written.
type CSVOptions struct {
	// FormulaGuard puts an apostrophe before texts that a spreadsheet would run as a formula.
	FormulaGuard bool
	// Gzip packs the files.
	Gzip bool
	// PartBytes begins a new file after the row that reaches this size, counted unpacked; 0: one file.
	PartBytes int64
}

// CSVWriter writes one report as RFC 4180 CSV with LF line ends.
type CSVWriter struct {
	Rows int64

	dir     string
	name    string
	columns []Column
	options CSVOptions
	parts   []string // names of the files so far
	part    *csvPart
	hash    hash.Hash // of the rows, however they are packed and cut
	record  []string
	line    []byte
}

// CreateCSV begins the files <name>.csv in dir and writes the header.
func CreateCSV(dir, name string, columns []Column, options CSVOptions) (*CSVWriter, error) {
	w := &CSVWriter{dir: dir, name: name, columns: columns, options: options, hash: sha256.New()}
	return w, w.begin()
}

// begin opens the next part.
func (w *CSVWriter) begin() error {
	name := w.fileName(len(w.parts) + 1)
	part, err := createPart(filepath.Join(w.dir, name), w.options.Gzip)
	if err != nil {
		return err
	}
	w.part = part
	w.parts = append(w.parts, name)
	header := make([]string, len(w.columns))
	for i, column := range w.columns {
		header[i] = column.Name
	}
	if err := part.csv.Write(header); err != nil {
		return fmt.Errorf("write report header: %w", err)
	}
	part.csv.Flush()
	part.rows = w.hash
	return nil
}

// fileName is the name of a part; 0 is that of the only one.
func (w *CSVWriter) fileName(part int) string {
	name := w.name
	if part > 0 && w.options.PartBytes > 0 {
		name = fmt.Sprintf("%s-%04d", w.name, part)
	}
	if w.options.Gzip {
		return name + ".csv.gz"
	}
	return name + ".csv"
}

// Joined is the SQL expression that joins the values of columns to one text, in
// the form that Write takes. One text a row crosses over far faster than many.
func Joined(columns []Column) string {
	values := make([]string, len(columns))
	for i, column := range columns {
		name := column.SQLName()
		if column.Type != "varchar" {
			name = "cast(" + name + " as varchar)"
		}
		values[i] = fmt.Sprintf("coalesce(%s, '')", name)
	}
	return "concat_ws(chr(31), " + strings.Join(values, ", ") + ")"
}

// SQLName is the name of the column in the result of the report's query.
func (c Column) SQLName() string {
	// DuckDB tells no case apart in ASCII, and only there.
	lower := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, c.Name)
	return `"` + strings.ReplaceAll(lower, `"`, `""`) + `"`
}

// Write writes one row: its values joined by the control character 31.
func (w *CSVWriter) Write(joined string) error {
	if w.options.PartBytes > 0 && w.part.bytes >= w.options.PartBytes && w.part.any {
		if err := w.part.close(); err != nil {
			return err
		}
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.Rows++
	w.part.any = true
	if separators, plain := isPlain(joined); plain && separators == len(w.columns)-1 {
		return w.writePlain(joined)
	}
	record := w.record[:0]
	for value := range strings.SplitSeq(joined, separator) {
		record = append(record, value)
	}
	if len(record) != len(w.columns) {
		return fmt.Errorf("write report: a row has %d values for %d columns; a value holds the control character 31", len(record), len(w.columns))
	}
	if w.options.FormulaGuard {
		for i, column := range w.columns {
			record[i] = column.Guarded(record[i])
		}
	}
	w.record = record
	if err := w.part.csv.Write(record); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	w.part.csv.Flush()
	if err := w.part.csv.Error(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// separator joins the values of a row.
const separator = "\x1f"

// Guarded returns a value of the column as a spreadsheet may have it: a text that
// it would run as a formula gets an apostrophe before it.
func (c Column) Guarded(value string) string {
	if c.Type == "varchar" && value != "" && isFormula(value[0]) {
		return "'" + value
	}
	return value
}

// isFormula reports whether spreadsheets read more than text after this byte.
func isFormula(first byte) bool {
	switch first {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return true
	}
	return false
}

// Bytes that isPlain has to look at.
const (
	ordinary = iota
	needsQuotes
	beginsValue // after the separator
	backslash   // before a point it is quoted
)

var byteKinds = func() (kinds [256]byte) {
	for c := range kinds {
		if c < ' ' || c >= 0x7f || c == '"' || c == ',' {
			kinds[c] = needsQuotes
		}
	}
	kinds[separator[0]], kinds['\\'] = beginsValue, backslash
	return kinds
}()

// isPlain reports whether no value of a row needs quotes or closer looks, and how many
// separators there are. Most rows are such, and then a row is written as fast as it is copied.
func isPlain(joined string) (separators int, plain bool) {
	next := func(i int) byte { // 0 at the end
		if i+1 < len(joined) {
			return joined[i+1]
		}
		return 0
	}
	special := func(first byte) bool { return first == ' ' || isFormula(first) }
	if special(next(-1)) {
		return 0, false
	}
	for i := range len(joined) {
		switch byteKinds[joined[i]] {
		case needsQuotes:
			return 0, false
		case beginsValue:
			if separators++; special(next(i)) {
				return 0, false
			}
		case backslash:
			if next(i) == '.' {
				return 0, false
			}
		}
	}
	return separators, true
}

func (w *CSVWriter) writePlain(joined string) error {
	w.line = append(w.line[:0], joined...)
	for rest := w.line; ; {
		at := bytes.IndexByte(rest, separator[0])
		if at < 0 {
			break
		}
		rest[at] = ','
		rest = rest[at+1:]
	}
	w.line = append(w.line, '\n')
	if _, err := w.part.Write(w.line); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// Close finishes the files. A report that fits into one part is not numbered.
func (w *CSVWriter) Close() error {
	if err := w.part.close(); err != nil {
		return err
	}
	if only := w.fileName(0); len(w.parts) == 1 && w.parts[0] != only {
		if err := os.Rename(filepath.Join(w.dir, w.parts[0]), filepath.Join(w.dir, only)); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		w.parts[0] = only
	}
	return nil
}

// Files are the names of the files, in order.
func (w *CSVWriter) Files() []string { return w.parts }

// RowsSHA256 is the hash of the rows without headers: the same for the same rows,
// however they are packed and cut.
func (w *CSVWriter) RowsSHA256() string { return hex.EncodeToString(w.hash.Sum(nil)) }

// csvPart is one file: csv → counting and hashing → buffer → perhaps gzip → file.
type csvPart struct {
	csv  *csv.Writer
	any  bool      // it has a row
	rows io.Writer // also told of every row; nil while the header is written

	file   *os.File
	zip    *gzip.Writer
	buffer *bufio.Writer
	bytes  int64 // unpacked
}

func createPart(path string, packed bool) (*csvPart, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create report: %w", err)
	}
	p := &csvPart{file: file}
	var below io.Writer = file
	if packed {
		p.zip = gzip.NewWriter(file) // no name and no time: the same bytes every time
		below = p.zip
	}
	p.buffer = bufio.NewWriterSize(below, 1<<18)
	p.csv = csv.NewWriter(p)
	return p, nil
}

func (p *csvPart) Write(text []byte) (int, error) {
	p.bytes += int64(len(text))
	if p.rows != nil {
		p.rows.Write(text)
	}
	return p.buffer.Write(text)
}

func (p *csvPart) close() error {
	p.csv.Flush()
	err := p.csv.Error()
	if flushErr := p.buffer.Flush(); err == nil {
		err = flushErr
	}
	if p.zip != nil {
		if zipErr := p.zip.Close(); err == nil {
			err = zipErr
		}
	}
	if closeErr := p.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
