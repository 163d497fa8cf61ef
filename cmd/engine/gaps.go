package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
)

const gapsUsage = `A gap is a stretch of days without requests between days with requests; days before the
horizon, whose requests were pruned, are none. A day is low when it has less than a tenth
of the median of the same weekday one and two weeks before and after it; at least two of
these four days must have requests, and days that are not over yet (plus grace) are not
judged. So looks a day for which the log of one of several hosts is missing.

--json prints one object: horizon, gaps (from, to, days, weekdays, before and after with
day and requests) and low_days (day, weekday, requests, median, compared: with how many days).`

func gapsCommand() *cli.Command {
	return &cli.Command{
		Name: "gaps", Usage: "list days for which logs seem to be missing",
		Description:  gapsUsage,
		Flags:        append([]cli.Flag{dataFlag(), configFlag(), jsonFlag()}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       gaps,
	}
}

func gaps(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; the data directory is named with --data", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	found, err := e.Gaps()
	if err != nil {
		return err
	}
	w := c.App.Writer
	if c.Bool("json") {
		return printJSON(w, found)
	}
	if len(found.Gaps) == 0 {
		fmt.Fprintln(w, "no gaps: every day between the first and the last has requests")
	} else {
		t := newTable(w, "no requests", "days", "weekdays", "before", "requests", "after", "requests")
		for _, gap := range found.Gaps {
			t.AppendRow(table.Row{stretchText(gap.From, gap.To), gap.Days, weekdaysText(gap),
				gap.Before.Day, gap.Before.Requests, gap.After.Day, gap.After.Requests})
		}
		t.Render()
	}
	if len(found.LowDays) > 0 {
		fmt.Fprintln(w)
		t := newTable(w, "few requests", "weekday", "requests", "median of its weekday", "of days")
		for _, day := range found.LowDays {
			t.AppendRow(table.Row{day.Day, day.Weekday, day.Requests, day.Median, day.Compared})
		}
		t.Render()
	}
	if found.Horizon != "" {
		fmt.Fprintf(w, "requests before %s were pruned\n", found.Horizon)
	}
	return nil
}

// weekdaysText names the weekdays of a gap.
func weekdaysText(gap engine.Gap) string {
	switch {
	case gap.Days > len(gap.Weekdays): // more than a week
		return "all"
	case gap.Days > 2:
		return fmt.Sprintf("%s to %s", gap.Weekdays[0], gap.Weekdays[gap.Days-1])
	}
	return strings.Join(gap.Weekdays, ", ")
}
