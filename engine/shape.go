package engine

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// formatColumns are what a format's SQL may yield besides the canonical columns.
var formatColumns = []string{"source", "line", "item", "reject", "ignore", "forwarded_for", "path"}

// checkFormatColumns refuses a format whose columns the engine would not
// understand: a misspelled column would silently lose data.
func checkFormatColumns(schema *ingest.Schema, columns []duck.Column) error {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
		if !slices.Contains(formatColumns, column.Name) && !slices.Contains(schema.Columns, column.Name) {
			return fmt.Errorf("column %q is unknown; a format yields %s, and of %s what it needs",
				column.Name, "source, line", strings.Join(append(slices.Clone(formatColumns[2:]), schema.Columns...), ", "))
		}
	}
	for _, required := range []string{"source", "line"} {
		if !slices.Contains(names, required) {
			return fmt.Errorf("column %q is missing; pass it on from {{.Source}}", required)
		}
	}
	if slices.Contains(names, "path") {
		// A path holds image and reference.
		names = append(names, "image", "reference")
	}
	return schema.Check(names)
}

// shape is the columns of a format, by name.
type shape map[string]string

func shapeOf(columns []duck.Column) shape {
	s := shape{}
	for _, column := range columns {
		s[column.Name] = column.Type
	}
	return s
}

func (s shape) has(name string) bool { return s[name] != "" }

// column is the text of a column where the format has it, else a default.
func (s shape) column(name, otherwise string) string {
	switch {
	case !s.has(name):
		return otherwise
	case s[name] == "VARCHAR" || name == "item":
		return duck.QuoteName(name)
	default:
		return fmt.Sprintf("cast(%s as varchar)", duck.QuoteName(name))
	}
}

// timestamp is the stamp in microseconds since 1970, whatever type it has.
func (s shape) timestamp() string {
	kind, _, _ := strings.Cut(s["timestamp"], "(")
	switch kind {
	case "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE":
		return `epoch_us("timestamp")`
	case "DECIMAL":
		return `text_to_us(cast(cast("timestamp" as decimal(38, 6)) as varchar))`
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT":
		return `text_to_us(cast("timestamp" as varchar))`
	case "FLOAT", "DOUBLE":
		return `text_to_us(cast(try_cast("timestamp" as decimal(38, 6)) as varchar))`
	default:
		return `text_to_us(trim(cast("timestamp" as varchar), e' \t\r\n'))`
	}
}

// target is the image and reference as one text (see resolveTarget).
func (s shape) target() string {
	switch {
	case s.has("path"):
		// What is certainly no manifest is not worth a distinct text.
		return `case when contains(split_part(path, '?', 1), '/manifests/') or contains(split_part(path, '?', 1), '%') then 'p' || split_part(path, '?', 1) end`
	case !s.has("image"):
		return s.repositoryTarget()
	case !s.has("namespace") || !s.has("repository"):
		return s.imageTarget()
	default:
		return fmt.Sprintf(`case when coalesce(%s, '') = '' then %s else %s end`, s.column("image", "''"), s.repositoryTarget(), s.imageTarget())
	}
}

func (s shape) imageTarget() string {
	return fmt.Sprintf(`'i' || coalesce(%s, '') || chr(31) || coalesce(%s, '')`, s.column("image", "''"), s.column("reference", "''"))
}

func (s shape) repositoryTarget() string {
	return fmt.Sprintf(`'n' || coalesce(%s, '') || chr(31) || coalesce(%s, '') || chr(31) || coalesce(%s, '')`,
		s.column("namespace", "''"), s.column("repository", "''"), s.column("reference", "''"))
}

// domain is the domain of the user, given as such or as part of an address.
func (s shape) domain() string {
	email := fmt.Sprintf(`regexp_extract(%s, '@([^@]+)$', 1)`, s.column("user_email", "''"))
	return fmt.Sprintf("lower(coalesce(nullif(%s, ''), %s))", s.column("user_domain", "''"), email)
}

// renderOwnFormat renders a user's own format file.
func renderOwnFormat(path string, params any) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read format: %w", err)
	}
	query, err := duck.RenderText(sqlfiles.Files, path, string(text), params, nil)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(strings.TrimSpace(query), ";"), nil
}
