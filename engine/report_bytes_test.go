package engine

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A publisher's files have the same rows in the same bytes, whoever's rows lie before them
// and on however many threads.
func TestReportsHaveTheSameBytes(t *testing.T) {
	t.Parallel()
	// 2000 rows each: of every publisher but the first, few are at the end of a vector of
	// 2048 and the rest in the next one.
	log := func(publishers ...int) string {
		var rows []logRow
		for i := range 2000 {
			for _, publisher := range publishers {
				rows = append(rows, logRow{
					at: monday.Add(time.Duration(i) * 20 * time.Second), client: fmt.Sprintf("192.0.2.%d", i%7), method: "GET",
					image: fmt.Sprintf("org%d/app%d", publisher, i%3), reference: fmt.Sprint("v", i%11), agent: dockerAgent,
				})
			}
		}
		return inputFile(t, rows...)
	}
	publish := func(threads int, publishers ...int) *Engine {
		e := newEngine(t.TempDir(), weekEnd.Add(2*time.Hour))
		writeFile(t, filepath.Join(e.Dir, "key"), []byte(testKey+"\n"))
		e.Config.Reports.Publish, e.Config.Threads = nil, threads
		mustRun(t, e, log(publishers...))
		return e
	}
	files := func(e *Engine, dirs ...string) map[string]string {
		return tree(t, filepath.Join(e.Dir, "reports"), dirs, "manifest.json")
	}
	all := publish(1, 0, 1, 2, 3, 4)
	everything := []string{"org0", "org1", "org2", "org3", "org4"}
	if difference := treeDifference(files(publish(4, 0, 1, 2, 3, 4), everything...), files(all, everything...)); difference != "" {
		t.Errorf("on four threads:\n%s", difference)
	}
	// Client kinds and images are numbered otherwise there.
	if difference := treeDifference(files(publish(2, 3), "org3"), files(all, "org3")); difference != "" {
		t.Errorf("alone:\n%s", difference)
	}
	for _, publisher := range everything {
		dir := filepath.Join(all.Dir, "reports", publisher, weekDir)
		records, err := csv.NewReader(strings.NewReader(string(mustRead(t, filepath.Join(dir, "raw.csv"))))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for column, name := range []string{"timestamp", "namespace", "repository", "reference"} {
			stored := parquetTexts(t, filepath.Join(dir, "raw.parquet"), name)
			for i, value := range stored {
				if records[i+1][column] != value {
					t.Fatalf("%s, %s: row %d of raw.parquet has %s, that of raw.csv %s", publisher, name, i, value, records[i+1][column])
				}
			}
			if len(stored) != len(records)-1 || len(stored) != 2000 {
				t.Errorf("%s: %d rows in raw.parquet, %d in raw.csv, want 2000", publisher, len(stored), len(records)-1)
			}
		}
	}
}
