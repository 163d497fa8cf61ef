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

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the check found a difference.`

func runCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "load logs, classify, check, store and publish reports",
		Description: runUsage,
		Flags: append([]cli.Flag{
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
		}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       run,
	}
}

func run(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; logs are named with --input", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	request := engine.Request{Inputs: c.StringSlice("input"), Extensions: c.StringSlice("extensions"), IncludeOpen: c.Bool("include-open")}
	if request.Format, err = ingest.ParseFormat(c.String("format")); err != nil {
		return &engine.UsageError{Err: err}
	}
	if request.Format.Own() {
		if _, err := os.Stat(string(request.Format)); err != nil {
			return usageError("format %s cannot be read (%w); check the path of --format", request.Format, err)
		}
	}
	if text := c.String("period"); text != "" {
		p, err := period.Parse(text)
		if err != nil {
			return &engine.UsageError{Err: err}
		}
		request.Period = &p
	}
	if c.IsSet("window") {
		e.Config.Window.Duration = c.Duration("window")
	}
	e.Config.Reports.XLSX = e.Config.Reports.XLSX || c.Bool("xlsx")
	e.Config.Reports.Gzip = e.Config.Reports.Gzip || c.Bool("gzip")
	e.Differences = c.App.Writer
	if isTerminal(c.App.ErrWriter) {
		bar := newBar(c.App.ErrWriter)
		e.Progress = bar.progress
		defer bar.finish()
	}
	result, err := e.Run(c.Context, request)
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
	return nil
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
