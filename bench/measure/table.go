package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// printResult writes the tables for a terminal.
func printResult(w io.Writer, r *result) {
	fmt.Fprintln(w, r.headline())
	fmt.Fprintln(w, r.figuresTable().Render())
	fmt.Fprintln(w, r.stepsTable().Render())
}

// headline tells what was measured where.
func (r *result) headline() string {
	memory := ""
	if r.Machine.MemoryGiB > 0 {
		memory = fmt.Sprintf(", %.1f GiB", r.Machine.MemoryGiB)
	}
	commit := ""
	if r.Versions.Commit != "" {
		commit = " (" + r.Versions.Commit + ")"
	}
	return fmt.Sprintf("%s requests, medians of %s. %d cores (%s)%s, %s; %s, DuckDB %s, %s%s.", thousands(r.Rows), counted(r.Rounds, "round"),
		r.Machine.Cores, r.Machine.CPU, memory, r.Machine.System, r.Versions.Go, r.Versions.DuckDB, r.Versions.Engine, commit)
}

// figuresTable has a line per figure.
func (r *result) figuresTable() table.Writer {
	t := newTable(1, 2, 3, 4)
	t.AppendHeader(table.Row{"", "median", "min to max", "ratio", "min to max", "limit"})
	for _, m := range r.Figures {
		row := table.Row{m.Label, digits(m.Value.Median) + " " + m.Unit, digits(m.Value.Min) + " to " + digits(m.Value.Max), "", "", ""}
		if m.Ratio != nil {
			row[3], row[4] = digits(m.Ratio.Median)+" × "+shortLabel(m.Per), digits(m.Ratio.Min)+" to "+digits(m.Ratio.Max)
		}
		if m.Limit > 0 {
			row[5] = "≤ " + digits(m.Limit)
			if m.Missed {
				row[5] = row[5].(string) + ", missed"
			}
		}
		t.AppendRow(row)
	}
	return t
}

// shortLabel is short for what a ratio is to.
func shortLabel(name string) string {
	short := map[string]string{
		"parse_csv": "parse", "beside_parquet": "parse of CSV", "beside_reports": "parse of CSV", "parse_json": "its parse",
		"stored_csv": "run", "beside_worst": "run from CSV", "day_alone": "alone", "copy_raw": "DuckDB's",
	}
	if label, ok := short[name]; ok {
		return label
	}
	return name
}

// stepsTable has a line per step of the runs, beside its floor.
func (r *result) stepsTable() table.Writer {
	t := newTable(1, 2, 3, 4)
	t.AppendHeader(table.Row{"step of the run from", "CSV", "nginx-json", "Parquet", "floor of CSV", "that is"})
	var order []string
	rows := map[string]table.Row{}
	for _, s := range r.Steps {
		if rows[s.Step] == nil {
			order, rows[s.Step] = append(order, s.Step), table.Row{s.Step, "", "", "", "", ""}
		}
		row := rows[s.Step]
		for i, format := range formats {
			if s.Format == format {
				row[1+i] = digits(s.Time.Median) + " s"
			}
		}
		if floor := r.figure(s.Floor); floor != nil && s.Format == formats[0] {
			row[4], row[5] = digits(floor.Value.Median)+" s", floor.Label
		}
	}
	for _, step := range order {
		t.AppendRow(rows[step])
	}
	return t
}

// newTable aligns numbers to the right.
func newTable(numbers ...int) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	var columns []table.ColumnConfig
	for _, n := range numbers {
		columns = append(columns, table.ColumnConfig{Number: n + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// digits shows three of them.
func digits(value float64) string {
	switch {
	case value >= 100:
		return thousands(int(value + 0.5))
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// thousands writes a number of 0 or more with commas.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// markdown is the headline and both tables.
func (r *result) markdown() string {
	return fmt.Sprintf("%s\n\n%s\n\n%s\n", r.headline(), r.figuresTable().RenderMarkdown(), r.stepsTable().RenderMarkdown())
}

// writeInto puts the tables between the marks of the number of rows in a Markdown file, and leaves all else as it is. A file
// without these marks gets them at its end.
func (r *result) writeInto(path string) error {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read results: %w", err)
	}
	after, err := replaceBetween(string(before), fmt.Sprintf("%d rows", r.Rows), r.markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// replaceBetween replaces what stands between the two marks of a name.
func replaceBetween(text, name, content string) (string, error) {
	begin, end := fmt.Sprintf("<!-- measured: %s -->\n", name), fmt.Sprintf("<!-- end of measured: %s -->\n", name)
	before, rest, begun := strings.Cut(text, begin)
	if !begun {
		if text != "" {
			text = strings.TrimRight(text, "\n") + "\n\n"
		}
		return text + begin + "\n" + content + "\n" + end, nil
	}
	_, after, ended := strings.Cut(rest, end)
	if !ended {
		return "", fmt.Errorf("%q has no end; write %q after what it begins", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + content + "\n" + end + after, nil
}
