package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
)

// savedFlags are those of engine query that have to do with saved queries.
func savedFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "saved", Usage: "run the saved query of this `NAME`; --param gives its parameters other values than their defaults"},
		&cli.BoolFlag{Name: "list-saved", Usage: "list the saved queries and their parameters (--format json prints JSON)"},
	}
}

// savedQuery is the text of the saved query that the flags name, and the values of all its parameters.
func savedQuery(e *engine.Engine, name string, given []string) (text string, params []engine.Param, err error) {
	query, err := e.SavedQuery(name)
	if err != nil {
		return "", nil, err
	}
	params, err = query.Bind(given)
	return query.SQL, params, err
}

// listSaved lists the saved queries for a person, or as JSON.
func listSaved(w io.Writer, e *engine.Engine, asJSON bool) error {
	all, err := e.SavedQueries()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(w, all)
	}
	t := newTable(w, "query", "answers")
	for _, query := range all {
		t.AppendRow([]any{query.Name, printable(query.Question)})
		if len(query.Params) > 0 {
			t.AppendRow([]any{"", "  --param " + printable(paramsText(query))})
		}
		switch {
		case query.Replaces:
			t.AppendRow([]any{"", "  your own, " + query.Path + ", in place of the one of this name that comes with the engine"})
		case query.Path != "":
			t.AppendRow([]any{"", "  your own, " + query.Path})
		}
	}
	t.Render()
	fmt.Fprintln(w)
	printSavedParams(w, all)
	own := slices.ContainsFunc(all, func(q engine.SavedQuery) bool { return q.Path != "" })
	fmt.Fprintln(w, "\nRun one with engine query --saved NAME, with other values by --param name=value.")
	if !own {
		fmt.Fprintf(w, "Your own are .sql files in %s, or in the folder that query.saved of the configuration names.\n", e.SavedDir())
	}
	return nil
}

// paramsText lists the parameters of a query with their defaults.
func paramsText(query engine.SavedQuery) string {
	texts := make([]string, len(query.Params))
	for i, param := range query.Params {
		texts[i] = param.Name + "=…"
		if param.Default != nil {
			texts[i] = param.Name + "=" + *param.Default
		}
	}
	return strings.Join(texts, ", ")
}

// printSavedParams tells what the parameters mean; those that many queries have, once.
func printSavedParams(w io.Writer, all []engine.SavedQuery) {
	t := newTable(w, "parameter", "means")
	seen := map[[2]string]bool{}
	for _, query := range all {
		for _, param := range query.Params {
			row := [2]string{param.Name, printable(param.Meaning)}
			if !seen[row] {
				seen[row] = true
				t.AppendRow([]any{row[0], row[1]})
			}
		}
	}
	t.Render()
}
