package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Exec runs one or more statements.
func (d *DB) Exec(ctx context.Context, query string, args ...any) error {
	if _, err := d.conn.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("run %s: %w", headline(query), err)
	}
	return nil
}

// Count runs a statement and returns how many rows it wrote.
func (d *DB) Count(ctx context.Context, query string) (int64, error) {
	result, err := d.conn.ExecContext(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", headline(query), err)
	}
	return result.RowsAffected()
}

// Value reads the single row of query into dest.
func (d *DB) Value(ctx context.Context, query string, dest ...any) error {
	if err := d.conn.QueryRowContext(ctx, query).Scan(dest...); err != nil {
		return fmt.Errorf("query %s: %w", headline(query), err)
	}
	return nil
}

// Query returns rows in the usual way of database/sql.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := d.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", headline(query), err)
	}
	return rows, nil
}

// Each calls yield for every row of query with the driver's own values, which
// is several times faster than Scan. The slice is reused between calls.
func (d *DB) Each(ctx context.Context, query string, yield func(row []driver.Value) error) error {
	err := d.conn.Raw(func(raw any) error {
		rows, err := raw.(driver.QueryerContext).QueryContext(ctx, query, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		row := make([]driver.Value, len(rows.Columns()))
		for {
			if err := rows.Next(row); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if err := yield(row); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("query %s: %w", headline(query), err)
	}
	return nil
}

// Column is a column of a result.
type Column struct{ Name, Type string }

// Describe returns the columns that query yields, without running it.
func (d *DB) Describe(ctx context.Context, query string, args ...any) ([]Column, error) {
	rows, err := d.Query(ctx, "describe "+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []Column
	for rows.Next() {
		var column Column
		var ignored any
		if err := rows.Scan(&column.Name, &column.Type, &ignored, &ignored, &ignored, &ignored); err != nil {
			return nil, fmt.Errorf("describe %s: %w", headline(query), err)
		}
		columns = append(columns, column)
	}
	return columns, rows.Err()
}

// Restrict makes the database read files below these directories, or these files, only; it can reach
// nothing else from then on, and no setting can be changed.
func (d *DB) Restrict(ctx context.Context, readable []string) error {
	var absolute []string
	for _, path := range readable {
		path, err := filepath.Abs(path)
		if err != nil {
			return fmt.Errorf("restrict the database: %w", err)
		}
		absolute = append(absolute, path)
		// The database follows links before it asks.
		if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
			absolute = append(absolute, real)
		}
	}
	return d.Exec(ctx, "set allowed_directories = "+QuoteList(absolute)+"; set allowed_paths = "+QuoteList(absolute)+"; set enable_external_access = false; set lock_configuration = true")
}

// Raw gives access to the driver's connection, for functions that need it.
func (d *DB) Raw() *sql.Conn { return d.conn }

// Quote makes a SQL text literal.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// QuoteList makes a SQL list of text literals, such as ['a', 'b'].
func QuoteList(texts []string) string { return "[" + List(texts) + "]" }

// List makes text literals with commas between them.
func List(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = Quote(text)
	}
	return strings.Join(quoted, ", ")
}

// Path escapes a file's name for functions such as read_parquet, which take
// names for patterns.
func Path(name string) string {
	return strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(name)
}

// Paths is Path for many.
func Paths(names []string) []string {
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = Path(name)
	}
	return escaped
}

const maxHeadline = 120

// headline is the first line of a query that is no blank one: our SQL files
// begin with the question they answer, which makes errors readable.
func headline(query string) string {
	for line := range strings.Lines(query) {
		if line = strings.TrimSpace(line); line != "" {
			if len(line) > maxHeadline {
				line = line[:maxHeadline] + "…"
			}
			return strings.TrimPrefix(line, "-- ")
		}
	}
	return "nothing"
}

// QuoteName makes a SQL identifier.
func QuoteName(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
