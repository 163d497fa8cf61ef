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
				if m.stored[near] && !slices.Contains(days, near) {
					days = append(days, near)
				}
			}
		}
	}
	return days
}

// dropContained leaves out new inputs that are the beginning of another one:
// a stored one, or one of this run whose content could not be compared.
func (r *run) dropContained(ctx context.Context, m *merger, p *plan, known known) error {
	sources, candidates := map[int32]bool{}, map[int32][]lake.Input{}
	for _, input := range p.fresh {
		others := slices.Clone(known.live)
		for _, other := range p.fresh {
			others = append(others, other.Input)
		}
		for _, other := range others {
			number := slices.Index(m.sources, other.Source)
			if number >= 0 && mayContain(other, input.Input) {
				sources[input.source], sources[int32(number)] = true, true
				candidates[input.source] = append(candidates[input.source], other)
			}
		}
	}
	if len(sources) == 0 {
		return nil
	}
	var numbers []int32
	for number := range sources {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	var dropped []int32
	err := m.each(ctx, "duckdb/contained.sql", map[string]string{"Sources": numberList(numbers)}, func(row []driver.Value) error {
		source, longer := row[0].(int32), m.sources[row[1].(int32)]
		at := slices.IndexFunc(candidates[source], func(other lake.Input) bool { return other.Source == longer })
		if at < 0 || slices.Contains(dropped, source) {
			return nil
		}
		for i, input := range p.fresh {
			if input.source == source {
				p.skipped = append(p.skipped, *shorterVersion(input, candidates[source][at].Path, longer))
				p.fresh = slices.Delete(p.fresh, i, i+1)
				dropped = append(dropped, source)
				break
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return m.dropSources(ctx, dropped)
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
	days := map[int32][]period.Day{}
	query = fmt.Sprintf("select distinct source, requested_us // %d as day_no from requests where is_new order by source, day_no", dayUs)
	err = m.db.Each(ctx, query, func(row []driver.Value) error {
		source := row[0].(int32)
		days[source] = append(days[source], dayOfNumber(row[1].(int64)))
		return nil
	})
	if err != nil {
		return err
	}
	for _, input := range inputs {
		input.Duplicates = counts[input.source]
		input.Accepted -= input.Duplicates
		input.Days = days[input.source]
	}
	// A stored request that gives way to an earlier one of a new input leaves its day changed.
	query = fmt.Sprintf(`select distinct requests.requested_us // %d from duplicates
		inner join requests on duplicates.request_no = requests.rowid where place > 1 and not duplicates.is_new`, dayUs)
	err = m.db.Each(ctx, query, func(row []driver.Value) error {
		m.shrunk[dayOfNumber(row[0].(int64))] = true
		return nil
	})
	if err != nil {
		return err
	}
	return m.db.Exec(ctx, "delete from requests where rowid in (select request_no from duplicates where place > 1)")
}
