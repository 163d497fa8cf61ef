package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
)

// prompt runs what somebody types: statements, which end with a semicolon, and
// commands, which begin with a dot.
type prompt struct {
	engine  *engine.Engine
	screen  screen
	open    func(context.Context) (*engine.Querier, error)
	querier *engine.Querier
	names   engine.QueryNames
	runs    []string // of the snapshot
	options queryOptions
	given   []string // the parameters as they were typed
	timer   bool
	output  string                     // the file of the next result
	size    func() (width, height int) // of the terminal
}

// lineReader reads what is typed, up to the end of a statement. The errors are
// io.EOF at the end and errInterrupted when the line was given up.
type lineReader interface {
	Readline() (string, error)
}

var (
	errInterrupted = errors.New("the line was given up")
	errTerminated  = errors.New("the prompt was terminated")
)

// startPrompt reads and runs until the end. It closes the querier.
func startPrompt(c *cli.Context, p *prompt) error {
	defer func() { p.querier.Close() }()
	if p.options.output != "" {
		return usageError("-o %s is the file of one query; in the prompt, .output names the file of the next one", p.options.output)
	}
	p.screen, p.given = newScreen(c), c.StringSlice("param")
	p.screen.flags = "."
	p.options.ignoreUnused = true
	p.size = func() (int, int) { return terminalSize(c.App.Writer) }
	// Ctrl-C ends a query, not the prompt.
	ctx := context.WithoutCancel(c.Context)
	if err := p.learn(ctx); err != nil {
		return err
	}
	fmt.Fprintf(p.screen.out, "%s\nend statements with ;   .help lists commands   Ctrl-D ends\n", p.state(c.String("data")))
	return p.loop(ctx, newTerminal(p))
}

// learn reads the names for the completion, and the runs of the snapshot.
func (p *prompt) learn(ctx context.Context) (err error) {
	if p.names, err = p.querier.Names(ctx); err != nil {
		return err
	}
	p.runs, err = p.column(ctx, "select distinct run from runs order by run")
	return err
}

// column reads the one column of a query.
func (p *prompt) column(ctx context.Context, query string) (values []string, err error) {
	err = p.querier.Run(ctx, query, nil, engine.Texts, ignoreColumns, func(row []*string) error {
		values = append(values, orEmpty(row[0]))
		return nil
	})
	return values, err
}

func (p *prompt) state(dir string) string {
	if len(p.runs) == 0 {
		return "the data in " + dir + ": nothing yet"
	}
	return fmt.Sprintf("the data in %s as of run %s", dir, p.runs[len(p.runs)-1])
}

func (p *prompt) loop(ctx context.Context, lines lineReader) error {
	for {
		text, err := lines.Readline()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errInterrupted):
			continue
		case err != nil:
			return err
		}
		if p.execute(ctx, text) {
			return nil
		}
	}
}

// whole reports whether a text can be run as it is; else more lines of it are awaited.
func whole(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasPrefix(text, ".") {
		return true
	}
	_, rest := engine.CompleteStatements(text)
	return rest == ""
}

// execute runs what was typed, and reports whether that ends the prompt. Errors
// are printed, and end what was typed together.
func (p *prompt) execute(ctx context.Context, text string) (quit bool) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, ".") {
		quit, err := p.command(ctx, text)
		p.complain(err)
		return quit
	}
	statements, rest := engine.CompleteStatements(text)
	if rest != "" {
		statements = append(statements, rest)
	}
	for _, statement := range statements {
		if err := p.query(ctx, statement); err != nil {
			p.complain(err)
			break
		}
	}
	return false
}

// query runs one statement with the parameters that were set.
func (p *prompt) query(ctx context.Context, statement string) error {
	return p.run(ctx, statement, p.options.params)
}

// run runs one statement. Ctrl-C cancels it.
func (p *prompt) run(ctx context.Context, statement string, params []engine.Param) error {
	options := p.options
	options.sql, options.params, options.output = statement, params, p.output
	if p.output != "" {
		if format, ok := formatOfFile(p.output, queryFormats); ok {
			options.format = format
		}
	} else if binaryFormat(options.format) {
		return usageError("format %s needs a file: name it with .output FILE.%s", options.format, options.format)
	}
	on := p.screen
	on.width, _ = p.size()
	start := time.Now()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := runQuery(ctx, p.querier, options, on)
	if ctx.Err() != nil {
		return errors.New("the query was cancelled")
	}
	if err == nil {
		p.output = ""
		if p.timer {
			fmt.Fprintf(p.screen.out, "took %s\n", time.Since(start).Round(time.Millisecond))
		}
	}
	return err
}

// inPrompt names settings as the prompt has them.
var inPrompt = strings.NewReplacer("--param ", ".param ", "--timeout", ".timeout", "--limit", ".limit", "--format", ".format")

func (p *prompt) complain(err error) {
	if err != nil {
		fmt.Fprintln(p.screen.err, inPrompt.Replace(strings.TrimSpace(err.Error())))
	}
}

// refresh takes a new snapshot, and tells what it has that the old one had not.
func (p *prompt) refresh(ctx context.Context) error {
	querier, err := p.open(ctx)
	if err != nil {
		return err
	}
	p.querier.Close()
	before := p.runs
	p.querier = querier
	if err := p.learn(ctx); err != nil {
		return err
	}
	var added []string
	for _, run := range p.runs {
		if len(before) == 0 || run > before[len(before)-1] {
			added = append(added, run)
		}
	}
	if len(added) == 0 {
		fmt.Fprintln(p.screen.out, "nothing new")
		return nil
	}
	fmt.Fprintf(p.screen.out, "%s: %s\n", count(int64(len(added)), "new run"), strings.Join(added, ", "))
	return nil
}
