package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/lake"
)

const runsUsage = `Without RUN it lists the runs, the newest first; with RUN, which may be just the sequence
number or the beginning of the id, it shows one run in full. Runs that failed before
anything was stored are not among them: engine status tells of the last one.

--json prints an array of run, started_at, seconds, files, skipped, accepted, duplicates,
ignored, rejected, days (rebuilt or removed), published (directories of reports that were
written), unchanged (found still right), pruned (requests), recovered and error; with RUN,
the manifest of the run. Times are in RFC 3339, UTC.`

func runsCommand() *cli.Command {
	return &cli.Command{
		Name: "runs", Usage: "list the runs, or show one", ArgsUsage: "[RUN]",
		Description: runsUsage,
		Flags: append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.IntFlag{Name: "limit", Value: 20, Usage: "list this `NUMBER` of runs; 0: all"},
			jsonFlag(),
		}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       listRuns,
	}
}

func listRuns(c *cli.Context) error {
	if c.NArg() > 1 {
		return usageError("one run is expected; flags come before it")
	}
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	if c.NArg() == 1 {
		run, err := e.FindRun(c.Args().First())
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return printJSON(c.App.Writer, run)
		}
		printWholeRun(c.App.Writer, e, *run)
		return nil
	}
	runs, err := e.Runs(limit)
	if err != nil {
		return err
	}
	switch {
	case c.Bool("json"):
		return printJSON(c.App.Writer, runs)
	case len(runs) == 0:
		fmt.Fprintf(c.App.Writer, "there are no runs in %s yet; load logs with engine run --input\n", e.Dir)
	default:
		printRuns(c.App.Writer, runs)
	}
	return nil
}

// limitOf is the flag --limit.
func limitOf(c *cli.Context) (int, error) {
	limit := c.Int("limit")
	if limit < 0 {
		return 0, usageError("--limit %d is negative; name a number", limit)
	}
	return limit, nil
}

// rightAligned aligns columns whose cells may be empty.
func rightAligned(names ...string) []table.ColumnConfig {
	configs := make([]table.ColumnConfig, len(names))
	for i, name := range names {
		configs[i] = table.ColumnConfig{Name: name, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	return configs
}

func printRuns(w io.Writer, runs []engine.RunSummary) {
	t := newTable(w, "run", "started", "seconds", "files", "accepted", "rejected", "days", "published", "")
	t.SetColumnConfigs(rightAligned("seconds"))
	for _, run := range runs {
		var notes []string
		if run.Pruned > 0 {
			notes = append(notes, count(run.Pruned, "request")+" pruned")
		}
		if run.Recovered {
			notes = append(notes, "interrupted, completed later")
		}
		if run.Error != "" {
			notes = append(notes, "failed: "+oneLine(run.Error, maxNote))
		}
		t.AppendRow(table.Row{run.Run, timeText(run.StartedAt), fmt.Sprintf("%.1f", run.Seconds), run.Files, run.Accepted, run.Rejected, run.Days, run.Published, strings.Join(notes, "; ")})
	}
	t.Render()
}

// maxNote is how much of an error a line of a table shows.
const maxNote = 80

// printWholeRun shows all that the manifest of a run says, but hashes.
func printWholeRun(w io.Writer, e *engine.Engine, run lake.Run) {
	fmt.Fprintf(w, "run %s of engine %s\n", run.Run, run.Engine)
	fmt.Fprintf(w, "started %s, took %s\n", timeText(run.StartedAt), run.EndedAt.Sub(run.StartedAt).Round(100*time.Millisecond))
	if run.Error != "" {
		fmt.Fprintf(w, "failed: %s\n", printable(run.Error))
	}
	if run.Recovered {
		fmt.Fprintln(w, "interrupted, and completed by a later run")
	}
	fmt.Fprintf(w, "window %s, IPv6 clients /%d", run.Window, run.ClientPrefix)
	for _, name := range slices.Sorted(maps.Keys(run.Versions)) {
		fmt.Fprintf(w, ", %s %s", name, run.Versions[name])
	}
	fmt.Fprint(w, "\n\n")
	printInputs(w, e.Dir, run)
	for _, input := range run.Inputs {
		if input.Rejected > 0 {
			fmt.Fprintf(w, "rejected of %s: %s\n", printable(input.Path), countsText(input.Rejects))
		}
	}
	printSkippedOf(w, run)
	fmt.Fprintln(w)
	printDays(w, run)
	if pruned := run.Pruned; pruned != nil {
		fmt.Fprintf(w, "pruned: %s, %s; %s of reports, %s of rejected lines, %s\n", count(pruned.Requests, "request"), sizeText(pruned.Bytes),
			count(int64(len(pruned.Reports)), "folder"), count(int64(pruned.Rejects), "file"), count(int64(pruned.Runs), "manifest"))
	}
	fmt.Fprintln(w)
	printPublished(w, e.Dir, run)
	printSources(w, run)
	if len(run.Timings) > 0 {
		fmt.Fprintln(w)
		t := newTable(w, "step", "seconds")
		t.SetColumnConfigs(rightAligned("seconds"))
		for _, timing := range run.Timings {
			t.AppendRow(table.Row{timing.Step, fmt.Sprintf("%.1f", timing.Seconds)})
		}
		t.Render()
	}
}

func printSkippedOf(w io.Writer, run lake.Run) {
	if len(run.Skipped) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "skipped", "because")
	for _, skipped := range run.Skipped {
		t.AppendRow(table.Row{printable(skipped.Path), printable(skipped.Reason)})
	}
	t.Render()
}

func printSources(w io.Writer, run lake.Run) {
	if len(run.Enrichment) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "source", "kind", "type", "built")
	for _, source := range run.Enrichment {
		t.AppendRow(table.Row{printable(source.Name), source.Kind, source.Type, source.Built})
	}
	t.Render()
}
