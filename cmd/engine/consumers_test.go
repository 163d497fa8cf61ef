package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/pullscope/pullscope/reports"
)

// publishedReport is one report as the engine published it.
type publishedReport struct {
	reports.Report
	dir  string // with its files
	id   string // of directory and report, for messages and file names
	rows int64  // by the manifest
}

func (r publishedReport) csv() string     { return filepath.Join(r.dir, r.Name+".csv") }
func (r publishedReport) parquet() string { return filepath.Join(r.dir, r.Name+".parquet") }

// allPublished lists every report of the week that was counted by hand.
func allPublished(t *testing.T, data string) (all []publishedReport, dirs []string) {
	t.Helper()
	for _, publisher := range []string{"acme", "globex"} {
		dir := filepath.Join(data, "reports", publisher, "weekly", "2026-09-14")
		manifest, err := reports.ReadManifest(dir)
		if err != nil || manifest == nil {
			t.Fatalf("manifest in %s: %v", dir, err)
		}
		dirs = append(dirs, dir)
		for _, published := range manifest.Reports {
			report, ok := reports.Find(published.Report)
			if !ok {
				t.Fatalf("report %s is not in the registry", published.Report)
			}
			all = append(all, publishedReport{report, dir, publisher + "-" + report.Name, published.Rows})
		}
	}
	if want := 2 * len(reports.All()); len(all) != want {
		t.Fatalf("%d reports, want %d", len(all), want)
	}
	return all, dirs
}

// TestConsumers opens the published files with the programs that people open them with.
func TestConsumers(t *testing.T) {
	data, _ := reportsData(t, "xlsx = true")
	all, dirs := allPublished(t, data)
	t.Run("DuckDB", func(t *testing.T) { readByDuckDB(t, all) })
	t.Run("parquet-go", func(t *testing.T) { readByParquetGo(t, all) })
	t.Run("LibreOffice", func(t *testing.T) { readByLibreOffice(t, all, dirs) })
}

func readByDuckDB(t *testing.T, all []publishedReport) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, report := range all {
		for path, from := range map[string]string{
			report.csv():     fmt.Sprintf("read_csv('%s', all_varchar = true, header = true)", report.csv()),
			report.parquet(): fmt.Sprintf("read_parquet('%s')", report.parquet()),
		} {
			var rows int64
			if err := db.QueryRow("select count(*) from " + from).Scan(&rows); err != nil || rows != report.rows {
				t.Errorf("%s has %d rows, want %d; %v", path, rows, report.rows, err)
			}
		}
		// Row by row the two hold the same texts: a key without a value is empty in the CSV.
		var columns []string
		for _, column := range report.Columns {
			columns = append(columns, fmt.Sprintf("coalesce(cast(%s as varchar), '')", column.SQLName()))
		}
		texts := strings.Join(columns, ", ")
		var differ int64
		query := fmt.Sprintf("select count(*) from (select %[1]s from read_csv('%[2]s', all_varchar = true, header = true) except all select %[1]s from read_parquet('%[3]s'))", texts, report.csv(), report.parquet())
		if err := db.QueryRow(query).Scan(&differ); err != nil || differ != 0 {
			t.Errorf("%s: %d rows of the CSV are not in the Parquet file; %v", report.id, differ, err)
		}
	}
}

// readByParquetGo reads every value with a reader that shares no code with the writer.
func readByParquetGo(t *testing.T, all []publishedReport) {
	for _, report := range all {
		file, err := os.Open(report.parquet())
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		opened, err := parquet.OpenFile(file, info.Size())
		if err != nil {
			t.Errorf("%s: %v", report.parquet(), err)
			continue
		}
		var names, want []string
		for _, field := range opened.Root().Columns() {
			names = append(names, field.Name())
		}
		for _, column := range slices.Concat(report.Columns, report.More) {
			want = append(want, strings.ToLower(column.Name))
		}
		if !slices.Equal(names, want) || opened.NumRows() != report.rows {
			t.Errorf("%s has %d rows of %q, want %d of %q", report.parquet(), opened.NumRows(), names, report.rows, want)
		}
		if rows := countParquetRows(t, opened, len(want)); rows != report.rows {
			t.Errorf("%s: %d rows were read, want %d", report.parquet(), rows, report.rows)
		}
	}
}

// countParquetRows reads all rows to the end.
func countParquetRows(t *testing.T, file *parquet.File, columns int) (count int64) {
	t.Helper()
	buffer := make([]parquet.Row, 10)
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				if len(row) != columns {
					t.Errorf("a row has %d values, want %d", len(row), columns)
				}
			}
			count += int64(n)
			if err != nil || n == 0 {
				break // the count tells whether that was the end
			}
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	return count
}

// csvFilter is comma, double quote, UTF-8, from line 1; the rest of the fields may follow.
const csvFilter = "Text - txt - csv (StarCalc):44,34,76,1,"

// readByLibreOffice lets LibreOffice open the CSV files and workbooks and write them as CSV again.
func readByLibreOffice(t *testing.T, all []publishedReport, dirs []string) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice is not installed (no command soffice): nothing opens the CSV files and workbooks as a spreadsheet; Debian's package is libreoffice-calc-nogui")
	}
	from, fromCSV, fromXLSX := t.TempDir(), t.TempDir(), t.TempDir()
	var csvs, books []string
	for _, report := range all { // one start for all, so names must differ
		csvs = append(csvs, copyOf(t, report.csv(), filepath.Join(from, report.id+".csv")))
	}
	for _, dir := range dirs {
		publisher := filepath.Base(filepath.Dir(filepath.Dir(dir)))
		books = append(books, copyOf(t, filepath.Join(dir, "reports.xlsx"), filepath.Join(from, publisher+".xlsx")))
	}
	convert(t, soffice, fromCSV, append([]string{"--infilter=" + csvFilter}, csvs...), csvFilter)
	convert(t, soffice, fromXLSX, books, csvFilter+",0,false,true,false,false,false,-1") // -1: one file per sheet
	for _, report := range all {
		want := shapeOf(t, report.csv())
		for what, dir := range map[string]string{"the CSV file": fromCSV, "the workbook": fromXLSX} { // a sheet becomes <workbook>-<sheet>.csv
			if got := shapeOf(t, filepath.Join(dir, report.id+".csv")); got != want {
				t.Errorf("%s in %s: LibreOffice reads %s, want %s", report.id, what, got, want)
			}
		}
	}
}

// shapeOf is how many rows and columns a CSV file has.
func shapeOf(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll() // every record has as many columns as the first
	if err != nil || len(records) == 0 {
		t.Fatalf("%s: %d rows, %v", path, len(records), err)
	}
	return fmt.Sprintf("%d rows of %d columns", len(records), len(records[0]))
}

func copyOf(t *testing.T, from, to string) string {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

// convert lets LibreOffice write files as CSV into a directory. It has a profile of
// its own, so that one that is open does not matter.
func convert(t *testing.T, soffice, to string, files []string, filter string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, soffice, append([]string{
		"-env:UserInstallation=file://" + filepath.ToSlash(t.TempDir()), "--headless", "--norestore", "--convert-to", "csv:" + filter, "--outdir", to,
	}, files...)...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("LibreOffice: %v\n%s", err, output)
	}
}
