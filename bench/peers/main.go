// Command peers times what a user would pick instead of pullscope, side by side with it: ClickHouse, plain DuckDB, Polars
// and pandas on the same CSV log for the same actions, and GoAccess on the same requests as a combined log.
//
//	go run ./bench/peers -rows 10000000 -rounds 5
//
// All must count the same requests and actions, first on a small log of edge cases, then on the log that is timed. Each round
// runs every program in turn, as a whole process. It prints a table of medians and writes it into the results file.
// README.md says what is compared and what is not; `make bench-peers` installs what it needs.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// options say what to run.
type options struct {
	rows         int
	combinedRows int
	rounds       int
	log          string // CSV; generated when empty
	dir          string
	python       string
	tools        []string
	results      string
}

func main() {
	var o options
	var tools string
	flag.IntVar(&o.rows, "rows", 1_000_000, "requests to generate")
	flag.IntVar(&o.combinedRows, "combined-rows", 1_000_000, "at most so many of them as a combined log for GoAccess")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each program runs")
	flag.StringVar(&o.log, "log", "", "a generated CSV log that is there already, in place of -rows")
	flag.StringVar(&o.dir, "dir", "", "where logs and data go (default: a temporary directory)")
	flag.StringVar(&o.python, "python", ".cache/peers/bin/python", "a Python with the packages of bench/peers/requirements.txt")
	flag.StringVar(&tools, "tools", "clickhouse,duckdb,polars,pandas,goaccess", "which peers run")
	flag.StringVar(&o.results, "results", "bench/RESULTS.md", "the file whose section of peers is replaced; empty: only print")
	flag.Parse()
	o.tools = strings.Split(tools, ",")
	if err := compare(o); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// compare checks and times all programs.
func compare(o options) error {
	if o.rows < 1 || o.combinedRows < 1 || o.rounds < 1 {
		return fmt.Errorf("-rows, -combined-rows and -rounds must be positive")
	}
	peers, withGoAccess, err := peersOf(o.tools, o.python)
	if err != nil {
		return err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "bench-*"); err != nil {
			return fmt.Errorf("make a temporary directory: %w", err)
		}
		defer os.RemoveAll(o.dir)
	}
	log, err := findLog(o)
	if err != nil {
		return err
	}
	ours, err := buildEngine(o.dir)
	if err != nil {
		return err
	}
	defer ours.clean()

	section := heading(o.rounds)
	if len(peers) > 0 {
		if err := checkEdges(filepath.Join(o.dir, "edges.csv"), ours, peers); err != nil {
			return err
		}
		actions, err := timeActions(log, ours, peers, o.rounds)
		if err != nil {
			return err
		}
		section += actions
	}
	if withGoAccess {
		lines, err := timeLines(log, ours, o)
		if err != nil {
			return err
		}
		section += lines
	}
	fmt.Print(section)
	if o.results == "" {
		return nil
	}
	return writeSection(o.results, section)
}

// findLog generates the log, unless one is given or left from a run before.
func findLog(o options) (string, error) {
	log := o.log
	if log == "" {
		log = filepath.Join(o.dir, fmt.Sprintf("requests-%d.csv", o.rows))
	}
	if _, err := os.Stat(log); err == nil {
		return log, nil
	} else if o.log != "" {
		return "", fmt.Errorf("find the log of -log: %w", err)
	}
	_, _, err := run("go", "run", "./bench/gen", "-rows", fmt.Sprint(o.rows), "-out", log)
	return log, err
}
