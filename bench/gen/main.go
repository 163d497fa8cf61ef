// Command gen writes a large registry log for benchmarks, in time order, from a seed: the same options give the same bytes.
//
//	go run ./bench/gen -rows 10000000 -out requests.csv
//	go run ./bench/gen -rows 1000000 -format nginx-json -mix captured -pollers 10 -nat 10 -ties 5 -noise 60 -out access.json.log
//	go run ./bench/gen -rows 100000000 -days 30 -split-days -out logs -config engine.toml
//
// Clients and repositories are drawn by Zipf-like popularity (population.go, tools.go). A client's session is one of a few
// request patterns (sessions.go); pollers ask again and again, and clients behind one address come at once (shapes.go). The
// requests of overlapping sessions are merged by time (merge.go) and written without formatting verbs (files.go, csv.go,
// nginx.go, parquet.go), so that ten million rows take seconds.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
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
	format       string // one of formats
	mix          string // one of mixes
	pollers      int    // percent of the requests
	nat          int    // percent of the requests
	ties         int    // percent of the sessions
	noise        int    // ignored lines per 100 requests
	worst        string // one of worstCases
}

// The choices; the first is the default.
var (
	formats    = []string{"csv", "nginx-json", "combined", "parquet"}
	mixes      = []string{"plain", "captured"}
	worstCases = []string{"", worstAddress, worstRepository, worstPoller}
)

func main() {
	var o options
	var out, start, config string
	var splitDays bool
	flag.StringVar(&out, "out", "-", "`FILE` to write, - for standard output")
	flag.BoolVar(&splitDays, "split-days", false, "write a file per day, such as 2026-09-14.csv, into the folder -out")
	flag.StringVar(&config, "config", "", "also write an engine.toml with the publishers that own the namespaces into this `FILE`")
	flag.StringVar(&start, "start", "2026-09-14", "first `DAY`, UTC")
	flag.StringVar(&o.format, "format", formats[0], "`FORMAT` of the log: "+strings.Join(formats, ", "))
	flag.IntVar(&o.rows, "rows", 1_000_000, "requests")
	flag.IntVar(&o.days, "days", 7, "days that the requests spread over")
	flag.IntVar(&o.clients, "clients", 238_000, "client addresses")
	flag.IntVar(&o.repositories, "repositories", 400, "repositories")
	flag.BoolVar(&o.requestIDs, "request-ids", false, "add a request_id column (nginx-json has one always)")
	flag.Uint64Var(&o.seed, "seed", 38, "seed of the generator")
	flag.StringVar(&o.mix, "mix", mixes[0], "`MIX` of clients: plain, or captured, after logs of real tools")
	flag.IntVar(&o.pollers, "pollers", 0, "`PERCENT` of the requests that ask for one tag at a fixed interval, all the time")
	flag.IntVar(&o.nat, "nat", 0, "`PERCENT` of the requests that come from shared addresses, several clients at once")
	flag.IntVar(&o.ties, "ties", 0, "`PERCENT` of the sessions whose requests all have one stamp")
	flag.IntVar(&o.noise, "noise", 0, "ignored `LINES` per 100 requests, such as blobs and refused tries; nginx-json and combined only")
	flag.StringVar(&o.worst, "worst", "", "a worst `CASE`: address (half of all requests from one), repository (one has all requests), poller (every second, without a gap)")
	flag.Parse()
	if err := run(o, start, out, config, splitDays); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes what the flags ask for.
func run(o options, start, out, config string, splitDays bool) (err error) {
	if o.start, err = time.Parse(time.DateOnly, start); err != nil {
		return fmt.Errorf("parse start: %w", err)
	}
	if err := o.check(); err != nil {
		return err
	}
	if config != "" {
		if err := os.WriteFile(config, publishersConfig(o.repositories), 0o644); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	if !splitDays {
		return generate(o, func(int64) string { return out })
	}
	if out == "-" {
		return fmt.Errorf("-split-days needs a folder; name it with -out")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	return generate(o, o.dayFiles(out))
}

// check reports options that make no log.
func (o *options) check() error {
	percent := func(n int) bool { return n >= 0 && n <= 100 }
	switch {
	case o.rows < 0 || o.days < 1 || o.clients < 1 || o.repositories < 1:
		return fmt.Errorf("rows must not be negative; days, clients and repositories must be positive")
	case !slices.Contains(formats, o.format):
		return fmt.Errorf("format %q is none of %s", o.format, strings.Join(formats, ", "))
	case !slices.Contains(mixes, o.mix):
		return fmt.Errorf("mix %q is none of %s", o.mix, strings.Join(mixes, ", "))
	case !slices.Contains(worstCases, o.worst):
		return fmt.Errorf("worst case %q is none of %s", o.worst, strings.Join(worstCases[1:], ", "))
	case !percent(o.pollers) || !percent(o.nat) || !percent(o.ties) || o.pollers+o.nat > 90:
		return fmt.Errorf("pollers, nat and ties are percentages, and pollers and nat together at most 90")
	case o.noise < 0 || o.noise > 0 && o.format != "nginx-json" && o.format != "combined":
		return fmt.Errorf("noise must not be negative, and only nginx-json and combined logs have it")
	}
	return nil
}

// generate writes all rows, each into the file that fileOf names for its time.
func generate(o options, fileOf func(at int64) string) error {
	files := newFiles(o, fileOf)
	merge := newMerge(o)
	for range o.rows {
		if err := files.write(merge.next()); err != nil {
			files.close()
			return fmt.Errorf("write row: %w", err)
		}
	}
	if err := files.finish(); err != nil {
		return fmt.Errorf("end output: %w", err)
	}
	return nil
}
