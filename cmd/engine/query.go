package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/pullscope/pullscope/engine"
)

const queryUsage = `Runs one read-only query; it may run during a run, and sees one state of the data for
its whole length. The SQL is an argument, a file (-f) or what comes on standard input;
on a terminal without SQL there is a prompt.

  requests          one row per accepted request
  actions           one row per version check or pull
  extension_events  one row per extension event
  rejects           lines that could not be read: run, file, line, reason, raw
  runs              what each run read: run, file, lines, accepted, rejected, …
  periods           which periods are published, and in which revision
  report_NAME(P)    any report for a week, month or day P, such as report_trends('2026-W39')

engine query "describe actions" lists the columns.

A table shows 1,000 rows unless --limit says otherwise; all other formats have all of
them. csv and tsv hold the data as it is: unlike published reports, values that a
spreadsheet would run as a formula are not marked. In csv NULL is an empty field, in tsv
it is \N.

A value of --param takes the place of $name: a number, true, false, a day (2026-09-25) or
a time where it looks like one, else a text; '2026' in quotes is a text, too.`

func queryCommand() *cli.Command {
	return &cli.Command{
		Name: "query", Usage: "run SQL over the stored data",
		UsageText:   "engine query [options] SQL\nengine query [options] -f FILE.sql\nengine query [options] --saved NAME\nengine query [options]",
		Description: queryUsage, HideHelpCommand: true,
		Flags: append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "read the SQL from this `FILE`; - is standard input"},
			&cli.StringSliceFlag{Name: "param", Usage: "`NAME=VALUE` of a parameter, which the SQL names as $name; repeatable"},
			&cli.StringFlag{Name: "format", Usage: "`FORM` of the result: " + orList(queryFormats) + "; default: what the name of -o ends in, else table"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to this `FILE`, whole or not at all"},
			&cli.Int64Flag{Name: "limit", Usage: "at most so many `ROWS`; 0: all; default: 1000 in a table, else all"},
			&cli.DurationFlag{Name: "timeout", Usage: "end a query that takes longer than this `TIME`, such as 30s; 0: never"},
			&cli.StringSliceFlag{Name: "allow-path", Usage: "a `FILE` or folder that queries may read, too; repeatable"},
		}, append(savedFlags(), limitFlags()...)...),
		OnUsageError: onUsageError,
		Action:       query,
	}
}

func query(c *cli.Context) error {
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	if c.Bool("list-saved") {
		return listSaved(c.App.Writer, e, c.String("format") == "json")
	}
	options, err := queryOptionsOf(c, e)
	if err != nil && !errors.Is(err, errPrompt) {
		return err
	}
	prompting := err != nil
	open := func(ctx context.Context) (*engine.Querier, error) {
		return e.OpenQuery(ctx, engine.QueryOptions{AllowPaths: c.StringSlice("allow-path")})
	}
	querier, err := open(c.Context)
	if err != nil {
		return err
	}
	if prompting {
		return startPrompt(c, &prompt{engine: e, querier: querier, open: open, options: options})
	}
	defer querier.Close()
	// Who has read enough, such as head, must not end us before the snapshot is removed.
	signal.Ignore(syscall.SIGPIPE)
	if err := runQuery(c.Context, querier, options, newScreen(c)); !errors.Is(err, syscall.EPIPE) {
		return err
	}
	return nil
}

// errPrompt says that the SQL will be typed.
var errPrompt = errors.New("there is a terminal and no SQL")

// queryText is the SQL that the command line names.
func queryText(c *cli.Context) (string, error) {
	file := c.String("file")
	switch {
	case c.IsSet("saved") && (c.IsSet("file") || c.NArg() > 0):
		return "", usageError("--saved names a query, and there is SQL beside it; leave out one of the two")
	case c.IsSet("file") && c.NArg() > 0:
		return "", usageError("the SQL comes from the file of -f or is an argument, not both; flags come before it")
	case c.IsSet("file") && file == "":
		return "", usageError("--file is empty; name a file with SQL, or - for standard input")
	case c.NArg() > 1:
		return "", usageError("one SQL query is expected, in quotes; flags come before it")
	case c.NArg() == 1:
		return c.Args().First(), nil
	case c.IsSet("file") && file != "-":
		text, err := os.ReadFile(file)
		if err != nil {
			return "", usageError("read the SQL: %w; check the path of -f", err)
		}
		return string(text), nil
	case file != "-" && typesOn(c.App.Reader):
		if !isTerminal(c.App.Writer) {
			return "", usageError("there is no SQL: give it as an argument in quotes, with -f FILE, or on standard input; the prompt needs a terminal for its output, too")
		}
		return "", errPrompt
	}
	text, err := io.ReadAll(c.App.Reader)
	if err != nil {
		return "", fmt.Errorf("read the SQL from standard input: %w", err)
	}
	if len(text) == 0 {
		return "", usageError("there is no SQL: one SQL query is expected, in quotes, with -f FILE, or on standard input")
	}
	return string(text), nil
}

