package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// filesMatch wants a directory to hold the files that its manifest names, as it names them, and nothing else.
func filesMatch(t *testing.T, e *Engine, dir string) reports.Manifest {
	t.Helper()
	manifest := manifestOf(t, e, dir)
	named := []string{reports.ManifestFile}
	check := func(file reports.File) {
		content := mustRead(t, filepath.Join(e.Dir, "reports", dir, file.Name))
		sum := sha256.Sum256(content)
		if int64(len(content)) != file.Bytes || hex.EncodeToString(sum[:]) != file.SHA256 {
			t.Errorf("%s: %s has %d bytes, and %d or another hash in the manifest", dir, file.Name, len(content), file.Bytes)
		}
		named = append(named, file.Name)
	}
	for _, report := range manifest.Reports {
		for _, file := range report.Files {
			check(file)
		}
	}
	if manifest.Workbook != nil {
		check(*manifest.Workbook)
	}
	entries, err := os.ReadDir(filepath.Join(e.Dir, "reports", dir))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	slices.Sort(named)
	sameLines(t, dir+": files", found, named)
	return manifest
}

// csvOf reads the CSV files of a report as one, unpacked, and says how many there are.
func csvOf(t *testing.T, e *Engine, dir string, report reports.Published) (records [][]string, files int) {
	t.Helper()
	for _, file := range report.Files {
		if !strings.Contains(file.Name, ".csv") {
			continue
		}
		text := mustRead(t, filepath.Join(e.Dir, "reports", dir, file.Name))
		if strings.HasSuffix(file.Name, ".gz") {
			packed, err := gzip.NewReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(packed); err != nil {
				t.Fatal(err)
			}
		}
		part, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil || len(part) == 0 {
			t.Fatalf("%s: %d records, %v", file.Name, len(part), err)
		}
		if files++; files == 1 {
			records = part
			continue
		}
		if !slices.Equal(part[0], records[0]) || len(part) == 1 {
			t.Errorf("%s begins with %q and has %d records", file.Name, part[0], len(part))
		}
		records = append(records, part[1:]...)
	}
	return records, files
}

// TestOutputOptions publishes the same rows in every form.
func TestOutputOptions(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd.Add(2*time.Hour)) // the month is open
	e.Config.Reports.Publish = nil
	e.Config.Reports.TechnographicMinUsers = 1
	var rows []logRow
	for i := range 90 {
		row := pullBy(fmt.Sprint("user", i%7), "one.example", []string{"acme/app", "acme/db", "globex/web"}[i%3])
		row.at, row.agent, row.reference = row.at.Add(time.Duration(i)*time.Minute), dockerAgent, fmt.Sprint("v", i%20)
		rows = append(rows, row)
	}
	mustRun(t, e, inputFile(t, rows...))
	dir := "acme/" + weekDir
	plain := filesMatch(t, e, dir)
	before := tree(t, e.Dir, []string{"reports/acme"})
	content := map[string][][]string{}
	for _, report := range plain.Reports {
		content[report.Report], _ = csvOf(t, e, dir, report)
	}
	for _, options := range []ReportsConfig{
		{Gzip: true}, {CSVPartSize: 1000}, {CSVPartSize: 1000, Gzip: true}, {XLSX: true}, {CSVPartSize: 2000, XLSX: true}, {CSVPartSize: 1e6}, {},
	} {
		e.Config.Reports.Gzip, e.Config.Reports.CSVPartSize, e.Config.Reports.XLSX = options.Gzip, options.CSVPartSize, options.XLSX
		if published := mustRun(t, e).Last().Published; len(published) == 0 {
			t.Errorf("%+v: nothing is published anew", options)
		}
		manifest := filesMatch(t, e, dir)
		if manifest.Revision != 1 || len(manifest.Changes) != 0 || !manifest.Same(&plain) || (manifest.Workbook != nil) != options.XLSX {
			t.Errorf("%+v: revision %d, changes %+v, workbook %v", options, manifest.Revision, manifest.Changes, manifest.Workbook)
		}
		for _, report := range manifest.Reports {
			got, files := csvOf(t, e, dir, report)
			if !slices.EqualFunc(got, content[report.Report], slices.Equal[[]string]) {
				t.Errorf("%+v: %s has %d records in %d files, or others than the %d", options, report.Report, len(got), files, len(content[report.Report]))
			}
			split := options.CSVPartSize > 0 && options.CSVPartSize < 1e6
			if !split && files != 1 || split && report.Report == "raw" && files < 3 {
				t.Errorf("%+v: %s is in %d files", options, report.Report, files)
			}
		}
		if options.XLSX {
			sameWorkbook(t, e, dir, content)
		}
	}
	// The last options are the first again.
	if difference := treeDifference(tree(t, e.Dir, []string{"reports/acme"}), before); difference != "" {
		t.Errorf("there and back again:\n%s", difference)
	}
}

// sameWorkbook wants a sheet per report with the cells of its CSV file.
func sameWorkbook(t *testing.T, e *Engine, dir string, content map[string][][]string) {
	t.Helper()
	book, err := excelize.OpenFile(filepath.Join(e.Dir, "reports", dir, workbookFile))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if got := book.GetSheetList(); len(got) != len(content) {
		t.Errorf("sheets %q", got)
	}
	for name, records := range content {
		sheet, err := book.GetRows(name)
		if err != nil || len(sheet) != len(records) {
			t.Errorf("sheet %s has %d rows, want %d; %v", name, len(sheet), len(records), err)
			continue
		}
		for i, record := range records {
			cells := append(sheet[i], make([]string, len(record)-len(sheet[i]))...) // empty cells at the end are not told
			if !slices.Equal(cells, record) {
				t.Errorf("sheet %s, row %d: %q, want %q", name, i+1, cells, record)
			}
		}
		if len(records) > 1 {
			numbersAreNumbers(t, book, name, records)
		}
	}
}

