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
func (e *Engine) classifyRequests(ctx context.Context, m *merger) ([]period.Day, error) {
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
			if rebuild, err = relabelledDays(ctx, m.workspace, true); err != nil {
				return nil, err
			}
			rebuild = slices.DeleteFunc(rebuild, m.isFrozen)
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

// relabelledDays are the days of stored requests whose labels differ from those
// in their files; of the context rows, or of the others.
func relabelledDays(ctx context.Context, w *workspace, contextOnly bool) ([]period.Day, error) {
	var days []period.Day
	err := w.each(ctx, "duckdb/changed_days.sql", map[string]any{"ContextOnly": contextOnly}, func(row []driver.Value) error {
		days = append(days, period.DayOf(row[0].(time.Time)))
		return nil
	})
	return days, err
}

// changedDays are the loaded days that differ from their files: with new
// requests, without some stored ones, or with other labels.
func changedDays(ctx context.Context, m *merger) ([]period.Day, error) {
	changed, err := relabelledDays(ctx, m.workspace, false)
	if err != nil {
		return nil, err
	}
	fresh, err := m.newDays(ctx)
	if err != nil {
		return nil, err
	}
	changed = append(changed, fresh...)
	for day := range m.shrunk {
		if m.loaded[day] {
			changed = append(changed, day)
		}
	}
	slices.Sort(changed)
	return slices.Compact(changed), nil
}
