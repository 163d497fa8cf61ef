package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "prove every stored action with the reference classifier",
		Description:  "Exit codes: 0 all agree, 1 failed, 2 wrong usage, 3 a stored action differs.",
		Flags:        append([]cli.Flag{dataFlag(), configFlag()}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       check,
	}
}

func check(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	e.Differences = c.App.Writer
	result, err := e.Check(c.Context)
	if err != nil {
		return err
	}
	all := "all"
	if result.AtEdge > 0 {
		verb := "are"
		if result.AtEdge == 1 {
			verb = "is"
		}
		fmt.Fprintf(c.App.Writer, "%s at the edge of pruned days %s not compared\n", count(result.AtEdge, "request"), verb)
		all = "all other"
	}
	_, err = fmt.Fprintf(c.App.Writer, "check passed: %s %d stored requests and their %d actions are as the reference classifier says\n", all, result.Requests, result.Actions)
	return err
}
