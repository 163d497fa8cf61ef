package api

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/duck"
)

const (
	// queryTime is how long a query may take.
	queryTime = time.Minute
	// maxQuery is how large a query may be, in bytes.
	maxQuery = 256 << 10
	// maxQueries is how many run at once; each may use the memory that the configuration allows.
	maxQueries = 2
)

type queryRequest struct {
	SQL    string            `json:"sql"`
	Params map[string]string `json:"params"`
	Limit  int64             `json:"limit"`
	Format string            `json:"format"`
}

type queryResult struct {
	Columns []queryColumn `json:"columns"`
	Rows    [][]*string   `json:"rows"`
	More    bool          `json:"more"`
	Ms      int64         `json:"ms"`
}

type queryColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// mayQuery reports whether somebody may run SQL, which sees everything.
func (c *call) mayQuery() bool {
	return c.access.all || c.access.user != nil && c.live.Config().Serve.Query == engine.QueryEveryone
}

func (c *call) checkQuery() error {
	switch {
	case c.mayQuery():
		return nil
	case c.access.user == nil:
		return c.refuse()
	}
	return &problem{status: http.StatusForbidden, detail: "queries are for administrators, who see all namespaces; serve.query in the configuration lets others, too"}
}

// query runs one query that only reads, as engine query does.
func (s *Server) query(w http.ResponseWriter, c *call) error {
	if err := c.checkQuery(); err != nil {
		return err
	}
	body := queryRequest{Limit: 1000, Format: "json"}
	if err := readJSON(w, c.Request, &body, maxQuery); err != nil {
		return err
	}
	if body.Limit < 1 || body.Limit > maxPage || !slices.Contains([]string{"json", "csv"}, body.Format) {
		return badRequest("limit must be a number from 1 to %d, and format json or csv", maxPage)
	}
	request := engine.QueryRequest{SQL: body.SQL, IgnoreUnused: true}
	for name, value := range body.Params {
		param, err := engine.ParseParam(name + "=" + value)
		if err != nil {
			return badRequest("%s", err)
		}
		request.Params = engine.AddParam(request.Params, param)
	}
	select {
	case s.querying <- struct{}{}:
		defer func() { <-s.querying }()
	case <-c.Context().Done():
		return c.Context().Err()
	}
	querier, err := c.live.Engine().OpenQuery(c.Context(), engine.QueryOptions{NoRejects: true})
	if err != nil {
		return err
	}
	defer querier.Close()
	if body.Format == "csv" {
		return s.queryCSV(w, c.Context(), querier, request)
	}
	request.Limit = body.Limit
	return queryJSON(w, c.Context(), querier, request)
}

// queryProblem tells what is wrong with a query.
func queryProblem(ctx context.Context, err error) error {
	var usage *engine.UsageError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &usage):
		return badRequest("%s", err)
	}
	return err
}

func queryJSON(w http.ResponseWriter, ctx context.Context, querier *engine.Querier, request engine.QueryRequest) error {
	began := time.Now()
	result := queryResult{Columns: []queryColumn{}, Rows: [][]*string{}}
	begin := func(columns []duck.Column) error {
		for _, column := range columns {
			result.Columns = append(result.Columns, queryColumn{column.Name, column.Type})
		}
		return nil
	}
	var err error
	result.More, err = querier.Read(ctx, request, begin, func(row []*string) error {
		values := make([]*string, len(row))
		for i, value := range row {
			if value != nil {
				text := *value // the row is used again
				values[i] = &text
			}
		}
		result.Rows = append(result.Rows, values)
		return nil
	})
	if err != nil {
		return queryProblem(ctx, err)
	}
	result.Ms = time.Since(began).Milliseconds()
	return send(w, http.StatusOK, result)
}

// queryCSV writes all rows. What goes wrong once rows are written ends the connection, so that half a file does
// not look whole.
func (s *Server) queryCSV(w http.ResponseWriter, ctx context.Context, querier *engine.Querier, request engine.QueryRequest) error {
	begun := false
	writer := csv.NewWriter(&patient{ResponseWriter: w, control: http.NewResponseController(w), block: s.timeouts.block})
	var record []string
	begin := func(columns []duck.Column) error {
		for _, column := range columns {
			record = append(record, column.Name)
		}
		return nil
	}
	_, err := querier.Read(ctx, request, begin, func(row []*string) error {
		if !begun {
			begun = true
			beginCSV(w)
			if err := writer.Write(record); err != nil {
				return err
			}
		}
		for i, value := range row {
			record[i] = ""
			if value != nil {
				record[i] = *value
			}
		}
		return writer.Write(record)
	})
	switch {
	case err != nil && begun:
		s.log.Error("a query ended while its rows were sent", "id", requestID(ctx), "error", err)
		panic(http.ErrAbortHandler)
	case err != nil:
		return queryProblem(ctx, err)
	case !begun:
		beginCSV(w)
		_ = writer.Write(record)
	}
	writer.Flush() // who has gone away does not read it
	return nil
}

func beginCSV(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="query.csv"`)
	w.Header().Set("Cache-Control", "no-store")
}

type schemaData struct {
	Tables []schemaTable `json:"tables"`
}

type schemaTable struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Columns     []reportColumn `json:"columns"`
}

// describeSchema documents what queries may read.
func (s *Server) describeSchema(c *call) (any, error) {
	if err := c.checkQuery(); err != nil {
		return nil, err
	}
	tables, err := engine.Schema()
	if err != nil {
		return nil, err
	}
	data := schemaData{Tables: []schemaTable{}}
	for _, table := range tables {
		if table.Kind == engine.KindFile {
			continue
		}
		described := schemaTable{table.Spelled(), table.Description, []reportColumn{}}
		for _, column := range table.Columns {
			described.Columns = append(described.Columns, reportColumn{column.Name, column.Type, column.Meaning()})
		}
		data.Tables = append(data.Tables, described)
	}
	return data, nil
}

type savedData struct {
	Queries []savedQuery `json:"queries"`
}

type savedQuery struct {
	Name   string       `json:"name"`
	Title  string       `json:"title"`
	Params []savedParam `json:"params"`
	SQL    string       `json:"sql"`
}

type savedParam struct {
	Name        string  `json:"name"`
	Default     *string `json:"default,omitempty"` // none: it must be given
	Description string  `json:"description"`
}

// listSaved lists the saved queries.
func (s *Server) listSaved(c *call) (any, error) {
	if err := c.checkQuery(); err != nil {
		return nil, err
	}
	queries, err := c.live.Engine().SavedQueries()
	if err != nil {
		return nil, err
	}
	data := savedData{Queries: []savedQuery{}}
	for _, query := range queries {
		saved := savedQuery{query.Name, query.Question, []savedParam{}, query.SQL}
		for _, param := range query.Params {
			saved.Params = append(saved.Params, savedParam{param.Name, param.Default, param.Meaning})
		}
		data.Queries = append(data.Queries, saved)
	}
	return data, nil
}
