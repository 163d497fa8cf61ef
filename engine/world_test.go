package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
)

// world is a set of logs as a generator made them.
type world struct {
	window time.Duration
	logs   []worldLog
}

type worldLog struct {
	name string
	rows []logRow
}

func (l worldLog) text() []byte { return csvText(l.rows) }

func (w world) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "window %s\n", w.window)
	for _, log := range w.logs {
		fmt.Fprintf(&text, "-- %s --\n%s", log.name, log.text())
	}
	return text.String()
}

// midnights that worlds gather around: of a day, a week, a month and both, and of neighbouring days.
var midnights = []time.Time{
	time.Date(2026, 9, 21, 0, 0, 0, 0, time.UTC), // Monday
	time.Date(2026, 9, 22, 0, 0, 0, 0, time.UTC),
	time.Date(2026, 9, 23, 0, 0, 0, 0, time.UTC),
	time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), // Thursday
	time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),  // Monday
}

var (
	worldClients = []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2", "192.0.2.77"}
	worldImages  = []string{"acme/app", "globex/team/web", "tool"}
	worldAgents  = []string{"", "docker/26.1.4 go/go1.21.11 os/linux", "containerd/2.0.1"}
)

// drawWorld makes one to five logs of sessions at midnights.
func drawWorld(t *rapid.T, withIDs bool) world {
	w := world{window: rapid.SampledFrom([]time.Duration{5 * time.Second, 5 * time.Second, time.Hour}).Draw(t, "window")}
	gaps := []time.Duration{0, w.window / 5, w.window / 2, w.window - time.Microsecond, w.window, w.window, w.window + time.Microsecond, 3 * w.window}
	if rapid.Bool().Draw(t, "whole seconds") {
		gaps = []time.Duration{0, 0, w.window / 5, w.window, w.window, w.window + time.Second}
	}
	logs := rapid.SampledFrom([]int{1, 2, 2, 3, 4, 5}).Draw(t, "logs")
	for i := range logs {
		w.logs = append(w.logs, worldLog{name: fmt.Sprintf("%d.csv", i)})
	}
	// Logs that change at midnight leave bursts to be put together by the merge.
	byDay := rapid.IntRange(0, 2).Draw(t, "by day") > 0
	unique := 0
	for range rapid.IntRange(4, 14).Draw(t, "sessions") {
		at := rapid.SampledFrom(midnights).Draw(t, "midnight").Add(rapid.SampledFrom([]time.Duration{
			-12 * time.Hour, -3 * w.window, -w.window, -w.window / 2, -time.Second, -time.Microsecond, 0, w.window / 2, 30 * w.window,
		}).Draw(t, "from"))
		client, image := rapid.SampledFrom(worldClients).Draw(t, "client"), rapid.SampledFrom(worldImages).Draw(t, "image")
		log := rapid.IntRange(0, logs-1).Draw(t, "log")
		steps := 9
		if w.window == time.Hour {
			steps = 40 // days without a gap
		}
		for range rapid.IntRange(1, steps).Draw(t, "steps") {
			at = at.Add(rapid.SampledFrom(gaps).Draw(t, "gap"))
			row := drawRow(t)
			row.at, row.client, row.image = at, client, image
			if withIDs {
				switch rapid.IntRange(0, 3).Draw(t, "id") {
				case 0:
					unique++
					row.id = fmt.Sprintf("unique-%d", unique)
				case 1:
					row.id = fmt.Sprintf("shared-%d", rapid.IntRange(1, 4).Draw(t, "shared"))
				}
			}
			into := log
			switch {
			case byDay:
				into = at.YearDay() % logs
			case rapid.IntRange(0, 4).Draw(t, "elsewhere") == 0:
				into = rapid.IntRange(0, logs-1).Draw(t, "log of request")
			}
			// The user keeps logs apart: a log whose requests are the first of another one's is taken for a shorter version.
			row.user = fmt.Sprintf("user-%d", into)
			w.logs[into].rows = append(w.logs[into].rows, row)
		}
	}
	for i := range w.logs {
		if rapid.IntRange(0, 3).Draw(t, "disorder") > 0 {
			slices.SortStableFunc(w.logs[i].rows, func(a, b logRow) int { return a.at.Compare(b.at) })
		}
	}
	return w
}

