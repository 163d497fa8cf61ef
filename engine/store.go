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
func stageDays(ctx context.Context, w *workspace, commit *lake.Commit, days []period.Day) ([]lake.RunDay, error) {
	if err := w.exec(ctx, "duckdb/sorted.sql", nil); err != nil {
		return nil, err
	}
	if err := w.db.Exec(ctx, "drop table classified; delete from requests"); err != nil {
		return nil, err
	}
	counts, err := countDays(ctx, w)
	if err != nil {
		return nil, err
	}
	var stored []lake.RunDay
	for _, day := range days {
		state := counts[day]
		if state.Requests == 0 {
			commit.RemoveDay(day)
			state = lake.RunDay{Day: day, Removed: true}
		}
		stored = append(stored, state)
	}
	if err := w.db.Ordered(ctx, func() error { return w.copyDays(ctx, commit, stored) }); err != nil {
		return nil, err
	}
	return stored, w.stageRejects(ctx, commit)
}

// copyDays writes the day files, several at a time.
func (w *workspace) copyDays(ctx context.Context, commit *lake.Commit, days []lake.RunDay) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.config.threads())
	for _, day := range days {
		if day.Removed {
			continue
		}
		group.Go(func() error {
			query, err := w.render("duckdb/day.sql", map[string]int64{"DayNo": day.Day.Time().UnixMicro() / dayUs})
			if err != nil {
				return err
			}
			db, err := w.db.Sibling(ctx)
			if err != nil {
				return err
			}
			defer db.Close()
			return db.Exec(ctx, copyParquet(query, commit.DayFile(day.Day)))
		})
	}
	return group.Wait()
}

func countDays(ctx context.Context, w *workspace) (map[period.Day]lake.RunDay, error) {
	counts := map[period.Day]lake.RunDay{}
	err := w.db.Each(ctx, "select day_no, count(*), count(action) from sorted group by day_no", func(row []driver.Value) error {
		day := dayOfNumber(int64(row[0].(int32)))
		counts[day] = lake.RunDay{Day: day, Requests: row[1].(int64), Actions: row[2].(int64)}
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
