package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the versions of the engine, its rules and its database",
		Action: func(c *cli.Context) error {
			driver := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, module := range info.Deps {
					if module.Path == "github.com/duckdb/duckdb-go/v2" {
						driver = module.Version
					}
				}
			}
			_, err := fmt.Fprintf(c.App.Writer, "engine %s\nrules %s\nduckdb driver %s\n%s %s/%s\n", engine.Version, engine.RulesVersion, driver, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
