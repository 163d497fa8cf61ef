package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// TestExportConsumers opens what engine export writes with other programs than the one that wrote it.
func TestExportConsumers(t *testing.T) {
	data, config := demoData(t)
	dir := t.TempDir()
	database, folder := filepath.Join(dir, "pulls.duckdb"), filepath.Join(dir, "for-acme")
	mustEngine(t, "export", "duckdb", database, "--data", data, "--config", config)
	mustEngine(t, "export", "parquet", folder, "--publisher", "acme", "--data", data, "--config", config)
	t.Run("parquet-go", func(t *testing.T) { readExportByParquetGo(t, folder) })
	t.Run("Python", func(t *testing.T) { readExportByPython(t, dir) })
	t.Run("LibreOffice", func(t *testing.T) { readExportByLibreOffice(t, folder) })
}

// exportedAction is what a Go program makes of a row of actions.parquet; the other columns are left.
type exportedAction struct {
	RequestedAt time.Time `parquet:"requested_at,timestamp(microsecond)"`
	Namespace   string    `parquet:"namespace"`
	Tag         *string   `parquet:"tag,optional"`
	Action      string    `parquet:"action"`
	ClientNo    int64     `parquet:"client_no"`
	UserNo      *int64    `parquet:"user_no,optional"`
}

// readExportByParquetGo counts what fixtures/demo/truth.json tells of acme: 1597 actions, 687 of them version checks.
func readExportByParquetGo(t *testing.T, folder string) {
	rows, err := parquet.ReadFile[exportedAction](filepath.Join(folder, "actions.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	checks, clients, users := 0, map[int64]bool{}, map[int64]bool{}
	for i, row := range rows {
		if row.Namespace != "acme" && row.Namespace != "acme-labs" {
			t.Fatalf("row %d is of %s", i, row.Namespace)
		}
		if i > 0 && row.RequestedAt.Before(rows[i-1].RequestedAt) {
			t.Fatalf("row %d is not in order", i)
		}
		if row.Action == "version_check" {
			checks++
		}
		clients[row.ClientNo] = true
		if row.UserNo != nil {
			users[*row.UserNo] = true
		}
	}
	// By first appearance: no number is left out among the clients.
	for n := range int64(len(clients)) {
		if !clients[n+1] {
			t.Errorf("there is no client %d of %d", n+1, len(clients))
		}
	}
	if len(rows) != 1597 || checks != 687 || len(users) == 0 {
		t.Errorf("%d rows with %d checks by %d users, want 1597 and 687", len(rows), checks, len(users))
	}
}

// readExportByPython runs the README's Python on the database.
func readExportByPython(t *testing.T, dir string) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import duckdb").Run() != nil {
		t.Skip("DuckDB for Python is not installed: nothing opens the database from another language; pip install duckdb")
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := codeBlocks(string(text), "python")
	if len(blocks) != 1 {
		t.Fatalf("%d Python blocks in the README, want 1", len(blocks))
	}
	// As the README has it, and every table to its end.
	script := blocks[0] + `
for table, in db.execute("select table_name from duckdb_tables() order by all").fetchall():
    print(table, len(db.execute("from " + table).fetchall()))
`
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, python, "-c", script)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"downloads", "│ acme         │ acme      │ api", "actions 3291\n", "extension_events 301\n", "report_trends "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// readExportByLibreOffice opens the reports in a publisher's folder as spreadsheets.
func readExportByLibreOffice(t *testing.T, folder string) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice is not installed (no command soffice): nothing opens the CSV files of an export as a spreadsheet; Debian's package is libreoffice-calc-nogui")
	}
	files, err := filepath.Glob(filepath.Join(folder, "reports", "weekly", "2026-09-14", "*.csv"))
	if err != nil || len(files) < 16 {
		t.Fatalf("%d CSV files, %v", len(files), err)
	}
	to := t.TempDir()
	convert(t, soffice, to, append([]string{"--infilter=" + csvFilter}, files...), csvFilter)
	for _, file := range files {
		if got, want := shapeOf(t, filepath.Join(to, filepath.Base(file))), shapeOf(t, file); got != want {
			t.Errorf("%s: LibreOffice reads %s, want %s", filepath.Base(file), got, want)
		}
	}
}
