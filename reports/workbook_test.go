package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

var bookReport = Report{Name: "trends", Columns: []Column{
	{Name: "USER_AGENT", Type: "varchar", Key: true}, {Name: "PULLS", Type: "bigint"}, {Name: "PCT", Type: "decimal(5,4)"},
}}

func writeBook(t *testing.T, guard bool, rows ...[]any) string {
	t.Helper()
	book, err := NewWorkbook(t.TempDir(), guard)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if err := book.Begin(bookReport); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := book.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.Begin(Report{Name: "empty", Columns: bookReport.Columns[:1]}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "reports.xlsx")
	if err := book.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Numbers are numbers, texts are texts, and what looks like a formula is none.
func TestWorkbook(t *testing.T) {
	long := strings.Repeat("ä", 20_000)
	path := writeBook(t, true, []any{"docker", int64(12), 0.3333}, []any{"=1+1", int64(-3), 1.0}, []any{nil, int64(0), nil}, []any{long, int64(1), 0.0})
	file, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if sheets := strings.Join(file.GetSheetList(), ","); sheets != "trends,empty" {
		t.Errorf("sheets %s", sheets)
	}
	for cell, want := range map[string]string{
		"A1": "USER_AGENT", "B1": "PULLS", "C1": "PCT", "A2": "docker", "B2": "12", "C2": "0.3333",
		"A3": "'=1+1", "B3": "-3", "C3": "1.0000", "A4": "", "B4": "0", "C4": "",
	} {
		if got, err := file.GetCellValue("trends", cell); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", cell, got, err, want)
		}
		if formula, _ := file.GetCellFormula("trends", cell); formula != "" {
			t.Errorf("%s is the formula %q", cell, formula)
		}
	}
	for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeInlineString, "B2": excelize.CellTypeUnset, "C2": excelize.CellTypeUnset} {
		if got, _ := file.GetCellType("trends", cell); got != want {
			t.Errorf("%s is of type %v, want %v", cell, got, want)
		}
	}
	if cut, _ := file.GetCellValue("trends", "A5"); len(cut) > maxCellText || !strings.HasSuffix(cut, cutMark) || !strings.HasPrefix(cut, "ää") {
		t.Errorf("a text that is too long became %d bytes, ending in %q", len(cut), cut[len(cut)-20:])
	}
}

func TestWorkbookIsReproducible(t *testing.T) {
	write := func() []byte {
		book, err := NewWorkbook(t.TempDir(), false)
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		for _, report := range All() { // the library takes sheets in a random order
			if err := book.Begin(report); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(t.TempDir(), "reports.xlsx")
		if err := book.Save(path); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	first := write()
	for range 3 {
		if !bytes.Equal(first, write()) {
			t.Fatal("the same rows gave other bytes")
		}
	}
}
