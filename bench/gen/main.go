// Command gen writes a large registry log for benchmarks: the canonical CSV columns, in time order, from a seed.
//
// Clients and repositories are drawn by Zipf-like popularity. A client's session is one of a few request patterns
// (sessions.go); the requests of overlapping sessions are merged by time (merge.go) and appended to a buffer without
// formatting verbs (rows.go), so that ten million rows take seconds.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// options say what to write.
type options struct {
	rows         int
	days         int
	start        time.Time
	clients      int
	repositories int
	requestIDs   bool
	seed         uint64
}

func main() {
	var o options
	var out, start string
	flag.StringVar(&out, "out", "-", "file to write, - for standard output")
	flag.StringVar(&start, "start", "2026-09-14", "first day, UTC")
	flag.IntVar(&o.rows, "rows", 1_000_000, "requests")
	flag.IntVar(&o.days, "days", 7, "days that the requests spread over")
	flag.IntVar(&o.clients, "clients", 238_000, "client addresses")
	flag.IntVar(&o.repositories, "repositories", 400, "repositories")
	flag.BoolVar(&o.requestIDs, "request-ids", false, "add a request_id column")
	flag.Uint64Var(&o.seed, "seed", 38, "seed of the generator")
	flag.Parse()
	if err := run(o, start, out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes the log into a file or to standard output.
func run(o options, start, out string) (err error) {
	if o.start, err = time.Parse(time.DateOnly, start); err != nil {
		return fmt.Errorf("parse start: %w", err)
	}
	if o.rows < 0 || o.days < 1 || o.clients < 1 || o.repositories < 1 {
		return fmt.Errorf("rows must not be negative; days, clients and repositories must be positive")
	}
	if out == "-" {
		return generate(o, os.Stdout)
	}
	file, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("create output: %w", err)
	}
	defer func() {
		if closing := file.Close(); err == nil && closing != nil {
			err = fmt.Errorf("close output: %w", closing)
		}
	}()
	return generate(o, file)
}

// generate writes the header and all rows.
func generate(o options, to io.Writer) error {
	buffered := bufio.NewWriterSize(to, 1<<20)
	rows := newRowWriter(buffered, o)
	if err := rows.writeHeader(); err != nil {
		return fmt.Errorf("write header: %w", err)
	}
	merge := newMerge(o)
	for range o.rows {
		if err := rows.write(merge.next()); err != nil {
			return fmt.Errorf("write row: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("flush output: %w", err)
	}
	return nil
}
