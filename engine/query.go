package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// Query runs one read-only SQL query over the views requests, actions, rejects
// and runs of the data directory, and calls yield with its rows. It needs no lock
// and may run during a run: it sees each day whole, as before or after.
func (e *Engine) Query(ctx context.Context, query string, yield func(*sql.Rows) error) error {
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
	if err := checkReadOnly(ctx, db, query); err != nil {
		return err
	}
	rows, err := db.Query(ctx, query)
	if err != nil {
		return cleanQueryError(err)
	}
	defer rows.Close()
	if err := yield(rows); err != nil {
		return err
	}
	return cleanQueryError(rows.Err())
}

// createAllViews makes the views that users see.
func createAllViews(ctx context.Context, db *duck.DB, store *lake.Lake) error {
	days, err := store.Days()
	if err != nil {
		return err
	}
	var files []string
	for _, day := range days {
		files = append(files, store.DayFile(day))
	}
	if err := createViews(ctx, db, files); err != nil {
		return err
	}
	rejects, err := store.RejectsFiles()
	if err != nil {
		return err
	}
	runs, err := store.RunFiles()
	if err != nil {
		return err
	}
	for path, files := range map[string][]string{"duckdb/rejects_view.sql": rejects, "duckdb/runs_view.sql": runs} {
		query, err := duck.Render(sqlfiles.Files, path, map[string]any{"Files": files}, nil)
		if err != nil {
			return err
		}
		if err := db.Exec(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

var explainPattern = regexp.MustCompile(`(?is)^\s*explain\s+(analyze\s+)?(\([^)]*\)\s*)?`)

// checkReadOnly lets only queries through. The views are temporary, but COPY and
// ATTACH reach files.
func checkReadOnly(ctx context.Context, db *duck.DB, query string) error {
	query = explainPattern.ReplaceAllString(query, "")
	return db.Raw().Raw(func(raw any) error {
		prepared, err := raw.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		if err != nil {
			return cleanQueryError(err)
		}
		defer prepared.Close()
		kind, err := prepared.(*duckdb.Stmt).StatementType()
		if err != nil {
			return fmt.Errorf("read the query: %w", err)
		}
		if kind != duckdb.STATEMENT_TYPE_SELECT {
			return &UsageError{errors.New("only queries are allowed: one SELECT, FROM, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN. The data is read-only")}
		}
		return nil
	})
}

// cleanQueryError gives the user DuckDB's own message, which points at the place.
func cleanQueryError(err error) error {
	var failure *duckdb.Error
	if errors.As(err, &failure) {
		return &UsageError{errors.New(strings.TrimSpace(failure.Msg))}
	}
	return err
}
