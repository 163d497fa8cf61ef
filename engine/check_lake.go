package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"time"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Check proves what the lake holds: every day file is the one that its run
// wrote, and every stored action is what the reference classifier says. It holds
// the lock, so that no run changes days meanwhile.
func (e *Engine) Check(ctx context.Context) (lake.Check, error) {
	var result lake.Check
	if err := e.Config.Validate(); err != nil {
		return result, &UsageError{err}
	}
	if _, err := lake.OpenExisting(e.Dir); err != nil {
		return result, err
	}
	store, err := lake.Open(e.Dir)
	if err != nil {
		return result, err
	}
	release, err := store.Lock(ctx, "check", false)
	if err != nil {
		return result, err
	}
	defer release()
	if _, err := store.Recover(); err != nil {
		return result, err
	}
	runs, err := store.Runs()
	if err != nil {
		return result, err
	}
	if err := e.checkSettings(runs); err != nil {
		return result, err
	}
	days, err := store.Days()
	if err != nil {
		return result, err
	}
	for _, table := range lake.Tables {
		if err := checkFiles(store, runs, table); err != nil {
			return result, err
		}
	}
	if len(days) == 0 {
		return result, nil
	}
	proofs, err := e.proofs(runs)
	if err != nil {
		return result, err
	}
	return e.checkStored(ctx, store, days, proofs)
}

// checkFiles compares the day files of a table with what the manifests recorded.
func checkFiles(store *lake.Lake, runs []lake.Run, table lake.Table) error {
	days, err := store.DaysOf(table)
	if err != nil {
		return err
	}
	recorded := lake.StatesOf(runs, table)
	for _, day := range days {
		sha, err := fileSHA256(store.File(table, day))
		if err != nil {
			return err
		}
		if want, ok := recorded[day]; !ok || want != sha {
			return fmt.Errorf("day file %s is not the one that its run wrote; something else has changed it. Restore it, or load its logs into a new data directory", store.File(table, day))
		}
		delete(recorded, day)
	}
	for day, sha := range recorded {
		if sha != "" {
			return fmt.Errorf("day file %s is missing; restore it, or load its logs into a new data directory", store.File(table, day))
		}
	}
	return nil
}

// checkStored reads the lake in parts, each all requests of some addresses.
func (e *Engine) checkStored(ctx context.Context, store *lake.Lake, days []period.Day, proofs []proof) (lake.Check, error) {
	var result lake.Check
	files := filesOf(days, store.DayFile)
	total, err := e.countRows(ctx, files)
	if err != nil {
		return result, err
	}
	parts := total/e.Config.pieces().storedRows + 1
	for part := range parts {
		query := fmt.Sprintf("select * from read_parquet(%s, hive_partitioning = false, union_by_name = true) where abs(ip_key %% %d) = %d", duck.QuoteList(duck.Paths(files)), parts, part)
		checked, err := e.checkPart(ctx, store, query, proofs)
		result.Requests += checked.Requests
		result.Actions += checked.Actions
		result.Differences += checked.Differences
		result.AtEdge += checked.AtEdge
		if err != nil {
			return result, err
		}
	}
	if proofs[0].fromUs != math.MinInt64 { // the horizon is not compared at all
		result.AtEdge = total - result.Requests
	}
	if result.Requests+result.AtEdge != total {
		return result, fmt.Errorf("the lake holds %d requests, but %d were compared, and %d are at the edge of pruned days", total, result.Requests, result.AtEdge)
	}
	return result, nil
}

func (e *Engine) countRows(ctx context.Context, files []string) (total int64, err error) {
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.Value(ctx, fmt.Sprintf("select count(*) from read_parquet(%s)", duck.QuoteList(duck.Paths(files))), &total)
	return total, err
}

func (e *Engine) checkPart(ctx context.Context, store *lake.Lake, query string, proofs []proof) (lake.Check, error) {
	if len(proofs) == 1 && proofs[0].horizon == "" {
		result, err := e.compareStored(ctx, store, query)
		if err != nil || result.Differences == 0 {
			return result, err
		}
	}
	w, err := openWorkspace(ctx, store, e.Config)
	if err != nil {
		return lake.Check{}, err
	}
	defer w.close()
	m, err := newMerger(w, store, "", nil)
	if err != nil {
		return lake.Check{}, err
	}
	if err := m.accept(ctx, query, nil, false); err != nil {
		return lake.Check{}, err
	}
	// A digest that no request has can only come from a change of the file: it gets
	// a number that no label has.
	err = w.db.Exec(ctx, `create temp table classified as
		select requests.rowid as request_no, stored_action as action, stored_action_requests as action_requests,
			case when stored_action_digest is not null then coalesce(digests.digest_id, -1) end as action_digest_id
		from requests left join digests on requests.stored_action_digest = digests.digest`)
	if err != nil {
		return lake.Check{}, err
	}
	var result lake.Check
	for _, p := range proofs {
		c, err := p.compare(ctx, w)
		if err != nil {
			return result, err
		}
		result.Requests += c.check.Requests
		result.Actions += c.check.Actions
		result.AtEdge += c.check.AtEdge
		result.Differences += c.check.Differences
		if c.check.Differences > 0 {
			return result, e.tellDifference(ctx, w, c, p.window)
		}
	}
	return result, nil
}

// tellDifference prints the first difference of a comparison, and says what to do.
func (e *Engine) tellDifference(ctx context.Context, w *workspace, c proven, window time.Duration) error {
	first, total := c.differences[0], int(c.check.Differences)
	with := *e
	with.Config.Window.Duration = window
	if err := with.printScenario(classify.Burst(c.requests, first.No, window), first, total); err != nil {
		return err
	}
	day := "unknown"
	err := w.db.Each(ctx, fmt.Sprintf("select requested_us // %d from requests where rowid = %d", dayUs, first.No), func(row []driver.Value) error {
		day = string(dayOfNumber(row[0].(int64)))
		return nil
	})
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %d of %d stored requests are labelled differently, the first on %s. The reports of that day are not to be trusted; load its logs into a new data directory", ErrDifference, total, len(c.requests), day)
}
