package engine

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseSavedQuery(t *testing.T) {
	text := "-- Which tags has an image?\n-- grain: one row per tag\n-- param image: namespace/repository\n-- param from = 2026-09-01: first day\n" +
		"-- param note = '': free text: with a colon\nselect 1\n-- param late = 1: not among the first comments\n"
	query, err := parseSaved("tags_of", text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, param := range query.Params {
		got = append(got, param.Name+" "+textOf(param.Default)+" "+param.Meaning)
	}
	want := []string{"image ∅ namespace/repository", "from 2026-09-01 first day", "note '' free text: with a colon"}
	if query.Question != "Which tags has an image?" || !slices.Equal(got, want) || query.SQL != text {
		t.Errorf("%q with %q, want %q", query.Question, got, want)
	}
	for text, want := range map[string]string{
		"select 1":                              "its first line is no question",
		"--\nselect 1":                          "its first line is no question",
		"-- Why?\n-- param x\nselect 1":         "tells no parameter",
		"-- Why?\n-- param x = 1 no meaning":    "tells no parameter",
		"-- Why?\n-- param x: a\n-- param x: b": "parameter x is there twice",
	} {
		if _, err := parseSaved("bad", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestSavedQueryBinds(t *testing.T) {
	query, err := parseSaved("q", "-- Q?\n-- param period = all: days\n-- param limit = 20: rows\n-- param share = 0.5: of it\n-- param image: whose")
	if err != nil {
		t.Fatal(err)
	}
	bound, err := query.Bind([]string{"period=2026-09-14", "IMAGE=acme/*", "limit=3"})
	want := []Param{{"period", "2026-09-14"}, {"limit", int64(3)}, {"share", 0.5}, {"image", "acme/*"}}
	if err != nil || !slices.Equal(bound, want) {
		t.Errorf("bound %v, %v, want %v", bound, err, want)
	}
	// In quotes or not, a text stays one.
	if bound, err = query.Bind([]string{"period='2026-W39'", "image=7"}); err != nil || bound[0].Value != "2026-W39" || bound[3].Value != int64(7) {
		t.Errorf("bound %v, %v", bound, err)
	}
	for given, want := range map[string]string{
		"limit=1": "saved query q needs --param image=…: whose",
		"nope=1":  `saved query q has no parameter "nope"; it has period, limit, share, image`,
		"limit":   "is not like name=value",
	} {
		if _, err := query.Bind([]string{given}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", given, err, want)
		}
	}
}

// A user's own query stands in place of the one of its name that comes with the engine.
func TestOwnSavedQueries(t *testing.T) {
	e := newEngine(t.TempDir(), farAway)
	all, err := e.SavedQueries()
	if err != nil || len(all) < 14 {
		t.Fatalf("%d saved queries come with the engine, %v", len(all), err)
	}
	builtIn := len(all)
	mine := writeFile(t, filepath.Join(e.Dir, "queries", "mine.sql"), []byte("-- What is mine?\nselect 1 as one"))
	writeFile(t, filepath.Join(e.Dir, "queries", "countries.sql"), []byte("-- Which countries?\nselect 2 as two"))
	writeFile(t, filepath.Join(e.Dir, "queries", "notes.txt"), []byte("no query"))
	if all, err = e.SavedQueries(); err != nil || len(all) != builtIn+1 {
		t.Fatalf("%d saved queries, %v, want %d", len(all), err, builtIn+1)
	}
	if query, err := e.SavedQuery("mine"); err != nil || query.Path != mine || query.Replaces || query.Question != "What is mine?" {
		t.Errorf("mine is %+v, %v", query, err)
	}
	if query, err := e.SavedQuery("countries"); err != nil || !query.Replaces || !strings.Contains(query.SQL, "select 2") {
		t.Errorf("countries is %+v, %v", query, err)
	}

	// The configuration names another folder, relative to itself.
	config := writeFile(t, filepath.Join(t.TempDir(), "engine.toml"), []byte("[query]\nsaved = \"sql\"\n"))
	if e.Config, err = LoadConfig(config); err != nil {
		t.Fatal(err)
	}
	if _, err := e.SavedQueries(); err == nil || !strings.Contains(err.Error(), `engine.toml, line 2: key "query.saved": the folder`) {
		t.Errorf("a folder that is missing: %v", err)
	}
	bad := writeFile(t, filepath.Join(filepath.Dir(config), "sql", "bad.sql"), []byte("select 1"))
	if _, err := e.SavedQueries(); err == nil || !strings.Contains(err.Error(), "saved query "+bad+": its first line is no question") {
		t.Errorf("a query without question: %v", err)
	}
	writeFile(t, bad, []byte("-- Is it better?\nselect 1"))
	if query, err := e.SavedQuery("bad"); err != nil || query.Path != bad {
		t.Errorf("bad is %+v, %v", query, err)
	}
	if _, err := e.SavedQuery("mine"); err == nil || !strings.Contains(err.Error(), `there is no saved query "mine"; take one of bad, busiest_hour, `) {
		t.Errorf("a query of the other folder: %v", err)
	}
}
