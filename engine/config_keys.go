package engine

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// configFile is the text that a configuration was read from, to tell where what
// is wrong stands.
type configFile struct{ path, text string }

// at begins an error with the file and the line of a key. Of a table that stands
// several times, as [[publisher]], the number counts from 1; of others it is 0.
func (f *configFile) at(table int, path ...string) string {
	if f == nil { // defaults, or a configuration that a program has made
		return ""
	}
	return f.on(scanKeys(f.text).line(table, path))
}

func (f *configFile) on(line int) string {
	if line == 0 {
		return fmt.Sprintf("configuration %s: ", f.path)
	}
	return fmt.Sprintf("configuration %s, line %d: ", f.path, line)
}

// keyError is an error in the value of a key.
type keyError struct {
	table int // as in configFile.at
	path  []string
	text  string
}

func (e *keyError) Error() string { return e.text }

// badKey says what is wrong with a key of no or of a plain table: "grace",
// "reports.gzip".
func badKey(key, format string, args ...any) error {
	return &keyError{0, strings.Split(key, "."), fmt.Sprintf("key %q: ", key) + fmt.Sprintf(format, args...)}
}

// badPublisher says what is wrong with a key of the i-th publisher.
func (c *Config) badPublisher(i int, key, format string, args ...any) error {
	where := fmt.Sprintf("publisher %d", i+1)
	if id := c.Publishers[i].ID; id != "" {
		where += " (" + id + ")"
	}
	return &keyError{i + 1, []string{"publisher", key}, where + ": " + fmt.Sprintf(format, args...)}
}

// located puts file and line before an error of Validate.
func (f *configFile) located(err error) error {
	var key *keyError
	if errors.As(err, &key) {
		return fmt.Errorf("%s%w", f.at(key.table, key.path...), err)
	}
	return fmt.Errorf("configuration %s: %w", f.path, err)
}

// decodeError tells where and why the text is not a configuration.
func (f *configFile) decodeError(err error) error {
	var values map[string]any
	if _, syntax := toml.Decode(f.text, &values); syntax != nil {
		var parse toml.ParseError
		if !errors.As(syntax, &parse) {
			return fmt.Errorf("configuration %s: %w", f.path, syntax)
		}
		key := ""
		if parse.LastKey != "" {
			key = fmt.Sprintf("key %q: ", parse.LastKey)
		}
		return fmt.Errorf("%s%s%s", f.on(parse.Position.Line), key, strings.TrimSuffix(parse.Message, "."))
	}
	// The types are wrong. Each statement alone tells which one it is.
	for _, key := range scanKeys(f.text) {
		config := DefaultConfig()
		if _, err := toml.Decode(key.text, &config); err != nil {
			return fmt.Errorf("%skey %q: %s", f.on(key.line), key.path, typeText(err))
		}
	}
	return fmt.Errorf("configuration %s: %w", f.path, err)
}

// unknownKey tells of the first key that means nothing.
func (f *configFile) unknownKey(unknown toml.Key) error {
	line := 0
	for _, key := range scanKeys(f.text) {
		if key.path.String() == unknown.String() {
			line = key.line
			break
		}
	}
	return fmt.Errorf("%skey %q is unknown; remove it or correct its spelling", f.on(line), unknown)
}

var (
	wrongType   = regexp.MustCompile(`TOML value has type (\S+); destination has type (\S+)`)
	wrongTable  = regexp.MustCompile(`expected table but found (\S+)`)
	typePreface = regexp.MustCompile(`^toml: (line \d+ )?(\(last key "[^"]*"\): )?`)
)

// typeText says in the words of TOML what the library says in those of Go.
func typeText(err error) string {
	var parse toml.ParseError
	if errors.As(err, &parse) {
		return parse.Message
	}
	if match := wrongType.FindStringSubmatch(err.Error()); match != nil {
		if match[1] == "map[string]any" && match[2] == "slice" {
			return "a list of tables is expected, not a table; write two brackets, such as [[publisher]]"
		}
		return fmt.Sprintf("%s is expected, not %s", typeName(match[2]), typeName(match[1]))
	}
	if match := wrongTable.FindStringSubmatch(err.Error()); match != nil {
		return "a table is expected, not " + typeName(match[1])
	}
	return typePreface.ReplaceAllString(err.Error(), "")
}

func typeName(name string) string {
	switch name {
	case "string", "primitive":
		return "a text in quotes"
	case "integer", "int64":
		return "a whole number"
	case "float":
		return "a number"
	case "float64":
		return "a number with a fraction"
	case "bool", "boolean":
		return "true or false"
	case "slice", "[]any":
		return "a list in brackets"
	case "map", "map[string]any":
		return "a table"
	case "[]map[string]any":
		return "a list of tables"
	}
	return name
}

// configKeys are the keys of a file in their order. The TOML library knows where
// they stand, but tells it only of some errors, and of tables that stand several
// times it knows only the last.
type configKeys []configKey

type configKey struct {
	path  toml.Key
	table int // as in configFile.at
	line  int
	text  string // its statement, below the header of its table
}

// scanKeys reads a valid file statement by statement: one ends with the first
// line after which it is TOML by itself.
func scanKeys(text string) configKeys {
	var keys configKeys
	var header toml.Key
	var headerText string
	tables := map[string]int{}
	from, to, begin, number := 0, 0, 0, 0
	for line := range strings.Lines(text) {
		number++
		if from == to {
			begin = number
		}
		to += len(line)
		if begin < number && !strings.ContainsAny(line, `]}`) && !strings.Contains(line, `"""`) && !strings.Contains(line, `'''`) {
			continue // in the midst of a list or text, which may be long
		}
		statement := text[from:to]
		var values map[string]any
		meta, err := toml.Decode(statement, &values)
		if err != nil {
			continue
		}
		from = to
		isHeader := strings.HasPrefix(strings.TrimSpace(statement), "[")
		if isHeader {
			header, headerText = nil, strings.TrimRight(statement, "\r\n")+"\n"
			if strings.HasPrefix(strings.TrimSpace(statement), "[[") {
				tables[meta.Keys()[0].String()]++
			}
			statement = ""
		}
		for _, key := range meta.Keys() {
			path := slices.Concat(header, key)
			keys = append(keys, configKey{path, tables[path[:1].String()], begin, headerText + statement})
		}
		if isHeader {
			header = meta.Keys()[0]
		}
	}
	return keys
}

// line is where a key stands; one that is missing is missed where its table begins.
func (k configKeys) line(table int, path toml.Key) int {
	for ; len(path) > 0; path = path[:len(path)-1] {
		for _, n := range []int{table, 0} { // tables that stand in a list have no number
			at := slices.IndexFunc(k, func(key configKey) bool {
				return key.table == n && slices.EqualFunc(key.path, path, strings.EqualFold)
			})
			if at >= 0 {
				return k[at].line
			}
		}
	}
	return 0
}
