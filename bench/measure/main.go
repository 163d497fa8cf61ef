// Command measure times whole runs of the engine on generated logs, beside the
// time that DuckDB alone needs to parse the same file.
//
//	go run ./bench/measure -rows 10000000 -runs 3
//
// Each round runs the parse and then a run into an empty data directory. It prints
// medians of the seconds and of the ratios to the parse (with and without the
// reports), the steps of the run, and the highest peak memory.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	rows := flag.Int("rows", 10_000_000, "requests to generate")
	runs := flag.Int("runs", 3, "rounds")
	dir := flag.String("dir", "", "where the log and the data go (default: a temporary directory)")
	flag.Parse()
	if err := measure(*rows, *runs, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func measure(rows, runs int, dir string) error {
	if dir == "" {
		temp, err := os.MkdirTemp("", "bench-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		dir = temp
	}
	engine, log := filepath.Join(dir, "engine"), filepath.Join(dir, fmt.Sprintf("requests-%d.csv", rows))
	if _, err := command("go", "build", "-o", engine, "./cmd/engine"); err != nil {
		return err
	}
	if _, err := os.Stat(log); err != nil {
		if _, err := command("go", "run", "./bench/gen", "-rows", fmt.Sprint(rows), "-out", log); err != nil {
			return err
		}
	}
	info, err := os.Stat(log)
	if err != nil {
		return err
	}
	fmt.Printf("%d requests, %.2f GB CSV, %d cores, %s\n", rows, float64(info.Size())/1e9, runtime.NumCPU(), runtime.Version())
	var parses, wholes, stored []float64
	steps := map[string][]float64{}
	var order []string
	var peak int64
	for range runs {
		parse, err := timeParse(engine, dir, log)
		if err != nil {
			return err
		}
		run, err := timeRun(engine, dir, log)
		if err != nil {
			return err
		}
		parses, wholes = append(parses, parse), append(wholes, run.seconds)
		withoutReports := run.seconds
		for _, step := range run.steps {
			if !slices.Contains(order, step.Step) {
				order = append(order, step.Step)
			}
			steps[step.Step] = append(steps[step.Step], step.Seconds)
			if step.Step == "report" {
				withoutReports -= step.Seconds
			}
		}
		stored = append(stored, withoutReports)
		peak = max(peak, run.peak)
	}
	fmt.Printf("%-28s %8.1f s\n", "DuckDB parses the file", median(parses))
	fmt.Printf("%-28s %8.1f s  %5.1f x parse\n", "run, until it is stored", median(stored), median(ratios(stored, parses)))
	fmt.Printf("%-28s %8.1f s  %5.1f x parse\n", "run, with all reports", median(wholes), median(ratios(wholes, parses)))
	for _, step := range order {
		fmt.Printf("  %-26s %8.1f s\n", step, median(steps[step]))
	}
	fmt.Printf("%-28s %8.2f GiB\n", "peak memory", float64(peak)/(1<<20))
	return nil
}

// timeParse lets DuckDB read every column of every row and keep nothing.
func timeParse(engine, dir, log string) (float64, error) {
	columns := []string{"timestamp", "client_ip", "method", "image", "reference", "digest", "status", "user_agent", "user_id", "bytes"}
	for i, column := range columns {
		columns[i] = fmt.Sprintf("count(%q)", column)
	}
	query := fmt.Sprintf("select %s from read_csv('%s', all_varchar = true, header = true)", strings.Join(columns, ", "), log)
	begun := time.Now()
	_, err := command(engine, "query", "--data", dir, query)
	return time.Since(begun).Seconds(), err
}

type timedRun struct {
	seconds float64
	peak    int64 // KiB
	steps   []step
}

type step struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
}

func timeRun(engine, dir, log string) (timedRun, error) {
	data := filepath.Join(dir, "data")
	if err := os.RemoveAll(data); err != nil {
		return timedRun{}, err
	}
	begun := time.Now()
	cmd := exec.Command(engine, "run", "--data", data, "--input", log, "--json")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return timedRun{}, fmt.Errorf("run the engine: %w", err)
	}
	run := timedRun{seconds: time.Since(begun).Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		run.peak = usage.Maxrss
	}
	var manifest struct {
		Timings []step `json:"timings"`
	}
	if err := json.Unmarshal(out, &manifest); err != nil {
		return timedRun{}, fmt.Errorf("read the manifest: %w", err)
	}
	run.steps = manifest.Timings
	return run, nil
}

func command(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return out, nil
}

func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
