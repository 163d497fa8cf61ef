package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// QueryForm is how the rows of a query come: every value as a text.
type QueryForm int

const (
	// Texts yields the values as DuckDB writes them; NULL is nil.
	Texts QueryForm = iota
	// Objects yields one JSON object a row.
	Objects
)

// Query runs one read-only SQL query over the views requests, actions,
// extension_events, rejects and runs of the data directory, and calls begin with its columns and then yield
// with each row. It needs no lock and may run during a run: it sees each day
// whole, as before or after.
func (e *Engine) Query(ctx context.Context, query string, form QueryForm, begin func([]duck.Column) error, yield func([]*string) error) error {
	parsed, err := parseStatement(query)
	if err != nil {
		return explainRefusal(ctx, query, err)
	}
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return err
	}
	db, err := duck.Open(ctx, duck.Options{Threads: e.Config.Threads, MemoryLimit: e.Config.memoryLimit()})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := createAllViews(ctx, db, store); err != nil {
		return err
	}
	if err := checkReadOnly(ctx, db, parsed); err != nil {
		return err
	}
	columns := []duck.Column{{Name: "explain_key", Type: "VARCHAR"}, {Name: "explain_value", Type: "VARCHAR"}}
	text := parsed.text
	if !parsed.explains {
		if columns, err = db.Describe(ctx, "from (\n"+text+"\n)"); err != nil {
			return cleanQueryError(err)
		}
		// DuckDB writes its own types better than the driver's values print.
		text = "select cast(columns(*) as varchar) from (\n" + parsed.text + "\n)"
		if form == Objects {
			text = "select cast(to_json(row_of_query) as varchar) from (\nselect *" + finite(columns) + " from (\n" + parsed.text + "\n)) as row_of_query"
		}
	} else if form == Objects {
		return &UsageError{errors.New("a plan is no table; take --format table or csv for EXPLAIN")}
	}
	if err := begin(columns); err != nil {
		return err
	}
	return eachText(ctx, db, text, yield)
}

// explainRefusal gives the database's own words where a refused query is no SQL:
// a misspelled SELECT is told as such. The query is only parsed.
func explainRefusal(ctx context.Context, query string, refused error) error {
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	var kind, message *string
	err = db.Value(ctx, fmt.Sprintf("select parsed->>'error_type', parsed->>'error_message' from (select json_serialize_sql(%s) as parsed)", duck.Quote(query)), &kind, &message)
	if err == nil && kind != nil && *kind == "parser" && message != nil {
		return &UsageError{errors.New(*message)}
	}
	return &UsageError{refused}
}

// finite replaces NaN and infinities, for which JSON has no word, by NULL.
func finite(columns []duck.Column) string {
	var replaced []string
	for _, column := range columns {
		if column.Type == "DOUBLE" || column.Type == "FLOAT" {
			name := duck.QuoteName(column.Name)
			replaced = append(replaced, fmt.Sprintf("case when isfinite(%s) then %s end as %s", name, name, name))
		}
	}
	if len(replaced) == 0 {
		return ""
	}
	return " replace (" + strings.Join(replaced, ", ") + ")"
}

// eachText yields rows whose values are texts.
func eachText(ctx context.Context, db *duck.DB, query string, yield func([]*string) error) error {
	rows, err := db.Query(ctx, query)
	if err != nil {
		return cleanQueryError(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	values, pointers := make([]*string, len(names)), make([]any, len(names))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return fmt.Errorf("read the result: %w", err)
		}
		if err := yield(values); err != nil {
			return err
		}
	}
	return cleanQueryError(rows.Err())
}

// createAllViews makes the views that users see.
func createAllViews(ctx context.Context, db *duck.DB, store *lake.Lake) error {
	days, err := store.Days()
	if err != nil {
		return err
	}
	eventDays, err := store.ExtensionDays()
	if err != nil {
		return err
	}
	rejects, err := store.RejectsFiles()
	if errors.Is(err, fs.ErrPermission) {
		rejects = nil // the quarantine holds addresses: to others than the owner it is empty
	} else if err != nil {
		return err
	}
	runs, err := store.RunFiles()
	if err != nil {
		return err
	}
	return createViews(ctx, db, []view{
		{"duckdb/requests_view.sql", filesOf(days, store.DayFile)}, {"duckdb/actions_view.sql", nil},
		{"duckdb/extension_events_view.sql", filesOf(eventDays, store.ExtensionFile)},
		{"duckdb/rejects_view.sql", rejects}, {"duckdb/runs_view.sql", runs},
	})
}

// view is a SQL file that makes a view over files.
type view struct {
	path  string
	files []string
}

func createViews(ctx context.Context, db *duck.DB, views []view) error {
	for _, v := range views {
		query, err := duck.Render(sqlfiles.Files, v.path, map[string]any{"Files": duck.Paths(v.files)}, nil)
		if err != nil {
			return err
		}
		if err := db.Exec(ctx, query); err != nil {
			return olderDays(err)
		}
	}
	return nil
}

// olderDays says what a missing column means. The view could fill it in by
// reading the columns of all files beforehand, but then a day that is replaced
// meanwhile would be read in parts old and new.
func olderDays(err error) error {
	if strings.Contains(err.Error(), `"role" not found`) {
		return fmt.Errorf("days of this data directory were written by an older version, without the column role; load the logs into a new data directory (%w)", err)
	}
	return err
}

// checkReadOnly asks the database what kind of statement it is.
func checkReadOnly(ctx context.Context, db *duck.DB, s statement) error {
	return db.Raw().Raw(func(raw any) error {
		prepared, err := raw.(driver.ConnPrepareContext).PrepareContext(ctx, s.unexplained())
		if err != nil {
			return cleanQueryError(err)
		}
		defer prepared.Close()
		kind, err := prepared.(*duckdb.Stmt).StatementType()
		if err != nil {
			return fmt.Errorf("read the query: %w", err)
		}
		if kind != duckdb.STATEMENT_TYPE_SELECT {
			return &UsageError{errReadOnly}
		}
		return nil
	})
}

// cleanQueryError gives the user DuckDB's own message, which points at the place.
func cleanQueryError(err error) error {
	if message := databaseMessage(err); message != err {
		return &UsageError{message}
	}
	return err
}

// databaseMessage is what DuckDB says of a user's own SQL, without our words around it.
func databaseMessage(err error) error {
	var failure *duckdb.Error
	if errors.As(err, &failure) {
		return errors.New(strings.TrimSpace(failure.Msg))
	}
	return err
}
