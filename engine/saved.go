package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// QueryConfig says where queries find what is the user's own.
type QueryConfig struct {
	// Saved is the folder of own saved queries. Empty: "queries" in the data directory, if it is there.
	Saved string `toml:"saved"`
}

// resolve makes a relative path start at the folder of the configuration file.
func (c *QueryConfig) resolve(folder string) {
	if c.Saved != "" && !filepath.IsAbs(c.Saved) {
		c.Saved = filepath.Join(folder, c.Saved)
	}
}

// SavedQuery is a query that has a name. Its file begins with comments:
//
//	-- the question that it answers
//	-- param name = default: what it means
//	-- param name: what it means, when there is no default
type SavedQuery struct {
	Name     string       `json:"name"`
	Question string       `json:"question"`
	Params   []SavedParam `json:"params"`
	Path     string       `json:"path,omitempty"` // of the user's own file; empty: it comes with the engine
	// Replaces says that an own query has the name of one that comes with the engine, and stands in its place.
	Replaces bool   `json:"replaces,omitempty"`
	SQL      string `json:"-"`
}

// SavedParam is a parameter of a saved query.
type SavedParam struct {
	Name    string  `json:"name"`
	Default *string `json:"default"` // as on the command line; nil: there is none
	Meaning string  `json:"meaning"`
}

// savedDir is the folder of own saved queries in the data directory, and that of the built-in ones in package sqlfiles.
const savedDir = "queries"

// SavedQueries lists the built-in queries and the user's own, by name.
func (e *Engine) SavedQueries() ([]SavedQuery, error) {
	byName := map[string]SavedQuery{}
	builtIn, err := readSaved(sqlfiles.Files, savedDir, "")
	if err != nil {
		return nil, err
	}
	for _, query := range builtIn {
		byName[query.Name] = query
	}
	folder, err := e.savedFolder()
	if err != nil {
		return nil, err
	}
	if folder != "" {
		own, err := readSaved(os.DirFS(folder), ".", folder)
		if err != nil {
			return nil, &UsageError{err}
		}
		for _, query := range own {
			_, query.Replaces = byName[query.Name]
			byName[query.Name] = query
		}
	}
	all := make([]SavedQuery, 0, len(byName))
	for _, query := range byName {
		all = append(all, query)
	}
	slices.SortFunc(all, func(a, b SavedQuery) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// SavedQuery returns the query of a name.
func (e *Engine) SavedQuery(name string) (SavedQuery, error) {
	all, err := e.SavedQueries()
	if err != nil {
		return SavedQuery{}, err
	}
	names := make([]string, len(all))
	for i, query := range all {
		if query.Name == name {
			return query, nil
		}
		names[i] = query.Name
	}
	return SavedQuery{}, &UsageError{fmt.Errorf("there is no saved query %q; take one of %s", name, strings.Join(names, ", "))}
}

// SavedDir is the folder that own saved queries are read from.
func (e *Engine) SavedDir() string {
	if e.Config.Query.Saved != "" {
		return e.Config.Query.Saved
	}
	return filepath.Join(e.Dir, savedDir)
}

// savedFolder is SavedDir where it is there; empty: there is none.
func (e *Engine) savedFolder() (string, error) {
	folder := e.SavedDir()
	if e.Config.Query.Saved == "" {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return folder, nil
	}
	where := e.Config.file.at(0, "query", "saved")
	switch info, err := os.Stat(folder); {
	case err != nil:
		return "", &UsageError{fmt.Errorf("%skey \"query.saved\": the folder %s cannot be read: %w; create it, or correct the key", where, folder, withoutPath(err))}
	case !info.IsDir():
		return "", &UsageError{fmt.Errorf("%skey \"query.saved\": %s is no folder; name one", where, folder)}
	}
	return folder, nil
}

// readSaved reads the saved queries of a folder; shown is its path for people, empty for the built-in ones.
func readSaved(files fs.FS, folder, shown string) ([]SavedQuery, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("saved queries in %s: %w; make it a folder that can be read", shown, withoutPath(err))
	}
	var all []SavedQuery
	for _, entry := range entries {
		name, isSQL := strings.CutSuffix(entry.Name(), ".sql")
		if !isSQL || entry.IsDir() || name == "" || strings.HasPrefix(name, ".") {
			continue
		}
		location := entry.Name()
		if shown != "" {
			location = filepath.Join(shown, location)
		}
		text, err := fs.ReadFile(files, path.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("saved query %s cannot be read: %w", location, withoutPath(err))
		}
		query, err := parseSaved(name, string(text))
		if err != nil {
			return nil, fmt.Errorf("saved query %s: %w", location, err)
		}
		if shown != "" {
			query.Path = location
		}
		all = append(all, query)
	}
	return all, nil
}

var savedParam = regexp.MustCompile(`^param\s+([A-Za-z_][A-Za-z0-9_]*)(?:\s*=\s*(.*?))?\s*:\s+(.+)$`)

// parseSaved reads the comments that a saved query begins with.
func parseSaved(name, text string) (SavedQuery, error) {
	query := SavedQuery{Name: name, SQL: text, Params: []SavedParam{}}
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
		if !ok {
			break
		}
		comment = strings.TrimSpace(comment)
		switch {
		case query.Question == "":
			query.Question = comment
		case strings.HasPrefix(comment, "param "):
			match := savedParam.FindStringSubmatch(comment)
			if match == nil {
				return query, fmt.Errorf("%q tells no parameter; write it as -- param name = default: what it means", comment)
			}
			param := SavedParam{Name: match[1], Meaning: match[3]}
			if strings.Contains(comment[:len(comment)-len(match[3])], "=") {
				param.Default = &match[2]
			}
			if slices.ContainsFunc(query.Params, func(p SavedParam) bool { return p.Name == param.Name }) {
				return query, fmt.Errorf("parameter %s is there twice; remove one", param.Name)
			}
			query.Params = append(query.Params, param)
		}
	}
	if query.Question == "" {
		return query, errors.New("its first line is no question; begin the file with a comment that says what the query answers")
	}
	return query, nil
}

