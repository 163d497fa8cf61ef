package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/period"
)

const runUsage = `Reads the inputs that are new by content, classifies and checks their requests,
stores them in the data directory and publishes the reports of every closed week
and month that changed. Running it twice changes nothing.

With --schedule it stays in the foreground as a worker: it runs at once, which publishes
what came due meanwhile, and then whenever the schedule says so, in UTC: hourly, daily, weekly
or monthly (a day, week or month is over when the grace has passed) or a cron expression, such
as "30 2 * * 1". A failed run is repeated, after a minute first and after an hour at most.
SIGHUP makes it read the configuration again, SIGTERM and SIGINT end it; a second one kills.
For system cron, --once does one such run.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the check found a difference.`

func runCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "load logs, classify, check, store and publish reports",
		Description:  runUsage,
		Flags:        runFlags(),
		OnUsageError: onUsageError,
		Action:       run,
	}
}

func runFlags() []cli.Flag {
	return append([]cli.Flag{
		dataFlag(),
		&cli.StringSliceFlag{Name: "input", Usage: "a log `FILE`, directory or glob; repeatable; without any input only due reports are published"},
		&cli.StringSliceFlag{Name: "extensions", Usage: "extension events: a csv, jsonl or parquet `FILE`, directory or glob; repeatable"},
		&cli.StringFlag{Name: "format", Value: "auto", Usage: "the `FORMAT` of the logs: auto, csv, jsonl, parquet, nginx-json, combined, distribution-events or your own FILE.sql"},
		configFlag(),
		&cli.DurationFlag{Name: "window", Value: 5 * time.Second, Usage: "longest time between two requests of one pull"},
		&cli.StringFlag{Name: "period", Usage: "publish only this `PERIOD`, 2026-W39 or 2026-09"},
		&cli.BoolFlag{Name: "include-open", Usage: "publish periods that are not closed, too"},
		&cli.BoolFlag{Name: "xlsx", Usage: "also publish a workbook per publisher and period, as reports.xlsx = true in the configuration"},
		&cli.BoolFlag{Name: "gzip", Usage: "pack the published CSV files, as reports.gzip = true in the configuration"},
		&cli.BoolFlag{Name: "json", Usage: "print the run's manifest as JSON instead of tables"},
		&cli.BoolFlag{Name: "wait", Usage: "wait until no other run, or no other worker, is at work"},
		&cli.IntFlag{Name: "late-days", Usage: "requests more than `N` days before the newest stored day are set aside, 0: none; in place of late_days in the configuration"},
		&cli.BoolFlag{Name: "readmit", Usage: "take requests of any age, and those that were set aside as too late or in the future"},
		&cli.BoolFlag{Name: "accept-clock", Usage: "go on though the clock is behind the last run"},
		&cli.StringFlag{Name: "schedule", Usage: "stay and run `WHEN` due: hourly, daily, weekly, monthly or a cron expression in UTC"},
		&cli.BoolFlag{Name: "once", Usage: "do one unattended run, as a worker does it, and end"},
		&cli.StringFlag{Name: "metrics", Usage: "serve /metrics, /healthz and /readyz at this `ADDRESS`, such as :9090; only with --schedule"},
	}, append(limitFlags(), logFlags()...)...)
}

func run(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; logs are named with --input", c.Args().First())
	}
	if err := checkUnattended(c); err != nil {
		return err
	}
	if isWorker(c) {
		return runWorker(c)
	}
	e, request, err := newRun(c)
	if err != nil {
		return err
	}
	if isTerminal(c.App.ErrWriter) {
		bar := newBar(c.App.ErrWriter)
		e.Progress = bar.progress
		defer bar.finish()
	}
	result, err := e.Run(c.Context, request)
	if c.Bool("once") && c.Context.Err() == nil {
		newNotifier(e).Notify(c.Context, manifests(result), err)
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		encoder := json.NewEncoder(c.App.Writer)
		encoder.SetIndent("", "  ")
		for _, run := range result.Runs {
			for i := range run.Inputs {
				run.Inputs[i].Marks = "" // long, and of use to the engine only
			}
			if err := encoder.Encode(run); err != nil {
				return err
			}
		}
		return nil
	}
	printResult(c.App.Writer, e, result)
	if result.Pruned != nil && !result.Pruned.Empty() {
		printPruned(c.App.Writer, e.Dir, result.Pruned, false)
	}
	return nil
}

// newRun makes the engine and the request that the flags describe.
func newRun(c *cli.Context) (*engine.Engine, engine.Request, error) {
	request := engine.Request{
		Inputs: c.StringSlice("input"), Extensions: c.StringSlice("extensions"), IncludeOpen: c.Bool("include-open"),
		Wait: c.Bool("wait"), Readmit: c.Bool("readmit"), AcceptClock: c.Bool("accept-clock"),
		Scheduled: isUnattended(c), Prune: isUnattended(c),
	}
	e, err := newEngine(c)
	if err != nil {
		return nil, request, err
	}
	if request.Format, err = ingest.ParseFormat(c.String("format")); err != nil {
		return nil, request, &engine.UsageError{Err: err}
	}
	if request.Format.Own() {
		if _, err := os.Stat(string(request.Format)); err != nil {
			return nil, request, usageError("format %s cannot be read (%w); check the path of --format", request.Format, err)
		}
	}
	if text := c.String("period"); text != "" {
		p, err := period.Parse(text)
		if err != nil {
			return nil, request, &engine.UsageError{Err: err}
		}
		request.Period = &p
	}
	if c.IsSet("window") {
		e.Config.Window.Duration = c.Duration("window")
	}
	if c.IsSet("late-days") {
		e.Config.LateDays = c.Int("late-days")
	}
	e.Config.Reports.XLSX = e.Config.Reports.XLSX || c.Bool("xlsx")
	e.Config.Reports.Gzip = e.Config.Reports.Gzip || c.Bool("gzip")
	e.Differences = c.App.Writer
	return e, request, nil
}

// bar shows how far the reading is, with rate and time left.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func newBar(w io.Writer) *bar { return &bar{w: w} }

func (b *bar) progress(done, total int64) {
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription("reading"),
			progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = b.bar.Set64(done) // a bar that cannot be drawn must not end a run
}

func (b *bar) finish() {
	if b.bar != nil {
		_ = b.bar.Clear()
		fmt.Fprint(b.w, "\r")
	}
}