func drawRow(t *rapid.T) logRow {
	digest := rapid.SampledFrom([]string{"A", "B", "C", ""}).Draw(t, "digest")
	row := logRow{method: rapid.SampledFrom([]string{"HEAD", "GET", "GET"}).Draw(t, "method"), agent: rapid.SampledFrom(worldAgents).Draw(t, "agent")}
	if digest != "" {
		row.digest = classify.DigestOf(digest)
	}
	if rapid.Bool().Draw(t, "by tag") || digest == "" {
		row.reference = rapid.SampledFrom([]string{"v1", "V1"}).Draw(t, "tag")
	} else {
		row.reference = row.digest
		switch rapid.IntRange(0, 3).Draw(t, "logged digest") {
		case 0:
		case 1:
			row.digest = classify.DigestOf("D") // of what was asked for, but another one
		default:
			row.digest = ""
		}
	}
	switch rapid.IntRange(0, 19).Draw(t, "status") {
	case 0:
		row.status = "401" // ignored
	case 1, 2, 3:
		row.status = "304"
	case 4:
		row.status = "200"
	}
	return row
}

// expect tells the stored requests of a world, their labels and what they asked for, by "source:line". Nothing of the engine takes part but the
// reference classifier.
func (w world) expect() map[string]string {
	type accepted struct {
		row    logRow
		line   int
		head   bool
		digest string
	}
	type input struct {
		id   string
		rows []accepted
	}
	var inputs []input
	seen := map[string]bool{}
	for _, log := range w.logs {
		sum := sha256.Sum256(log.text())
		in := input{}
		var earliest time.Time
		for i, row := range log.rows {
			if row.status != "" && (row.status < "200" || row.status >= "400") {
				continue
			}
			a := accepted{row: row, line: i + 2, head: row.method == "HEAD" || row.status == "304", digest: row.digest}
			if a.digest == "" && strings.HasPrefix(row.reference, "sha256:") {
				a.digest = row.reference
			}
			if earliest.IsZero() || row.at.Before(earliest) {
				earliest = row.at
			}
			in.rows = append(in.rows, a)
		}
		in.id = earliest.UTC().Format("20060102T150405.000000Z-") + hex.EncodeToString(sum[:])[:16]
		if len(in.rows) > 0 && !seen[in.id] {
			inputs = append(inputs, in)
		}
		seen[in.id] = true
	}
	slices.SortFunc(inputs, func(a, b input) int { return strings.Compare(a.id, b.id) })

	ids := map[string]bool{}
	images, clients, digests := numbering{}, numbering{}, numbering{}
	digestOf := []string{"∅"}
	var requests []classify.Request
	var places, references []string
	for source, in := range inputs {
		for _, a := range in.rows {
			if id := a.row.at.UTC().Format(time.DateOnly) + a.row.id; a.row.id != "" {
				if ids[id] {
					continue
				}
				ids[id] = true
			}
			digest := int32(0)
			if a.digest != "" {
				if digest = int32(digests.of(a.digest)); int(digest) == len(digestOf) {
					digestOf = append(digestOf, a.digest)
				}
			}
			method := classify.Get
			if a.head {
				method = classify.Head
			}
			requests = append(requests, classify.Request{
				No: int64(len(requests)), Client: clients.of(netip.MustParseAddr(a.row.client).Unmap().String()), Repository: images.of(a.row.image),
				At: a.row.at.UnixMicro(), Source: int32(source), Line: int64(a.line), Digest: digest,
				Method: method, ByTag: !strings.HasPrefix(a.row.reference, "sha256:"),
			})
			places = append(places, in.id+":"+strconv.Itoa(a.line))
			references = append(references, a.row.reference)
		}
	}
	want := map[string]string{}
	for i, label := range classify.Reference(requests, w.window) {
		text := "∅ ∅ ∅"
		if label.Action != classify.None {
			text = fmt.Sprint(label.Action, " ", label.Requests, " ", digestOf[label.Digest])
		}
		want[places[i]] = text + " " + references[i]
	}
	return want
}

type numbering map[string]int64

func (n numbering) of(text string) int64 {
	if _, ok := n[text]; !ok {
		n[text] = int64(len(n) + 1)
	}
	return n[text]
}

// someCases tries a property on a part of the cases that rapid makes: each takes several runs.
func someCases(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	oneIn(t, 3, property)
}

// fewCases is someCases where each takes tens of runs.
func fewCases(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	oneIn(t, 40, property)
}

func oneIn(t *testing.T, n int, property func(*rapid.T)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		if rapid.IntRange(0, n-1).Draw(rt, "turn") == 0 {
			property(rt)
		}
	})
}

// lab makes data directories for the cases of one property.
type lab struct {
	rapid.TB
	root   string
	window time.Duration
	next   int

	threads int    // 0: one
	publish string // "each run", "last run" or "", as reports take most of the time
}

