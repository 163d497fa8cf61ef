package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
)

const schemaUsage = `Without a name it lists what queries may read: views, reports as table functions
of a period, and the files below the data directory. With a name it tells of every
column its type, what it means, and what NULL means. It needs no data.

  engine schema actions
  engine schema trends`

func schemaCommand() *cli.Command {
	return &cli.Command{
		Name: "schema", Usage: "document what queries may read, column by column", ArgsUsage: "[TABLE]",
		Description:  schemaUsage,
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}},
		OnUsageError: onUsageError, HideHelpCommand: true,
		Action: schema,
	}
}

func schema(c *cli.Context) error {
	args, err := interspersed(c)
	if err != nil {
		return err
	}
	asJSON := c.Bool("json")
	if len(args) > 1 {
		return usageError("one name at most is expected; engine schema lists them")
	}
	if len(args) == 0 {
		all, err := engine.Schema()
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(c.App.Writer, all)
		}
		printTables(c.App.Writer, all)
		return nil
	}
	table, err := engine.SchemaOf(args[0])
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.App.Writer, table)
	}
	printSchema(c.App.Writer, table)
	return nil
}

// kindTitles are the headers of the lists, by kind.
var kindTitles = []struct{ kind, title string }{
	{engine.KindView, "view"}, {engine.KindReport, "report of a period, such as '2026-W39'"}, {engine.KindFile, "file in the data directory"},
}

// printTables lists what there is, one line each.
func printTables(w io.Writer, all []engine.SchemaTable) {
	for n, title := range kindTitles {
		if n > 0 {
			fmt.Fprintln(w)
		}
		t := newTable(w, title.title, "holds")
		for _, table := range all {
			if table.Kind == title.kind {
				t.AppendRow([]any{table.Spelled(), table.Description})
			}
		}
		t.Render()
	}
	fmt.Fprintln(w, "\nengine schema NAME tells of every column what it means.")
}

// printSchema tells of the columns of one table.
func printSchema(w io.Writer, table engine.SchemaTable) {
	fmt.Fprintf(w, "%s: %s\n\n", table.Spelled(), table.Description)
	t := newTable(w, "column", "type", "what it says")
	for _, column := range table.Columns {
		t.AppendRow([]any{column.Name, strings.ToLower(column.Type), column.Meaning()})
	}
	t.Render()
}
