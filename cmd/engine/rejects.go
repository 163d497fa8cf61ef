package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/pullscope/pullscope/engine"
)

const rejectsUsage = `Counts the lines that could not be accepted, by reason and by run and file, says what
each reason means and what to do, and shows some of the lines. Without --run, logs that a
longer version replaced are left out: their rejects are among those of that version.

Lines stay in quarantine for retain_rejects (30 days); after that their counts remain.
As they hold addresses, only the owner of the data directory can read them.

--json prints one object: total, expired (of these, no longer in quarantine), hidden (the
quarantine cannot be read by this user), reasons (reason, rejected, meaning, advice),
counts (run, file, reason, rejected, expired) and samples (run, file, line, reason, raw).`

func rejectsCommand() *cli.Command {
	return &cli.Command{
		Name: "rejects", Usage: "show what could not be read, and why",
		Description: rejectsUsage,
		Flags: append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.StringFlag{Name: "run", Usage: "only of this `RUN`, its id or sequence number"},
			&cli.StringFlag{Name: "reason", Usage: "only for this `REASON`"},
			&cli.IntFlag{Name: "limit", Value: 10, Usage: "show this `NUMBER` of lines; 0: none"},
			jsonFlag(),
		}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       rejects,
	}
}

func rejects(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; a run is named with --run", c.Args().First())
	}
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	found, err := e.Rejects(c.Context, engine.RejectsRequest{Run: c.String("run"), Reason: c.String("reason"), Samples: limit})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, found)
	}
	printRejects(c.App.Writer, found, limit)
	return nil
}

// maxRejectCounts is how many counts by run and file a table lists.
const maxRejectCounts = 20

func printRejects(w io.Writer, found *engine.Rejects, limit int) {
	if found.Total == 0 {
		fmt.Fprintln(w, "nothing was rejected: all lines could be read")
		return
	}
	t := newTable(w, "reason", "rejected", "meaning", "what to do")
	for _, reason := range found.Reasons {
		t.AppendRow(table.Row{reason.Reason, reason.Rejected, reason.Meaning, reason.Advice})
	}
	t.Render()
	fmt.Fprintln(w)
	t = newTable(w, "run", "file", "reason", "rejected", "")
	for i, count := range found.Counts {
		if i == maxRejectCounts {
			t.AppendRow(table.Row{fmt.Sprintf("… and %d more", len(found.Counts)-maxRejectCounts), "", "", "", "--json lists them"})
			break
		}
		note := ""
		if count.Expired {
			note = "lines removed"
		}
		t.AppendRow(table.Row{count.Run, printable(count.File), count.Reason, count.Rejected, note})
	}
	t.Render()
	if found.Expired > 0 {
		fmt.Fprintf(w, "%s in quarantine no more (retain_rejects)\n", areText(found.Expired))
	}
	if found.Hidden {
		fmt.Fprintln(w, "the lines themselves are shown to the owner of the data directory only")
	}
	if len(found.Samples) > 0 {
		fmt.Fprintln(w)
		printSamples(w, found.Samples)
		if shown := int64(len(found.Samples)); shown == int64(limit) && shown < found.Total-found.Expired {
			fmt.Fprintf(w, "these are %d of %s; --limit shows more\n", shown, count(found.Total-found.Expired, "line"))
		}
	}
}

func areText(lines int64) string {
	if lines == 1 {
		return "1 line is"
	}
	return fmt.Sprintf("%d lines are", lines)
}

// maxRaw is how many characters of a line are shown where no terminal is narrower.
const maxRaw = 200

func printSamples(w io.Writer, samples []engine.RejectSample) {
	t := newTable(w, "reason", "file", "line", "text")
	width := terminalWidth(w)
	for _, sample := range samples {
		length := maxRaw
		if width > 0 {
			// What the table has no room for stands in one line nevertheless.
			length = min(maxRaw, max(20, width-len(sample.Reason)-len(sample.File)-len(strconv.FormatInt(sample.Line, 10))-8))
		}
		t.AppendRow(table.Row{sample.Reason, printable(sample.File), sample.Line, oneLine(sample.Raw, length)})
	}
	t.Render()
}

// oneLine is a text of at most so many characters, in which control characters
// and what has no shape are written as Go writes them: \n, \x1b, \u202e.
func oneLine(raw string, length int) string {
	var line strings.Builder
	written := 0
	for _, r := range raw {
		shown := string(r)
		if !strconv.IsPrint(r) {
			shown = strings.Trim(strconv.QuoteRune(r), "'")
		}
		if written += len([]rune(shown)); written > length {
			return line.String() + "…"
		}
		line.WriteString(shown)
	}
	return line.String()
}

// terminalWidth is how many characters fit into a line; 0: any number.
func terminalWidth(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok || !isTerminal(w) {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
