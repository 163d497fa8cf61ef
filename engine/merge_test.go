package engine

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
)

// The same files in any order and any number of runs make the same lake and the same reports.
func TestLoadingOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	someCases(t, func(rt *rapid.T) {
		w := drawWorld(rt, rapid.Bool().Draw(rt, "with ids"))
		l, remove := newLab(rt, root, w)
		defer remove()
		paths := l.files(w)
		atOnce := l.load(paths)
		l.asExpected(atOnce, w.expect())

		order := rapid.Permutation(paths).Draw(rt, "order")
		var groups [][]string
		for i, path := range order {
			if i == 0 || rapid.IntRange(0, 2).Draw(rt, "new run") > 0 {
				groups = append(groups, nil)
			}
			groups[len(groups)-1] = append(groups[len(groups)-1], path)
		}
		l.same("in several runs", l.load(groups...), atOnce)
	})
}

// Bursts are whole again wherever midnight cuts them, whichever day is loaded first, on both sides of the window.
//
// Days of which a label changes are read back whole, which hides what is overlooked beside. So each case is alone.
func TestBurstsAcrossMidnight(t *testing.T) {
	t.Parallel()
	const window = classify.DefaultWindow
	midnight := time.Date(2026, 9, 21, 0, 0, 0, 0, time.UTC)
	digest := func(n int) string { return classify.DigestOf(string(rune('A' + n))) }
	head := func(n int, after time.Duration) logRow {
		return logRow{at: midnight.Add(after), method: "HEAD", reference: "v1", digest: digest(n)}
	}
	tag := func(n int, after time.Duration) logRow {
		return logRow{at: midnight.Add(after), method: "GET", reference: "v1", digest: digest(n)}
	}
	child := func(n int, after time.Duration) logRow {
		return logRow{at: midnight.Add(after), method: "GET", reference: digest(n)}
	}
	const s, us = time.Second, time.Microsecond
	for name, rows := range map[string][]logRow{
		"HEAD and GET at the window, from midnight":     {head(0, -window), tag(0, 0)},
		"HEAD and GET at the window, to midnight":       {head(0, -us), tag(0, window-us)},
		"HEAD and GET beyond the window, from midnight": {head(0, -window-us), tag(0, 0)},
		"HEAD and GET beyond the window, to midnight":   {head(0, -us), tag(0, window)},
		"GET and child at the window":                   {tag(0, -window), child(1, 0)},
		"GET and child beyond the window":               {tag(0, -window), child(1, us)},
		"HEAD, then GET and child":                      {head(0, -s), tag(0, s), child(1, 2*s)},
		"HEAD and GET, then child":                      {head(0, -2*s), tag(0, -s), child(1, s)},
		"two HEADs, then GET":                           {head(0, -2*s), head(0, -s), tag(0, s)},
		"children pair off after":                       {child(0, -s), child(1, s), child(2, 2*s), child(3, 3*s)},
		"children pair off before":                      {child(0, -3*s), child(1, -2*s), child(2, -s), child(3, s), child(4, 2*s)},
		"children at the window":                        {child(0, -2*window), child(1, -window), child(2, 0), child(3, window), child(4, 2*window)},
		"child with the stamp of a HEAD":                {tag(0, -s), child(1, s), head(2, s), tag(2, 2*s)},
		"HEAD with the stamp of a child":                {head(2, -s), tag(2, -s), child(1, -s), child(0, s)},
		"a run that a gap interrupts before":            {child(0, -3*window), child(1, -s), child(2, s)},
		"a run that a gap interrupts after":             {child(0, -s), child(1, s), child(2, 3*window), child(3, 3*window+s)},
		"digest first known after":                      {{at: midnight.Add(-s), method: "HEAD", reference: "v1"}, tag(0, s)},
		"HEAD of another digest":                        {head(0, -s), tag(1, s)},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{window: window, logs: []worldLog{{name: "before.csv"}, {name: "after.csv"}}}
			for _, row := range rows {
				row.client, row.image = "192.0.2.1", "acme/app"
				log := &w.logs[0]
				if !row.at.Before(midnight) {
					log = &w.logs[1]
				}
				log.rows = append(log.rows, row)
			}
			l := &lab{TB: t, root: t.TempDir(), window: window}
			paths := l.files(w)
			want := w.expect()
			for _, groups := range [][][]string{{paths}, {paths[:1], paths[1:]}, {paths[1:], paths[:1]}} {
				e := l.load(groups...)
				l.asExpected(e, want)
			}
		})
	}
}