func newLab(t *rapid.T, root string, w world) (*lab, func()) {
	dir, err := os.MkdirTemp(root, "case-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", w)
	publish := rapid.SampledFrom([]string{"last run", "each run", "", "", ""}).Draw(t, "publish")
	return &lab{TB: t, root: dir, window: w.window, publish: publish}, func() { os.RemoveAll(dir) }
}

// testKey is the key of all data directories whose bytes are compared.
var testKey = strings.Repeat("0123456789abcdef", 4)

// engine is an engine over a new data directory with the known key.
func (l *lab) engine() *Engine {
	l.next++
	dir := filepath.Join(l.root, fmt.Sprintf("data-%d", l.next))
	writeFile(l, filepath.Join(dir, "key"), []byte(testKey+"\n"))
	e := newEngine(dir, farAway)
	e.Config.Window.Duration = l.window
	e.Config.Threads = max(1, l.threads)
	return e
}

// file writes an input.
func (l *lab) file(name string, content []byte) string {
	l.next++
	return writeFile(l, filepath.Join(l.root, fmt.Sprintf("in-%d", l.next), name), content)
}

func (l *lab) files(w world) []string {
	paths := make([]string, len(w.logs))
	for i, log := range w.logs {
		paths[i] = l.file(log.name, log.text())
	}
	return paths
}

// load runs over each group of inputs, one run after the other, and checks the result.
func (l *lab) load(groups ...[]string) *Engine {
	l.Helper()
	e := l.engine()
	for i, group := range groups {
		if e.Now = atTheTime; l.publish == "each run" || l.publish == "last run" && i == len(groups)-1 {
			e.Now = afterwards
		}
		l.run(e, group)
	}
	l.check(e)
	return e
}

// Before the first period of a world is closed, and after the last is.
func atTheTime() time.Time  { return midnights[len(midnights)-1] }
func afterwards() time.Time { return farAway }

func (l *lab) run(e *Engine, inputs []string) *Result {
	l.Helper()
	var reproduction bytes.Buffer
	e.Differences = &reproduction
	result, err := e.Run(context.Background(), Request{Inputs: inputs})
	if err != nil {
		l.Fatalf("run over %q: %v\n%s", inputs, err, &reproduction)
	}
	return result
}

func (l *lab) check(e *Engine) {
	l.Helper()
	var reproduction bytes.Buffer
	e.Differences = &reproduction
	if _, err := e.Check(context.Background()); err != nil {
		l.Fatalf("check: %v\n%s", err, &reproduction)
	}
}

// same holds the stored days and the published reports of two lakes against each other, byte for byte.
func (l *lab) same(what string, got, want *Engine) {
	l.Helper()
	// Manifests tell what was read and the revision, which may differ.
	if difference := treeDifference(lakeTree(l, got), lakeTree(l, want)); difference != "" {
		l.Fatalf("%s: the lakes differ:\n%s\n%s", what, difference, rowsDifference(storedRows(l, got, "*"), storedRows(l, want, "*")))
	}
}

func lakeTree(t rapid.TB, e *Engine) map[string]string {
	t.Helper()
	return tree(t, e.Dir, []string{"requests", "reports"}, unstable...)
}

// unstable are the files below reports that tell how the lake came to be: inputs, revisions and day files.
var unstable = []string{"manifest.json", ".published"}

// storedRows are the rows of the lake in the order in which they lie there.
func storedRows(t rapid.TB, e *Engine, columns string) [][]string {
	t.Helper()
	return query(t, e, "select "+columns+" from requests")
}

// rowsDifference lists the rows that only one side has, or says that only the order or the packing differs.
func rowsDifference(got, want [][]string) string {
	counts := map[string]int{}
	for _, row := range got {
		counts[strings.Join(row, " ")]++
	}
	for _, row := range want {
		counts[strings.Join(row, " ")]--
	}
	var text strings.Builder
	for _, row := range slices.Sorted(maps.Keys(counts)) {
		if counts[row] != 0 {
			fmt.Fprintf(&text, "%+d %s\n", counts[row], row)
		}
	}
	switch {
	case text.Len() > 0:
		return text.String()
	case !slices.EqualFunc(got, want, slices.Equal):
		return "the rows are the same in another order"
	}
	return rowsAreTheSame
}

const rowsAreTheSame = "the rows and their order are the same"

// asExpected holds the stored requests against what the test worked out.
func (l *lab) asExpected(e *Engine, want map[string]string) {
	l.Helper()
	got := map[string]string{}
	for _, row := range query(l, e, "select source || ':' || line, action, action_requests, action_digest, coalesce(tag, reference_digest, digest) from requests") {
		got[row[0]] = strings.Join(row[1:], " ")
	}
	if difference := treeDifference(got, want); difference != "" {
		l.Fatalf("the lake is not as expected:\n%s", difference)
	}
}
