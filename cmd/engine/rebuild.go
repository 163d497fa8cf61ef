package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

const rebuildUsage = `Classifies stored requests again, after a change of the window or of the rules,
checks them, and publishes the reports that change. Days that were classified by
the present settings already are left alone, so that a rebuild which was stopped
goes on where it was. While only a part is rebuilt, engine run refuses to go on,
and the weeks and months with days of both settings are not published.

Days of which the days before were pruned are never rebuilt.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the check found a difference.`

func rebuildCommand() *cli.Command {
	return &cli.Command{
		Name: "rebuild", Usage: "classify stored requests again after a change of window or rules",
		Description: rebuildUsage,
		Flags: append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.StringFlag{Name: "from", Usage: "the first `DAY`, 2026-09-25; default: the oldest"},
			&cli.StringFlag{Name: "to", Usage: "the last `DAY`; default: the newest"},
			&cli.DurationFlag{Name: "window", Value: 5 * time.Second, Usage: "longest time between two requests of one pull"},
			&cli.BoolFlag{Name: "dry-run", Usage: "tell what would change, and store nothing"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON instead of tables"},
			&cli.BoolFlag{Name: "wait", Usage: "wait until no other run is at work"},
			&cli.BoolFlag{Name: "accept-clock", Usage: "go on though the clock is behind the last run"},
		}, append(limitFlags(), logFlags()...)...),
		OnUsageError: onUsageError,
		Action:       rebuild,
	}
}

func rebuild(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; days are named with --from and --to", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	if c.IsSet("window") {
		e.Config.Window.Duration = c.Duration("window")
	}
	e.Differences = c.App.Writer
	request := engine.RebuildRequest{DryRun: c.Bool("dry-run"), Wait: c.Bool("wait"), AcceptClock: c.Bool("accept-clock")}
	if request.From, request.To, err = dayFlags(c); err != nil {
		return err
	}
	if request.To != "" && request.To < request.From {
		return usageError("--to %s is before --from %s", request.To, request.From)
	}
	result, err := e.Rebuild(c.Context, request)
	if err != nil {
		if len(result.Chunks) > 0 && !request.DryRun {
			err = fmt.Errorf("%w; the days up to %s are rebuilt, engine rebuild does the rest", err, result.Total().To)
		}
		return err
	}
	if c.Bool("json") {
		return printRebuiltJSON(c.App.Writer, result, request.DryRun)
	}
	printRebuilt(c.App.Writer, e, result, request.DryRun)
	return nil
}

// printRebuiltJSON prints a rebuild as one object.
func printRebuiltJSON(w io.Writer, result *engine.RebuildResult, dryRun bool) error {
	published := result.Last().Published
	if published == nil {
		published = []lake.Published{}
	}
	chunks := result.Chunks
	if chunks == nil {
		chunks = []engine.RebuiltDays{}
	}
	runs := []string{}
	for _, run := range result.Runs {
		runs = append(runs, run.Run)
	}
	left := result.Left
	if left == nil {
		left = []period.Day{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		DryRun    bool                 `json:"dry_run"`
		Runs      []string             `json:"runs"`
		Chunks    []engine.RebuiltDays `json:"chunks"`
		Total     engine.RebuiltDays   `json:"total"`
		Left      []period.Day         `json:"left"`
		Published []lake.Published     `json:"published"`
	}{dryRun, runs, chunks, result.Total(), left, published})
}

// printRebuilt tells of a rebuild, for a person.
func printRebuilt(w io.Writer, e *engine.Engine, result *engine.RebuildResult, dryRun bool) {
	if len(result.Chunks) == 0 {
		printNothingRebuilt(w, e, result)
	} else {
		printChunks(w, result, dryRun)
	}
	if left := result.Left; len(left) > 0 {
		fmt.Fprintf(w, "%s left with other settings, from %s to %s; engine run waits until engine rebuild has done them, too\n", count(int64(len(left)), "day"), left[0], left[len(left)-1])
	}
	if len(result.Last().Published) > 0 {
		printPublished(w, e.Dir, *result.Last())
	} else if !dryRun {
		fmt.Fprintln(w, "published: nothing due")
	}
}

func printNothingRebuilt(w io.Writer, e *engine.Engine, result *engine.RebuildResult) {
	switch {
	case result.Stored > 0:
		fmt.Fprintf(w, "rebuilt: nothing, %s already classified with a window of %s and the rules %s\n", count(int64(result.Stored), "day"), e.Config.Window, engine.RulesVersion)
	case result.Frozen > 0:
		fmt.Fprintf(w, "rebuilt: nothing, days before %s were pruned, and it does not change any more\n", count(int64(result.Frozen), "stored day"))
	default:
		fmt.Fprintln(w, "rebuilt: nothing, there are no requests of these days")
	}
}

// printChunks prints one row per commit.
func printChunks(w io.Writer, result *engine.RebuildResult, dryRun bool) {
	done := "rebuilt"
	if dryRun {
		done = "would rebuild"
	}
	t := newTable(w, done, "days", "changed", "version_check", "pull_by_tag", "pull_by_digest")
	row := func(name string, days engine.RebuiltDays) table.Row {
		return table.Row{
			name, days.Days, days.Changed, change(days.Before.VersionCheck, days.After.VersionCheck),
			change(days.Before.PullByTag, days.After.PullByTag), change(days.Before.PullByDigest, days.After.PullByDigest),
		}
	}
	for _, chunk := range result.Chunks {
		t.AppendRow(row(fmt.Sprintf("%s to %s", chunk.From, chunk.To), chunk))
	}
	if len(result.Chunks) > 1 {
		t.AppendFooter(row("together", result.Total()))
	}
	t.Render()
}

// change prints a number before and after; one number, if it is the same.
func change(before, after int64) string {
	if before == after {
		return fmt.Sprint(after)
	}
	return fmt.Sprintf("%d -> %d", before, after)
}
