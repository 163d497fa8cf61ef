package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/lake"
)

// printResult tells what a run did, for a person.
func printResult(w io.Writer, e *engine.Engine, result *engine.Result) {
	for n, run := range result.Runs {
		if n > 0 {
			fmt.Fprintln(w)
		}
		printRun(w, e.Dir, run, n == len(result.Runs)-1)
	}
}

// printRun tells of one run; the last one of several publishes.
func printRun(w io.Writer, dir string, run lake.Run, last bool) {
	printInputs(w, dir, run)
	for _, skipped := range run.Skipped {
		fmt.Fprintf(w, "skipped %s: %s\n", skipped.Path, skipped.Reason)
	}
	for _, input := range run.Inputs {
		if len(input.Supersedes) > 0 && !slices.Contains(input.Supersedes, input.Source) {
			fmt.Fprintf(w, "%s is the longer version of a log loaded before; it took its place\n", input.Path)
		}
	}
	printDays(w, run)
	if last {
		printPublished(w, dir, run)
	}
	var seconds []string
	for _, timing := range run.Timings {
		seconds = append(seconds, fmt.Sprintf("%s %.1f s", timing.Step, timing.Seconds))
	}
	fmt.Fprintf(w, "run %s done in %s (%s)\n", run.Run, run.EndedAt.Sub(run.StartedAt).Round(100*time.Millisecond), strings.Join(seconds, ", "))
}

func printInputs(w io.Writer, dir string, run lake.Run) {
	if len(run.Inputs) == 0 {
		fmt.Fprintln(w, "no new input")
		return
	}
	t := newTable(w, "read", "format", "lines", "accepted", "ignored", "duplicates", "rejected")
	var total lake.Input
	ignored := map[string]int64{}
	for _, input := range run.Inputs {
		t.AppendRow(table.Row{input.Path, formatText(input), input.Lines, input.Accepted, input.IgnoredTotal(), input.Duplicates, input.Rejected})
		total.Lines += input.Lines
		total.Accepted += input.Accepted
		total.Duplicates += input.Duplicates
		total.Rejected += input.Rejected
		for reason, count := range input.Ignored {
			ignored[reason] += count
		}
	}
	total.Ignored = ignored
	if len(run.Inputs) > 1 {
		t.AppendFooter(table.Row{"together", "", total.Lines, total.Accepted, total.IgnoredTotal(), total.Duplicates, total.Rejected})
	}
	t.Render()
	if len(ignored) > 0 {
		fmt.Fprintf(w, "ignored: %s\n", countsText(ignored))
	}
	if total.Rejected > 0 {
		fmt.Fprintf(w, "rejected lines are in quarantine: engine query --data %s \"select file, line, reason, raw from rejects\"\n", dir)
	}
}

// formatText is the format of an input, and what its records are when they are
// no requests.
func formatText(input lake.Input) string {
	if input.Kind == lake.KindExtensionEvents {
		return input.Format + " extensions"
	}
	return input.Format
}

func countsText(counts map[string]int64) string {
	reasons := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = fmt.Sprintf("%s %d", reason, counts[reason])
	}
	return strings.Join(parts, ", ")
}

func sumOf(rows map[string]int64) int64 {
	var sum int64
	for _, n := range rows {
		sum += n
	}
	return sum
}

// count puts a number before a noun.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func printDays(w io.Writer, run lake.Run) {
	if run.Check.Requests > 0 {
		fmt.Fprintf(w, "check passed: the SQL and the reference classifier agree on all %d requests, %d actions\n", run.Check.Requests, run.Check.Actions)
	}
	if len(run.Days)+len(run.ExtensionDays) == 0 {
		fmt.Fprintln(w, "stored: nothing new")
	}
	if days := run.Days; len(days) > 0 {
		var requests, actions int64
		for _, day := range days {
			requests += day.Requests
			actions += day.Actions
		}
		fmt.Fprintf(w, "stored: %s, %s to %s, with %d requests and %d actions\n", count(int64(len(days)), "day"), days[0].Day, days[len(days)-1].Day, requests, actions)
	}
	if days := run.ExtensionDays; len(days) > 0 {
		var events int64
		for _, day := range days {
			events += day.Events
		}
		fmt.Fprintf(w, "stored: %s, %s to %s, with %s\n", count(int64(len(days)), "day"), days[0].Day, days[len(days)-1].Day, count(events, "extension event"))
	}
}

func printPublished(w io.Writer, dir string, run lake.Run) {
	if len(run.Published) == 0 {
		fmt.Fprintln(w, "published: nothing due")
		return
	}
	t := newTable(w, "published", "period", "revision", "reports", "rows", "in")
	for i, published := range run.Published {
		if i == maxPublished {
			t.AppendRow(table.Row{fmt.Sprintf("… and %d more", len(run.Published)-maxPublished), "", "", "", "", filepath.Join(dir, "reports")})
			break
		}
		revision := fmt.Sprint(published.Revision)
		if !published.Changed {
			revision += " (unchanged)"
		}
		t.AppendRow(table.Row{published.Publisher, published.Period, revision, len(published.Rows), sumOf(published.Rows), filepath.Join(dir, "reports", published.Dir)})
	}
	t.Render()
}

// maxPublished is how many directories a table lists.
const maxPublished = 20

// newTable makes a table without frame, numbers to the right.
func newTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	t.AppendHeader(table.Row(header))
	return t
}
