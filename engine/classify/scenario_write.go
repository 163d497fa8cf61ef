package classify

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteTo writes the scenario as [ParseScenario] reads it, columns aligned. A parsed scenario reads back the same.
func (s Scenario) WriteTo(w io.Writer) (int64, error) {
	var text bytes.Buffer
	for _, comment := range s.Comment {
		text.WriteString(strings.TrimRight("# "+comment, " ") + "\n")
	}
	if len(s.Comment) > 0 {
		text.WriteString("#\n")
	}
	if s.Window != DefaultWindow {
		fmt.Fprintf(&text, "window %s\n", s.Window)
	}
	s.writeRows(&text)
	return text.WriteTo(w)
}

// writeRows writes the header and the rows, with a line before the first row of each named file.
func (s Scenario) writeRows(text *bytes.Buffer) {
	header := strings.Fields(scenarioHeader)
	header[0] = "# " + header[0]
	lines := [][]string{header}
	for _, row := range s.Rows {
		lines = append(lines, row.cells())
	}
	widths := columnWidths(lines)

	for i, cells := range lines {
		if i > 0 && s.Rows[i-1].Line == 1 && s.Files[s.Rows[i-1].File] != "" {
			fmt.Fprintf(text, "file %s\n", s.Files[s.Rows[i-1].File])
		}
		var line strings.Builder
		for column, cell := range cells {
			fmt.Fprintf(&line, "%-*s ", widths[column], cell)
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

func columnWidths(lines [][]string) []int {
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for column, cell := range cells {
			widths[column] = max(widths[column], len(cell))
		}
	}
	return widths
}

// cells are the columns of a row, as parseRow reads them.
func (r ScenarioRow) cells() []string {
	reference := r.Reference
	if !r.ByTag() {
		reference = "@" + shortDigest(r.Reference)
	}
	cells := []string{
		r.At.UTC().Format(stampLayout), r.Client, r.Method.String(), r.Image, reference, shortDigest(r.Digest), "|",
	}
	if r.Action == None {
		return append(cells, none)
	}
	return append(cells, r.Action.String(), strconv.Itoa(r.ActionRequests), shortDigest(r.ActionDigest))
}

// shortDigest is the inverse of parseDigest.
func shortDigest(digest string) string {
	if digest == "" {
		return none
	}
	if symbol, ok := symbols()[digest]; ok {
		return symbol
	}
	return digest
}
