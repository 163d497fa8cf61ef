package engine

import (
	"context"
	"fmt"
	"maps"
	"path"
	"strings"
	"text/template"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// sharedFolder has the SQL files of what several reports count from.
const sharedFolder = "shared/"

// sharedTables are what reports of one period have in common, each computed when the
// first of them asks for it and then kept: a table shared_<name> per file.
type sharedTables struct {
	params reports.Params // of all reports alike
	made   map[string]string
}

// forget drops the shared tables, because the files or the period change.
func (s *reportSource) forget(ctx context.Context) error {
	for _, table := range s.shared.made {
		if err := s.db.Exec(ctx, "drop table "+table); err != nil {
			return err
		}
	}
	s.shared = sharedTables{}
	return nil
}

// reportFuncs are the template functions of a report. Its nested files are read from
// shared tables, which take their place.
func (s *reportSource) reportFuncs(ctx context.Context, params reports.Params) (template.FuncMap, error) {
	if s.shared.params != params {
		if err := s.forget(ctx); err != nil {
			return nil, err
		}
		s.shared = sharedTables{params: params, made: map[string]string{}}
	}
	funcs := maps.Clone(reports.Funcs)
	funcs["file"] = func(file string, data any) (string, error) {
		if !strings.HasPrefix(file, sharedFolder) {
			return duck.Render(reports.Files, file, data, funcs)
		}
		if _, ok := s.shared.made[file]; !ok {
			if err := s.share(ctx, file, data, funcs); err != nil {
				return "", err
			}
		}
		return "select * from " + s.shared.made[file], nil
	}
	return funcs, nil
}

// share makes the table of a shared file.
func (s *reportSource) share(ctx context.Context, file string, data any, funcs template.FuncMap) error {
	query, err := duck.Render(reports.Files, file, data, funcs)
	if err != nil {
		return err
	}
	table := "shared_" + strings.TrimSuffix(path.Base(file), ".sql")
	if err := s.db.Exec(ctx, fmt.Sprintf("-- Make %[1]s\ncreate table %[1]s as\n%[2]s", table, query)); err != nil {
		return err
	}
	s.shared.made[file] = table
	return nil
}

// sharedQuery is the query of a shared file.
func (s *reportSource) sharedQuery(ctx context.Context, file string, params reports.Params) (string, error) {
	funcs, err := s.reportFuncs(ctx, s.withThresholds(params))
	if err != nil {
		return "", err
	}
	return duck.RenderText(reports.Files, file, `{{file "`+file+`" .}}`, params, funcs)
}
