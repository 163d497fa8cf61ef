package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

const dayUs = int64(24 * time.Hour / time.Microsecond)

// merger brings the stored requests beside the new ones, so that every burst
// that a new request joins is whole.
type merger struct {
	*workspace
	store      *lake.Lake
	stored     map[period.Day]bool // days that have a file
	loaded     map[period.Day]bool // days whose requests are all in the workspace
	shrunk     map[period.Day]bool // days that lose stored requests
	horizon    period.Day          // up to and with it, days do not change any more
	superseded []string            // sources that longer versions replace
	contexts   *dimension
}

func newMerger(w *workspace, store *lake.Lake, horizon period.Day, superseded []lake.Input) (*merger, error) {
	m := &merger{
		workspace: w, store: store, horizon: horizon, contexts: contextDimension(),
		stored: map[period.Day]bool{}, loaded: map[period.Day]bool{}, shrunk: map[period.Day]bool{},
	}
	days, err := store.Days()
	if err != nil {
		return nil, err
	}
	for _, day := range days {
		m.stored[day] = true
	}
	for _, input := range superseded {
		m.superseded = append(m.superseded, input.Source)
	}
	return m, nil
}

// isFrozen reports whether a day does not change any more: days before it were pruned.
func (m *merger) isFrozen(day period.Day) bool { return day <= m.horizon }

// loadDays reads back the stored requests of days that are rebuilt.
func (m *merger) loadDays(ctx context.Context, days []period.Day) error {
	var files []string
	for _, day := range days {
		if m.loaded[day] || m.isFrozen(day) {
			continue
		}
		m.loaded[day] = true
		if m.stored[day] {
			files = append(files, m.store.DayFile(day))
		}
	}
	if len(files) == 0 {
		return m.rankSources(ctx)
	}
	return m.accept(ctx, fmt.Sprintf("select * from read_parquet(%s, hive_partitioning = false, union_by_name = true)", duck.QuoteList(duck.Paths(files))), m.superseded, false)
}

// accept puts the stored requests that a query yields into the workspace, but for
// those of superseded sources.
func (m *merger) accept(ctx context.Context, query string, superseded []string, isContext bool) error {
	params := map[string]any{"Stored": query, "Superseded": superseded, "IsContext": isContext}
	if err := m.exec(ctx, "duckdb/stage_stored.sql", params); err != nil {
		return err
	}
	for _, d := range append(slices.Clone(m.dimensions), m.contexts) {
		if err := m.resolveStaged(ctx, d, "true"); err != nil {
			return err
		}
	}
	if err := m.flushDictionaries(); err != nil {
		return err
	}
	err := m.db.Each(ctx, "select distinct source_id from stage order by source_id", func(row []driver.Value) error {
		m.addSource(row[0].(string))
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.rankSources(ctx); err != nil {
		return err
	}
	return m.exec(ctx, "duckdb/accept_stored.sql", params)
}

// span is a stored day that is not rebuilt, seen from the side of one that is.
type span struct {
	day    period.Day
	before bool // it lies before the rebuilt day
}

// loadContext reads, for every midnight between a rebuilt day and a stored day
// that is not rebuilt, the stored requests of the same unbroken stretches. A
// stretch that fills a whole day is followed into the next one. Days that are
// needed from both sides are returned: they are better rebuilt.
func (m *merger) loadContext(ctx context.Context, window time.Duration) (rebuild []period.Day, err error) {
	var queue []span
	for _, day := range sortedDays(m.loaded) {
		queue = append(queue, span{day.Prev(), true}, span{day.Next(), false})
	}
	seen := map[period.Day]bool{}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if !m.stored[next.day] || m.loaded[next.day] {
			continue
		}
		if seen[next.day] {
			rebuild = append(rebuild, next.day)
			continue
		}
		seen[next.day] = true
		onward, err := m.loadSpan(ctx, next, window)
		if err != nil {
			return nil, err
		}
		if onward && next.before {
			queue = append(queue, span{next.day.Prev(), true})
		} else if onward {
			queue = append(queue, span{next.day.Next(), false})
		}
	}
	return rebuild, nil
}

// loadSpan reads the context rows of one day, and reports whether they reach
// its far midnight.
func (m *merger) loadSpan(ctx context.Context, s span, window time.Duration) (onward bool, err error) {
	first, end := s.day.Time().UnixMicro(), s.day.Next().Time().UnixMicro()
	path, near, far := "duckdb/context_after.sql", first, end-window.Microseconds()
	if s.before {
		path, near, far = "duckdb/context_before.sql", end, first
	}
	query, err := m.render(path, map[string]any{
		"File": duck.Path(m.store.DayFile(s.day)), "MidnightUs": near, "WindowMicroseconds": window.Microseconds(),
		"Frozen": m.isFrozen(s.day),
	})
	if err != nil {
		return false, err
	}
	superseded := m.superseded
	if m.isFrozen(s.day) {
		superseded = nil // there, longer versions replace nothing
	}
	if err := m.accept(ctx, query, superseded, true); err != nil {
		return false, err
	}
	var reaching int64
	query = fmt.Sprintf("select count(*) from requests where is_context and requested_us between %d and %d", far, far+window.Microseconds())
	err = m.db.Value(ctx, query, &reaching)
	return reaching > 0, err
}

// dropContext removes the context rows again.
func (m *merger) dropContext(ctx context.Context) error {
	return m.db.Exec(ctx, "delete from requests where is_context")
}

// dropSources removes the rows, in the table of their kind, and the rejects of
// inputs that are not stored.
func (w *workspace) dropSources(ctx context.Context, table string, sources []int32) error {
	if len(sources) == 0 {
		return nil
	}
	for _, source := range sources {
		// The id of a known log is that of its stored requests: two numbers with one id
		// would bring those back twice.
		w.sources[source] = ""
	}
	list := numberList(sources)
	return w.db.Exec(ctx, fmt.Sprintf("delete from %[2]s where source in (%[1]s); delete from rejects where source in (%[1]s)", list, table))
}

// newDays are the days of the new requests.
func (w *workspace) newDays(ctx context.Context) ([]period.Day, error) {
	var days []period.Day
	err := w.db.Each(ctx, fmt.Sprintf("select distinct requested_us // %d as day_no from requests where is_new order by day_no", dayUs), func(row []driver.Value) error {
		days = append(days, dayOfNumber(row[0].(int64)))
		return nil
	})
	return days, err
}

// daysBySource are the days of each source in the rows of a query with the
// columns source and at_us, ascending.
func (w *workspace) daysBySource(ctx context.Context, rows string) (map[int32][]period.Day, error) {
	days := map[int32][]period.Day{}
	query := fmt.Sprintf("select distinct source, at_us // %d as day_no from (%s) order by source, day_no", dayUs, rows)
	err := w.db.Each(ctx, query, func(row []driver.Value) error {
		source := row[0].(int32)
		days[source] = append(days[source], dayOfNumber(row[1].(int64)))
		return nil
	})
	return days, err
}

func dayOfNumber(number int64) period.Day { return period.DayOf(time.UnixMicro(number * dayUs).UTC()) }

func sortedDays(days map[period.Day]bool) []period.Day {
	list := make([]period.Day, 0, len(days))
	for day := range days {
		list = append(list, day)
	}
	slices.Sort(list)
	return list
}

func numberList(numbers []int32) string {
	texts := make([]string, len(numbers))
	for i, number := range numbers {
		texts[i] = fmt.Sprint(number)
	}
	return strings.Join(texts, ", ")
}
