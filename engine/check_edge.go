package engine

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// proof is one comparison of stored labels with the reference classifier. Without
// pruned days one proves the whole lake. With them, two kinds of requests cannot
// be proven: the first ones on the horizon, which may continue pruned ones; and an
// action that reaches from the horizon into the day after, if what came late
// changed it, since the horizon stands still.
type proof struct {
	window  time.Duration
	horizon period.Day // empty: nothing was pruned
	isCut   bool       // the day before the horizon has been pruned
	fromUs  int64      // stamps whose requests are compared, from
	toUs    int64      // and before; the others serve to judge them
}

// proofs are the comparisons that together prove a lake. The horizon may have kept
// the window of older settings, and then is compared by itself.
func (e *Engine) proofs(runs []lake.Run) ([]proof, error) {
	all := proof{window: e.Config.Window.Duration, horizon: lake.Horizon(runs), fromUs: math.MinInt64, toUs: math.MaxInt64}
	if all.horizon == "" {
		return []proof{all}, nil
	}
	for _, run := range runs {
		all.isCut = all.isCut || slices.ContainsFunc(run.Days, func(d lake.RunDay) bool { return d.Day == all.horizon.Prev() })
	}
	state, stored := lake.StoredDays(runs)[all.horizon]
	if !stored || e.isCurrent(state) {
		return []proof{all}, nil
	}
	rest := all
	rest.fromUs = all.horizon.Next().Time().UnixMicro()
	if state.Rules != RulesVersion {
		return []proof{rest}, nil // this version cannot tell what those rules say
	}
	all.toUs = rest.fromUs
	var err error
	if all.window, err = time.ParseDuration(state.Window); err != nil {
		return nil, fmt.Errorf("the manifests say that %s was classified with a window of %q, which is none; restore them from a backup", all.horizon, state.Window)
	}
	return []proof{all, rest}, nil
}

// compare compares the labels in the workspace, as far as they can be proven.
func (p proof) compare(ctx context.Context, w *workspace) (c proven, err error) {
	if c.requests, err = readRequests(ctx, w.db, "select * from requests_ranked"); err != nil {
		return c, err
	}
	labelled, err := listLabels(ctx, w.db, "select * from classified")
	if err != nil {
		return c, err
	}
	if p.horizon != "" {
		slices.SortFunc(labelled, func(a, b classify.Labelled) int { return cmp.Compare(a.No, b.No) })
		if labelled, err = p.leaveOut(ctx, w, &c, labelled); err != nil {
			return c, err
		}
	} else {
		c.check.Requests, c.check.Actions = int64(len(c.requests)), countActions(labelled)
	}
	var total int
	c.differences, total = classify.Compare(c.requests, labelled, p.window, 1)
	c.check.Differences = int64(total)
	return c, nil
}

// proven is what one comparison found.
type proven struct {
	check       lake.Check
	requests    []classify.Request
	differences []classify.Difference // the first
}

// leaveOut counts the requests that are compared. It takes away those of which
// nothing is certain, and gives the others that are not compared the label of the
// reference, so that they still serve to judge their neighbours.
func (p proof) leaveOut(ctx context.Context, w *workspace, c *proven, labelled []classify.Labelled) ([]classify.Labelled, error) {
	edge := map[int64]bool{}
	if p.isCut {
		params := map[string]any{"HorizonUs": p.horizon.Time().UnixMicro(), "WindowMicroseconds": p.window.Microseconds()}
		err := w.each(ctx, "duckdb/edge_requests.sql", params, func(row []driver.Value) error {
			edge[row[0].(int64)] = true
			if at := row[1].(int64); at >= p.fromUs && at < p.toUs {
				c.check.AtEdge++
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	left := map[int64]int64{} // requests of the sequence on the horizon, from this one on
	params := map[string]any{"EndUs": p.horizon.Next().Time().UnixMicro()}
	err := w.each(ctx, "duckdb/edge_actions.sql", params, func(row []driver.Value) error {
		left[row[0].(int64)] = row[1].(int64)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.requests = slices.DeleteFunc(c.requests, func(r classify.Request) bool { return edge[r.No] })
	labelled = slices.DeleteFunc(labelled, func(l classify.Labelled) bool { return edge[l.No] })
	slices.SortFunc(c.requests, func(a, b classify.Request) int { return cmp.Compare(a.No, b.No) })
	for i, want := range classify.Reference(c.requests, p.window) { // labels lie in the same order
		got, no := &labelled[i].Label, c.requests[i].No
		if at := c.requests[i].At; at < p.fromUs || at >= p.toUs {
			*got = want
			continue
		}
		if on, last := left[no]; last && *got != want && int64(max(got.Requests, want.Requests)) > on {
			*got = want
			c.check.AtEdge++
			continue
		}
		c.check.Requests++
		if got.Action != classify.None {
			c.check.Actions++
		}
	}
	return labelled, nil
}
