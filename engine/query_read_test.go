package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/pullscope/pullscope/engine/duck"
)

// openEmpty opens queries over an empty data directory.
func openEmpty(t *testing.T) *Querier {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Threads = 2
	q, err := e.OpenQuery(t.Context(), QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

func noBegin([]duck.Column) error { return nil }

// Whether the rows come at once or in parts, they are all there, in order, and the limit
// is told from the end.
func TestReadLimits(t *testing.T) {
	t.Parallel()
	q := openEmpty(t)
	for _, test := range []struct {
		of, limit, rows int64
		more            bool
	}{
		{0, 0, 0, false}, {1, 0, 1, false}, {1, 1, 1, false}, {2, 1, 1, true},
		{directRows, 0, directRows, false}, {directRows + 1, 0, directRows + 1, false}, {3*directRows + 7, 0, 3*directRows + 7, false},
		{directRows, directRows, directRows, false}, {directRows + 1, directRows, directRows, true},
		{2*directRows + 2, 2*directRows + 1, 2*directRows + 1, true}, {directRows, directRows - 1, directRows - 1, true},
	} {
		var rows int64
		more, err := q.Read(t.Context(), QueryRequest{SQL: fmt.Sprintf("select %d - range from range(%d) order by range desc", test.of, test.of), Limit: test.limit}, noBegin, func(row []*string) error {
			if rows++; *row[0] != strconv.FormatInt(rows, 10) {
				return fmt.Errorf("row %d is %s", rows, *row[0])
			}
			return nil
		})
		if err != nil || rows != test.rows || more != test.more {
			t.Errorf("%d rows with a limit of %d: %d, more %t, %v; want %d, %t", test.of, test.limit, rows, more, err, test.rows, test.more)
		}
	}
}

// After an error of the reader, of the query or of time the next query runs.
func TestReadAfterErrors(t *testing.T) {
	t.Parallel()
	q := openEmpty(t)
	enough := errors.New("enough")
	if err := q.Run(t.Context(), "from range(30000)", nil, Texts, noBegin, func([]*string) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("the reader's error became %v", err)
	}
	if _, err := answersOf(t, q, "select cast(x as integer) from (values ('1'), ('x')) as v(x)"); err == nil {
		t.Error("x is no integer")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := q.Run(ctx, "select count(*) from range(1000000000) as a, range(1000) as b", nil, Texts, noBegin, func([]*string) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a query without time: %v", err)
	}
	if rows, err := answersOf(t, q, "from range(20001) order by 1 desc limit 1"); err != nil || fmt.Sprint(rows) != "[[20000]]" {
		t.Errorf("then: %v %v", rows, err)
	}
}

// The line of an error is that of the user's text, and the mark stays below the place.
func TestErrorLines(t *testing.T) {
	t.Parallel()
	q := openEmpty(t)
	for _, line := range []int{1, 2, 9, 10} {
		// The value is known to be wrong only when the query runs.
		query := strings.Repeat("\n", line-1) + "/**/ select cast(concat('x', random()) as integer)"
		if line > 1 {
			query = "--" + query
		}
		_, err := answersOf(t, q, query)
		want := fmt.Sprintf("LINE %d: ", line)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("line %d: %v", line, err)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		at := slices.IndexFunc(lines, func(text string) bool { return strings.HasPrefix(text, want) })
		if mark := strings.Index(lines[at+1], "^"); mark < 0 || !strings.HasPrefix(lines[at][mark:], "cast(") {
			t.Errorf("line %d: the mark is at the wrong place\n%v", line, err)
		}
	}
}

func TestCompleteStatements(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, complete, rest string
	}{
		{"", "", ""},
		{"select 1", "", "select 1"},
		{"select 1;", "select 1", ""},
		{"select 1; select 2; sel", "select 1|select 2", "sel"},
		{";;select 1;;", "select 1", ""},
		{"select ';", "", "select ';"},
		{"select ';';", "select ';'", ""},
		{"select 1 -- ;", "", "select 1 -- ;"},
		{"select 1; -- done", "select 1", ""},
		{"select $x$;$x$;", "select $x$;$x$", ""},
		{"/* ; */", "", ""},
		{`select ";" from t;`, `select ";" from t`, ""},
	} {
		complete, rest := CompleteStatements(test.text)
		if got := strings.Join(complete, "|"); got != test.complete || rest != test.rest {
			t.Errorf("%q: %q and %q, want %q and %q", test.text, got, rest, test.complete, test.rest)
		}
	}
	for text, want := range map[string]bool{
		"select ": false, "select '": true, "select 'a''": true, "select 'a'": false, "select 'a' ": false, "from \"req": true,
		"select -- a": true, "select -- a\n": false, "/* ": true, "/* */": false, "$$a": true, "$$a$$": false, "": false,
	} {
		if InsideText(text) != want {
			t.Errorf("%q: inside of quotes or a comment: %t", text, !want)
		}
	}
}

// A workbook has numbers where a spreadsheet keeps all their digits, and else texts.
func TestWriteXLSX(t *testing.T) {
	t.Parallel()
	q := openEmpty(t)
	path := filepath.Join(t.TempDir(), "out.xlsx")
	rows, err := q.WriteXLSX(t.Context(), QueryRequest{SQL: `
		select 123456789012345 as whole, 1234567890123456 as key, -0.25 as share, 2.5e6 as large, 'nan'::double as odd,
			true as yes, date '2026-09-25' as day, '=1+1' as formula, null as nothing, '00012' as code`}, path)
	if err != nil || rows != 1 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	got, err := book.GetRows("query", excelize.Options{RawCellValue: true})
	want := "[[whole key share large odd yes day formula nothing code] [123456789012345 1234567890123456 -0.25 2500000 nan 1 2026-09-25 =1+1  00012]]"
	if err != nil || fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s\n%v", got, want, err)
	}
	for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeUnset, "B2": excelize.CellTypeInlineString, "C2": excelize.CellTypeUnset, "H2": excelize.CellTypeInlineString, "J2": excelize.CellTypeInlineString} {
		if kind, err := book.GetCellType("query", cell); err != nil || kind != want && !(want == excelize.CellTypeUnset && kind == excelize.CellTypeNumber) {
			t.Errorf("cell %s has type %d, want %d (%v)", cell, kind, want, err)
		}
	}

	_, err = q.WriteXLSX(t.Context(), QueryRequest{SQL: "from range(1048576)"}, path+"2")
	if err == nil || err.Error() != "the result has more than 1,048,575 rows, and a sheet holds no more; take parquet or csv, or fewer rows with --limit" {
		t.Errorf("too many rows: %v", err)
	}
	if _, err := os.Stat(path + "2"); err == nil {
		t.Error("there is a file with too few rows")
	}
}
