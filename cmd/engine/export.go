package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
)

const exportDuckDBUsage = `Writes one database file for tools that want one: the tables actions, extension_events,
publishers and periods, and report_NAME for every report, with the published rows of all
publishers and periods. Tables and columns have comments. DuckDB 1.0 and later read it.

The file has the keys of users and clients that the data directory has: it is for those who
may see all data. engine export parquet makes what a publisher may be given.`

const exportParquetUsage = `Writes a folder that a publisher may be given: actions.parquet and extension_events.parquet
of its namespaces, its published reports, and a README.txt that explains them. Users and
clients are numbers of this export, so that it cannot be joined with any other.

The folder must not be there yet, or be empty. The same data gives the same bytes.`

func exportCommand() *cli.Command {
	flags := func(publisher string) []cli.Flag {
		return append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.StringFlag{Name: "publisher", Usage: publisher},
			&cli.StringFlag{Name: "from", Usage: "the first `DAY`, such as 2026-09-01; default: all that are stored"},
			&cli.StringFlag{Name: "to", Usage: "the last `DAY`; of reports, those whose period lies within the days"},
		}, logFlags()...)
	}
	return &cli.Command{
		Name: "export", Usage: "write data for other tools, or for a publisher",
		OnUsageError: onUsageError, HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError("command %q is unknown; take export duckdb or export parquet", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			{
				Name: "duckdb", Usage: "write a DuckDB database file for BI tools", ArgsUsage: "FILE", Description: exportDuckDBUsage,
				Flags: flags("only what is of this publisher `ID`"), OnUsageError: onUsageError, HideHelpCommand: true,
				Action: exportDuckDB,
			},
			{
				Name: "parquet", Usage: "write a folder of Parquet files for a publisher", ArgsUsage: "DIR", Description: exportParquetUsage,
				Flags: flags("the publisher's `ID`; must be given"), OnUsageError: onUsageError, HideHelpCommand: true,
				Action: exportParquet,
			},
		},
	}
}

func exportDuckDB(c *cli.Context) error {
	args, err := interspersed(c)
	if err != nil {
		return err
	}
	if len(args) != 1 || args[0] == "" {
		return usageError("the name of one file is expected: engine export duckdb FILE")
	}
	options, err := exportOptions(c)
	if err != nil {
		return err
	}
	path, err := engine.OutputFile(args[0])
	if err != nil {
		return err
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	done, err := e.ExportDuckDB(c.Context, path, options)
	if err != nil {
		return err
	}
	return printExported(c.App.Writer, args[0], done)
}

func exportParquet(c *cli.Context) error {
	args, err := interspersed(c)
	if err != nil {
		return err
	}
	if len(args) != 1 || args[0] == "" {
		return usageError("the name of one folder is expected: engine export parquet DIR --publisher ID")
	}
	options, err := exportOptions(c)
	if err != nil {
		return err
	}
	if options.Publisher == "" {
		return usageError("--publisher is missing; say whose data the folder is to hold")
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	done, err := e.ExportParquet(c.Context, args[0], options)
	if err != nil {
		return err
	}
	return printExported(c.App.Writer, args[0], done)
}

func printExported(w io.Writer, path string, done engine.Exported) error {
	_, err := fmt.Fprintf(w, "%s: %s, %s, reports of %s\n", path,
		count(done.Actions, "action"), count(done.ExtensionEvents, "extension event"), count(int64(done.Periods), "period"))
	return err
}

// exportOptions is what the flags ask for.
func exportOptions(c *cli.Context) (engine.ExportOptions, error) {
	options := engine.ExportOptions{Publisher: c.String("publisher")}
	for _, name := range []string{"publisher", "from", "to"} {
		if c.IsSet(name) && c.String(name) == "" {
			// A script whose variable is empty must not get everything.
			return options, usageError("--%s is empty; give it a value or leave it out", name)
		}
	}
	var err error
	options.From, options.To, err = dayFlags(c)
	return options, err
}

// interspersed returns a command's arguments, and sets the flags that stand behind or between them.
func interspersed(c *cli.Context) ([]string, error) {
	var args []string
	for rest := c.Args().Slice(); len(rest) > 0; {
		if !strings.HasPrefix(rest[0], "-") || rest[0] == "-" {
			args, rest = append(args, rest[0]), rest[1:]
			continue
		}
		set := flag.NewFlagSet(c.Command.Name, flag.ContinueOnError)
		set.SetOutput(io.Discard)
		for _, f := range c.Command.Flags {
			if err := f.Apply(set); err != nil {
				return nil, &engine.UsageError{Err: err}
			}
		}
		if err := set.Parse(rest); err != nil {
			return nil, &engine.UsageError{Err: err}
		}
		var failed error
		set.Visit(func(f *flag.Flag) {
			values := []string{f.Value.String()}
			if list, ok := f.Value.(*cli.StringSlice); ok {
				values = list.Value()
			}
			for _, value := range values {
				if err := c.Set(f.Name, value); err != nil {
					failed = usageError("--%s: %w", f.Name, err)
				}
			}
		})
		if failed != nil {
			return nil, failed
		}
		rest = set.Args()
	}
	return args, nil
}
