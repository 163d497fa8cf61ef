package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
)

const statusUsage = `The first line says "in order", or "not in order" and why: the last run failed; the
worker died without being stopped; it is overdue; or stored days were classified with
other settings, so that runs with this configuration are refused. Then come the worker
and the last run, what is stored, what was read, the weeks and months, and the last five
runs. It reads only, also during a run. Name the configuration of the runs: what is due
depends on its grace, publishers and reports.

A period is open (not over, plus grace), due (closed, and the next run publishes it:
not_published, reports_missing, was_open, new_data, being_published or new_settings says
why), published, mixed (some days wait for engine rebuild), or pruned (without reports,
and older than what is kept).

--json prints one object, times in RFC 3339, UTC:
  checked_at, data, in_order, problems (text, and kind: run_failed, worker_died,
               worker_overdue, other_settings)
  at_work      who holds the lock now: pid, host, since, command; null: nobody
  worker       pid, host, schedule, started_at, next_due, retry, stopped_at and state
               (running, stopped, dead, unknown); null: there never was one
  last_attempt run, started_at, ended_at, error, failures in a row; null: none is known
  last_good_run, last_good_at
  lake         days, first_day, last_day, requests, actions, extension_days,
               extension_events, bytes, horizon, gaps, low_days, newest_gaps
  inputs       of all logs but those that a longer version replaced: files, records,
               accepted, duplicates, ignored, rejected, rejects by reason
  last_inputs  the same of the newest run that read any, with run; null: none did
  periods      period, granularity, from, to, closed, state, because, days, publishers,
               revision (the highest), published_at
  periods_due  how many the next run publishes, also of those that are not listed
  runs         as engine runs --json

Exit codes: 0 done, 1 failed or, with --check, not in order, 2 wrong usage.`

func statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "tell whether everything is in order",
		Description: statusUsage,
		Flags: append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.BoolFlag{Name: "all", Usage: "list all weeks and months, not the newest six of each"},
			&cli.BoolFlag{Name: "check", Usage: "exit with 1 when something is not in order"},
			jsonFlag(),
		}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       status,
	}
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print JSON instead of tables"}
}

// errNotInOrder is what engine status --check fails with.
var errNotInOrder = errors.New("the data directory is not in order; engine status says why")

func status(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; the data directory is named with --data", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	s, err := e.Status(c.Bool("all"))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = printJSON(c.App.Writer, s)
	} else {
		printStatus(c.App.Writer, s)
	}
	if err == nil && c.Bool("check") && !s.InOrder {
		err = errNotInOrder
	}
	return err
}

// printJSON prints a value for programs.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// timeText is a time for people, to the minute.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func printStatus(w io.Writer, s *engine.Status) {
	if s.InOrder {
		fmt.Fprintln(w, "in order")
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(w, "not in order: %s\n", printable(problem.Text))
	}
	if s.AtWork != nil {
		fmt.Fprintf(w, "at work: %s\n", s.AtWork)
	}
	printWorker(w, s)
	printLake(w, s)
	printTotals(w, s)
	printPeriods(w, s)
	if len(s.Runs) > 0 {
		fmt.Fprintln(w)
		printRuns(w, s.Runs)
	}
}

func printWorker(w io.Writer, s *engine.Status) {
	switch worker := s.Worker; {
	case worker == nil:
		fmt.Fprintln(w, "worker: none")
	case worker.State == engine.WorkerStopped:
		fmt.Fprintf(w, "worker: stopped at %s (%s)\n", timeText(worker.StoppedAt), worker)
	default:
		fmt.Fprintf(w, "worker: %s (%s)", worker.State, worker)
		if worker.State != engine.WorkerDead && !worker.NextDue.IsZero() {
			again := ""
			if worker.Retry {
				again = ", to repeat the run that failed"
			}
			fmt.Fprintf(w, "; next due at %s%s", timeText(worker.NextDue), again)
		}
		fmt.Fprintln(w)
	}
	if attempt := s.LastAttempt; attempt != nil {
		how := "ended well"
		if attempt.Error != "" {
			how = "failed"
		}
		fmt.Fprintf(w, "last run: %s at %s\n", how, timeText(attempt.EndedAt))
	}
}

