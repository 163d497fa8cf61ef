// Command measure times the engine on generated logs, beside what DuckDB alone needs for the same file.
//
//	go run ./bench/measure -rows 1000000 -rounds 3 -only reports,day
//	go run ./bench/measure -results bench/RESULTS.md                (make bench)
//	go run ./bench/measure -rows 1000000 -rounds 3 -smoke bench/smoke.json    (make bench-smoke)
//
// What is measured, and its limit, is one table in figures.go. All of it is measured in turn in every round (round.go), so
// that a machine that is busy for a while slows both sides of a ratio; the medians over the rounds count. The engine,
// the generator (bench/gen) and the floors (bench/floor) run as processes of their own, from which the peak memory comes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// options are the flags.
type options struct {
	rows, rounds int
	only         string
	dir          string
	results      string
	json         string
	smoke        string
	record       bool
}

func main() {
	var o options
	flag.IntVar(&o.rows, "rows", 10_000_000, "requests of the log: over a week, or over 30 daily files beyond 20 million")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds")
	flag.StringVar(&o.only, "only", "", "comma-separated `NAMES` of what is measured beside csv: nginx-json, parquet, reports, raw, floors, day, worst; default: all")
	flag.StringVar(&o.dir, "dir", "", "`FOLDER` for logs and data, which keeps the logs for the next time; remove it when the generator changes; default: a temporary one")
	flag.StringVar(&o.results, "results", "", "write the tables into this Markdown `FILE`, between the marks of this number of rows")
	flag.StringVar(&o.json, "json", "", "write all figures as JSON into this `FILE`")
	flag.StringVar(&o.smoke, "smoke", "", "compare with the figures recorded in this `FILE`, and fail where they are much worse")
	flag.BoolVar(&o.record, "record", false, "record the figures in the file of -smoke instead")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.rows < 1000 || o.rounds < 1 {
		return fmt.Errorf("at least 1000 rows and one round are needed")
	}
	if o.record && o.smoke == "" {
		return fmt.Errorf("-record needs the file to write; name it with -smoke")
	}
	chosen, unknown := chooseGroups(groups(o.rows), splitNames(o.only))
	if unknown != "" {
		return fmt.Errorf("-only %s is unknown; see -help for the names", unknown)
	}
	result, err := measure(o, chosen)
	if err != nil {
		return err
	}
	printResult(os.Stdout, result)
	if o.json != "" {
		if err := writeJSON(o.json, result); err != nil {
			return err
		}
	}
	if o.results != "" {
		if err := result.writeInto(o.results); err != nil {
			return err
		}
	}
	switch {
	case o.record:
		return writeJSON(o.smoke, result.baseline(chosen))
	case o.smoke != "":
		return guard(os.Stdout, o.smoke, result.baseline(chosen))
	}
	return nil
}

func splitNames(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// measure builds the programs and runs all rounds.
func measure(o options, chosen []group) (*result, error) {
	dir := o.dir
	if dir == "" {
		temporary, err := os.MkdirTemp("", "bench-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p, err := build(dir)
	if err != nil {
		return nil, err
	}
	result := &result{Rows: o.rows, Rounds: o.rounds, Machine: thisMachine()}
	if result.Versions, err = p.versions(); err != nil {
		return nil, err
	}
	logs := newLogs(p, o.rows)
	var samples []sample
	for n := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", n+1, o.rounds)
		r := &round{programs: p, logs: logs, sample: newSample()}
		if err := r.do(chosen); err != nil {
			return nil, err
		}
		samples = append(samples, r.sample)
	}
	result.fill(chosen, samples)
	return result, nil
}
