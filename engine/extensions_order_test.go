package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawEvents makes files of events around midnights; they share extensions and stamps.
func drawEvents(t *rapid.T) (files [][]byte) {
	for file := range rapid.IntRange(1, 4).Draw(t, "files") {
		var rows []eventRow
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			at := rapid.SampledFrom(midnights[:3]).Draw(t, "midnight").Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "seconds")) * time.Second)
			row := eventRow{
				at:        at.Format(time.RFC3339),
				extension: rapid.SampledFrom([]string{"acme/tool", "acme/app", "globex/a/b", "noslash"}).Draw(t, "extension"),
				event:     rapid.SampledFrom([]string{"install", "uninstall", "update", "open", "OPEN"}).Draw(t, "event"),
			}
			if rapid.Bool().Draw(t, "known") {
				row.user = fmt.Sprintf("user%d-%d", file, rapid.IntRange(0, 2).Draw(t, "user"))
			}
			rows = append(rows, row)
		}
		// The first event keeps files apart: one that begins another is taken for its shorter version.
		files = append(files, eventsCSV(append([]eventRow{{"2026-09-21T12:00:00Z", fmt.Sprintf("acme/file%d", file), "open", ""}}, rows...)...))
	}
	return files
}

// The same files in any order, any packing and any number of runs, with shorter versions of themselves and beside logs, make the same days.
func TestExtensionOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		if rapid.IntRange(0, 11).Draw(rt, "turn") > 0 {
			return // each case takes several runs
		}
		files := drawEvents(rt)
		l, remove := newLab(rt, root, world{window: DefaultConfig().Window.Duration})
		defer remove()
		log := l.file("access.csv", csvText([]logRow{checkRow(midnights[0], "acme/app")}))

		var paths, pieces []string
		var want []string
		for i, content := range files {
			name := fmt.Sprintf("events%d.csv", i)
			paths = append(paths, l.file(name, content))
			switch lines := bytes.SplitAfter(content, []byte("\n")); rapid.IntRange(0, 3).Draw(rt, "as") {
			case 0:
				pieces = append(pieces, l.file(name, content))
			case 1:
				pieces = append(pieces, l.file(name+".gz", gzipped(rt, content)))
			case 2: // an earlier state of the file, too
				some := rapid.IntRange(2, len(lines)).Draw(rt, "lines")
				pieces = append(pieces, l.file(name, content), l.file("earlier-"+name, bytes.Join(lines[:some], nil)))
			case 3: // and under another name
				pieces = append(pieces, l.file(name, content), l.file("copy-"+name, content))
			}
			for line, row := range strings.Split(string(content), "\n")[1:] {
				if values := strings.Split(row, ","); len(values) == 4 && values[1] != "noslash" {
					want = append(want, fmt.Sprintf("%s %s %d", strings.ToLower(values[2]), values[1], line+2))
				}
			}
		}
		atOnce := l.engine()
		atOnce.Now = atTheTime
		if _, err := atOnce.Run(context.Background(), Request{Inputs: []string{log}, Extensions: paths}); err != nil {
			rt.Fatal(err)
		}
		var got []string
		for _, row := range query(rt, atOnce, "select event, extension, line from extension_events") {
			got = append(got, strings.Join(row, " "))
		}
		slices.Sort(got)
		slices.Sort(want)
		sameLines(rt, "stored events", got, want)

		inRuns := l.engine()
		inRuns.Now = atTheTime
		for _, path := range rapid.Permutation(pieces).Draw(rt, "order") {
			runExtensions(rt, inRuns, path)
		}
		l.run(inRuns, []string{log})
		before := tree(rt, inRuns.Dir, []string{"requests", "extension_events"})
		if difference := treeDifference(before, tree(rt, atOnce.Dir, []string{"requests", "extension_events"})); difference != "" {
			rt.Fatalf("in several runs the lake differs:\n%s", difference)
		}
		if again := runExtensions(rt, inRuns, pieces...); again.Stored || len(again.Last().Inputs) > 0 {
			rt.Fatalf("loading again read %+v", again.Last().Inputs)
		}
		l.check(inRuns)
	})
}
