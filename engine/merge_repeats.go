package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// superseding are the stored days of inputs that longer versions replace, and
// their neighbours, whose labels may rest on a replaced request.
func (m *merger) superseding(inputs []lake.Input) []period.Day {
	var days []period.Day
	for _, input := range inputs {
		for _, day := range input.Days {
			m.shrunk[day] = true
			for _, near := range []period.Day{day.Prev(), day, day.Next()} {
				if m.stored[near] && !m.isFrozen(near) && !slices.Contains(days, near) {
					days = append(days, near)
				}
			}
		}
	}
	return days
}

// removeDuplicates keeps one request of each id and day, the first in input
// order, and counts for every new input how many of its requests are known
// already: from the lake, or from earlier in this run.
func (m *merger) removeDuplicates(ctx context.Context, inputs []*loadedInput) error {
	if err := m.exec(ctx, "duckdb/duplicates.sql", nil); err != nil {
		return err
	}
	counts := map[int32]int64{}
	query := `select source, count(*) from duplicates
		where is_new and (is_stored or place_among_new > 1) group by source`
	err := m.db.Each(ctx, query, func(row []driver.Value) error {
		counts[row[0].(int32)] = row[1].(int64)
		return nil
	})
	if err != nil {
		return err
	}
	daysOf, err := m.daysBySource(ctx, "select source, requested_us as at_us from requests where is_new")
	if err != nil {
		return err
	}
	for _, input := range inputs {
		input.Duplicates = counts[input.source]
		input.Accepted -= input.Duplicates
		input.Days = daysOf[input.source]
	}
	days, err := m.losingDays(ctx)
	if err != nil {
		return err
	}
	err = m.db.Exec(ctx, "delete from requests where rowid in (select request_no from duplicates where place > 1)")
	if err != nil {
		return err
	}
	return m.loadDays(ctx, days)
}

// losingDays are the days beside those that lose a stored request, which gives
// way to an earlier one of a new input: their labels may rest on it.
func (m *merger) losingDays(ctx context.Context) ([]period.Day, error) {
	var days []period.Day
	query := fmt.Sprintf(`select distinct requests.requested_us // %d from duplicates
		inner join requests on duplicates.request_no = requests.rowid where place > 1 and not duplicates.is_new`, dayUs)
	err := m.db.Each(ctx, query, func(row []driver.Value) error {
		day := dayOfNumber(row[0].(int64))
		m.shrunk[day] = true
		for _, near := range []period.Day{day.Prev(), day.Next()} {
			if m.stored[near] {
				days = append(days, near)
			}
		}
		return nil
	})
	return days, err
}
