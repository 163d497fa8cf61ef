package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func configCommand() *cli.Command {
	return &cli.Command{
		Name: "config", Usage: "check a configuration",
		OnUsageError: onUsageError, HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError("command %q is unknown; take config check", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{{
			Name: "check", Usage: "read a configuration and everything that it names, and tell what is wrong",
			Flags:        append([]cli.Flag{dataFlag(), configFlag()}, logFlags()...),
			OnUsageError: onUsageError, HideHelpCommand: true, Action: configCheck,
		}},
	}
}

func configCheck(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; the file is named with --config", c.Args().First())
	}
	if c.String("config") == "" {
		return usageError("--config (or ENGINE_CONFIG) is missing; name a configuration file")
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	found, err := e.CheckConfig(c.Context)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s is right: %s, %s, %s\n", c.String("config"),
		count(int64(found.Publishers), "publisher"), count(int64(found.Reports), "report"), count(int64(found.Origins), "source")+" of enrichment")
	return err
}
