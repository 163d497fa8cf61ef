package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine"
)

// typed is what somebody types, statement by statement.
type typed struct{ lines []string }

func (l *typed) Readline() (string, error) {
	if len(l.lines) == 0 {
		return "", io.EOF
	}
	line := l.lines[0]
	l.lines = l.lines[1:]
	if line == "^C" {
		return "", errInterrupted
	}
	return line, nil
}

const promptLog = `timestamp,client_ip,method,image,reference
2024-09-25T10:00:00Z,192.0.2.1,GET,acme/app,latest
2024-09-25T11:00:00Z,192.0.2.2,GET,globex/web,v1
`

// newPrompt is a prompt over a data directory with two pulls.
func newPrompt(t *testing.T) (p *prompt, data string, out, messages *bytes.Buffer) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	mustEngine(t, "run", "--data", data, "--input", writeFile(t, "log.csv", promptLog))
	e := &engine.Engine{Dir: data, Config: engine.DefaultConfig()}
	open := func(ctx context.Context) (*engine.Querier, error) { return e.OpenQuery(ctx, engine.QueryOptions{}) }
	querier, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, messages = &bytes.Buffer{}, &bytes.Buffer{}
	p = &prompt{engine: e, querier: querier, open: open, screen: screen{out: out, err: messages, flags: "."},
		options: queryOptions{format: "table", limit: -1, ignoreUnused: true}, size: func() (int, int) { return 60, 24 }}
	t.Cleanup(func() { p.querier.Close() })
	if err := p.learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, data, out, messages
}

// Statements, commands and mistakes in turn; the prompt goes on until it is told to end.
func TestPrompt(t *testing.T) {
	p, _, out, messages := newPrompt(t)
	for _, test := range []struct{ typed, out, messages string }{
		{"select namespace, count(*) as pulls from actions group by all order by all;", "namespace  pulls\nacme           1\nglobex         1\n(2 rows)\n", ""},
		{"", "", ""},
		{"-- nothing", "", ""},
		{"select 1 as a; select 2 as b;", "a\n1\n(1 row)\nb\n2\n(1 row)\n", ""},
		{"select 1 as a; select nope; select 3;", "a\n1\n(1 row)\n", "Binder Error: Referenced column \"nope\" was not found because the FROM clause is missing\n\nLINE 1: select nope\n               ^\n"},
		{"drop view requests;", "", "only one query is allowed: SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE, PIVOT or EXPLAIN of one. The data is read-only\n"},
		{".nosuch", "", "there is no command .nosuch; .help lists them\n"},
		{".format yaml", "", "format \"yaml\" is unknown; take table, csv, tsv, json, jsonl, markdown, parquet or xlsx\n"},
		{".format", "", ".format FORM: the FORM is missing\n"},
		{".format csv;", "", ""},
		{"select 'a,b' as x;", "x\n\"a,b\"\n", ""},
		{".format parquet", "", ""},
		{"select 1;", "", "format parquet needs a file: name it with .output FILE.parquet\n"},
		{".format table", "", ""},
		{".limit 1", "", ""},
		{"from range(3);", "range\n    0\n(the first 1 row; there are more, .limit 0 shows all)\n", ""},
		{".limit x", "", ".limit x: that is no number of rows; 0 is without limit\n"},
		{".limit 0", "", ""},
		{"select $n as n;", "", "the query's parameter $n has no value; give it one with .param n=value\n"},
		{".param n=5", "", ""},
		{".param word=it's", "", ""},
		{"select $n as n;", "n\n5\n(1 row)\n", ""},
		{".param N=6", "", ""},
		{".params", "$word = 'it''s'\n$N = 6\n", ""},
		{".param n", "", "parameter \"n\" is not like name=value; a query names it as $name\n"},
		{".timer maybe", "", ".timer maybe: take on or off\n"},
		{".timeout soon", "", ".timeout soon: that is no time such as 30s or 5m; 0 is without limit\n"},
		{".timeout 50ms", "", ""},
		{"select count(*) from range(1000000000) as a, range(1000) as b;", "", "the query took longer than its .timeout of 50ms and was ended; allow it more with .timeout 500ms, or ask for less\n"},
		{".timeout 0s", "", ""},
		{".schema publishers", "column          type\nnamespace       VARCHAR\npublisher_id    VARCHAR\npublisher_name  VARCHAR\n(3 rows)\n", ""},
		{".schema nosuch", "", "there is no table nosuch; .tables lists them, and a query such as describe from report_trends('2026-W39'); has the columns of a report\n"},
		{".tables now", "", ".tables takes nothing more; leave out now\n"},
		{".refresh", "nothing new\n", ""},
	} {
		out.Reset()
		messages.Reset()
		if p.execute(t.Context(), test.typed) {
			t.Fatalf("%s ended the prompt", test.typed)
		}
		if out.String() != test.out || messages.String() != test.messages {
			t.Errorf("%s\ngot\n%s%swant\n%s%s", test.typed, out, messages, test.out, test.messages)
		}
	}
	for typed, want := range map[string]string{
		".tables": "extension_events", ".schema": "action_requests", ".reports": "report_heavy_users(period)", ".help": ".refresh", ".saved": "top_images",
	} {
		out.Reset()
		if p.execute(t.Context(), typed); !strings.Contains(out.String(), want) || messages.Len() > 0 {
			t.Errorf("%s has no %s:\n%s%s", typed, want, out, messages)
		}
	}
	out.Reset()
	p.timer = true
	if p.execute(t.Context(), "select 1;"); !strings.Contains(out.String(), "\ntook ") {
		t.Errorf("the timer says nothing: %s", out)
	}
}

