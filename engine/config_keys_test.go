package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"pgregory.net/rapid"
)

// Every key of a file is found in its line, in the library's order, whatever the
// values look like and whether or not its name stands elsewhere, too.
func TestScanKeys(t *testing.T) {
	statements := []string{
		"NAME = 1", "  NAME=\"x\" # a = 1", "\"NAME\" = '''\nNAME = 1\n]\n[NAME]\n\n'''", "NAME = \"\"\"\n[[NAME]]\nNAME = 2\"\"\"",
		"NAME = [ # ]\n  1,\n\n  2, # NAME = 3\n]", "NAME = [[\"]\"],\n[\"[\"]]", "NAME = {a = 1, b = {c = [1, 2]}}", "NAME = [\n{a = 1},\n{a = 2}]",
		"NAME.NAME = true", "NAME = 2026-09-25T10:00:00Z\r", "# NAME = 1", "", "\t",
	}
	rapid.Check(t, func(t *rapid.T) {
		type place struct{ table, line int }
		want := map[string]place{} // by the key's own part, which is unlike all others
		var text strings.Builder
		line, array := 1, 0
		add := func(statement string) {
			text.WriteString(statement + "\n")
			line += strings.Count(statement, "\n") + 1
		}
		table := 0
		for i := range rapid.IntRange(0, 15).Draw(t, "statements") {
			name := fmt.Sprintf("k%d", i)
			switch kind := rapid.IntRange(0, len(statements)+2).Draw(t, "kind"); kind {
			case len(statements):
				array++
				table = array
				add("[[publisher]] # ]")
			case len(statements) + 1:
				table = 0
				want[name] = place{0, line}
				add(" [ " + name + " . \"b.c\" ]")
			case len(statements) + 2:
				add("\n# [" + name + "]")
			default:
				statement := strings.ReplaceAll(statements[kind], "NAME", name)
				if strings.Contains(statement, "=") && statement[0] != '#' {
					want[name] = place{table, line}
				}
				add(statement)
			}
		}
		var values map[string]any
		meta, err := toml.Decode(text.String(), &values)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text.String())
		}
		keys := scanKeys(text.String())
		if !slices.EqualFunc(keys, meta.Keys(), func(got configKey, want toml.Key) bool { return slices.Equal(got.path, want) }) {
			t.Fatalf("keys %v, want %v, of\n%s", keys, meta.Keys(), text.String())
		}
		for _, key := range keys {
			last := key.path[len(key.path)-1]
			if place, ok := want[last]; ok && (key.line != place.line || key.table != place.table) {
				t.Errorf("%s in line %d of table %d, want %+v, of\n%s", key.path, key.line, key.table, place, text.String())
			}
			if _, err := toml.Decode(key.text, &values); err != nil {
				t.Errorf("the statement of %s is no TOML: %v\n%s", key.path, err, key.text)
			}
		}
	})
}

func TestKeyLines(t *testing.T) {
	const text = "\ufeffgrace = \"1h\"\n[reports]\ngzip = true\n\n[[publisher]]\nid = \"a\"\n[[publisher]]\nname = \"b\"\nID = \"b\"\n[[publisher]]\nname = \"c\"\n"
	keys := scanKeys(text)
	for _, test := range []struct {
		table int
		key   string
		want  int
	}{
		{0, "grace", 1}, {0, "window", 0}, {0, "reports.gzip", 3}, {0, "reports.publish", 2}, {0, "gzip", 0},
		{1, "publisher.id", 6}, {2, "publisher.id", 9}, {3, "publisher.id", 10}, {2, "publisher.namespaces", 7}, {4, "publisher.id", 0},
	} {
		if got := keys.line(test.table, strings.Split(test.key, ".")); got != test.want {
			t.Errorf("%s of table %d is in line %d, want %d", test.key, test.table, got, test.want)
		}
	}
	inList := scanKeys("window = \"5s\"\npublisher = [\n{id = \"a\"},\n{id = \"b\"}]\n")
	if got := inList.line(2, toml.Key{"publisher", "id"}); got != 2 {
		t.Errorf("a table in a list is in line %d, want that of the list, 2", got)
	}
}

// Values that a program or a flag sets have no line.
func TestValidateWithoutFile(t *testing.T) {
	config := DefaultConfig()
	config.Grace.Duration = -1
	if err := config.Validate(); err == nil || err.Error() != `key "grace": -1ns is negative` {
		t.Errorf("got %v", err)
	}
}
