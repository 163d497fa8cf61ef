// Command query times ad hoc queries as whole processes, from start to end.
//
//	go run ./bench/query -data demo-data -runs 21
//
// It prints the median, the fastest and the slowest of each query, in milliseconds.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

var queries = []struct{ name, sql string }{
	{"first row", "select * from actions limit 1"},
	{"count per day", "select day, count(*) as requests from requests group by day order by day"},
	{"actions by repository", "select namespace, repository, action, count(*) as actions from actions group by all order by actions desc limit 10"},
	{"unique clients per day", "select day, count(distinct client_key) as clients from actions group by day order by day"},
	{"one report", "select count(*) from report_trends('2026-09')"},
}

func main() {
	data := flag.String("data", "demo-data", "the data directory")
	runs := flag.Int("runs", 21, "how often each query runs")
	flag.Parse()
	if err := measure(*data, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "query:", err)
		os.Exit(1)
	}
}

func measure(data string, runs int) error {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	engine := filepath.Join(dir, "engine")
	if out, err := exec.Command("go", "build", "-o", engine, "./cmd/engine").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for _, query := range queries {
		var times []time.Duration
		for range runs {
			begun := time.Now()
			if out, err := exec.Command(engine, "query", "--data", data, "--format", "csv", query.sql).CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w\n%s", query.name, err, out)
			}
			times = append(times, time.Since(begun))
		}
		slices.Sort(times)
		fmt.Printf("%-24s %6d ms (%d to %d)\n", query.name, times[runs/2].Milliseconds(), times[0].Milliseconds(), times[runs-1].Milliseconds())
	}
	return nil
}
