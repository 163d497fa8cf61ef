package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/duck"

	"github.com/pullscope/pullscope/engine/classify"
)

// farAway is a clock by which every period of the fixtures is closed.
var farAway = time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)

// newEngine is an engine over dir with the default configuration and a clock that stands still. It publishes the two reports
// that tell every action and every count.
func newEngine(dir string, now time.Time) *Engine {
	config := DefaultConfig()
	config.Threads = 1 // inputs are small, and tests run beside each other
	config.Reports.Publish = []string{"summary", "raw"}
	// Borders between pieces of work fall into these small inputs, too.
	config.smallPieces = &pieces{logBytes: 16 << 10, oddBytes: 1 << 10, parquetRows: 100, checkRows: 500, storedRows: 500}
	// Stamps are what a test makes of them; limits_test.go has those that count.
	config.LateDays, config.FutureTolerance.Duration = 0, 1000*24*time.Hour
	return &Engine{Dir: dir, Config: config, Now: func() time.Time { return now }}
}

// mustRun does one run over the inputs.
func mustRun(t rapid.TB, e *Engine, inputs ...string) *Result {
	t.Helper()
	var reproduction bytes.Buffer
	e.Differences = &reproduction
	result, err := e.Run(context.Background(), Request{Inputs: inputs})
	if err != nil {
		t.Fatalf("run over %q: %v\n%s", inputs, err, &reproduction)
	}
	return result
}

// mustCheck proves the lake, and that all of it was proven.
func mustCheck(t rapid.TB, e *Engine, requests int) {
	t.Helper()
	var reproduction bytes.Buffer
	e.Differences = &reproduction
	check, err := e.Check(context.Background())
	if err != nil {
		t.Fatalf("check: %v\n%s", err, &reproduction)
	}
	if check.Requests != int64(requests) || check.Differences != 0 {
		t.Fatalf("the check compared %d requests and found %d differences, want %d and 0", check.Requests, check.Differences, requests)
	}
}

// query reads the rows of a query as texts; NULL is "∅", which no value is.
func query(t rapid.TB, e *Engine, query string) [][]string {
	t.Helper()
	var all [][]string
	begin := func([]duck.Column) error { return nil }
	err := e.Query(context.Background(), query, Texts, begin, func(values []*string) error {
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = textOf(value)
		}
		all = append(all, texts)
		return nil
	})
	if err != nil {
		t.Fatalf("query %s: %v", query, err)
	}
	return all
}

func textOf(value *string) string {
	if value == nil {
		return "∅"
	}
	return *value
}

// logRow is one request as a log tells it.
type logRow struct {
	at        time.Time
	client    string
	method    string
	image     string
	reference string
	digest    string
	status    string
	agent     string
	user      string
	email     string
	id        string
}

var logColumns = []string{"timestamp", "client_ip", "method", "image", "reference", "digest", "status", "user_agent", "user_id", "user_email", "request_id"}

func (r logRow) record() []string {
	return []string{r.at.UTC().Format("2006-01-02T15:04:05.000000Z"), r.client, r.method, r.image, r.reference, r.digest, r.status, r.agent, r.user, r.email, r.id}
}

// csvText is the canonical CSV of the rows; the first row is line 2.
func csvText(rows []logRow) []byte {
	var text bytes.Buffer
	writer := csv.NewWriter(&text)
	writer.Write(logColumns)
	for _, row := range rows {
		writer.Write(row.record())
	}
	writer.Flush()
	return text.Bytes()
}

func writeFile(t rapid.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t rapid.TB, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// tree hashes every file below the directories, by path relative to root; files and directories named in except are left out.
func tree(t rapid.TB, root string, dirs []string, except ...string) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if slices.Contains(except, entry.Name()) && path != root {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if entry.IsDir() {
				return nil
			}
			var content []byte
			if entry.Type()&fs.ModeSymlink != 0 {
				var target string
				target, err = os.Readlink(path)
				content = []byte("link to " + target)
			} else {
				content, err = os.ReadFile(path)
			}
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			sum := sha256.Sum256(content)
			hashes[name] = hex.EncodeToString(sum[:8])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hashes
}

// wholeTree hashes everything in a data directory but its key, its lock and what is said of the last attempt.
func wholeTree(t rapid.TB, dir string) map[string]string {
	t.Helper()
	return tree(t, dir, []string{"."}, "key", "lock", "attempt.json")
}

// treeDifference tells how two trees differ; "" when they do not.
func treeDifference(got, want map[string]string) string {
	var differences []string
	names := map[string]bool{}
	for name := range got {
		names[name] = true
	}
	for name := range want {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if got[name] != want[name] {
			differences = append(differences, fmt.Sprintf("%s: %q, want %q", name, got[name], want[name]))
		}
	}
	return strings.Join(differences, "\n")
}

// scenarioFiles reads the corpus.
func scenarioFiles(t rapid.TB) []classify.Scenario {
	t.Helper()
	paths, err := filepath.Glob("../fixtures/scenarios/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 40 {
		t.Fatalf("the corpus has %d scenarios, want at least 40", len(paths))
	}
	var all []classify.Scenario
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		scenario, err := classify.ParseScenario(strings.TrimSuffix(filepath.Base(path), ".txt"), file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scenario)
	}
	return all
}

// scenarioText is a scenario with the labels that the reference gives.
func scenarioText(requests []classify.Request, window time.Duration, comment ...string) string {
	var text strings.Builder
	scenario := classify.FromRequests("failure", comment, requests, classify.Reference(requests, window), window)
	if _, err := scenario.WriteTo(&text); err != nil {
		return err.Error()
	}
	return text.String()
}
