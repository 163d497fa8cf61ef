package engine

import (
	"database/sql/driver"
	"sync"
)

// dictionary numbers distinct values from 1 and writes them to a table. Several goroutines may ask it.
type dictionary[T comparable] struct {
	table   string
	columns func(T) []driver.Value

	mu      sync.Mutex
	ids     map[T]int32
	pending [][]driver.Value
}

func newDictionary[T comparable](table string, columns func(T) []driver.Value) *dictionary[T] {
	return &dictionary[T]{table: table, columns: columns, ids: map[T]int32{}}
}

func (d *dictionary[T]) id(value T) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.ids[value]; ok {
		return id
	}
	id := int32(len(d.ids) + 1)
	d.ids[value] = id
	d.pending = append(d.pending, append([]driver.Value{id}, d.columns(value)...))
	return id
}

// flush appends what is new to the table.
func (d *dictionary[T]) flush(appendRows func(table string, rows [][]driver.Value) error) error {
	if err := appendRows(d.table, d.pending); err != nil {
		return err
	}
	d.pending = nil
	return nil
}
