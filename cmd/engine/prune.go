package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
)

const pruneUsage = `Removes, from the oldest on, what the configuration does not keep any longer:

  retain_requests   days of requests, once the reports of their weeks and months are
                    published and up to date; the published reports stay
  retain_reports    published reports, counted from the end of their period
  retain_rejects    rejected lines, and the manifests of runs that did nothing

Extension events are never removed: their reports tell totals over all time.`

func pruneCommand() *cli.Command {
	return &cli.Command{
		Name: "prune", Usage: "remove what is older than the configuration keeps it",
		Description: pruneUsage,
		Flags: append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "only tell what would be removed"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON instead of a table"},
			&cli.BoolFlag{Name: "wait", Usage: "wait until no other run is at work"},
			&cli.BoolFlag{Name: "accept-clock", Usage: "go on though the clock is behind the last run"},
		}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       prune,
	}
}

func prune(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	request := engine.PruneRequest{DryRun: c.Bool("dry-run"), Wait: c.Bool("wait"), AcceptClock: c.Bool("accept-clock")}
	result, err := e.Prune(c.Context, request)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		encoder := json.NewEncoder(c.App.Writer)
		encoder.SetIndent("", "  ")
		return encoder.Encode(result)
	}
	printPruned(c.App.Writer, e.Dir, result, request.DryRun)
	return nil
}

// printPruned tells what was removed, or would be.
func printPruned(w io.Writer, dir string, result *engine.PruneResult, dryRun bool) {
	if result.Empty() {
		fmt.Fprintln(w, "pruned: nothing is older than the configuration keeps it")
		return
	}
	done := "removed"
	if dryRun {
		done = "would remove"
	}
	if len(result.Days) > 0 {
		t := newTable(w, done, "requests", "bytes")
		for i, day := range result.Days {
			if i == maxPruned {
				t.AppendRow(table.Row{fmt.Sprintf("… and %s more", count(int64(len(result.Days)-maxPruned), "day")), "", ""})
				break
			}
			t.AppendRow(table.Row{day.Day, day.Requests, day.Bytes})
		}
		requests, bytes := result.Requests()
		t.AppendFooter(table.Row{count(int64(len(result.Days)), "day"), requests, bytes})
		t.Render()
		fmt.Fprintf(w, "%s is the first day that is kept; it does not change any more\n", result.Horizon)
	}
	for i, report := range result.Reports {
		if i == maxPruned {
			fmt.Fprintf(w, "… and %d more\n", len(result.Reports)-maxPruned)
			break
		}
		fmt.Fprintf(w, "%s %s\n", done, filepath.Join(dir, "reports", report))
	}
	if result.Rejects > 0 {
		fmt.Fprintf(w, "%s %s of rejected lines\n", done, count(int64(result.Rejects), "file"))
	}
	if len(result.Runs) > 0 {
		fmt.Fprintf(w, "%s %s of runs that did nothing\n", done, count(int64(len(result.Runs)), "manifest"))
	}
	if result.Run != "" {
		fmt.Fprintf(w, "run %s tells of it\n", result.Run)
	}
}

// maxPruned is how many days and directories are listed.
const maxPruned = 31