// Bind returns the values of all parameters: those that are given as name=value, and the defaults of the
// others. Where the default is a text, so is what is given: 2026-09-14 is then a period, not a stamp.
func (q SavedQuery) Bind(given []string) ([]Param, error) {
	values := map[string]Param{}
	for _, text := range given {
		param, err := ParseParam(text)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(q.Params, func(p SavedParam) bool { return strings.EqualFold(p.Name, param.Name) })
		if at < 0 {
			return nil, &UsageError{fmt.Errorf("saved query %s has no parameter %q; %s", q.Name, param.Name, q.paramsText())}
		}
		if _, isText := param.Value.(string); !isText && q.Params[at].isText() {
			_, param.Value, _ = strings.Cut(text, "=")
		}
		values[q.Params[at].Name] = Param{q.Params[at].Name, param.Value}
	}
	var bound []Param
	for _, param := range q.Params {
		value, ok := values[param.Name]
		switch {
		case ok:
			bound = append(bound, value)
		case param.Default != nil:
			bound = append(bound, Param{param.Name, paramValue(*param.Default)})
		default:
			return nil, &UsageError{fmt.Errorf("saved query %s needs --param %s=…: %s", q.Name, param.Name, param.Meaning)}
		}
	}
	return bound, nil
}

// isText reports whether the default is a text.
func (p SavedParam) isText() bool {
	if p.Default == nil {
		return false
	}
	_, text := paramValue(*p.Default).(string)
	return text
}

func (q SavedQuery) paramsText() string {
	if len(q.Params) == 0 {
		return "it has none"
	}
	names := make([]string, len(q.Params))
	for i, param := range q.Params {
		names[i] = param.Name
	}
	return "it has " + strings.Join(names, ", ")
}

// createSpans makes span_begin and span_end, which name stretches of days in the words of saved queries.
func (q *Querier) createSpans(ctx context.Context) error {
	var week time.Time
	if days := q.snapshot.Days(lake.Requests); len(days) > 0 {
		newest, err := q.engine.newestWeek(days)
		if err != nil {
			return err
		}
		week = newest.From
	}
	query, err := duck.Render(sqlfiles.Files, "duckdb/spans.sql", map[string]time.Time{"Week": week}, nil)
	if err != nil {
		return err
	}
	return q.db.Exec(ctx, query)
}
