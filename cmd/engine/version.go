package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/duck"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the versions of the engine, its rules and its database",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError("argument %q is unexpected", c.Args().First())
			}
			database, err := duck.Version(c.Context)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.App.Writer, "engine %s\nrules %s\nDuckDB %s\n%s %s/%s\n", engine.Version, engine.RulesVersion, database, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
