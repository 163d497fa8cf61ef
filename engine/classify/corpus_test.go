package classify_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/classify"
)

const corpus = "../../fixtures/scenarios/*.txt"

var align = flag.Bool("align", false, "rewrite the scenarios of the corpus with aligned columns")

// scenarios reads the corpus.
func scenarios(t testing.TB) []classify.Scenario {
	t.Helper()
	paths, err := filepath.Glob(corpus)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 40 {
		t.Fatalf("the corpus has %d scenarios, want at least 40", len(paths))
	}
	var all []classify.Scenario
	for _, path := range paths {
		all = append(all, readScenario(t, path))
	}
	return all
}

func readScenario(t testing.TB, path string) classify.Scenario {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	scenario, err := classify.ParseScenario(strings.TrimSuffix(filepath.Base(path), ".txt"), file)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

func TestCorpus(t *testing.T) {
	for _, scenario := range scenarios(t) {
		t.Run(scenario.Name, func(t *testing.T) {
			requests, want := scenario.Requests(), scenario.Expected()
			checkLabels(t, requests, classify.Reference(requests, scenario.Window), want)
			checkLabels(t, requests, naive(requests, scenario.Window), want)
		})
	}
}

// A row for each action in SEMANTICS' table must be in the corpus, with every number of requests that it can have.
func TestCorpusHasEveryAction(t *testing.T) {
	missing := map[string]bool{}
	for _, start := range []string{"HEAD tag", "HEAD digest"} {
		for requests := 1; requests <= 3; requests++ {
			missing[fmt.Sprintf("%s, %d requests", start, requests)] = true
		}
	}
	for _, start := range []string{"GET tag", "GET digest"} {
		for requests := 1; requests <= 2; requests++ {
			missing[fmt.Sprintf("%s, %d requests", start, requests)] = true
		}
	}
	for _, scenario := range scenarios(t) {
		for _, row := range scenario.Rows {
			reference := map[bool]string{true: "tag", false: "digest"}[row.ByTag()]
			delete(missing, fmt.Sprintf("%s %s, %d requests", row.Method, reference, row.ActionRequests))
		}
	}
	for action := range missing {
		t.Errorf("no scenario has an action of %s", action)
	}
}

func TestCorpusIsAligned(t *testing.T) {
	for _, scenario := range scenarios(t) {
		path := filepath.Join(filepath.Dir(corpus), scenario.Name+".txt")
		var want bytes.Buffer
		if _, err := scenario.WriteTo(&want); err != nil {
			t.Fatal(err)
		}
		if *align {
			if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not aligned; go test -align does it", path)
		}
		if len(scenario.Comment) == 0 {
			t.Errorf("%s does not say its rule", path)
		}
	}
}

func checkLabels(t *testing.T, requests []classify.Request, got, want []classify.Label) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d: %+v is labelled %+v, want %+v", i+1, requests[i], got[i], want[i])
		}
	}
}
