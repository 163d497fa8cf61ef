package engine

import (
	"context"
	"database/sql/driver"
	"slices"
	"time"

	"github.com/pullscope/pullscope/engine/period"
)

// classifyRequests labels all requests of the workspace, and rebuilds
// neighbouring days as far as their labels change. It returns the days whose
// files are to be written anew.
func (e *Engine) classifyRequests(ctx context.Context, m *merger) ([]dayState, error) {
	for {
		if err := m.dropContext(ctx); err != nil {
			return nil, err
		}
		rebuild, err := m.loadContext(ctx, e.Config.Window.Duration)
		if err != nil {
			return nil, err
		}
		if len(rebuild) == 0 {
			if err := e.classify(ctx, m.workspace); err != nil {
				return nil, err
			}
			if rebuild, err = changedContext(ctx, m.workspace); err != nil {
				return nil, err
			}
		}
		if len(rebuild) == 0 {
			return changedDays(ctx, m)
		}
		if err := m.dropContext(ctx); err != nil {
			return nil, err
		}
		if err := m.loadDays(ctx, rebuild); err != nil {
			return nil, err
		}
	}
}

// classify fills the table classified.
func (e *Engine) classify(ctx context.Context, w *workspace) error {
	query, err := e.renderModel("duckdb/classify.sql", "requests_ranked")
	if err != nil {
		return err
	}
	return w.db.Exec(ctx, query)
}

// dayState is a day of the workspace beside its file.
type dayState struct {
	day               period.Day
	requests, actions int64
	changed           bool
}

func dayStates(ctx context.Context, w *workspace, contextOnly bool) ([]dayState, error) {
	var states []dayState
	err := w.each(ctx, "duckdb/changed_days.sql", map[string]any{"ContextOnly": contextOnly}, func(row []driver.Value) error {
		states = append(states, dayState{period.DayOf(row[0].(time.Time)), row[1].(int64), row[2].(int64), row[3].(bool)})
		return nil
	})
	return states, err
}

// changedContext are the days of context requests whose labels the new requests change.
func changedContext(ctx context.Context, w *workspace) ([]period.Day, error) {
	states, err := dayStates(ctx, w, true)
	if err != nil {
		return nil, err
	}
	var days []period.Day
	for _, state := range states {
		if state.changed {
			days = append(days, state.day)
		}
	}
	return days, nil
}

// changedDays are the loaded days that differ from their files: with new or
// without some stored requests, or with other labels; among them days that have
// no request left.
func changedDays(ctx context.Context, m *merger) ([]dayState, error) {
	states, err := dayStates(ctx, m.workspace, false)
	if err != nil {
		return nil, err
	}
	var changed []dayState
	for _, day := range sortedDays(m.loaded) {
		at := slices.IndexFunc(states, func(state dayState) bool { return state.day == day })
		switch {
		case at < 0 && m.stored[day]:
			changed = append(changed, dayState{day: day, changed: true})
		case at >= 0 && (states[at].changed || m.shrunk[day]):
			changed = append(changed, states[at])
		}
	}
	return changed, nil
}
