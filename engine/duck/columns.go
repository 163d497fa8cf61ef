package duck

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
	"golang.org/x/sync/errgroup"
)

// The driver hands rows over value by value, which costs more than most queries. Here rows are
// read by columns, straight from the database's vectors: two unexported fields of the
// driver are reached by reflection, and everything after them is its public package mapping.

// Chunk is up to 2048 rows of a result. It is valid until the call that it was given to returns.
type Chunk struct {
	chunk mapping.DataChunk
	rows  int
}

// Len is the number of rows.
func (c Chunk) Len() int { return c.rows }

// Values are those of column i, whose type has the size of T: bigint int64, integer int32,
// boolean bool. Where Nulls says so, a value is undefined.
func Values[T int64 | int32 | bool](c Chunk, i int) []T {
	checkType(c.vector(i), typeFor[T](), i)
	return unsafe.Slice((*T)(mapping.VectorGetData(c.vector(i))), c.rows)
}

// Texts are the values of column i of type varchar.
func (c Chunk) Texts(i int) Texts {
	checkType(c.vector(i), duckdb.TYPE_VARCHAR, i)
	return unsafe.Slice((*textValue)(mapping.VectorGetData(c.vector(i))), c.rows)
}

// checkType stops at a column that has another type than whoever reads or writes it expects: the
// memory would be misread.
func checkType(vector mapping.Vector, want duckdb.Type, i int) {
	logical := mapping.VectorGetColumnType(vector)
	defer mapping.DestroyLogicalType(&logical)
	if got := mapping.GetTypeId(logical); got != want {
		panic(fmt.Sprintf("column %d has the type %d, not %d", i, got, want))
	}
}

func typeFor[T int64 | int32 | bool]() duckdb.Type {
	var zero T
	switch any(zero).(type) {
	case int64:
		return duckdb.TYPE_BIGINT
	case int32:
		return duckdb.TYPE_INTEGER
	}
	return duckdb.TYPE_BOOLEAN
}

// Nulls tells which values of column i are NULL.
func (c Chunk) Nulls(i int) Nulls {
	mask := mapping.VectorGetValidity(c.vector(i))
	if mask == nil {
		return nil
	}
	return unsafe.Slice((*uint64)(mask), (c.rows+63)/64)
}

func (c Chunk) vector(i int) mapping.Vector {
	return mapping.DataChunkGetVector(c.chunk, mapping.IdxT(i))
}

// Nulls is one bit per row, 0 for NULL; nil when there is none.
type Nulls []uint64

// At reports whether the value of row i is NULL.
func (n Nulls) At(i int) bool { return n != nil && n[i/64]&(1<<(i%64)) == 0 }

// Texts are the values of a varchar column.
type Texts []textValue

// textValue is duckdb_string_t: texts of up to 12 bytes lie in it, of longer ones it has a prefix and a pointer.
type textValue struct {
	length uint32
	prefix [4]byte
	rest   [8]byte
}

const inlinedText = 12

// At is the text of row i, which must not be kept or changed.
func (t Texts) At(i int) []byte {
	v := &t[i]
	if v.length <= inlinedText {
		return unsafe.Slice(&v.prefix[0], v.length)
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&v.rest)), v.length)
}

// Columns calls yield for every chunk of the result of a query, with as many goroutines as
// workers; worker counts from 0. Chunks come in no particular order when there are several.
func (d *DB) Columns(ctx context.Context, query string, workers int, yield func(worker int, chunk Chunk) error) error {
	err := d.conn.Raw(func(raw any) error {
		rows, err := raw.(driver.QueryerContext).QueryContext(ctx, query, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		result := resultOf(rows)
		var fetching sync.Mutex
		fetch := func() mapping.DataChunk {
			fetching.Lock()
			defer fetching.Unlock()
			return mapping.FetchChunk(*result)
		}
		group, ctx := errgroup.WithContext(ctx)
		for worker := range workers {
			group.Go(func() error {
				for ctx.Err() == nil {
					chunk := fetch()
					if chunk.Ptr == nil {
						return nil
					}
					err := yield(worker, Chunk{chunk: chunk, rows: int(mapping.DataChunkGetSize(chunk))})
					mapping.DestroyDataChunk(&chunk)
					if err != nil {
						return err
					}
				}
				return ctx.Err()
			})
		}
		return group.Wait()
	})
	if err != nil {
		return fmt.Errorf("query %s: %w", headline(query), err)
	}
	return nil
}

// resultOf is the database's result below the driver's rows.
func resultOf(rows driver.Rows) *mapping.Result {
	field := reflect.ValueOf(rows).Elem().FieldByName("res")
	if !field.IsValid() || field.Type() != reflect.TypeFor[mapping.Result]() {
		panic("the database driver is another version than this package was made for: its rows have no result")
	}
	return (*mapping.Result)(unsafe.Pointer(field.UnsafeAddr()))
}
