package reports

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCSVWriter(t *testing.T) {
	columns := []Column{{Name: "NAME", Type: "varchar"}, {Name: "count", Type: "bigint"}, {Name: "last", Type: "varchar"}}
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
	columns := []Column{{Name: "a", Type: "varchar"}, {Name: "b", Type: "varchar"}}
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
		w, err := CreateCSV(dir, "x", columns, CSVOptions{})
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
	if got := writeCSV(t, []Column{{Name: "only", Type: "varchar"}}, [][]string{{""}, {"x"}}); got != "only\n\"\"\nx\n" && got != "only\n\nx\n" {
		t.Errorf("got %q", got)
	}
}

func TestCSVWriterErrors(t *testing.T) {
	if _, err := CreateCSV(filepath.Join(t.TempDir(), "nosuch"), "x", nil, CSVOptions{}); err == nil || !strings.Contains(err.Error(), "create report") {
		t.Errorf("in a missing directory: %v", err)
	}
	w, err := CreateCSV(t.TempDir(), "x", []Column{{Name: "a", Type: "varchar"}, {Name: "b", Type: "varchar"}}, CSVOptions{})
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
		dir := t.TempDir()
		if err := os.Symlink("/dev/full", filepath.Join(dir, "x.csv")); err != nil {
			t.Fatal(err)
		}
		w, err := CreateCSV(dir, "x", []Column{{Name: "a", Type: "varchar"}}, CSVOptions{})
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

// Texts that a spreadsheet would run get an apostrophe; numbers never do.
func TestFormulaGuard(t *testing.T) {
	columns := []Column{{Name: "agent", Type: "varchar"}, {Name: "change", Type: "bigint"}}
	for value, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx",
		"=HYPERLINK(\"http://x\",\"y\")": "'=HYPERLINK(\"http://x\",\"y\")",
		"docker":                         "docker", "": "", "'=1": "'=1", "a=1": "a=1", " =1": " =1", `\\N`: `\\N`, "1-2": "1-2",
	} {
		guarded := writeCSVWith(t, columns, [][]string{{value, "-5"}}, CSVOptions{FormulaGuard: true})
		if back := readBack(t, guarded["x.csv"]); back[1][0] != want || back[1][1] != "-5" {
			t.Errorf("%q with the guard is %q", value, back[1])
		}
		plain := writeCSVWith(t, columns, [][]string{{value, "-5"}}, CSVOptions{})
		if back := readBack(t, plain["x.csv"]); back[1][0] != value || back[1][1] != "-5" {
			t.Errorf("%q without the guard is %q", value, back[1])
		}
	}
}

// Parts together hold each row once, each part has the header, and the hash of the rows is that of the whole.
func TestCSVParts(t *testing.T) {
	columns := []Column{{Name: "name", Type: "varchar"}, {Name: "n", Type: "bigint"}}
	var rows [][]string
	for i := range 25 {
		rows = append(rows, []string{fmt.Sprintf("row, %02d", i), fmt.Sprint(i)})
	}
	whole, sum := writeCSVSum(t, columns, rows, CSVOptions{})
	for _, zip := range []bool{false, true} {
		// The header is 7 bytes, a row 12 or 13: a part is full with the 8th row (7 + 8 × 12 = 103).
		files, partsSum := writeCSVSum(t, columns, rows, CSVOptions{PartBytes: 100, Gzip: zip})
		ending := map[bool]string{false: ".csv", true: ".csv.gz"}[zip]
		var all [][]string
		for i, name := range []string{"x-0001", "x-0002", "x-0003", "x-0004"} {
			text, ok := files[name+ending]
			if !ok {
				break
			}
			part := readBack(t, text)
			if part[0][0] != "name" || i == 0 && len(part) != 9 {
				t.Errorf("part %s has %d lines and begins with %q", name, len(part), part[0])
			}
			all = append(all, part[1:]...)
		}
		if len(files) != 4 || !slices.EqualFunc(all, rows, slices.Equal[[]string]) || sum != partsSum {
			t.Errorf("%d files with %d rows, hash %s, want %s", len(files), len(all), partsSum, sum)
		}
	}
	// What fits into one part is not numbered.
	for options, name := range map[CSVOptions]string{{PartBytes: 1000}: "x.csv", {PartBytes: 1000, Gzip: true}: "x.csv.gz", {Gzip: true}: "x.csv.gz"} {
		files, onlySum := writeCSVSum(t, columns, rows, options)
		if len(files) != 1 || files[name] != whole["x.csv"] || onlySum != sum {
			t.Errorf("%+v: %q", options, files)
		}
	}
	if _, other := writeCSVSum(t, columns, rows[1:], CSVOptions{}); other == sum {
		t.Error("other rows have the same hash")
	}
}

func TestJoined(t *testing.T) {
	got := Joined([]Column{{Name: "NAME", Type: "varchar"}, {Name: "pulls", Type: "bigint"}})
	if want := `concat_ws(chr(31), coalesce("name", ''), coalesce(cast("pulls" as varchar), ''))`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func writeCSV(t *testing.T, columns []Column, rows [][]string) string {
	t.Helper()
	return writeCSVWith(t, columns, rows, CSVOptions{})["x.csv"]
}

func writeCSVWith(t *testing.T, columns []Column, rows [][]string, options CSVOptions) map[string]string {
	t.Helper()
	files, _ := writeCSVSum(t, columns, rows, options)
	return files
}

// writeCSVSum writes the report x and returns its files, unpacked, and the hash of its rows.
func writeCSVSum(t *testing.T, columns []Column, rows [][]string, options CSVOptions) (map[string]string, string) {
	t.Helper()
	dir := t.TempDir()
	w, err := CreateCSV(dir, "x", columns, options)
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
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(entry.Name(), ".gz") {
			reader, err := gzip.NewReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(reader); err != nil {
				t.Fatal(err)
			}
		}
		files[entry.Name()] = string(text)
	}
	if names := slices.Sorted(maps.Keys(files)); !slices.Equal(names, w.Files()) {
		t.Errorf("wrote %q and says %q", names, w.Files())
	}
	return files, w.RowsSHA256()
}

func readBack(t *testing.T, text string) [][]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}
