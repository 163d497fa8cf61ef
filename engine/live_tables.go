package engine

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/engine/turn"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// actionsView is the view of all actions.
const actionsView = "actions"

// maxTableRows is how many actions are kept in memory, of all namespaces; one takes about 250 bytes.
const maxTableRows = 2_000_000

// actionTables keeps the actions of the namespaces that are asked for in memory. Who looks at one asks for much
// of it, one thing after the other, and its actions are spread over the files of all days.
type actionTables struct {
	limit int64
	turns turn.Keys

	mu      sync.Mutex
	made    int // tables, ever
	rows    int64
	entries map[string]*list.Element
	order   *list.List // of *actionTable, last used first
}

type actionTable struct {
	namespace string
	name      string // in SQL; that of the view where there are too many actions to keep
	rows      int64
	users     int
	out       bool // of the list: dropped when nobody uses it any more
}

func newActionTables() *actionTables {
	return &actionTables{limit: maxTableRows, entries: map[string]*list.Element{}, order: list.New()}
}

// fewDays are read from their files faster than all days into memory.
const fewDays = 45

// actionsOf is the table that has the actions of a namespace in a stretch of days, and perhaps others. Call done
// when it is not used any more.
func (s *LiveState) actionsOf(ctx context.Context, namespace string, days period.Range) (table string, done func(), err error) {
	t := s.tables
	few := !days.From.AddDate(0, 0, s.live.fewDays).Before(days.To)
	entry, err := turn.Once(ctx, &t.turns, namespace, func() (*actionTable, bool) {
		if entry, ok := t.find(namespace); ok || !few {
			return entry, ok
		}
		return &actionTable{name: actionsView, users: 1}, true
	}, func() (*actionTable, error) { return s.makeTable(ctx, namespace) })
	if err != nil {
		return "", nil, err
	}
	return entry.name, func() { s.leaveTable(entry) }, nil
}

func (t *actionTables) find(namespace string) (entry *actionTable, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	element := t.entries[namespace]
	if element == nil {
		return nil, false
	}
	t.order.MoveToFront(element)
	entry = element.Value.(*actionTable)
	entry.users++
	return entry, true
}

// makeTable reads the actions of a namespace, unless they are too many.
func (s *LiveState) makeTable(ctx context.Context, namespace string) (*actionTable, error) {
	t := s.tables
	entry := &actionTable{namespace: namespace, name: actionsView, users: 1}
	var rows int64
	if err := s.query(ctx, "select count(*) from actions where namespace = ?", []any{namespace}, []any{&rows}, func() {}); err != nil {
		return nil, err
	}
	if rows <= t.limit {
		t.mu.Lock()
		t.made++
		entry.name, entry.rows = fmt.Sprintf("actions_%d", t.made), rows
		t.mu.Unlock()
		query, err := duck.Render(sqlfiles.Files, "duckdb/namespace_actions.sql", map[string]string{"Table": entry.name, "Namespace": namespace}, nil)
		if err != nil {
			return nil, err
		}
		if err := s.exec(ctx, query); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			// Such as one for which the memory does not suffice; the view answers, too.
			s.live.engine.log().Warn("actions are not kept in memory", "namespace", namespace, "error", err)
			entry.name, entry.rows = actionsView, 0
		}
	}
	t.mu.Lock()
	t.entries[namespace] = t.order.PushFront(entry)
	t.rows += entry.rows
	var dropped []*actionTable
	for t.rows > t.limit && t.order.Len() > 1 {
		last := t.order.Remove(t.order.Back()).(*actionTable)
		delete(t.entries, last.namespace)
		t.rows -= last.rows
		if last.out = true; last.users == 0 {
			dropped = append(dropped, last)
		}
	}
	t.mu.Unlock()
	for _, old := range dropped {
		s.dropTable(old)
	}
	return entry, nil
}

func (s *LiveState) leaveTable(entry *actionTable) {
	s.tables.mu.Lock()
	entry.users--
	unused := entry.out && entry.users == 0
	s.tables.mu.Unlock()
	if unused {
		s.dropTable(entry)
	}
}

// dropTable frees the memory of a table. What fails is freed with the state.
func (s *LiveState) dropTable(entry *actionTable) {
	if entry.name == actionsView {
		return
	}
	if err := s.exec(s.live.end, "drop table "+entry.name); err != nil && s.live.end.Err() == nil {
		s.live.engine.log().Error("a table that is not used any more stays in memory", "error", err)
	}
}
