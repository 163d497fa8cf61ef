package engine

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// Namespaces that were not asked about for the longest leave the memory, and what is too large never enters it;
// the answers are the same.
func TestLiveTables(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), october)
	var rows []logRow
	for n, namespace := range []string{"one", "two", "three"} {
		for i := range n + 2 { // 2, 3 and 4 actions
			rows = append(rows, checkRow(monday.AddDate(0, 0, i), namespace+"/app"))
		}
	}
	mustRun(t, e, inputFile(t, rows...))
	openLive(t, e, func(_ *Live, s *LiveState) {
		s.tables.limit = 3
		ask := func(namespace string, want int64) {
			usage, err := s.Usage(context.Background(), UsageRequest{Namespace: namespace, From: monday, To: october, By: []string{"repo"}, Top: 5})
			if err != nil || usage.Total.Pulls != want || len(usage.Rows) != 1 || usage.Rows[0].Pulls != want {
				t.Errorf("usage of %s is %+v, %v; want %d pulls", namespace, usage, err, want)
			}
		}
		wantTables := func(want string) {
			t.Helper()
			var tables int64
			if err := s.query(context.Background(), "select count(*) from duckdb_tables() where starts_with(table_name, 'actions_')", nil, []any{&tables}, func() {}); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%d tables, %d rows", tables, s.tables.rows); got != want {
				t.Errorf("in memory are %s, want %s", got, want)
			}
		}
		ask("one", 2)
		wantTables("1 tables, 2 rows")
		ask("two", 3)
		wantTables("1 tables, 3 rows")
		ask("three", 4) // more than the limit
		wantTables("1 tables, 3 rows")
		ask("one", 2)
		wantTables("1 tables, 2 rows")
		var wait sync.WaitGroup
		for range 4 {
			for namespace, want := range map[string]int64{"one": 2, "two": 3, "three": 4} {
				wait.Go(func() { ask(namespace, want) })
			}
		}
		wait.Wait()
		if s.tables.rows > 3 {
			t.Errorf("%d rows are in memory, 3 are allowed", s.tables.rows)
		}
	})
}
