package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/classify"
)

// horizonLake has requests on 14 to 17 September, of which the first day is pruned in October: 15 September is the horizon.
func horizonLake(t *testing.T, window time.Duration, rows ...logRow) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Window.Duration = window
	mustRun(t, e, inputFile(t, append([]logRow{checkRow(monday, "acme/web"), checkRow(monday.Add(3*aDay+time.Hour), "acme/web")}, rows...)...))
	setClock(e, farAway.Add(aDay))
	e.Config.RetainRequests.Duration = farAway.Sub(monday)
	result := mustPrune(t, e)
	if len(result.Days) != 1 || result.Horizon != "2026-09-15" {
		t.Fatalf("pruned %+v", result)
	}
	return e
}

// labels are the stored actions by stamp.
func labels(t *testing.T, e *Engine) string {
	t.Helper()
	return fmt.Sprint(query(t, e, "select requested_at, action, action_requests from requests where repository = 'app' order by all"))
}

func childRow(at time.Time, digest string) logRow {
	return logRow{at: at, client: "192.0.2.1", method: "GET", image: "acme/app", reference: classify.DigestOf(digest)}
}

// A pull over the midnight before the horizon has lost its beginning: its rest cannot be proven. Everything else is.
func TestCheckAtTheEdge(t *testing.T) {
	t.Parallel()
	horizon := monday.Add(aDay)
	e := horizonLake(t, classify.DefaultWindow,
		pullRow(horizon.Add(-time.Second), "HEAD"), pullRow(horizon.Add(time.Second), "GET"), childRow(horizon.Add(2*time.Second), "B"),
		pullRow(horizon.Add(3*time.Second), "HEAD"), pullRow(horizon.Add(4*time.Second), "GET"),
		// This one begins on the horizon.
		pullRow(horizon.Add(aDay-time.Second), "HEAD"), pullRow(horizon.Add(aDay+time.Second), "GET"))
	check, err := e.Check(context.Background())
	if err != nil || check.AtEdge != 2 || check.Requests != 5 || check.Actions != 3 {
		t.Errorf("check %+v, %v, want 2 requests at the edge and 5 others with 3 actions", check, err)
	}
}

// A wrong label on the horizon is found, at the edge or not far from it.
func TestCheckFindsDifferencesOnTheHorizon(t *testing.T) {
	t.Parallel()
	horizon := monday.Add(aDay)
	e := horizonLake(t, classify.DefaultWindow, pullRow(horizon.Add(5*time.Second), "GET"), pullRow(horizon.Add(aDay-10*time.Second), "HEAD"))
	if check, err := e.Check(context.Background()); err != nil || check.AtEdge != 0 || check.Requests != 3 {
		t.Fatalf("check %+v, %v", check, err)
	}
	for _, second := range []string{"'2026-09-15 00:00:05'", "'2026-09-15 23:59:50'"} {
		damaged := *e
		damaged.Dir = filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(damaged.Dir, os.DirFS(e.Dir)); err != nil {
			t.Fatal(err)
		}
		relabel(t, damaged.Dir, "2026-09-15", second)
		if _, err := damaged.Check(context.Background()); !errors.Is(err, ErrDifference) {
			t.Errorf("with a wrong label at %s: %v", second, err)
		}
	}
}

