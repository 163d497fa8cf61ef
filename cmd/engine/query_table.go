package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pullscope/pullscope/engine/duck"
)

// tableWriter aligns columns for people, numbers to the right. Its rows wait in memory.
type tableWriter struct {
	w     io.Writer
	null  string // what stands for NULL
	width int    // of the terminal, in columns; 0: as wide as the rows are
	more  bool   // the limit left rows out
	// What shows all rows, and all of each, to be named where something is cut.
	limitFlag, formatFlag string

	columns []duck.Column
	plan    bool // the rows of an EXPLAIN, whose values have lines
	rows    [][]string
}

func (t *tableWriter) begin(columns []duck.Column) error {
	t.columns = columns
	t.plan = len(columns) == 2 && columns[0].Name == "explain_key" && columns[1].Name == "explain_value"
	return nil
}

func (t *tableWriter) row(values []*string) error {
	row := make([]string, len(values))
	for i, value := range values {
		switch {
		case value == nil:
			row[i] = t.null
		case t.plan:
			row[i] = printableLines(*value)
		default:
			row[i] = printable(*value)
		}
	}
	t.rows = append(t.rows, row)
	return nil
}

func (t *tableWriter) end() error {
	fit := t.fit()
	header := make([]any, fit.columns)
	configs := make([]table.ColumnConfig, fit.columns)
	for i, column := range t.columns[:fit.columns] {
		header[i] = fit.cut(i, column.Name)
		configs[i] = table.ColumnConfig{Number: i + 1}
		if isNumber(column.Type) {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	rendered := newTable(t.w, header...)
	rendered.SetColumnConfigs(configs)
	for _, row := range t.rows {
		cells := make(table.Row, fit.columns)
		for i := range cells {
			cells[i] = fit.cut(i, row[i])
		}
		rendered.AppendRow(cells)
	}
	if t.width > 0 {
		rendered.SetOutputMirror(nil)
		// Spaces at the end of a line would begin another one.
		fmt.Fprintln(t.w, spacesAtEnd.ReplaceAllString(rendered.Render(), ""))
	} else {
		rendered.Render()
	}
	if cut := fit.summary(); cut != "" {
		if t.formatFlag != "" {
			cut += "; " + t.formatFlag + " has all"
		}
		fmt.Fprintf(t.w, "(cut to fit the terminal: %s)\n", cut)
	}
	rows := count(int64(len(t.rows)), "row")
	if t.more {
		rows = fmt.Sprintf("the first %s; there are more, %s shows all", rows, t.limitFlag)
	}
	_, err := fmt.Fprintf(t.w, "(%s)\n", rows)
	return err
}

// tableFit is how a table fits the terminal.
type tableFit struct {
	columns int   // how many of them are shown
	widths  []int // of the columns; 0: as wide as the values are
	values  int   // that were cut
}

var spacesAtEnd = regexp.MustCompile(`(?m) +$`)

// summary says what is not shown.
func (f *tableFit) summary() string {
	var cut []string
	if f.values > 0 {
		cut = append(cut, count(int64(f.values), "value"))
	}
	if left := len(f.widths) - f.columns; left > 0 {
		cut = append(cut, fmt.Sprintf("%d of %s", left, count(int64(len(f.widths)), "column")))
	}
	return strings.Join(cut, ", ")
}

const (
	columnGap   = 2
	leastColumn = 10 // how narrow a column may become
)

// fit makes the widest columns narrower until all fit, but cuts no number and no time, and
// leaves out the last columns where that does not suffice.
func (t *tableWriter) fit() *tableFit {
	fit := &tableFit{columns: len(t.columns), widths: make([]int, len(t.columns))}
	if t.width == 0 || t.plan {
		return fit
	}
	least := make([]int, len(t.columns))
	for i, column := range t.columns {
		value := 0
		for _, row := range t.rows {
			value = max(value, text.StringWidthWithoutEscSequences(row[i]))
		}
		name := text.StringWidthWithoutEscSequences(column.Name)
		fit.widths[i] = max(name, value)
		if least[i] = min(fit.widths[i], leastColumn); isNumber(column.Type) || isTime(column.Type) {
			least[i] = max(value, min(name, leastColumn))
		}
	}
	for fit.columns > 1 && total(least[:fit.columns]) > t.width {
		fit.columns--
	}
	for shown := fit.widths[:fit.columns]; total(shown) > t.width; {
		widest := -1
		for i, width := range shown {
			if width > least[i] && (widest < 0 || width > shown[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		shown[widest] = max(least[widest], min(shown[widest]-1, t.width))
	}
	return fit
}

// total is the width of a line.
func total(widths []int) int {
	sum := 0
	for _, width := range widths {
		sum += width + columnGap
	}
	return sum - columnGap
}

func (f *tableFit) cut(column int, value string) string {
	width := f.widths[column]
	if width == 0 || text.StringWidthWithoutEscSequences(value) <= width {
		return value
	}
	f.values++
	return text.Snip(value, width, "…")
}

func isNumber(kind string) bool {
	switch kind, _, _ = strings.Cut(kind, "("); kind {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL":
		return true
	}
	return false
}

func isTime(kind string) bool {
	return kind == "DATE" || kind == "TIME" || strings.HasPrefix(kind, "TIMESTAMP")
}

var shownControls = strings.NewReplacer("\n", `\n`, "\t", `\t`, "\r", `\r`)

// printable keeps what a log line holds from steering the terminal, and a value in one line.
func printable(value string) string { return printableLines(shownControls.Replace(value)) }

func printableLines(value string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, value)
}
