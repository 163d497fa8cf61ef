package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/duck"
)

// openQuery opens the lake of an engine for queries.
func openQuery(t *testing.T, e *Engine) *Querier {
	t.Helper()
	q, err := e.OpenQuery(context.Background(), QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Names(t.Context()); err != nil { // which makes the report functions
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

// described lists the columns of a relation as the database has them.
func described(t *testing.T, q *Querier, from string) []string {
	t.Helper()
	columns, err := q.db.Describe(context.Background(), "from "+from)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, column := range columns {
		texts = append(texts, column.Name+" "+column.Type)
	}
	return texts
}

// relation is how a query reads a documented table.
func relation(table SchemaTable) string {
	if table.Kind == KindReport {
		return reportFunctionPrefix + table.Name + "('2026-W38')"
	}
	return table.Name
}

// TestSchema holds the documentation against the lake of the demo and an empty one.
func TestSchema(t *testing.T) {
	demoLake, _ := runDemo(t, t.TempDir())
	runExtensions(t, demoLake, filepath.Join(demo, "extension-events.csv"))
	empty := newEngine(t.TempDir(), farAway)
	empty.Config.Reports.Publish = nil
	t.Run("queries see it", func(t *testing.T) {
		schemaIsSeen(t, map[string]*Engine{"empty": empty, "demo": demoLake})
	})
	t.Run("nulls", func(t *testing.T) { schemaTellsOfNulls(t, demoLake) })
	t.Run("files", func(t *testing.T) { schemaNamesFiles(t, demoLake) })
}

// The documentation names every view and report with its columns and types, in order, and nothing else;
// whether there is anything in the lake or not.
func schemaIsSeen(t *testing.T, lakes map[string]*Engine) {
	all, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range lakes {
		q := openQuery(t, e)
		var views, reports []string
		for _, table := range all {
			if table.Kind == KindFile {
				continue
			}
			var want []string
			for _, column := range table.Columns {
				want = append(want, column.Name+" "+column.Type)
				if column.Description == "" || column.Null == "" {
					t.Errorf("%s.%s is not documented: %+v", table.Name, column.Name, column)
				}
			}
			if got := described(t, q, relation(table)); !slices.Equal(got, want) {
				t.Errorf("%s lake: %s has\n%q, documented are\n%q", name, table.Name, got, want)
			}
			if table.Kind == KindView {
				views = append(views, table.Name)
			} else {
				reports = append(reports, reportFunctionPrefix+table.Name)
			}
		}
		names, err := q.Names(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(views)
		if !slices.Equal(names.Tables, views) {
			t.Errorf("%s lake: queries see %q, documented are %q", name, names.Tables, views)
		}
		for _, function := range names.Functions {
			if strings.HasPrefix(function, reportFunctionPrefix) && !slices.Contains(reports, function) {
				t.Errorf("%s is not documented", function)
			}
		}
	}
}

// Columns that are never NULL are not.
func schemaTellsOfNulls(t *testing.T, e *Engine) {
	q := openQuery(t, e)
	all, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, table := range all {
		for _, column := range table.Columns {
			if column.Null != neverNull {
				continue
			}
			var nulls int64
			query := fmt.Sprintf("select count(*) from %s where %s is null", relation(table), duck.QuoteName(column.Name))
			if err := q.db.Value(context.Background(), query, &nulls); err != nil {
				t.Fatal(err)
			}
			if nulls > 0 {
				t.Errorf("%s.%s is NULL in %d rows", table.Name, column.Name, nulls)
			}
			checked++
		}
	}
	if checked < 150 {
		t.Errorf("%d columns checked; the documentation is lost", checked)
	}
}

// The files that are documented are those of a data directory with data.
func schemaNamesFiles(t *testing.T, e *Engine) {
	all, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, table := range all {
		if table.Kind != KindFile {
			continue
		}
		files++
		found, err := filepath.Glob(filepath.Join(e.Dir, strings.ReplaceAll(table.Name, "NAME", "trends")))
		if err != nil || len(found) == 0 {
			t.Errorf("%s: no such file, %v", table.Name, err)
		}
	}
	if files != 8 {
		t.Errorf("%d files are documented, want 8", files)
	}
}

func TestSchemaOf(t *testing.T) {
	for _, name := range []string{"trends", "report_trends"} {
		table, err := SchemaOf(name)
		if err != nil || table.Spelled() != "report_trends(period)" {
			t.Errorf("%s is %s, %v", name, table.Spelled(), err)
		}
	}
	// Described once, in requests.
	table, err := SchemaOf("published_actions")
	if err != nil {
		t.Fatal(err)
	}
	if company, _ := table.column("company"); !strings.Contains(company.Meaning(), "e-mail address") || !strings.Contains(company.Meaning(), "; NULL: no company is known") {
		t.Errorf("company: %s", company.Meaning())
	}
	for _, name := range []string{"nope", "report_requests", "runs/*.json"} {
		if _, err := SchemaOf(name); err == nil || !strings.Contains(err.Error(), "take one of requests, actions,") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
