package duck

import (
	"fmt"

	"github.com/duckdb/duckdb-go/v2"
)

// LineSource produces the rows of a table function (see RegisterLines). Cursors
// of one source run in parallel.
type LineSource interface{ Cursor() LineCursor }

// LineCursor hands out rows one after the other; false ends it. Text may be
// reused by the next call.
type LineCursor interface {
	Next() (source int32, line int64, text []byte, ok bool)
}

// RegisterLines makes a table function without arguments that yields
// (source integer, line bigint, raw varchar) from whatever source current
// returns when a query starts.
func (d *DB) RegisterLines(name string, current func() LineSource) error {
	function := duckdb.ParallelChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ParallelChunkTableSource, error) {
			return &lineTable{source: current()}, nil
		},
	}
	if err := duckdb.RegisterTableUDF(d.conn, name, function); err != nil {
		return fmt.Errorf("register table function %s: %w", name, err)
	}
	return nil
}

type lineTable struct{ source LineSource }

func (t *lineTable) ColumnInfos() []duckdb.ColumnInfo {
	return []duckdb.ColumnInfo{
		{Name: "source", T: typeInfo(duckdb.TYPE_INTEGER)},
		{Name: "line", T: typeInfo(duckdb.TYPE_BIGINT)},
		{Name: "raw", T: typeInfo(duckdb.TYPE_VARCHAR)},
	}
}

func (t *lineTable) Cardinality() *duckdb.CardinalityInfo { return nil }

func (t *lineTable) Init() duckdb.ParallelTableSourceInfo {
	return duckdb.ParallelTableSourceInfo{MaxThreads: 64}
}

func (t *lineTable) NewLocalState() any { return t.source.Cursor() }

func (t *lineTable) FillChunk(state any, chunk duckdb.DataChunk) error {
	cursor := state.(LineCursor)
	rows, capacity := 0, duckdb.GetDataChunkCapacity()
	for rows < capacity {
		source, line, text, ok := cursor.Next()
		if !ok {
			break
		}
		if err := duckdb.SetChunkValue(chunk, 0, rows, source); err != nil {
			return err
		}
		if err := duckdb.SetChunkValue(chunk, 1, rows, line); err != nil {
			return err
		}
		if err := duckdb.SetChunkValue(chunk, 2, rows, text); err != nil {
			return err
		}
		rows++
	}
	return chunk.SetSize(rows)
}

// typeInfo cannot fail for primitive types.
func typeInfo(t duckdb.Type) duckdb.TypeInfo {
	info, err := duckdb.NewTypeInfo(t)
	if err != nil {
		panic(fmt.Sprintf("type info of %v: %v", t, err))
	}
	return info
}