// Late requests in the middle of what is stored, on days beside those that they are of.
func TestLateRequestsChangeNeighbours(t *testing.T) {
	t.Parallel()
	at := func(day int, from time.Duration) time.Time {
		return time.Date(2026, 9, day, 0, 0, 0, 0, time.UTC).Add(from)
	}
	request := func(at time.Time, method, digest string) logRow {
		row := logRow{at: at, client: "192.0.2.1", method: method, image: "acme/app", reference: "v1"}
		if digest != "" {
			row.digest = classify.DigestOf(digest)
		}
		return row
	}
	for name, logs := range map[string][][]logRow{
		// Of the pull that began the day before only the digest changes: it is that of another GET.
		"only the digest": {
			{request(at(20, -time.Second), "HEAD", "")},
			{request(at(20, 2*time.Second), "GET", "A")},
			{request(at(20, time.Second), "GET", "B")},
		},
		// The stored day lies between two that are rebuilt.
		"a day from both sides": {
			{request(at(20, time.Second), "GET", "A"), request(at(21, -time.Second), "HEAD", "A")},
			{request(at(19, 12*time.Hour), "HEAD", "A"), request(at(20, -time.Second), "HEAD", "B"), request(at(21, time.Second), "GET", "A")},
		},
		// Between the two days of a pull comes what parts them.
		"apart": {
			{request(at(20, -time.Second), "HEAD", "A")},
			{request(at(20, 2*time.Second), "GET", "A")},
			{request(at(20, time.Second), "HEAD", "B")},
		},
		"apart, before midnight": {
			{request(at(20, -2*time.Second), "HEAD", "A")},
			{request(at(20, time.Second), "GET", "A")},
			{request(at(20, -time.Second), "GET", "A")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{window: classify.DefaultWindow}
			var groups [][]string
			l := &lab{TB: t, root: t.TempDir(), window: w.window}
			for i, rows := range logs {
				w.logs = append(w.logs, worldLog{fmt.Sprintf("%d.csv", i), rows})
			}
			for _, path := range l.files(w) {
				groups = append(groups, []string{path})
			}
			l.asExpected(l.load(groups...), w.expect())
			slices.Reverse(groups)
			l.asExpected(l.load(groups...), w.expect())
		})
	}
}

// A log cut into consecutive pieces reads like the whole, but for the columns that name file and line.
func TestCutLogReadsLikeTheWhole(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	const columns = "* exclude (source, line, item)"
	someCases(t, func(rt *rapid.T) {
		w := drawWorld(rt, rapid.Bool().Draw(rt, "with ids"))
		pieces := drawPieces(rt, w.logs[0].rows)
		if len(pieces) < 2 {
			rt.Skip("not to be cut")
		}
		l, remove := newLab(rt, root, w)
		defer remove()
		// The other logs are there in both lakes, as long as they do not come between the pieces.
		others := world{window: w.window}
		for _, log := range w.logs[1:] {
			if first := earliest(log.rows); first.IsZero() || first.Before(earliest(w.logs[0].rows)) || first.After(earliest(pieces[len(pieces)-1])) {
				others.logs = append(others.logs, log)
			}
		}
		rest := l.files(others)
		whole := l.load(append(slices.Clone(rest), l.file("whole.csv", csvText(w.logs[0].rows))))
		var cut []string
		for i, piece := range pieces {
			cut = append(cut, l.file(fmt.Sprintf("%d.csv", 9-i), csvText(piece)))
		}
		at := rapid.IntRange(0, len(cut)).Draw(rt, "first run")
		apart := l.load(append(rest, cut[at:]...), cut[:at])
		if difference := rowsDifference(storedRows(l, apart, columns), storedRows(l, whole, columns)); difference != rowsAreTheSame {
			rt.Fatalf("cut into pieces: the lakes differ:\n%s", difference)
		}
		// The reports do not name file and line.
		onlyReports := func(e *Engine) map[string]string {
			hashes := lakeTree(l, e)
			maps.DeleteFunc(hashes, func(name, _ string) bool { return !strings.HasPrefix(name, "reports") })
			return hashes
		}
		if difference := treeDifference(onlyReports(apart), onlyReports(whole)); difference != "" {
			rt.Fatalf("cut into pieces: the reports differ:\n%s", difference)
		}
	})
}