func printLake(w io.Writer, s *engine.Status) {
	l := s.Lake
	if l.Days+l.ExtensionDays == 0 {
		fmt.Fprintf(w, "stored in %s: nothing yet; load logs with engine run --input\n", s.Data)
		return
	}
	fmt.Fprintf(w, "stored in %s: %s", s.Data, count(int64(l.Days), "day"))
	if l.Days > 0 {
		fmt.Fprintf(w, ", %s to %s, with %d requests and %d actions", l.FirstDay, l.LastDay, l.Requests, l.Actions)
	}
	if l.ExtensionDays > 0 {
		fmt.Fprintf(w, "; %s with %s", count(int64(l.ExtensionDays), "day"), count(l.ExtensionEvents, "extension event"))
	}
	fmt.Fprintf(w, "; %s\n", sizeText(l.Bytes))
	if l.Horizon != "" {
		fmt.Fprintf(w, "requests before %s were pruned\n", l.Horizon)
	}
	if l.Gaps+l.LowDays > 0 {
		var newest []string
		for _, gap := range l.NewestGaps {
			newest = append(newest, stretchText(gap.From, gap.To))
		}
		if l.Gaps > len(newest) {
			newest = append(newest, "…")
		}
		list := ""
		if len(newest) > 0 {
			list = " (" + strings.Join(newest, ", ") + ")"
		}
		fmt.Fprintf(w, "gaps: %s%s, %s with few requests; engine gaps lists them\n", count(int64(l.Gaps), "gap"), list, count(int64(l.LowDays), "day"))
	} else {
		fmt.Fprintln(w, "gaps: none")
	}
}

// stretchText names days, the last one included.
func stretchText(from, to period.Day) string {
	if from == to {
		return string(from)
	}
	return fmt.Sprintf("%s to %s", from, to)
}

// sizeText is a size for people.
func sizeText(bytes int64) string {
	size, units := float64(bytes), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for size >= 1024 && len(units) > 1 {
		size, units = size/1024, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", size, units[0])
}

func printTotals(w io.Writer, s *engine.Status) {
	if s.LastInputs == nil {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "read", "files", "records", "accepted", "duplicates", "ignored", "rejected")
	row := func(name string, totals engine.InputTotals) {
		t.AppendRow(table.Row{name, totals.Files, totals.Records, totals.Accepted, totals.Duplicates, totals.Ignored, totals.Rejected})
	}
	row("all", s.Inputs)
	row("run "+s.LastInputs.Run, *s.LastInputs)
	t.Render()
	if s.Inputs.Rejected > 0 {
		fmt.Fprintf(w, "rejected: %s; engine rejects shows them\n", countsText(s.Inputs.Rejects))
	}
}

func printPeriods(w io.Writer, s *engine.Status) {
	if len(s.Periods) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "period", "days", "state", "revision", "publishers", "published at")
	for _, p := range s.Periods {
		state := string(p.State)
		if p.Because != "" {
			state += ": " + strings.ReplaceAll(string(p.Because), "_", " ")
		}
		row := table.Row{p.Period, p.Days, state, "", "", timeText(p.PublishedAt)}
		if p.Publishers > 0 {
			row[3], row[4] = p.Revision, p.Publishers
		}
		t.AppendRow(row)
	}
	t.SetColumnConfigs(rightAligned("revision", "publishers"))
	t.Render()
	if s.PeriodsDue > 0 {
		fmt.Fprintf(w, "due: the next run publishes %s\n", count(int64(s.PeriodsDue), "period"))
	}
	if slices.ContainsFunc(s.Periods, func(p engine.PeriodStatus) bool { return p.Because == engine.NewSettings }) {
		fmt.Fprintln(w, "new settings: they were published with others than those of this command; --config names the file that the runs use")
	}
}
