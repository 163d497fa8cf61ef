package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pullscope/pullscope/engine/duck"
)

// tableOf shows rows in a terminal of some width; "∅" is NULL.
func tableOf(t *testing.T, width int, columns []duck.Column, rows ...[]string) string {
	t.Helper()
	var out bytes.Buffer
	writer := newResultWriter("table", &out, screen{width: width, flags: "--"})
	err := writer.begin(columns)
	for _, row := range rows {
		values := make([]*string, len(row))
		for i := range row {
			if row[i] != "∅" {
				values[i] = &row[i]
			}
		}
		err = errors.Join(err, writer.row(values))
	}
	if err = errors.Join(err, writer.end()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Texts become narrower, the widest first, numbers and times do not; then the last columns go.
func TestTableFitsTheTerminal(t *testing.T) {
	columns := []duck.Column{{Name: "name", Type: "VARCHAR"}, {Name: "n", Type: "BIGINT"}, {Name: "at", Type: "TIMESTAMP"}, {Name: "note", Type: "VARCHAR"}}
	row := []string{"acme/application", "12345678", "2026-09-25 10:00:00", "a long note 日本語 that goes on"}
	for width, want := range map[int]string{
		0: "name                     n  at                   note                             \n" +
			"acme/application  12345678  2026-09-25 10:00:00  a long note 日本語 that goes on  \n(1 row)\n",
		80: "name                     n  at                   note\n" +
			"acme/application  12345678  2026-09-25 10:00:00  a long note 日本語 that goes on\n(1 row)\n",
		66: "name                     n  at                   note\n" +
			"acme/application  12345678  2026-09-25 10:00:00  a long note 日本…\n" +
			"(cut to fit the terminal: 1 value; --format csv has all)\n(1 row)\n",
		56: "name                n  at                   note\n" +
			"acme/appli…  12345678  2026-09-25 10:00:00  a long note…\n" +
			"(cut to fit the terminal: 2 values; --format csv has all)\n(1 row)\n",
		44: "name                  n  at\n" +
			"acme/applica…  12345678  2026-09-25 10:00:00\n" +
			"(cut to fit the terminal: 1 value, 1 of 4 columns; --format csv has all)\n(1 row)\n",
		20: "name               n\n" +
			"acme/appl…  12345678\n" +
			"(cut to fit the terminal: 1 value, 2 of 4 columns; --format csv has all)\n(1 row)\n",
	} {
		got := tableOf(t, width, columns, row)
		if got != want {
			t.Errorf("width %d: got\n%swant\n%s", width, got, want)
		}
		for line := range strings.Lines(got) {
			if line = strings.TrimRight(line, "\n"); width > 0 && !strings.HasPrefix(line, "(") && text.StringWidth(line) > width {
				t.Errorf("width %d: this line has %d columns: %s", width, text.StringWidth(line), line)
			}
		}
	}
}

// NULL is told from nothing, values stay in one line, and none steers the terminal.
func TestTableValues(t *testing.T) {
	columns := []duck.Column{{Name: "x", Type: "VARCHAR"}, {Name: "n", Type: "DECIMAL(5,2)"}}
	got := tableOf(t, 80, columns,
		[]string{"∅", "∅"}, []string{"", "1.50"}, []string{"a\nb\tc\r", "10.25"}, []string{"\x1b[31mred\a", "0.00"}, []string{"\u202eevil\u2028", "-1.00"}, []string{"👩‍👩‍👧 ok", "7.00"})
	want := `x                 n
NULL           NULL
               1.50
a\nb\tc\r     10.25
�[31mred�      0.00
�evil�        -1.00
`
	if !strings.HasPrefix(got, want[:10]) || normalSpace(got[:strings.Index(got, "👩")]) != normalSpace(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if strings.ContainsAny(got, "\x1b\a\u202e\u2028") {
		t.Errorf("%q steers the terminal", got)
	}
	var out bytes.Buffer
	writer := newResultWriter("table", &out, screen{width: 80, outTerminal: true, flags: "--"})
	t.Setenv("NO_COLOR", "1")
	if plain := newResultWriter("table", &out, screen{outTerminal: true}).(*tableWriter).null; plain != "NULL" || writer.(*tableWriter).null == plain {
		t.Errorf("NULL is %q without colours and %q with them", plain, writer.(*tableWriter).null)
	}
}

func normalSpace(text string) string { return strings.Join(strings.Fields(text), " ") }
