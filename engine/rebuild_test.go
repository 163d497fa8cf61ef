package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// mustRebuild rebuilds a range and wants no error.
func mustRebuild(t rapid.TB, e *Engine, request RebuildRequest) *RebuildResult {
	t.Helper()
	var reproduction bytes.Buffer
	e.Differences = &reproduction
	result, err := e.Rebuild(context.Background(), request)
	if err != nil {
		t.Fatalf("rebuild %+v: %v\n%s", request, err, &reproduction)
	}
	return result
}

// pullRow is a HEAD or GET of one image by tag.
func pullRow(at time.Time, method string) logRow {
	return logRow{at: at, client: "192.0.2.1", method: method, image: "acme/app", reference: "v1", digest: classify.DigestOf("A")}
}

// slowPulls are two days, each with a HEAD and the GET 6 s later, and a pull over the midnight between them.
func slowPulls() []logRow {
	midnight := monday.AddDate(0, 0, 1)
	return []logRow{
		pullRow(monday, "HEAD"), pullRow(monday.Add(6*time.Second), "GET"),
		pullRow(midnight.Add(-3*time.Second), "HEAD"), pullRow(midnight.Add(3*time.Second), "GET"),
		pullRow(midnight.Add(time.Hour), "HEAD"), pullRow(midnight.Add(time.Hour+2*time.Second), "GET"),
	}
}

// With 5 s these are two version checks and two pulls before midnight and after it, and one whole pull; with 10 s three pulls.
func TestRebuildWithALongerWindow(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	input := inputFile(t, slowPulls()...)
	mustRun(t, e, input)
	e.Config.Window.Duration = 10 * time.Second
	_, err := e.Run(context.Background(), Request{})
	if want := "2 days of requests, 2026-09-14 to 2026-09-15, were classified with a window of 5s, not 10s; engine rebuild classifies them again"; err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("run with another window: %v, want %q", err, want)
	}
	var usage *UsageError
	if _, err := e.Check(context.Background()); !errors.As(err, &usage) {
		t.Fatalf("check with another window: %v, want a usage error", err)
	}

	before := wholeTree(t, e.Dir)
	want := RebuiltDays{
		From: "2026-09-14", To: "2026-09-15", Days: 2, Changed: 2,
		Before: ActionCounts{VersionCheck: 2, PullByTag: 3}, After: ActionCounts{PullByTag: 3},
	}
	dry := mustRebuild(t, e, RebuildRequest{DryRun: true})
	if dry.Total() != want || len(dry.Runs) != 0 || len(dry.Left) != 0 {
		t.Errorf("a dry run tells %+v, left %v", dry.Total(), dry.Left)
	}
	if difference := treeDifference(wholeTree(t, e.Dir), before); difference != "" {
		t.Errorf("a dry run changed\n%s", difference)
	}

	result := mustRebuild(t, e, RebuildRequest{})
	if result.Total() != want {
		t.Errorf("rebuilt %+v, want %+v", result.Total(), want)
	}
	if published := result.Last().Published; len(published) != 2 || published[0].Revision != 2 || !published[0].Changed {
		t.Errorf("published %+v", published)
	}
	mustCheck(t, e, 6)
	fresh := newEngine(t.TempDir(), farAway)
	fresh.Config.Window.Duration = 10 * time.Second
	writeFile(t, fresh.Dir+"/key", mustRead(t, e.Dir+"/key"))
	mustRun(t, fresh, input)
	if difference := treeDifference(lakeTree(t, e), lakeTree(t, fresh)); difference != "" {
		t.Errorf("other than loaded with this window:\n%s", difference)
	}

	again := wholeTree(t, e.Dir)
	if result := mustRebuild(t, e, RebuildRequest{}); len(result.Chunks) != 0 || len(result.Runs) != 0 || result.Stored != 2 {
		t.Errorf("rebuilt again: %+v", result)
	}
	if difference := treeDifference(wholeTree(t, e.Dir), again); difference != "" {
		t.Errorf("a second rebuild changed\n%s", difference)
	}
	mustRun(t, e, input)
}

