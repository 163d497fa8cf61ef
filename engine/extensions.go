package engine

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Extension events go the way of requests as far as the two are alike: through
// the same reader, quarantine, accounting and commit. But an event says by itself
// what it counts for, so stored days are merged in one query each, and nothing is
// classified.

// extensionRecords is how extension events get into the workspace.
func (l *loader) extensionRecords() records {
	// Users are those of requests, so that a user has one key.
	names := &dimension{table: "extension_names", text: "extension", staged: "extension", resolve: resolveExtension}
	accept := func(ctx context.Context, stage string) ([]rejected, error) {
		if err := l.db.Exec(ctx, "create or replace temp table stage as\n"+stage); err != nil {
			return nil, err
		}
		if err := l.flushRows(); err != nil { // users that requests have brought
			return nil, err
		}
		for _, d := range []*dimension{names, l.dimension("users")} {
			if err := l.resolveStaged(ctx, d, "stage.reject is null"); err != nil {
				return nil, err
			}
		}
		return l.acceptEvents(ctx)
	}
	return records{
		kind: lake.KindExtensionEvents, table: "extension_events",
		jsonl: "ingest/extension-events-jsonl.sql", stage: "duckdb/extension_stage.sql", accept: accept,
	}
}

// acceptEvents sorts the staged events, adds what is accepted, and counts.
func (l *loader) acceptEvents(ctx context.Context) ([]rejected, error) {
	for _, path := range []string{"duckdb/extension_judge.sql", "duckdb/extension_accept.sql", "duckdb/extension_tally.sql"} {
		if err := l.exec(ctx, path, l.limits); err != nil {
			return nil, err
		}
	}
	var rejects []rejected
	err := l.db.Each(ctx, "select line, reason from judged where verdict = 'rejected' order by line", func(row []driver.Value) error {
		rejects = append(rejects, rejected{row[0].(int64), ingest.Reason(row[1].(string))})
		return nil
	})
	return rejects, err
}

// resolveExtension reads the name of an extension.
func resolveExtension(text string) ([]driver.Value, error) {
	namespace, ok := ingest.ParseExtension(text)
	if !ok {
		return []driver.Value{nil}, nil
	}
	return []driver.Value{namespace}, nil
}

// extensionChange is what a run changes in the stored extension events.
type extensionChange struct {
	days       []period.Day // the days that are written anew
	superseded []string     // sources that longer versions replace
}

// mergeExtensions decides which files of extension events are new, and which
// days their events touch.
func (r *run) mergeExtensions(ctx context.Context, l *loader, known known) (extensionChange, error) {
	var change extensionChange
	p, err := r.plan(ctx, l, known, l.extensions)
	if err != nil {
		return change, err
	}
	daysOf, err := l.daysBySource(ctx, "select source, occurred_us as at_us from extension_events")
	if err != nil {
		return change, err
	}
	for _, input := range p.fresh {
		input.Days = daysOf[input.source]
		change.days = append(change.days, input.Days...)
	}
	for _, input := range p.superseded {
		change.superseded = append(change.superseded, input.Source)
		change.days = append(change.days, input.Days...)
	}
	slices.Sort(change.days)
	change.days = slices.Compact(change.days)
	return change, r.account(p)
}

// stageExtensionDays writes the changed days of the commit: what is stored, but
// for what is superseded, and what is new.
func stageExtensionDays(ctx context.Context, w *workspace, store *lake.Lake, commit *lake.Commit, change extensionChange) ([]lake.ExtensionDay, error) {
	storedDays, err := store.ExtensionDays()
	if err != nil {
		return nil, err
	}
	var days []lake.ExtensionDay
	for _, day := range change.days {
		params := map[string]any{"DayNo": day.Time().UnixMicro() / dayUs, "Stored": "", "Superseded": change.superseded}
		if slices.Contains(storedDays, day) {
			params["Stored"] = duck.Path(store.ExtensionFile(day))
		}
		if err := w.exec(ctx, "duckdb/extension_day.sql", params); err != nil {
			return nil, err
		}
		state := lake.ExtensionDay{Day: day}
		if err := w.db.Value(ctx, "select count(*) from extension_day", &state.Events); err != nil {
			return nil, err
		}
		if state.Events == 0 {
			commit.Remove(lake.ExtensionEvents, day)
			state.Removed = true
		} else if err := w.copyOrdered(ctx, "select * from extension_day", commit.File(lake.ExtensionEvents, day)); err != nil {
			return nil, err
		}
		days = append(days, state)
	}
	return days, nil
}
