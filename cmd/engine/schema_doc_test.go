package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine"
)

const sqlIntroduction = `# What queries may read

This page is made from [schema.csv](schema.csv), the registry of the reports and the [saved queries](queries); a test
keeps it so. ` + "`engine schema`" + ` and ` + "`engine query --list-saved`" + ` say the same.

- **Times** are UTC. Days are calendar days UTC, weeks run from Monday to Sunday.
- **A user** is a user id where the request was authenticated, else a client: an IPv4 address, or the /64 of an IPv6
  address. ` + "`count(distinct coalesce(user_key, client_key))`" + ` counts users, exactly.
- **Keys** are keyed hashes. They tell who is the same within one data directory, and nothing anywhere else.
- **NULL** is what nobody knows, and says what the column's description says; columns without such a word have none.

`

// TestSQLDocumentation keeps sql/README.md what the schema and the saved queries say.
func TestSQLDocumentation(t *testing.T) {
	var tables []engine.SchemaTable
	if err := json.Unmarshal([]byte(mustEngine(t, "schema", "--json")), &tables); err != nil {
		t.Fatal(err)
	}
	var queries []engine.SavedQuery
	if err := json.Unmarshal([]byte(mustEngine(t, "query", "--list-saved", "--format", "json", "--data", t.TempDir())), &queries); err != nil {
		t.Fatal(err)
	}
	text := sqlIntroduction + tableList(tables) + functionList(tables) + savedList(queries)
	for _, table := range tables {
		if table.Kind != engine.KindView {
			continue
		}
		text += fmt.Sprintf("\n## %s\n\n%s.\n\n| column | type | what it says |\n|---|---|---|\n", table.Name, capital(table.Description))
		for _, column := range table.Columns {
			text += fmt.Sprintf("| `%s` | %s | %s |\n", column.Name, strings.ToLower(column.Type), column.Meaning())
		}
	}
	golden(t, []byte(text), filepath.Join("..", "..", "sql", "README.md"))
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func tableList(tables []engine.SchemaTable) string {
	text := "| view | |\n|---|---|\n"
	for _, table := range tables {
		if table.Kind == engine.KindView {
			text += fmt.Sprintf("| [%s](#%s) | %s |\n", table.Name, table.Name, table.Description)
		}
	}
	text += "\n| file in the data directory | |\n|---|---|\n"
	for _, table := range tables {
		if table.Kind == engine.KindFile {
			text += fmt.Sprintf("| `%s` | %s |\n", table.Name, table.Description)
		}
	}
	return text
}

// functionList lists the reports as table functions.
func functionList(tables []engine.SchemaTable) string {
	text := "\n## Reports of any period\n\nEvery report is a table function of a period: a week, a month, a day or days, such as `'2026-W38'`, `'2026-09'`,\n" +
		"`'2026-09-25'` or `'2026-09-14..2026-09-17'`. Its columns are those of the [report](../reports/README.md), in lower\ncase, and `publisher_id`.\n\n| function | answers |\n|---|---|\n"
	for _, table := range tables {
		if table.Kind == engine.KindReport {
			text += fmt.Sprintf("| [`%s`](../reports/README.md#%s) | %s |\n", table.Spelled(), table.Name, table.Description)
		}
	}
	return text
}

// savedList lists the saved queries with the defaults of their parameters.
func savedList(queries []engine.SavedQuery) string {
	text := "\n## Saved queries\n\n`engine query --saved NAME`; `--param name=value` gives a parameter another value than its default.\nIn your own queries, too, `span_begin(x)` and `span_end(x)` are the bounds of such a stretch of days: the first moment, and\nthe first moment after it.\n\n| query | answers | parameters |\n|---|---|---|\n"
	var meanings []string
	seen := map[string]bool{}
	for _, query := range queries {
		var params []string
		for _, param := range query.Params {
			params = append(params, "`"+param.Name+"="+*param.Default+"`")
			if meaning := "- `" + param.Name + "`: " + param.Meaning + "\n"; !seen[meaning] {
				seen[meaning] = true
				meanings = append(meanings, meaning)
			}
		}
		text += fmt.Sprintf("| [%s](queries/%s.sql) | %s | %s |\n", query.Name, query.Name, query.Question, strings.Join(params, ", "))
	}
	return text + "\n" + strings.Join(meanings, "")
}
