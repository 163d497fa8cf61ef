package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/pullscope/pullscope/engine/duck"
)

// countingTable hands out the numbers below most, to several threads.
type countingTable struct {
	mu         sync.Mutex
	next, most int64
	ordered    bool
}

func (c *countingTable) IsOrdered() bool          { return c.ordered }
func (c *countingTable) Cursor() duck.TableCursor { return c }

func (c *countingTable) Fill(w duck.Writer, capacity int) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int(min(int64(capacity), c.most-c.next))
	longs, ints, bools := make([]int64, n), make([]int32, n), make([]bool, n)
	for i := range n {
		longs[i], ints[i], bools[i] = c.next, int32(c.next%100), c.next%3 == 0
		c.next++
	}
	duck.Write(w, 0, longs)
	duck.Write(w, 1, ints)
	w.WriteNulls(1, bools)
	duck.Write(w, 2, bools)
	return n, nil
}

// Rows go from Go into the database and back by columns, whichever columns a query reads and in
// whatever order.
func TestColumnsThereAndBack(t *testing.T) {
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	columns := []duck.TableColumn{{Name: "long", Type: duckdb.TYPE_BIGINT}, {Name: "int", Type: duckdb.TYPE_INTEGER}, {Name: "third", Type: duckdb.TYPE_BOOLEAN}}
	err = db.RegisterTable("counting", columns, func(most int64) (duck.TableSource, error) {
		if most < 0 {
			return nil, fmt.Errorf("%d rows are too few", most)
		}
		return &countingTable{most: most, ordered: most == 5000}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const rows = 10_000
	var mu sync.Mutex
	seen := map[int64]bool{}
	query := fmt.Sprintf("select third, long, int, case when long %% 2 = 0 then 'short' when long %% 5 <> 0 then 'a text of more than twelve bytes: ' || long end from counting(%d)", rows)
	err = db.Columns(ctx, query, 2, func(_ int, chunk duck.Chunk) error {
		thirds, longs, ints, texts := duck.Values[bool](chunk, 0), duck.Values[int64](chunk, 1), duck.Values[int32](chunk, 2), chunk.Texts(3)
		mu.Lock()
		defer mu.Unlock()
		for i, n := range longs {
			want := "short"
			if n%2 != 0 {
				want = fmt.Sprintf("a text of more than twelve bytes: %d", n)
			}
			if isNull := chunk.Nulls(3).At(i); isNull != (n%10 == 5) || !isNull && string(texts.At(i)) != want {
				t.Errorf("row %d has the text %q, null: %v", n, texts.At(i), isNull)
			}
			if thirds[i] != (n%3 == 0) || chunk.Nulls(2).At(i) != (n%3 == 0) || n%3 != 0 && ints[i] != int32(n%100) {
				t.Errorf("row %d is %v, %d", n, thirds[i], ints[i])
			}
			if seen[n] {
				t.Errorf("row %d comes twice", n)
			}
			seen[n] = true
		}
		return nil
	})
	if err != nil || len(seen) != rows {
		t.Fatalf("%d rows, %v", len(seen), err)
	}
	var sum int64
	if err := db.Value(ctx, "select sum(long)::bigint from counting(100)", &sum); err != nil || sum != 4950 {
		t.Errorf("the sum of one column is %d, %v", sum, err)
	}
	var ordered []int64
	err = db.Columns(ctx, "select long from counting(5000)", 1, func(_ int, chunk duck.Chunk) error {
		ordered = append(ordered, duck.Values[int64](chunk, 0)...)
		return nil
	})
	if err != nil || len(ordered) != 5000 || !slices.IsSorted(ordered) {
		t.Errorf("%d rows, in order: %v, %v", len(ordered), slices.IsSorted(ordered), err)
	}
	if err := db.Exec(ctx, "select * from counting(-1)"); err == nil {
		t.Error("an error of the source is lost")
	}
	failed := fmt.Errorf("enough")
	if err := db.Columns(ctx, "select * from counting(9000)", 2, func(int, duck.Chunk) error { return failed }); err == nil {
		t.Error("an error of the reader is lost")
	}
}