// drawPieces cuts rows where the earliest stamps of the pieces ascend.
func drawPieces(t *rapid.T, rows []logRow) [][]logRow {
	var pieces [][]logRow
	for len(rows) > 0 {
		n := rapid.IntRange(1, len(rows)).Draw(t, "rows of piece")
		first := earliest(rows[:n])
		if len(pieces) > 0 && !first.After(earliest(pieces[len(pieces)-1])) {
			pieces[len(pieces)-1] = append(pieces[len(pieces)-1], rows[:n]...)
		} else {
			pieces = append(pieces, slices.Clone(rows[:n]))
		}
		rows = rows[n:]
	}
	// Putting pieces together may have moved an earliest stamp.
	for i := 1; i < len(pieces); i++ {
		if !earliest(pieces[i]).After(earliest(pieces[i-1])) {
			return nil
		}
	}
	return pieces
}

// earliest is the first accepted stamp; zero when there is none.
func earliest(rows []logRow) time.Time {
	var first time.Time
	for _, row := range rows {
		if row.status != "401" && (first.IsZero() || row.at.Before(first)) {
			first = row.at
		}
	}
	return first
}

// What is loaded already changes nothing, under whatever name and packing it comes again.
func TestLoadingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	someCases(t, func(rt *rapid.T) {
		w := drawWorld(rt, rapid.Bool().Draw(rt, "with ids"))
		l, remove := newLab(rt, root, w)
		defer remove()
		paths := l.files(w)
		e := l.load(paths)
		before := tree(l, e.Dir, []string{"requests", "reports", "rejects"})
		var again []string
		for i, log := range w.logs {
			switch rapid.IntRange(0, 3).Draw(rt, "again") {
			case 0:
				again = append(again, paths[i])
			case 1:
				again = append(again, l.file("renamed-"+log.name, log.text()))
			case 2:
				again = append(again, l.file("packed-"+log.name+".gz", gzipped(l, log.text())))
			}
		}
		if len(again) == 0 {
			again = paths
		}
		result := l.run(e, again)
		if len(result.Last().Days) != 0 || result.Stored {
			rt.Fatalf("the second run wrote %d days", len(result.Last().Days))
		}
		for _, input := range result.Last().Inputs {
			// A log without requests that was left out for being the beginning of another one is not remembered.
			if input.Accepted+input.Rejected > 0 {
				rt.Fatalf("the second run read %s again: %+v", input.Path, input)
			}
		}
		if difference := treeDifference(tree(l, e.Dir, []string{"requests", "reports", "rejects"}), before); difference != "" {
			rt.Fatalf("loading again changed:\n%s", difference)
		}
	})
}

// A known log that comes in two packings beside a new log of its day is still counted once.
func TestKnownLogInTwoPackings(t *testing.T) {
	t.Parallel()
	l := &lab{TB: t, root: t.TempDir(), window: classify.DefaultWindow}
	log := func(client string) []byte {
		return csvText([]logRow{{at: monday, client: client, method: "GET", image: "acme/app", reference: "v1"}})
	}
	known := log("192.0.2.1")
	twoMembers := append(gzipped(t, known[:20]), gzipped(t, known[20:])...)
	e := l.load([]string{l.file("a.csv", known)},
		[]string{l.file("a.csv.gz", gzipped(t, known)), l.file("again.csv.gz", twoMembers), l.file("b.csv", log("192.0.2.2"))})
	if got := query(t, e, "select count(*) from requests"); got[0][0] != "2" {
		t.Errorf("%s requests are stored, want 2", got[0][0])
	}
}

