package reports

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The limits of a sheet.
const (
	maxSheetRows = 1_048_576
	maxCellText  = 32_767 // in UTF-16 units; bytes are never fewer
)

// cutMark ends a text that is too long for a cell.
const cutMark = " … (cut: the CSV and Parquet files have all of it)"

// Workbook is an XLSX file with a sheet per report.
type Workbook struct {
	file    *excelize.File
	guard   bool
	tmp     string
	header  int // style ids
	share   int
	sheet   *excelize.StreamWriter
	report  Report
	columns []Column
	sheets  int // of the report at work, and of others whose names begin alike
	row     int
}

// NewWorkbook begins a workbook. Large sheets wait in files of tmp until it is
// saved; guard is CSVOptions.FormulaGuard.
func NewWorkbook(tmp string, guard bool) (*Workbook, error) {
	w := &Workbook{file: excelize.NewFile(excelize.Options{TmpDir: tmp}), guard: guard, tmp: tmp}
	var err error
	if w.header, err = w.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	format := "0.0000"
	if w.share, err = w.file.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	return w, nil
}

// Begin starts the sheet of a report.
func (w *Workbook) Begin(report Report) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.report, w.columns, w.sheets = report, report.Columns, 0
	return w.nextSheet()
}

// nextSheet adds a sheet: "raw", and when that is full "raw (2)".
func (w *Workbook) nextSheet() error {
	name, err := w.nextName()
	if err != nil {
		return err
	}
	if _, err := w.file.NewSheet(name); err != nil {
		return fmt.Errorf("begin sheet %s: %w", name, err)
	}
	sheet, err := w.file.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("begin sheet %s: %w", name, err)
	}
	w.sheet, w.row = sheet, 1
	header := make([]any, len(w.columns))
	for i, column := range w.columns {
		header[i] = excelize.Cell{StyleID: w.header, Value: column.Name}
	}
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("begin sheet %s: %w", name, err)
	}
	return w.write(header)
}

// nextName is a name that no sheet has: of two reports whose names begin alike,
// the second goes on counting, too.
func (w *Workbook) nextName() (string, error) {
	short := w.report.Name
	if len(short) > 24 {
		short = short[:24] // a sheet's name has at most 31 characters
	}
	for {
		w.sheets++
		name := short
		if w.sheets > 1 {
			name = fmt.Sprintf("%s (%d)", short, w.sheets)
		}
		if at, err := w.file.GetSheetIndex(name); err != nil {
			return "", fmt.Errorf("begin sheet %s: %w", name, err)
		} else if at < 0 {
			return name, nil
		}
	}
}

// Row adds a row of the report: text, int64, float64 or nil per column.
func (w *Workbook) Row(values []any) error {
	if w.row > maxSheetRows {
		if err := w.flush(); err != nil {
			return err
		}
		if err := w.nextSheet(); err != nil {
			return err
		}
	}
	cells := make([]any, len(values))
	for i, value := range values {
		switch value := value.(type) {
		case string:
			if w.guard {
				cells[i] = fitCell(w.columns[i].Guarded(value))
			} else {
				cells[i] = fitCell(value)
			}
		case float64:
			cells[i] = excelize.Cell{StyleID: w.share, Value: value}
		default:
			cells[i] = value
		}
	}
	return w.write(cells)
}

func (w *Workbook) write(cells []any) error {
	cell, err := excelize.CoordinatesToCellName(1, w.row)
	if err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	if err := w.sheet.SetRow(cell, cells); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	w.row++
	return nil
}

// fitCell cuts a text to what a cell can hold, and says so.
func fitCell(text string) string {
	if len(text) <= maxCellText {
		return text
	}
	end := maxCellText - len(cutMark)
	for end > 0 && text[end]&0xc0 == 0x80 { // not inside a character
		end--
	}
	return text[:end] + cutMark
}

func (w *Workbook) flush() error {
	if w.sheet == nil {
		return nil
	}
	err := w.sheet.Flush()
	w.sheet = nil
	if err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	return nil
}

// Save writes the workbook to path. Without a report it has one empty sheet.
func (w *Workbook) Save(path string) error {
	if err := w.flush(); err != nil {
		return err
	}
	const initial = "Sheet1" // every new file has it
	if len(w.file.GetSheetList()) > 1 {
		if err := w.file.DeleteSheet(initial); err != nil {
			return fmt.Errorf("write workbook: %w", err)
		}
		w.file.SetActiveSheet(0)
	}
	file, err := os.Create(path) // the library's own way makes it executable
	if err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	if err := errors.Join(w.writeSorted(file), file.Close()); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

// Close removes the temporary files.
func (w *Workbook) Close() error { return w.file.Close() }

// writeSorted writes the parts of the file in the order of their names: the
// library takes the sheets in a random one.
func (w *Workbook) writeSorted(to io.Writer) error {
	tmp, err := os.CreateTemp(w.tmp, "workbook-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := w.file.Write(tmp); err != nil {
		return err
	}
	size, err := tmp.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	packed, err := zip.NewReader(tmp, size)
	if err != nil {
		return err
	}
	slices.SortFunc(packed.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	sorted := zip.NewWriter(to)
	for _, part := range packed.File {
		if err := sorted.Copy(part); err != nil {
			return err
		}
	}
	return sorted.Close()
}
