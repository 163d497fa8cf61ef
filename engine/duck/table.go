package duck

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// TableSource produces the rows of a table function by columns (see RegisterTable). The
// database asks it from several threads.
type TableSource interface {
	// Cursor makes what one thread reads with.
	Cursor() TableCursor
	// IsOrdered reports whether the rows have an order; then one thread reads them.
	IsOrdered() bool
}

// TableCursor hands out rows batch by batch.
type TableCursor interface {
	// Fill writes up to capacity rows and returns how many; 0 ends it.
	Fill(rows Writer, capacity int) (int, error)
}

// Writer is the vectors of up to 2048 rows that a TableCursor fills.
type Writer struct {
	chunk  mapping.DataChunk
	places reflect.Value // of the columns in the chunk, which has those that the query reads; -1: not there
}

// Write fills the first values of column i, whose type has the size of T (see Values). A column
// that the query does not read is left out.
func Write[T int64 | int32 | bool](w Writer, i int, values []T) {
	vector, ok := w.vector(i)
	if !ok {
		return
	}
	checkType(vector, typeFor[T](), i)
	copy(unsafe.Slice((*T)(mapping.VectorGetData(vector)), len(values)), values)
}

func (w Writer) vector(i int) (mapping.Vector, bool) {
	place := w.places.Index(i).Int()
	if place < 0 {
		return mapping.Vector{}, false
	}
	return mapping.DataChunkGetVector(w.chunk, mapping.IdxT(place)), true
}

// WriteNulls marks the values of column i that isNull is true for.
func (w Writer) WriteNulls(i int, isNull []bool) {
	vector, ok := w.vector(i)
	if !ok {
		return
	}
	var mask []uint64
	for row, null := range isNull {
		if !null {
			continue
		}
		if mask == nil {
			mapping.VectorEnsureValidityWritable(vector)
			mask = unsafe.Slice((*uint64)(mapping.VectorGetValidity(vector)), (len(isNull)+63)/64)
		}
		mask[row/64] &^= 1 << (row % 64)
	}
}

// TableColumn is a column of a table function.
type TableColumn struct {
	Name string
	Type duckdb.Type
}

// RegisterTable makes a table function of one number that yields the rows of whatever source
// open returns for it when a query starts.
func (d *DB) RegisterTable(name string, columns []TableColumn, open func(number int64) (TableSource, error)) error {
	infos := make([]duckdb.ColumnInfo, len(columns))
	for i, column := range columns {
		infos[i] = duckdb.ColumnInfo{Name: column.Name, T: typeInfo(column.Type)}
	}
	function := duckdb.ParallelChunkTableFunction{
		Config: duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{typeInfo(duckdb.TYPE_BIGINT)}},
		BindArguments: func(_ map[string]any, args ...any) (duckdb.ParallelChunkTableSource, error) {
			source, err := open(args[0].(int64))
			return &table{columns: infos, source: source}, err
		},
	}
	if err := duckdb.RegisterTableUDF(d.conn, name, function); err != nil {
		return fmt.Errorf("register table function %s: %w", name, err)
	}
	return nil
}

type table struct {
	columns []duckdb.ColumnInfo
	source  TableSource
}

func (t *table) ColumnInfos() []duckdb.ColumnInfo { return t.columns }

func (t *table) Cardinality() *duckdb.CardinalityInfo { return nil }

func (t *table) Init() duckdb.ParallelTableSourceInfo {
	if t.source.IsOrdered() {
		return duckdb.ParallelTableSourceInfo{MaxThreads: 1}
	}
	return duckdb.ParallelTableSourceInfo{MaxThreads: 64}
}

func (t *table) NewLocalState() any { return t.source.Cursor() }

func (t *table) FillChunk(state any, chunk duckdb.DataChunk) error {
	n, err := state.(TableCursor).Fill(writerOf(chunk), duckdb.GetDataChunkCapacity())
	if err != nil {
		return err
	}
	return chunk.SetSize(n)
}

// writerOf reaches the database's chunk below the driver's.
func writerOf(chunk duckdb.DataChunk) Writer {
	value := reflect.ValueOf(chunk)
	data, places := value.FieldByName("chunk"), value.FieldByName("projection")
	if !data.IsValid() || data.Type() != reflect.TypeFor[mapping.DataChunk]() || !places.IsValid() || places.Kind() != reflect.Slice {
		panic("the database driver is another version than this package was made for: its chunks have no data")
	}
	return Writer{mapping.DataChunk{Ptr: data.Field(0).UnsafePointer()}, places}
}
