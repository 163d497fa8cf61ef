package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// Query runs one read-only SQL query: OpenQuery, Querier.Run and Close in one.
func (e *Engine) Query(ctx context.Context, query string, form QueryForm, begin func([]duck.Column) error, yield func([]*string) error) error {
	if _, err := parseStatement(query); err != nil {
		return explainRefusal(ctx, query, err)
	}
	q, err := e.OpenQuery(ctx, QueryOptions{})
	if err != nil {
		return err
	}
	defer q.Close()
	return q.Run(ctx, query, nil, form, begin, yield)
}

// QueryOptions say what queries may do.
type QueryOptions struct {
	// AllowPaths are files and directories that queries may read beside the data.
	AllowPaths []string
	// NoRejects leaves the view rejects empty: quarantined lines hold addresses, which stay on this machine.
	NoRejects bool
}

// Querier runs queries over one state of the lake. It is not for concurrent use.
type Querier struct {
	engine   *Engine
	snapshot *lake.Snapshot
	db       *duck.DB

	hasReports bool // as table functions
}

// OpenQuery takes the state of the lake as of now. It needs no lock and sees the same
// for its whole life, whatever runs do meanwhile.
//
// Queries may read the views requests, actions, extension_events, rejects, runs and periods, the table functions
// report_<name>(period), the files that the lake publishes, and what the options
// allow; they may write nothing, reach no network and change no setting.
func (e *Engine) OpenQuery(ctx context.Context, options QueryOptions) (*Querier, error) {
	if err := e.Config.Validate(); err != nil {
		return nil, &UsageError{err}
	}
	allowed, err := allowedPaths(options.AllowPaths)
	if err != nil {
		return nil, err
	}
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return nil, err
	}
	if options.NoRejects {
		store.HideRejects()
	}
	q := &Querier{engine: e}
	if q.snapshot, err = store.Snapshot(); err != nil {
		return nil, err
	}
	if err = q.open(ctx, filepath.Join(q.snapshot.Dir(), "spill")); err == nil {
		readable := slices.Concat(store.PublicDirs(), allowed, []string{q.snapshot.Dir()}, q.snapshot.Paths())
		err = q.db.Restrict(ctx, readable)
	}
	if err != nil {
		q.Close()
		return nil, err
	}
	return q, nil
}

// open starts the database over the snapshot; what does not fit into memory waits in spill.
func (q *Querier) open(ctx context.Context, spill string) (err error) {
	config := q.engine.Config
	if q.db, err = duck.Open(ctx, duck.Options{Threads: config.Threads, MemoryLimit: config.memoryLimit(), TempDir: spill}); err != nil {
		return err
	}
	return q.createViews(ctx)
}

// Close ends the queries and lets go of the snapshot.
func (q *Querier) Close() error {
	var err error
	if q.db != nil {
		err = q.db.Close()
	}
	return errors.Join(err, q.snapshot.Close())
}

// allowedPaths checks what users allow, and makes it absolute.
func allowedPaths(paths []string) ([]string, error) {
	var allowed []string
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return nil, &UsageError{fmt.Errorf("--allow-path %s: %w; name a file or folder that is there", path, withoutPath(err))}
		}
		// The database follows links before it asks.
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			return nil, fmt.Errorf("--allow-path %s: %w", path, withoutPath(err))
		}
		allowed = append(allowed, real)
	}
	return allowed, nil
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
func eachText(ctx context.Context, db *duck.DB, query string, yield func([]*string) error, args ...any) error {
	rows, err := db.Query(ctx, query, args...)
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

// checkReadOnly asks the database what kind of statement it is, and which parameters it has.
func (q *Querier) checkReadOnly(ctx context.Context, s statement) (params []string, err error) {
	err = q.db.Raw().Raw(func(raw any) error {
		prepared, err := raw.(driver.ConnPrepareContext).PrepareContext(ctx, s.unexplained())
		if err != nil {
			return q.explain(err)
		}
		defer prepared.Close()
		statement := prepared.(*duckdb.Stmt)
		kind, err := statement.StatementType()
		if err != nil {
			return fmt.Errorf("read the query: %w", err)
		}
		if kind != duckdb.STATEMENT_TYPE_SELECT {
			return &UsageError{errReadOnly}
		}
		for n := range statement.NumInput() {
			name, err := statement.ParamName(n + 1)
			if err != nil {
				return fmt.Errorf("read the parameters of the query: %w", err)
			}
			params = append(params, name)
		}
		return nil
	})
	return params, err
}

const outOfMemory = "Out of Memory Error: "

// explain is cleanQueryError, with what to do where a query was denied a file or memory.
func (q *Querier) explain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if at := strings.Index(text, outOfMemory); at >= 0 {
		message, _, _ := strings.Cut(text[at:], "\n") // what follows are settings that queries cannot change
		return &UsageError{fmt.Errorf("the query needs more memory than it may take; allow it more with --memory, or ask for less (%s)", message)}
	}
	if strings.Contains(text, "file system operations are disabled by configuration") {
		if path := deniedPath.FindStringSubmatch(text); path != nil {
			return &UsageError{fmt.Errorf("the query may not read %s: it is not among the tables and reports of the data directory; allow your own files with --allow-path", path[1])}
		}
	}
	return cleanQueryError(err)
}

var deniedPath = regexp.MustCompile(`Cannot access (?:file|directory) ("[^"]*")`)

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