// relabel changes the action that begins at a stamp, in the file of its day and, by its hash, in the manifests.
func relabel(t *testing.T, dir, day, stamp string) {
	t.Helper()
	path := filepath.Join(dir, "requests", "day="+day, "requests.parquet")
	before := sha256Of(t, path)
	rewrite(t, path, "* replace (case when requested_at = timestamp "+stamp+" then 'pull_by_digest' else action end as action)")
	manifests, err := filepath.Glob(filepath.Join(dir, "runs", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, manifest := range manifests {
		text := strings.ReplaceAll(string(mustRead(t, manifest)), before, sha256Of(t, path))
		writeFile(t, manifest, []byte(text))
	}
}

// The day after the horizon is rebuilt, and what began on the horizon keeps its labels; so does a burst that fills it.
func TestBurstOverTheHorizon(t *testing.T) {
	t.Parallel()
	horizon := monday.Add(aDay)
	short := []logRow{
		pullRow(horizon.Add(aDay-2*time.Second), "HEAD"), pullRow(horizon.Add(aDay-time.Second), "GET"), childRow(horizon.Add(aDay+time.Second), "B"),
		childRow(horizon.Add(aDay+2*time.Second), "C"),
	}
	// Children, one per half an hour, from the pruned day to the day after the horizon. They pair off, with the first.
	var long []logRow
	for i := range 99 {
		long = append(long, childRow(horizon.Add(-time.Duration(30)*time.Minute).Add(time.Duration(i)*30*time.Minute), string(rune('A'+i%3))))
	}
	for name, test := range map[string]struct {
		window time.Duration
		rows   []logRow
	}{"short": {classify.DefaultWindow, short}, "all day long": {time.Hour, long}} {
		t.Run(name, func(t *testing.T) {
			e := horizonLake(t, test.window, test.rows...)
			before := labels(t, e)
			frozen := tree(t, e.Dir, []string{"requests/day=2026-09-15"})
			other := checkRow(horizon.Add(aDay+time.Hour), "acme/other")
			result := mustRun(t, e, inputFile(t, other))
			if days := result.Last().Days; len(days) != 1 || days[0].Day != "2026-09-16" {
				t.Errorf("rebuilt %+v", days)
			}
			if after := labels(t, e); after != before {
				t.Errorf("labels\n%s\nwant\n%s", after, before)
			}
			if difference := treeDifference(tree(t, e.Dir, []string{"requests/day=2026-09-15"}), frozen); difference != "" {
				t.Errorf("the horizon changed:\n%s", difference)
			}
			if _, err := e.Check(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// What comes late and joins an action of the horizon cannot change it any more. The check knows.
func TestLateRequestJoinsTheHorizon(t *testing.T) {
	t.Parallel()
	horizon := monday.Add(aDay)
	e := horizonLake(t, classify.DefaultWindow, pullRow(horizon.Add(aDay-time.Second), "HEAD"))
	mustRun(t, e, inputFile(t, pullRow(horizon.Add(aDay+time.Second), "GET")))
	check, err := e.Check(context.Background())
	if err != nil || check.AtEdge != 1 || check.Requests != 2 {
		t.Errorf("check %+v, %v, want 1 request at the edge and 2 others", check, err)
	}
}

// A rebuild leaves the horizon as it is, and the check proves it by the window that it has.
func TestRebuildKeepsTheHorizon(t *testing.T) {
	t.Parallel()
	horizon := monday.Add(aDay)
	e := horizonLake(t, classify.DefaultWindow,
		pullRow(horizon.Add(time.Hour), "HEAD"), pullRow(horizon.Add(time.Hour+6*time.Second), "GET"),
		pullRow(horizon.Add(aDay-3*time.Second), "HEAD"), pullRow(horizon.Add(aDay+3*time.Second), "GET"),
		pullRow(horizon.Add(aDay+time.Hour), "HEAD"), pullRow(horizon.Add(aDay+time.Hour+6*time.Second), "GET"))
	frozen := tree(t, e.Dir, []string{"requests/day=2026-09-15", "reports"})
	e.Config.Window.Duration = 10 * time.Second
	result := mustRebuild(t, e, RebuildRequest{})
	if total := result.Total(); total.From != "2026-09-16" || total.Days != 2 || result.Frozen != 1 || len(result.Left) != 0 || len(result.Last().Published) != 0 {
		t.Errorf("rebuilt %+v", result)
	}
	if difference := treeDifference(tree(t, e.Dir, []string{"requests/day=2026-09-15", "reports"}), frozen); difference != "" {
		t.Errorf("changed:\n%s", difference)
	}
	// The HEAD at the end of the horizon is a version check by the horizon's own window.
	mustRun(t, e)
	mustCheck(t, e, 7)
	e.Config.Window.Duration = classify.DefaultWindow
	if result := mustRebuild(t, e, RebuildRequest{To: "2026-09-15"}); result.Frozen != 1 || result.Stored != 0 || len(result.Chunks) != 0 {
		t.Errorf("rebuilt %+v", result)
	}
}
