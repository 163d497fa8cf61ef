package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/pullscope/pullscope/engine/duck"
)

// QueryRequest is one query, and what is wanted of its rows.
type QueryRequest struct {
	SQL    string
	Params []Param
	Form   QueryForm
	Limit  int64 // at most so many rows; 0: all of them
	// IgnoreUnused lets Params have values that the query does not name.
	IgnoreUnused bool
}

// Run runs one query with these parameters, and calls begin with its columns and then
// yield with each row. The row is reused between calls.
func (q *Querier) Run(ctx context.Context, query string, params []Param, form QueryForm, begin func([]duck.Column) error, yield func([]*string) error) error {
	_, err := q.Read(ctx, QueryRequest{SQL: query, Params: params, Form: form}, begin, yield)
	return err
}

// Read is Run with a limit; it reports whether there are more rows than that. A result
// without limit takes no more memory than the database may use.
func (q *Querier) Read(ctx context.Context, request QueryRequest, begin func([]duck.Column) error, yield func([]*string) error) (more bool, err error) {
	ready, err := q.prepare(ctx, request)
	if err != nil {
		return false, endOf(ctx, err)
	}
	if err := begin(ready.columns); err != nil {
		return false, err
	}
	more, err = q.eachRow(ctx, ready, request.Limit, yield)
	return more, endOf(ctx, q.explain(err))
}

// endOf is an error, or why a query was ended before its time.
func endOf(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("end the query: %w", ctx.Err())
	}
	return err
}

// readyQuery is a query that may run.
type readyQuery struct {
	statement
	columns []duck.Column
	args    []any
	rows    string // the SQL that yields its rows in the form that was asked for
}

// wrapped is the query as a table. Its own text begins on the second line.
func (r *readyQuery) wrapped() string { return "(\n" + r.text + "\n)" }

func (q *Querier) prepare(ctx context.Context, request QueryRequest) (*readyQuery, error) {
	parsed, err := parseStatement(request.SQL)
	if err != nil {
		return nil, explainRefusal(ctx, request.SQL, err)
	}
	if err := checkFunctions(parsed.text); err != nil {
		return nil, err
	}
	if mayName(parsed.text) {
		if err := q.createReportFunctions(ctx); err != nil {
			return nil, err
		}
	}
	named, err := q.checkReadOnly(ctx, parsed)
	if err != nil {
		return nil, err
	}
	ready := &readyQuery{statement: parsed}
	if ready.args, err = arguments(named, request.Params, request.IgnoreUnused); err != nil {
		return nil, err
	}
	if parsed.explains {
		if request.Form == Objects {
			return nil, errPlan
		}
		ready.columns = []duck.Column{{Name: "explain_key", Type: "VARCHAR"}, {Name: "explain_value", Type: "VARCHAR"}}
		ready.rows = parsed.text
		return ready, nil
	}
	if ready.columns, err = q.db.Describe(ctx, "from "+ready.wrapped(), ready.args...); err != nil {
		return nil, q.explain(shiftLines(err))
	}
	// DuckDB writes its own types better than the driver's values print.
	ready.rows = "select cast(columns(*) as varchar) from " + ready.wrapped()
	if request.Form == Objects {
		ready.rows = "select cast(to_json(row_of_query) as varchar) from (select *" + finite(ready.columns) + " from " + ready.wrapped() + ") as row_of_query"
	}
	return ready, nil
}

var errPlan = &UsageError{errors.New("a plan is no table; take --format table or csv for EXPLAIN")}

// directRows is how many rows the driver may hold at once. It has all rows of a result in
// memory, beside what the database may use.
const directRows = 10_000

// eachRow yields at most limit rows, and tells whether there are more.
func (q *Querier) eachRow(ctx context.Context, ready *readyQuery, limit int64, yield func([]*string) error) (more bool, err error) {
	if ready.explains {
		return false, eachText(ctx, q.db, ready.rows, yield, ready.args...)
	}
	query := ready.rows
	if limit > 0 {
		query += fmt.Sprintf(" limit %d", limit+1)
	}
	var rows int64
	limited := func(row []*string) error {
		if rows++; limit > 0 && rows > limit {
			more = true
			return nil
		}
		return yield(row)
	}
	if limit > 0 && limit < directRows {
		err = eachText(ctx, q.db, query, limited, ready.args...)
	} else {
		err = q.eachStored(ctx, query, limited, ready.args...)
	}
	return more, shiftLines(err)
}

// eachStored puts the rows into a table, which spills to the disk where the memory
// does not suffice, and yields them from there, a part at a time.
func (q *Querier) eachStored(ctx context.Context, query string, yield func([]*string) error, args ...any) (err error) {
	if err := q.db.Exec(ctx, "create temporary table query_result as "+query, args...); err != nil {
		return err
	}
	defer func() {
		dropped := q.db.Exec(context.WithoutCancel(ctx), "drop table temp.query_result")
		if err == nil {
			err = dropped
		}
	}()
	var rows int64
	if err := q.db.Value(ctx, "select count(*) from temp.query_result", &rows); err != nil {
		return err
	}
	for from := int64(0); from < rows; from += directRows {
		part := fmt.Sprintf("select * from temp.query_result where rowid >= %d and rowid < %d", from, from+directRows)
		if err := eachText(ctx, q.db, part, yield); err != nil {
			return err
		}
	}
	return nil
}

var errorLine = regexp.MustCompile(`(?m)^LINE (\d+): `)

// shiftLines counts the lines of the user's text in an error about a wrapped query.
func shiftLines(err error) error {
	if cleaned := cleanQueryError(err); err != nil {
		var usage *UsageError
		if !errors.As(cleaned, &usage) {
			return err
		}
		return &UsageError{errors.New(errorLine.ReplaceAllStringFunc(cleaned.Error(), func(line string) string {
			number, err := strconv.Atoi(errorLine.FindStringSubmatch(line)[1])
			if err != nil || number < 2 {
				return line
			}
			// As wide as before, for the next line points at a place in this one.
			return fmt.Sprintf("%-*s", len(line), fmt.Sprintf("LINE %d: ", number-1))
		}))}
	}
	return nil
}