// numbersAreNumbers wants counts and shares to be numbers of the sheet, and no cell a formula.
func numbersAreNumbers(t *testing.T, book *excelize.File, sheet string, records [][]string) {
	t.Helper()
	report, _ := reports.Find(sheet)
	for i, column := range report.Columns {
		cell, err := excelize.CoordinatesToCellName(i+1, 2)
		if err != nil {
			t.Fatal(err)
		}
		kind, err := book.GetCellType(sheet, cell)
		isNumber := kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset
		if err != nil || records[1][i] != "" && isNumber != (column.Type != "varchar") {
			t.Errorf("sheet %s, column %s (%s) is of the type %v; %v", sheet, column.Name, column.Type, kind, err)
		}
		if formula, err := book.GetCellFormula(sheet, cell); formula != "" || err != nil {
			t.Errorf("sheet %s, column %s: formula %q, %v", sheet, column.Name, formula, err)
		}
	}
}

// parquetTexts reads one column of a Parquet file.
func parquetTexts(t *testing.T, path, column string) []string {
	t.Helper()
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var texts []string
	err = eachText(ctx, db, "select cast("+duck.QuoteName(column)+" as varchar) from read_parquet("+duck.Quote(path)+")", func(row []*string) error {
		texts = append(texts, textOf(row[0]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// What the operator wrote may look like a formula: it gets an apostrophe where a spreadsheet would read it.
func TestFormulasInReports(t *testing.T) {
	t.Parallel()
	const formula = `=cmd|' /C calc'!A0`
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.XLSX = true
	e.Config.Publishers = []Publisher{{ID: "acme", Name: formula, Namespaces: []string{"acme"}}}
	e.Config.Reports.Files = []string{writeFile(t, filepath.Join(t.TempDir(), "own.sql"), []byte(
		`select publisher_id, '+' || namespace as plus, '@' || namespace as at_sign, -count(*) as minus from {{table "actions"}} group by all order by publisher_id`))}
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	dir := filepath.Join(e.Dir, "reports", "acme", weekDir)
	for _, guard := range []bool{true, false} {
		e.Config.Reports.CSVFormulaGuard = guard
		mustRun(t, e)
		before := map[bool]string{true: "'"}[guard]
		for report, columns := range map[string]map[string]string{
			"summary": {"PUBLISHER_NAME": formula}, "raw": {"owner": formula}, "own": {"plus": "+acme", "at_sign": "@acme"},
		} {
			row := reportRows(t, e, "acme/"+weekDir, report)[0]
			for column, text := range columns {
				if row[column] != before+text {
					t.Errorf("guard %v: %s of %s is %q in the CSV", guard, column, report, row[column])
				}
				if got := parquetTexts(t, filepath.Join(dir, report+".parquet"), strings.ToLower(column)); got[0] != text {
					t.Errorf("guard %v: %s of %s is %q in the Parquet file", guard, column, report, got)
				}
			}
		}
		if row := reportRows(t, e, "acme/"+weekDir, "own")[0]; row["minus"] != "-1" {
			t.Errorf("guard %v: a number is %q", guard, row["minus"])
		}
		book, err := excelize.OpenFile(filepath.Join(dir, workbookFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, sheet := range []string{"summary", "own"} {
			for column, want := range map[string]map[string]string{"summary": {"C2": before + formula}, "own": {"A2": before + "+acme", "B2": before + "@acme", "C2": "-1"}}[sheet] {
				value, err := book.GetCellValue(sheet, column)
				isFormula, err2 := book.GetCellFormula(sheet, column)
				if value != want || isFormula != "" || err != nil || err2 != nil {
					t.Errorf("guard %v: %s of sheet %s is %q, formula %q; %v, %v", guard, column, sheet, value, isFormula, err, err2)
				}
			}
		}
		book.Close()
	}
}

// What clients and users send cannot begin like a formula in any report: names that could are not taken for a tool, version or company.
func TestNoFormulaFromOutside(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.Publish = nil
	e.Config.Reports.CSVFormulaGuard = false
	var rows []logRow
	for i, agent := range []string{
		"=cmd|calc/1.0", "=1+1", "@SUM(A1)/1", "+tool/1", "-tool/1", "\ttool/1", "docker/=1", "docker/-1", "docker/+1", "docker/@1", "docker/1 os/=x arch/-y", "containerd/\t1",
		"tool/=1 (=os; =arch)", "(=1) docker/1", "Mozilla/5.0 (=X; -Y) =Z/1", "UpstreamClient(=x/1)", "docker/1 go/=1 UpstreamClient(Docker-Client/=1 \\(=darwin\\))",
	} {
		row := checkRow(monday.Add(time.Duration(i)*time.Minute), "acme/app")
		row.agent, row.user = agent, "=user"
		row.email = []string{"=x@=evil.example", "@-evil.example", "x@+evil.example", "x@@evil.example"}[i%4]
		rows = append(rows, row)
	}
	mustRun(t, e, inputFile(t, rows...))
	for _, report := range reports.All() {
		if report.Of == reports.Extensions {
			continue
		}
		for _, row := range reportRows(t, e, "acme/"+weekDir, report.Name) {
			for column, value := range row {
				if _, err := strconv.Atoi(value); err != nil && value != "" && strings.ContainsRune("=+-@\t\r\n", rune(value[0])) {
					t.Errorf("%s: %s is %q", report.Name, column, value)
				}
			}
		}
	}
	if rows := reportRows(t, e, "acme/"+weekDir, "raw"); len(rows) != 17 {
		t.Errorf("%d actions", len(rows))
	}
}