// Ctrl-C gives up the line, the end of input and .quit end the prompt.
func TestPromptEnds(t *testing.T) {
	p, _, out, _ := newPrompt(t)
	for _, end := range []string{".quit", ".exit", ".quit;"} {
		lines := &typed{[]string{"^C", "select 1 as a;", end, "select 2;"}}
		if err := p.loop(t.Context(), lines); err != nil || len(lines.lines) != 1 {
			t.Errorf("%s: %v, and %d statements are left", end, err, len(lines.lines))
		}
	}
	if err := p.loop(t.Context(), &typed{[]string{"select 1 as a;"}}); err != nil {
		t.Error(err)
	}
	if got, want := out.String(), strings.Repeat("a\n1\n(1 row)\n", 4); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A file takes the next result and no other; a refresh shows what a run has added.
func TestPromptFilesAndRefresh(t *testing.T) {
	p, data, out, messages := newPrompt(t)
	file := filepath.Join(t.TempDir(), "out.csv")
	for _, line := range []string{".output " + file, "select count(*) as n from requests;", "select count(*) as n from requests;"} {
		p.execute(t.Context(), line)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "n\n2\n" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if got, want := out.String(), "the next result goes to "+file+"\nn\n2\n(1 row)\n"; got != want || messages.String() != "1 row in "+file+"\n" {
		t.Errorf("got %q and %q, want %q", got, messages, want)
	}
	messages.Reset()
	for typed, want := range map[string]string{
		".output " + filepath.Join(file, "x.csv"): "is no folder; name another file",
		".output result": "the name result tells no format; let it end in .csv, .tsv,",
	} {
		messages.Reset()
		if p.execute(t.Context(), typed); !strings.Contains(messages.String(), want) {
			t.Errorf("%s: %q, want %q", typed, messages, want)
		}
	}

	mustEngine(t, "run", "--data", data, "--input", writeFile(t, "more.csv", strings.Replace(promptLog, "192.0.2.1", "192.0.2.9", 1)+"2024-09-26T11:00:00Z,192.0.2.2,GET,globex/web,v1\n"))
	out.Reset()
	for _, line := range []string{"select count(*) as n from requests;", ".refresh", "select count(*) as n from requests;", ".refresh"} {
		p.execute(t.Context(), line)
	}
	if got, want := normalise(out.String()), "n\n2\n(1 row)\n1 new run: RUN\nn\n5\n(1 row)\nnothing new\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Lines are read on until a semicolon ends the statement.
func TestPromptWhole(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "  ": true, ".help": true, " .format csv": true, "select 1": false, "select 1;": true, "select ';": false, "select ';';": true,
		"select 1; select": false, "-- note": true, "select 1; -- note": true, "select $$ ; $$": false,
	} {
		if whole(text) != want {
			t.Errorf("%q is whole: %t", text, !want)
		}
	}
}

func TestComplete(t *testing.T) {
	names := engine.QueryNames{
		Tables:    []string{"actions", "requests"},
		Columns:   map[string][]string{"actions": {"action", "tag", "namespace"}, "requests": {"method", "tag"}},
		Functions: []string{"report_tags", "report_trends", "nanosecond", "count", "max"},
	}
	for _, test := range []struct{ before, after, word, found string }{
		{"sel", "", "sel", "select"},
		{"SEL", "", "SEL", "SELECT"},
		{"select * from ", "", "", "actions requests report_tags( report_trends("},
		{"select * from REQ", "", "REQ", "requests"},
		{"select * from requests, a", "", "a", "actions"},
		{"select na", " from actions", "na", "namespace nanosecond("},
		{"select me", " from actions", "me", ""},
		{"select ta", " from actions inner join requests using (tag)", "ta", "tag table"},
		{"select meth", "", "meth", "method"},
		{"select cou", "", "cou", "count("},
		{"select a.t", " from requests as a", "t", "tag"},
		{"select a.t", " from actions a", "t", "tag"},
		{"select requests.", " from requests", "", "method tag"},
		{"select nosuch.", "", "", ""},
		{"select 'na", "", "", ""},
		{"select 1 -- na", "", "", ""},
		{"select \"na", "", "", ""},
		{".for", "", ".for", ".format"},
		{".t", "", ".t", ".tables .timeout .timer"},
		{".format js", "", "js", "json jsonl"},
		{".timer ", "", "", "on off"},
		{".schema re", "", "re", "requests"},
		{".quit ", "", "", ""},
	} {
		word, found := complete(test.before, test.after, names)
		var texts []string
		for _, c := range found {
			texts = append(texts, c.text)
		}
		if got := strings.Join(texts, " "); word != test.word || got != test.found {
			t.Errorf("%s|%s: %q: %s; want %q: %s", test.before, test.after, word, got, test.word, test.found)
		}
	}
}

// A list that does not fit the terminal is not shown: only what all of it begins with is taken.
func TestCandidateLists(t *testing.T) {
	found := append(candidates(ofColumns, []string{"action", "action_digest", "action_requests", "actions_by"}), candidates(ofTables, []string{"actions"})...)
	// The widest column name has 15 letters and 2 spaces behind it: 80 hold four, 40 two, 10 one.
	for width, want := range map[int]int{80: 4, 68: 4, 67: 5, 40: 5, 10: 7} {
		if got := listRows(found, width); got != want {
			t.Errorf("width %d: %d lines, want %d", width, got, want)
		}
	}
	if got := sharedPrefix(found); got != "action" {
		t.Errorf("all begin with %q, want action", got)
	}
	if got := sharedPrefix(candidates(ofKeywords, []string{"and", "or"})) + sharedPrefix(nil); got != "" {
		t.Errorf("nothing is shared, not %q", got)
	}
}

// The history is for its owner only, and left out where it cannot be written.
func TestHistoryFile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for state, want := range map[string]string{
		"": filepath.Join(home, ".local/state/pullscope/history"), filepath.Join(home, "state"): filepath.Join(home, "state/pullscope/history"), "relative": filepath.Join(home, ".local/state/pullscope/history"),
	} {
		t.Setenv("XDG_STATE_HOME", state)
		got, ok := historyFile()
		if !ok || got != want {
			t.Errorf("XDG_STATE_HOME=%s: %s %t, want %s", state, got, ok, want)
			continue
		}
		if info, err := os.Stat(got); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", got, info.Mode(), err)
		}
	}
	t.Setenv("XDG_STATE_HOME", writeFile(t, "file", ""))
	if path, ok := historyFile(); ok {
		t.Errorf("below a file: %s", path)
	}
}
