package engine

import (
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
)

// Published reports are the same, byte for byte, whatever is pruned while the logs come in.
func TestReportsOutliveTheRequests(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	fewCases(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(root, "case-*")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		l := &lab{TB: rt, root: dir, window: classify.DefaultWindow}
		kept, pruned := l.engine(), l.engine()
		pruned.Config.RetainRequests.Duration = time.Duration(rapid.IntRange(1, 20).Draw(rt, "days kept")) * aDay
		at, days := monday.Add(-time.Duration(rapid.IntRange(0, 20).Draw(rt, "days before"))*aDay), 0
		for range rapid.IntRange(2, 6).Draw(rt, "runs") {
			now := at.Add(time.Duration(rapid.IntRange(1, 400).Draw(rt, "hours")) * time.Hour)
			var rows []logRow
			for range rapid.IntRange(0, 12).Draw(rt, "rows") {
				// Requests in pairs, at midnights for the most part.
				first := at.Add(time.Duration(rapid.Int64Range(0, int64(now.Sub(at))).Draw(rt, "at")))
				if midnight := first.Truncate(aDay); rapid.IntRange(0, 2).Draw(rt, "midnight") > 0 && midnight.Add(-2*time.Second).After(at) {
					first = midnight.Add(-2 * time.Second)
				}
				for _, row := range []logRow{pullRow(first, "HEAD"), pullRow(first.Add(3*time.Second), "GET")} {
					if row.at.Before(now) {
						rows = append(rows, row)
					}
				}
			}
			slices.SortStableFunc(rows, func(a, b logRow) int { return a.at.Compare(b.at) })
			input := l.file("access.csv", csvText(rows))
			for _, e := range []*Engine{kept, pruned} {
				setClock(e, now)
				l.run(e, []string{input})
			}
			days += len(mustPrune(rt, pruned).Days)
			mustPruneNothing(rt, pruned)
			l.check(pruned)
			at = now
		}
		onlyReports := func(e *Engine) map[string]string { return tree(rt, e.Dir, []string{"reports"}) }
		if difference := treeDifference(onlyReports(pruned), onlyReports(kept)); difference != "" {
			rt.Fatalf("%d days were pruned, and the reports differ:\n%s", days, difference)
		}
		left := tree(rt, pruned.Dir, []string{"requests"})
		whole := tree(rt, kept.Dir, []string{"requests"})
		maps.DeleteFunc(whole, func(name, _ string) bool { _, ok := left[name]; return !ok })
		if difference := treeDifference(left, whole); difference != "" {
			rt.Fatalf("the days that are left differ:\n%s", difference)
		}
	})
}