// A stored request gives way to one with its id in a file that comes before its own. If a request of the next day was part
// of its action, that one is on its own now.
func TestDuplicateGivesWayAcrossMidnight(t *testing.T) {
	digest := classify.DigestOf("A")
	at := func(day, hour, minute, second int) time.Time {
		return time.Date(2026, 9, day, hour, minute, second, 0, time.UTC)
	}
	first := []logRow{{at: at(20, 10, 0, 0), client: "192.0.2.9", method: "HEAD", image: "acme/app", reference: "v1", digest: digest, id: "x"}}
	for name, w := range map[string]world{
		"the first request goes": {logs: []worldLog{{"late.csv", []logRow{
			{at: at(20, 23, 59, 58), client: "192.0.2.1", method: "HEAD", image: "acme/app", reference: "v1", digest: digest, id: "x"},
			{at: at(21, 0, 0, 1), client: "192.0.2.1", method: "GET", image: "acme/app", reference: digest},
		}}}},
		"the second request goes": {logs: []worldLog{{"late.csv", []logRow{
			{at: at(19, 23, 59, 58), client: "192.0.2.1", method: "HEAD", image: "acme/app", reference: "v1", digest: digest},
			{at: at(20, 0, 0, 1), client: "192.0.2.1", method: "GET", image: "acme/app", reference: digest, id: "y"},
		}}}},
	} {
		t.Run(name, func(t *testing.T) {
			w.window = classify.DefaultWindow
			early := slices.Clone(first)
			if name == "the second request goes" {
				early[0].at, early[0].id = at(20, 10, 0, 0), "y"
				// The early file begins before the late one.
				early = append([]logRow{{at: at(15, 0, 0, 0), client: "192.0.2.9", method: "HEAD", image: "acme/app", reference: "v1"}}, early...)
			}
			w.logs = append(w.logs, worldLog{"early.csv", early})
			l := &lab{TB: t, root: t.TempDir(), window: w.window, publish: "last run"}
			paths := l.files(w)
			atOnce := l.load(paths)
			l.asExpected(atOnce, w.expect())
			l.same("late file first", l.load(paths[:1], paths[1:]), atOnce)
		})
	}
}

// The days that a run reads back are those that its requests touch, not all that bursts over midnight join in a chain.
func TestMergeDoesNotSpread(t *testing.T) {
	digest := classify.DigestOf("A")
	var rows []logRow
	for day := 1; day <= 20; day++ {
		midnight := time.Date(2026, 9, day, 0, 0, 0, 0, time.UTC)
		for _, offset := range []time.Duration{-2 * time.Second, -time.Second, time.Second, 2 * time.Second} {
			row := logRow{at: midnight.Add(offset), client: "192.0.2.1", method: "HEAD", image: "acme/app", reference: "v1", digest: digest}
			if offset == -time.Second || offset == 2*time.Second {
				row.method, row.reference = "GET", digest
			}
			rows = append(rows, row)
		}
	}
	l := &lab{TB: t, root: t.TempDir(), window: classify.DefaultWindow, publish: "last run"}
	e := l.load([]string{l.file("month.csv", csvText(rows))})
	result := l.run(e, []string{l.file("late.csv", csvText([]logRow{{at: time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC), client: "192.0.2.1", method: "HEAD", image: "acme/app", reference: "v1"}}))})
	if days := len(result.Last().Days); days != 1 {
		t.Errorf("%d days are written, want 1", days)
	}
	// The four stored requests of the day, the new one, and what lies around the two midnights.
	if requests := result.Last().Check.Requests; requests > 4+1+8 {
		t.Errorf("%d of %d stored requests are read back for one new request", requests, len(rows))
	}
}

// Rows that nobody asked for never appear: a run without new requests stores nothing.
func TestRunWithoutRequestsStoresNothing(t *testing.T) {
	l := &lab{TB: t, root: t.TempDir(), window: classify.DefaultWindow, publish: "last run"}
	e := l.engine()
	result := l.run(e, []string{l.file("empty.csv", csvText(nil)), l.file("ignored.csv", csvText([]logRow{{
		at: time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC), client: "192.0.2.1", method: "GET", image: "acme/app", reference: "v1", status: "404",
	}}))})
	if result.Stored || len(tree(t, e.Dir, []string{"requests", "reports"})) != 0 {
		t.Errorf("stored: %v; files %v", result.Stored, tree(t, e.Dir, []string{"requests", "reports"}))
	}
	for _, input := range result.Last().Inputs {
		if !input.AddsUp() || input.Accepted != 0 {
			t.Errorf("%s: %+v", input.Path, input)
		}
	}
	if bytes.Contains(csvText(nil), []byte("192.0.2.1")) {
		t.Error("an empty log holds a request")
	}
}
