package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// stageDays writes the files of the commit: every changed day, and the quarantine.
func stageDays(ctx context.Context, w *workspace, labels *labelSet, commit *lake.Commit, days []period.Day) ([]lake.RunDay, error) {
	counts, err := countDays(ctx, w)
	if err != nil {
		return nil, err
	}
	var stored []lake.RunDay
	for _, day := range days {
		state := lake.RunDay{Day: day, Requests: counts[day]}
		if state.Requests == 0 {
			commit.RemoveDay(day)
			state.Removed = true
		}
		stored = append(stored, state)
	}
	b, err := newDayBuilder(ctx, w, labels)
	if err != nil {
		return nil, err
	}
	if err := w.db.Ordered(ctx, func() error { return b.copyDays(ctx, commit, stored) }); err != nil {
		return nil, err
	}
	return stored, w.stageRejects(ctx, commit)
}

// copyDays writes the day files, several at a time.
func (b *dayBuilder) copyDays(ctx context.Context, commit *lake.Commit, days []lake.RunDay) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(b.config.threads())
	for i := range days {
		if day := &days[i]; !day.Removed {
			group.Go(func() error { return b.copyDay(ctx, day, commit.DayFile(day.Day)) })
		}
	}
	return group.Wait()
}

// countDays counts the requests of each day.
func countDays(ctx context.Context, w *workspace) (map[period.Day]int64, error) {
	counts := map[period.Day]int64{}
	query := fmt.Sprintf("select requested_us // %d, count(*) from requests where not is_context group by all", dayUs)
	err := w.db.Each(ctx, query, func(row []driver.Value) error {
		counts[dayOfNumber(row[0].(int64))] = row[1].(int64)
		return nil
	})
	return counts, err
}

// copyOrdered writes the rows of a query to a Parquet file, in their order.
func (w *workspace) copyOrdered(ctx context.Context, query, path string) error {
	return w.db.Ordered(ctx, func() error { return w.db.Exec(ctx, copyParquet(query, path)) })
}

func copyParquet(query, path string) string {
	return fmt.Sprintf("-- Write %s\ncopy (\n%s\n) to %s (format parquet, compression zstd)", filepath.Base(path), query, duck.Quote(path))
}

func (w *workspace) stageRejects(ctx context.Context, commit *lake.Commit) error {
	var rejects int64
	if err := w.db.Value(ctx, "select count(*) from rejects", &rejects); err != nil || rejects == 0 {
		return err
	}
	query := `select rejects.file, rejects.line, rejects.reason, rejects.raw from (
		select input_files.file, rejects.line, rejects.reason, rejects.raw, rejects.source
		from rejects inner join input_files on rejects.source = input_files.source
	) as rejects order by rejects.source, rejects.line, rejects.reason, rejects.raw`
	return w.db.Exec(ctx, copyParquet(query, commit.RejectsFile()))
}
