package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"text/template"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/enrich"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// workspace is the database of one run: numbers in the table requests, texts
// once each in the dimensions (sql/duckdb/tables.sql).
type workspace struct {
	db       *duck.DB
	config   Config
	keys     keyring
	enricher *enrich.Enricher // new requests need it, stored ones keep what they have

	dimensions []*dimension
	images     *dictionary[[2]string]
	digests    *dictionary[string]
	sources    []string // source ids by their number; "" while not known yet
}

// openWorkspace starts the database and makes its tables.
func openWorkspace(ctx context.Context, store *lake.Lake, config Config) (*workspace, error) {
	secret, err := store.Key()
	if err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, duck.Options{Threads: config.Threads, MemoryLimit: config.memoryLimit(), TempDir: store.Scratch()})
	if err != nil {
		return nil, err
	}
	w := &workspace{db: db, config: config, keys: keyring(secret)}
	w.images = newDictionary("images", func(name [2]string) []driver.Value { return []driver.Value{name[0], name[1]} })
	w.digests = newDictionary("digests", func(digest string) []driver.Value { return []driver.Value{digest} })
	w.dimensions = w.newDimensions()
	// A new request has nothing derived yet: context 0.
	err = w.exec(ctx, "duckdb/tables.sql", nil)
	if err == nil {
		err = db.Exec(ctx, "insert into contexts values (0, chr(31), null, null)")
	}
	if err == nil {
		// Where order matters a statement says so; elsewhere rows need not queue up.
		err = db.Exec(ctx, "set preserve_insertion_order = false")
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return w, nil
}

func (w *workspace) close() error { return w.db.Close() }

// exec renders a SQL file and runs it.
func (w *workspace) exec(ctx context.Context, path string, params any) error {
	query, err := w.render(path, params)
	if err != nil {
		return err
	}
	return w.db.Exec(ctx, query)
}

// each renders a SQL file and yields its rows.
func (w *workspace) each(ctx context.Context, path string, params any, yield func([]driver.Value) error) error {
	query, err := w.render(path, params)
	if err != nil {
		return err
	}
	return w.db.Each(ctx, query, yield)
}

func (w *workspace) render(path string, params any) (string, error) {
	return duck.Render(sqlfiles.Files, path, params, modelTables)
}

// modelTables are the tables that the models in sql/models read, by their
// logical names.
var modelTables = template.FuncMap{
	"table": func(name string) (string, error) {
		if name == "requests" {
			return "requests_ranked", nil
		}
		return "", fmt.Errorf("no table stands for %q", name)
	},
}

// addSource gives a number to an input, or finds that of a stored one.
func (w *workspace) addSource(id string) int32 {
	if id != "" {
		for number, known := range w.sources {
			if known == id {
				return int32(number)
			}
		}
	}
	w.sources = append(w.sources, id)
	return int32(len(w.sources) - 1)
}

// rankSources writes the table sources: ids are text that sorts as inputs do.
func (w *workspace) rankSources(ctx context.Context) error {
	if err := w.db.Exec(ctx, "delete from sources"); err != nil {
		return err
	}
	var rows [][]driver.Value
	for number, id := range w.sources {
		if id != "" {
			rows = append(rows, []driver.Value{int32(number), id, nil})
		}
	}
	if err := w.db.Append("sources", rows); err != nil {
		return err
	}
	return w.db.Exec(ctx, `
		create or replace temp table ranked as
		select source, source_id, cast(row_number() over (order by source_id) as integer) as source_rank from sources;
		delete from sources;
		insert into sources select source, source_id, source_rank from ranked`)
}