// While a part is left, nothing runs, and no period is published that would mix two windows.
func TestRebuildOfAPart(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	rows := append(slowPulls(), pullRow(weekEnd, "HEAD"), pullRow(weekEnd.Add(7*time.Second), "GET"))
	mustRun(t, e, inputFile(t, rows...))
	e.Config.Window.Duration = 10 * time.Second
	result := mustRebuild(t, e, RebuildRequest{From: "2026-09-15", To: "2026-09-30"})
	if total := result.Total(); total.From != "2026-09-15" || total.To != "2026-09-21" || total.Days != 2 {
		t.Errorf("rebuilt %+v", total)
	}
	if fmt.Sprint(result.Left) != "[2026-09-14]" {
		t.Errorf("left %v", result.Left)
	}
	if published := result.Last().Published; len(published) != 1 || published[0].Period != "2026-W39" {
		t.Errorf("published %+v, want only the week that is whole", published)
	}
	if _, err := e.Run(context.Background(), Request{}); err == nil || !strings.Contains(err.Error(), "1 day of requests, 2026-09-14, was classified") {
		t.Errorf("run: %v", err)
	}
	mustRebuild(t, e, RebuildRequest{To: "2026-09-14"})
	mustCheck(t, e, 8)
	if result := mustRebuild(t, e, RebuildRequest{From: "2027-01-01"}); result.Stored != 0 || len(result.Chunks) != 0 {
		t.Errorf("rebuilt %+v of days without requests", result)
	}
}

// Older rules are found by the manifests, as another window is.
func TestRebuildAfterAChangeOfRules(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	mustRun(t, e, inputFile(t, slowPulls()...))
	store, err := lake.Open(e.Dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := store.RunFiles()
	if err != nil || len(files) != 1 {
		t.Fatalf("manifests %v, %v", files, err)
	}
	text := mustRead(t, files[0])
	writeFile(t, files[0], bytes.Replace(text, []byte(`"rules": "`+RulesVersion+`"`), []byte(`"rules": "dvp-0"`), 1))
	if _, err := e.Run(context.Background(), Request{}); err == nil || !strings.Contains(err.Error(), "were classified by the rules dvp-0, not "+RulesVersion) {
		t.Fatalf("run: %v", err)
	}
	if result := mustRebuild(t, e, RebuildRequest{}); result.Total().Days != 2 || result.Total().Changed != 0 {
		t.Errorf("rebuilt %+v", result.Total())
	}
	mustRun(t, e)
	mustCheck(t, e, 6)
}

// A lake that is rebuilt, whole or day by day in any order and in pieces of any size, is the one that the new window makes.
func TestRebuiltLakeEqualsAFreshOne(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	fewCases(t, func(rt *rapid.T) {
		w := drawWorld(rt, rapid.Bool().Draw(rt, "with ids"))
		l, remove := newLab(rt, root, w)
		defer remove()
		l.publish = "" // TestRebuildOfAPart has what is published
		paths := l.files(w)
		fresh := l.load(paths)
		l.window = rapid.SampledFrom([]time.Duration{time.Microsecond, 2 * time.Second, 7 * time.Second, 20 * time.Minute, time.Hour}).Draw(rt, "window before")
		if l.window == w.window {
			rt.Skip("the same window")
		}
		e := l.load(paths)
		e.Config.Window.Duration = w.window
		if e.Config.BatchSize = 0; rapid.Bool().Draw(rt, "small batches") {
			e.Config.BatchSize = ByteSize(rapid.IntRange(1, 4000).Draw(rt, "batch size"))
		}
		if rapid.Bool().Draw(rt, "in pieces") {
			days := daysOfLake(rt, e)
			for _, day := range rapid.Permutation(days).Draw(rt, "days")[:rapid.IntRange(0, len(days)).Draw(rt, "pieces")] {
				mustRebuild(rt, e, RebuildRequest{From: day, To: day})
			}
		}
		mustRebuild(rt, e, RebuildRequest{})
		l.check(e)
		l.window = w.window
		l.same("rebuilt", e, fresh)
	})
}

func daysOfLake(t rapid.TB, e *Engine) []period.Day {
	t.Helper()
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		t.Fatal(err)
	}
	days, err := store.Days()
	if err != nil {
		t.Fatal(err)
	}
	return days
}
