package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
)

// The exit codes.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitDifference = 3
)

// execute runs a command line and returns the exit code. Results go to stdout,
// logs, progress and errors to stderr.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := newApp(stdout, stderr).RunContext(ctx, args)
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "engine: interrupted; what was stored is whole, and the next run goes on from there")
		return exitFailed
	}
	fmt.Fprintf(stderr, "engine: %s\n", strings.TrimSpace(err.Error()))
	var usage *engine.UsageError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, engine.ErrDifference):
		return exitDifference
	default:
		return exitFailed
	}
}

func newApp(stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:            "engine",
		Usage:           "who pulls what: turns registry access logs into proven actions and reports",
		Writer:          stdout,
		ErrWriter:       stderr,
		HideVersion:     true,
		HideHelpCommand: true,
		// A comma is part of a file's name.
		DisableSliceFlagSeparator: true,
		Commands:                  []*cli.Command{runCommand(), queryCommand(), schemaCommand(), exportCommand(), serveCommand(), userCommand(), reportCommand(), explainCommand(), dataCommand(), configCommand(), checkCommand(), pruneCommand(), rebuildCommand(), statusCommand(), runsCommand(), rejectsCommand(), gapsCommand(), versionCommand()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError("command %q is unknown; see engine --help", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		OnUsageError:   onUsageError,
		ExitErrHandler: func(*cli.Context, error) {},
	}
}

func onUsageError(_ *cli.Context, err error, _ bool) error { return &engine.UsageError{Err: err} }

func usageError(format string, args ...any) error {
	return &engine.UsageError{Err: fmt.Errorf(format, args...)}
}

// dataFlag is the data directory, which every command needs.
func dataFlag() cli.Flag {
	return &cli.StringFlag{Name: "data", Value: "./data", EnvVars: []string{"ENGINE_DATA"}, Usage: "the data `DIR`ectory"}
}

func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", EnvVars: []string{"ENGINE_CONFIG"}, Usage: "the configuration `FILE` (TOML)"}
}

func logFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json"},
		&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "debug, info, warn or error; of a worker info, unless set"},
	}
}

// logLevel is what is logged: of a worker, which tells nothing on stdout, its runs, too, and of a server
// the requests.
func logLevel(c *cli.Context) string {
	if (isWorker(c) || c.Command.Name == "serve") && !c.IsSet("log-level") {
		return "info"
	}
	return c.String("log-level")
}

// dayFlags reads --from and --to; empty where they are not given.
func dayFlags(c *cli.Context) (from, to period.Day, err error) {
	for _, flag := range []struct {
		name string
		day  *period.Day
	}{{"from", &from}, {"to", &to}} {
		if text := c.String(flag.name); text != "" {
			if *flag.day, err = period.ParseDay(text); err != nil {
				return "", "", usageError("--%s: %w", flag.name, err)
			}
		}
	}
	return from, to, nil
}

// limitFlags bound what a command takes of the machine.
func limitFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "memory", Usage: "DuckDB's memory limit, a `SIZE` such as 4GiB, in place of memory_limit in the configuration"},
		&cli.IntFlag{Name: "threads", Usage: "`N` things are done at once, 0: one per core; in place of threads in the configuration"},
	}
}

// setLimits lets the flags win over the configuration.
func setLimits(c *cli.Context, config *engine.Config) error {
	if c.IsSet("memory") {
		var size engine.ByteSize
		if err := size.UnmarshalText([]byte(c.String("memory"))); err != nil || size == 0 {
			return usageError("--memory %q is no size such as 500MB or 4GiB", c.String("memory"))
		}
		config.MemoryLimit = c.String("memory")
	}
	if c.IsSet("threads") {
		config.Threads = c.Int("threads")
		if err := config.Validate(); err != nil {
			return &engine.UsageError{Err: err}
		}
	}
	return nil
}

// newEngine makes the engine that a command's flags describe.
func newEngine(c *cli.Context) (*engine.Engine, error) {
	config := engine.DefaultConfig()
	if path := c.String("config"); path != "" {
		var err error
		if config, err = engine.LoadConfig(path); err != nil {
			return nil, &engine.UsageError{Err: err}
		}
	}
	if c.String("data") == "" {
		return nil, usageError("--data (or ENGINE_DATA) is empty; name a directory")
	}
	if err := setLimits(c, &config); err != nil {
		return nil, err
	}
	e := &engine.Engine{Dir: c.String("data"), Config: config}
	if c.String("log-format") != "" {
		var err error
		if e.Log, err = newLogger(c.App.ErrWriter, c.String("log-format"), logLevel(c)); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func newLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	var options slog.HandlerOptions
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usageError("log level %q is unknown; take debug, info, warn or error", level)
	}
	options.Level = l
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &options)), nil
	}
	return nil, usageError("log format %q is unknown; take text or json", format)
}

// isTerminal reports whether w is a terminal that a person watches.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
