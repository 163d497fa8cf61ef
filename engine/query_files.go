package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// WriteParquet writes the rows of a query to path, whole or not at all, and returns
// how many they are. Large results do not wait in memory. Whole numbers beyond 64 bits, as sum() makes them, are
// written as decimals.
func (q *Querier) WriteParquet(ctx context.Context, request QueryRequest, path string) (rows int64, err error) {
	ready, err := q.prepare(ctx, request)
	if err != nil {
		return 0, endOf(ctx, err)
	}
	if ready.explains {
		return 0, errPlan
	}
	query := "select * " + wholeDecimals(ready.columns) + " from " + ready.wrapped()
	if request.Limit > 0 {
		query += fmt.Sprintf(" limit %d", request.Limit)
	}
	// The database may write nowhere else.
	staged := filepath.Join(q.snapshot.Dir(), "result.parquet")
	defer os.Remove(staged)
	if err := q.db.Exec(ctx, copyParquet(query, staged), ready.args...); err != nil {
		return 0, endOf(ctx, q.explain(shiftLines(err)))
	}
	if err := q.db.Value(ctx, "select count(*) from read_parquet("+duck.Quote(duck.Path(staged))+")", &rows); err != nil {
		return 0, endOf(ctx, err)
	}
	return rows, WriteFile(path, func(w io.Writer) error {
		file, err := os.Open(staged)
		if err != nil {
			return fmt.Errorf("read the result: %w", err)
		}
		defer file.Close()
		if _, err := io.Copy(w, file); err != nil {
			return fmt.Errorf("write %s: %w", path, withoutPath(err))
		}
		return nil
	})
}

// wholeDecimals keeps the digits of numbers for which Parquet has no type.
func wholeDecimals(columns []duck.Column) string {
	var replaced []string
	for _, column := range columns {
		if name := duck.QuoteName(column.Name); column.Type == "HUGEINT" || column.Type == "UHUGEINT" {
			replaced = append(replaced, "cast("+name+" as decimal(38, 0)) as "+name)
		}
	}
	if len(replaced) == 0 {
		return ""
	}
	return "replace (" + strings.Join(replaced, ", ") + ")"
}

// maxSheetRows is how many rows a sheet holds below its header.
const maxSheetRows = 1_048_575

// WriteXLSX writes the rows of a query as a workbook of one sheet to path, whole or not
// at all, and returns how many they are. More than 1,048,575 are an error.
func (q *Querier) WriteXLSX(ctx context.Context, request QueryRequest, path string) (rows int64, err error) {
	book, err := reports.NewWorkbook(q.snapshot.Dir(), false)
	if err != nil {
		return 0, err
	}
	defer book.Close()
	tooMany := request.Limit == 0 || request.Limit > maxSheetRows
	if tooMany {
		request.Limit = maxSheetRows
	}
	request.Form = Texts
	var columns []duck.Column
	begin := func(described []duck.Column) error {
		columns = described
		sheet := reports.Report{Name: "query"}
		for _, column := range columns {
			sheet.Columns = append(sheet.Columns, reports.Column{Name: column.Name})
		}
		return book.Begin(sheet)
	}
	more, err := q.Read(ctx, request, begin, func(texts []*string) error {
		rows++
		cells := make([]any, len(texts))
		for i, text := range texts {
			cells[i] = sheetCell(columns[i].Type, text)
		}
		return book.Row(cells)
	})
	if err != nil {
		return rows, err
	}
	if more && tooMany {
		return rows, &UsageError{errors.New("the result has more than 1,048,575 rows, and a sheet holds no more; take parquet or csv, or fewer rows with --limit")}
	}
	return rows, atomically(path, book.Save)
}

// sheetDigits is how many digits of a number a spreadsheet keeps.
const sheetDigits = 15

// sheetCell is a value as a cell: a number where none of its digits is lost.
func sheetCell(kind string, text *string) any {
	if text == nil {
		return nil
	}
	switch kind, _, _ = strings.Cut(kind, "("); kind {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT":
		if whole, err := strconv.ParseInt(*text, 10, 64); err == nil && len(strings.TrimPrefix(*text, "-")) <= sheetDigits {
			return whole
		}
	case "FLOAT", "DOUBLE", "DECIMAL":
		digits := len(strings.NewReplacer("-", "", ".", "").Replace(*text))
		if number, err := strconv.ParseFloat(*text, 64); err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) && (kind != "DECIMAL" || digits <= sheetDigits) {
			return excelize.Cell{Value: number}
		}
	case "BOOLEAN":
		return *text == "true"
	}
	return *text
}
