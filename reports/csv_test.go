package reports

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCSVWriter(t *testing.T) {
	columns := []Column{{"NAME", "varchar", ""}, {"count", "bigint", ""}, {"last", "varchar", ""}}
	for _, test := range []struct {
		name string
		row  []string
		want string
	}{
		{"plain", []string{"acme/app", "12", "x"}, "acme/app,12,x\n"},
		{"empty values", []string{"", "", ""}, ",,\n"},
		{"comma", []string{"Acme, Inc.", "1", "x"}, "\"Acme, Inc.\",1,x\n"},
		{"quotes", []string{`the "best"`, "1", `"`}, "\"the \"\"best\"\"\",1,\"\"\"\"\n"},
		{"newline", []string{"two\nlines", "1", "x"}, "\"two\nlines\",1,x\n"},
		{"blank first", []string{" x", "1", "x "}, "\" x\",1,x \n"},
		{"unicode", []string{"\u65e5\u672c \U0001f433", "1", "\u00e4"}, "\u65e5\u672c \U0001f433,1,\u00e4\n"},
		{"tab", []string{"a\tb", "1", "\tx"}, "a\tb,1,\"\tx\"\n"},
		{"hash and formula", []string{"#x", "1", "=1+1"}, "#x,1,=1+1\n"},
		{"the documented null", []string{`\\N`, "1", `\N`}, `\\N,1,\N` + "\n"},
		{"semicolon and apostrophe", []string{"'; drop table requests; --", "1", ""}, "'; drop table requests; --,1,\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := writeCSV(t, columns, [][]string{test.row})
			if want := "NAME,count,last\n" + test.want; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			back, err := csv.NewReader(strings.NewReader(got)).ReadAll()
			if err != nil || !slices.Equal(back[1], test.row) {
				t.Errorf("read back %q, %v; want %q", back, err, test.row)
			}
		})
	}
	if got := writeCSV(t, columns, nil); got != "NAME,count,last\n" {
		t.Errorf("without rows: %q", got)
	}
}

// Rows are written in a fast way and in a careful one; the result is that of
// encoding/csv, whichever it is.
func TestCSVWriterIsLikeEncodingCSV(t *testing.T) {
	columns := []Column{{"a", "varchar", ""}, {"b", "varchar", ""}}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(rapid.SampledFrom([]rune("ab,\"\n\r \t;\\.#'\u00e4\U0001f433\ufeff")))
		rows := rapid.SliceOfN(rapid.SliceOfN(value, 2, 2), 0, 8).Draw(t, "rows")
		var want strings.Builder
		plain := csv.NewWriter(&want)
		for _, row := range append([][]string{{"a", "b"}}, rows...) {
			if err := plain.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		plain.Flush()
		path := filepath.Join(dir, "x.csv")
		w, err := CreateCSV(path, columns)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if err := w.Write(strings.Join(row, separator)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want.String() || w.Rows != int64(len(rows)) {
			t.Errorf("%d rows, got %q, want %q", w.Rows, got, want.String())
		}
	})
}

func TestCSVWriterOfOneColumn(t *testing.T) {
	// An empty line would be no row for a reader.
	if got := writeCSV(t, []Column{{"only", "varchar", ""}}, [][]string{{""}, {"x"}}); got != "only\n\"\"\nx\n" && got != "only\n\nx\n" {
		t.Errorf("got %q", got)
	}
}

func TestCSVWriterErrors(t *testing.T) {
	if _, err := CreateCSV(filepath.Join(t.TempDir(), "nosuch", "x.csv"), nil); err == nil || !strings.Contains(err.Error(), "create report") {
		t.Errorf("in a missing directory: %v", err)
	}
	w, err := CreateCSV(filepath.Join(t.TempDir(), "x.csv"), []Column{{"a", "varchar", ""}, {"b", "varchar", ""}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"one", "one\x1ftwo\x1fthree", ""} {
		if err := w.Write(row); err == nil {
			t.Errorf("a row of other than two values, %q: no error", row)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		w, err := CreateCSV("/dev/full", []Column{{"a", "varchar", ""}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write("x"); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("on a full disk: %v", err)
		}
	}
}

func TestJoined(t *testing.T) {
	got := Joined([]Column{{"NAME", "varchar", ""}, {"pulls", "bigint", ""}})
	if want := `concat_ws(chr(31), coalesce("name", ''), coalesce(cast("pulls" as varchar), ''))`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func writeCSV(t *testing.T, columns []Column, rows [][]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.csv")
	w, err := CreateCSV(path, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(strings.Join(row, separator)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
