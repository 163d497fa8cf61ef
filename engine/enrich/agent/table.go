package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// row is one record of a table, with the line it begins on.
type row struct {
	line   int
	fields []string
}

// errorf says what is wrong with a row, where, and so what to correct.
func (r row) errorf(path, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", path, r.line, fmt.Sprintf(format, args...))
}

// table is a CSV file of rules.
type table struct {
	// path is what errors call the file, and name what rules call it.
	path, name string
	rows       []row
	origin     origin.Origin
}

// datePattern finds when a table was made, in its first line.
var datePattern = regexp.MustCompile(`^\S*#.*\b(\d{4}-\d{2}-\d{2})\b`)

// embeddedTable reads a table that comes with the engine. title is what its data is.
func embeddedTable(name, title string, content []byte, columns []string) (table, error) {
	t := table{path: name, name: name, origin: origin.Origin{Kind: origin.Table, Name: name, Type: title}}
	return t, t.read(content, columns)
}

// userTable reads a table of the user. Rules name it with its folder, because
// its own name may well be that of the embedded one.
func userTable(path, title string, columns []string) (table, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return table{}, fmt.Errorf("read the table of %s: %w", title, err)
	}
	t := table{path: path, origin: origin.Origin{Kind: origin.Override, Name: filepath.Base(path), Type: "own " + title}}
	t.name = filepath.Base(filepath.Dir(path)) + "/" + t.origin.Name
	return t, t.read(content, columns)
}

// read parses rows that begin with a header of exactly the columns.
func (t *table) read(content []byte, columns []string) error {
	hash := sha256.Sum256(content)
	t.origin.SHA256 = hex.EncodeToString(hash[:])
	firstLine, _, _ := bytes.Cut(content, []byte("\n"))
	if date := datePattern.FindSubmatch(firstLine); date != nil {
		t.origin.Built = string(date[1])
	}
	// Spreadsheets write a byte order mark.
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	reader.Comment, reader.FieldsPerRecord = '#', -1
	hasHeader := false
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var parseError *csv.ParseError
		if errors.As(err, &parseError) {
			return fmt.Errorf("%s:%d: %w; quote values that have commas or quotes", t.path, parseError.StartLine, parseError.Err)
		} else if err != nil {
			return fmt.Errorf("%s: %w", t.path, err)
		}
		line, _ := reader.FieldPos(0)
		r := row{line, fields}
		switch {
		case !hasHeader && !slices.Equal(fields, columns):
			return r.errorf(t.path, "the header is %q; it must be %q", strings.Join(fields, ","), strings.Join(columns, ","))
		case !hasHeader:
			hasHeader = true
		case len(fields) != len(columns):
			return r.errorf(t.path, "the row has %d values; it must have %d: %s", len(fields), len(columns), strings.Join(columns, ","))
		default:
			t.rows = append(t.rows, r)
		}
	}
	if !hasHeader {
		return fmt.Errorf("%s: the file has no header; begin it with %q", t.path, strings.Join(columns, ","))
	}
	t.origin.Entries = int64(len(t.rows))
	return nil
}