// typesOn reports whether somebody types what is read. /dev/null is no terminal.
func typesOn(r io.Reader) bool {
	file, ok := r.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// queryOptions are what a query is run with, and what becomes of its rows.
type queryOptions struct {
	sql          string
	params       []engine.Param
	ignoreUnused bool // a parameter may be meant for other queries
	format       string
	output       string // the file; "": the screen
	limit        int64  // rows at most; 0: all; -1: what suits the format
	timeout      time.Duration
}

// queryOptionsOf are what the flags say; errPrompt comes with all but the SQL.
func queryOptionsOf(c *cli.Context, e *engine.Engine) (options queryOptions, err error) {
	if c.IsSet("output") && c.String("output") == "" {
		return options, usageError("--output is empty; give it a value or leave it out")
	}
	options = queryOptions{output: c.String("output"), timeout: c.Duration("timeout"), limit: -1}
	if options.format, err = chooseFormat(c, queryFormats); err != nil {
		return options, err
	}
	if c.IsSet("limit") {
		if options.limit = c.Int64("limit"); options.limit < 0 {
			return options, usageError("--limit %d is negative; 0 is without limit", options.limit)
		}
	}
	if options.timeout < 0 {
		return options, usageError("--timeout %s is negative; 0 is without limit", options.timeout)
	}
	if c.IsSet("saved") && !c.IsSet("file") && c.NArg() == 0 {
		options.sql, options.params, err = savedQuery(e, c.String("saved"), c.StringSlice("param"))
		return options, err
	}
	for _, text := range c.StringSlice("param") {
		param, err := engine.ParseParam(text)
		if err != nil {
			return options, err
		}
		options.params = engine.AddParam(options.params, param)
	}
	options.sql, err = queryText(c)
	return options, err
}

// tableRows is how many rows a table shows unless it is told otherwise.
const tableRows = 1000

// rowLimit is how many rows are wanted; 0: all.
func (o *queryOptions) rowLimit() int64 {
	switch {
	case o.limit >= 0:
		return o.limit
	case o.format == "table":
		return tableRows
	}
	return 0
}

func (o *queryOptions) request() engine.QueryRequest {
	request := engine.QueryRequest{SQL: o.sql, Params: o.params, IgnoreUnused: o.ignoreUnused, Limit: o.rowLimit()}
	if o.format == "json" || o.format == "jsonl" {
		request.Form = engine.Objects
	}
	return request
}

// runQuery runs one query and writes its rows.
func runQuery(ctx context.Context, querier *engine.Querier, options queryOptions, on screen) error {
	if options.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, options.timeout)
		defer cancel()
	}
	err := writeQuery(ctx, querier, options, on)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the query took longer than its --timeout of %s and was ended; allow it more with --timeout %s, or ask for less", options.timeout, 10*options.timeout)
	}
	return err
}

func writeQuery(ctx context.Context, querier *engine.Querier, options queryOptions, on screen) error {
	wait := startWaiting(on)
	defer wait.stop()
	if options.output == "" {
		_, err := writeRows(ctx, querier, options, on, wait.stop)
		return err
	}
	path, err := engine.OutputFile(options.output)
	if err != nil {
		return err
	}
	var rows int64
	switch options.format {
	case "parquet":
		rows, err = querier.WriteParquet(ctx, options.request(), path)
	case "xlsx":
		rows, err = querier.WriteXLSX(ctx, options.request(), path)
	default:
		err = engine.WriteFile(path, func(w io.Writer) (err error) {
			rows, err = writeRows(ctx, querier, options, screen{out: w, flags: on.flags}, func() {})
			return err
		})
	}
	wait.stop()
	if err == nil {
		fmt.Fprintf(on.err, "%s in %s\n", count(rows, "row"), options.output)
	}
	return err
}

// writeRows writes the rows of a query to the screen, and returns how many they are.
// It calls first before anything is written.
func writeRows(ctx context.Context, querier *engine.Querier, options queryOptions, on screen, first func()) (rows int64, err error) {
	buffer := bufio.NewWriterSize(&firstWriter{w: on.out, first: first}, 64<<10)
	writer := newResultWriter(options.format, buffer, on)
	more, err := querier.Read(ctx, options.request(), writer.begin, func(values []*string) error {
		rows++
		return writer.row(values)
	})
	if err != nil {
		return rows, err // what is buffered is no answer
	}
	if table, ok := writer.(*tableWriter); ok {
		table.more = more
	}
	if err := errors.Join(writer.end(), buffer.Flush()); err != nil {
		return rows, fmt.Errorf("write the result: %w", err)
	}
	return rows, nil
}

// firstWriter calls first before the first write.
type firstWriter struct {
	w     io.Writer
	first func()
}

func (f *firstWriter) Write(text []byte) (int, error) {
	if f.first != nil {
		f.first()
		f.first = nil
	}
	return f.w.Write(text)
}
