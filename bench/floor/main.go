// Command floor times what DuckDB alone needs for one step of a run, which the engine cannot be faster than by much.
//
//	floor [-to FILE] STEP FILE...
//
// It prints the seconds of the step's statement, without the start of the process. `floor version` prints DuckDB's version.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
)

// step is what is timed. {{files}} stands for the list of files, {{to}} for the file to write.
type step struct {
	prepare string // not timed
	timed   string
}

// steps are all that are known.
var steps = map[string]step{
	// Every column of every row is read, and nothing is kept.
	"csv": {timed: "select " + each("count(%s)", csvColumns...) + " from read_csv({{files}}, header = true, all_varchar = true)"},
	"nginx-json": {timed: "select " + each("count(%s)", nginxColumns...) +
		" from read_json({{files}}, format = 'newline_delimited', columns = {" + each("%s: 'varchar'", nginxColumns...) + "})"},
	// count() would be answered from the file's statistics.
	"parquet": {timed: `select sum(epoch_us("timestamp")), sum(status), sum(bytes), ` + each("sum(strlen(%s))", parquetTexts...) + " from read_parquet({{files}})"},

	// Rows of seven integers in the order of a log, by four of them, as a classification sorts them.
	"sort": {
		prepare: `create temp table narrow as
			select hash(namespace, repository) as image, ip_key, epoch_us(requested_at) as requested_us, line,
				client_key, hash(tag) as tag, hash(digest) as digest
			from read_parquet({{files}}) order by requested_at, line`,
		timed: "create temp table sorted as select * from narrow order by image, ip_key, requested_us, line",
	},

	// The lake's rows, read back and written as one file.
	"write": {timed: "copy (select * from read_parquet({{files}})) to {{to}} (format parquet, compression zstd)"},

	// The rows of a report as CSV.
	"copy": {timed: "copy (select * from read_parquet({{files}})) to {{to}} (format csv, header true)"},
}

var (
	csvColumns   = []string{"timestamp", "client_ip", "method", "image", "reference", "digest", "status", "user_agent", "user_id", "bytes"}
	nginxColumns = []string{"time", "request_id", "remote_addr", "http_x_forwarded_for", "method", "request_uri", "status", "bytes_sent",
		"user_agent", "remote_user", "docker_content_digest", "request_time"}
	parquetTexts = []string{"client_ip", "method", "image", "reference", "digest", "user_agent", "user_id"}
)

// each is a list of the same expression over columns.
func each(expression string, columns ...string) string {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = fmt.Sprintf(expression, duck.QuoteName(column))
	}
	return strings.Join(list, ", ")
}

func main() {
	to := flag.String("to", "", "`FILE` that write and copy write")
	flag.Parse()
	if err := run(context.Background(), *to, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, to string, args []string) error {
	if slices.Equal(args, []string{"version"}) {
		version, err := duck.Version(ctx)
		fmt.Println(version)
		return err
	}
	if len(args) < 2 {
		return fmt.Errorf("a step and its files are expected")
	}
	chosen, ok := steps[args[0]]
	if !ok {
		return fmt.Errorf("there is no step %q", args[0])
	}
	seconds, err := chosen.time(ctx, to, args[1:])
	if err != nil {
		return err
	}
	fmt.Printf("%.4f\n", seconds)
	return nil
}

// time runs the step with the memory that the engine has by default.
func (s step) time(ctx context.Context, to string, files []string) (float64, error) {
	spill, err := os.MkdirTemp("", "floor-*")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(spill)
	db, err := duck.Open(ctx, duck.Options{MemoryLimit: "4GiB", TempDir: spill})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	fill := strings.NewReplacer("{{files}}", duck.QuoteList(duck.Paths(files)), "{{to}}", duck.Quote(to))
	if s.prepare != "" {
		if err := db.Exec(ctx, fill.Replace(s.prepare)); err != nil {
			return 0, err
		}
	}
	begun := time.Now()
	err = db.Exec(ctx, fill.Replace(s.timed))
	return time.Since(begun).Seconds(), err
}
