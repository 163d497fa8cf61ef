package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// wrongModel is the classification with one place replaced.
func wrongModel(t *testing.T, old, replacement string) string {
	t.Helper()
	read := func(path string) string {
		text, err := sqlfiles.Files.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	include := `{{file "models/requests_linked.sql" .}}`
	model := read("models/requests_classified.sql")
	if !strings.Contains(model, include) {
		t.Fatalf("the model does not include %s", include)
	}
	model = strings.Replace(model, include, read("models/requests_linked.sql"), 1)
	if strings.Count(model, old) != 1 {
		t.Fatalf("%q is in the model %d times, not once", old, strings.Count(model, old))
	}
	return strings.Replace(model, old, replacement, 1)
}

// evidence is a log that holds what tells wrong models from the right one, among other requests.
func evidence() []logRow {
	noon := time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)
	digest := func(n int) string { return classify.DigestOf(string(rune('A' + n))) }
	var rows []logRow
	for i := range 40 {
		at := noon.Add(time.Duration(i) * time.Minute)
		client := fmt.Sprintf("198.51.100.%d", i%7)
		rows = append(rows,
			logRow{at: at, client: client, method: "HEAD", image: "acme/app", reference: "v1", digest: digest(0)},
			logRow{at: at.Add(time.Second), client: client, method: "GET", image: "acme/app", reference: digest(0)})
	}
	// Exactly the window between HEAD and GET.
	rows = append(rows,
		logRow{at: noon, client: "192.0.2.1", method: "HEAD", image: "acme/app", reference: "v1", digest: digest(0)},
		logRow{at: noon.Add(5 * time.Second), client: "192.0.2.1", method: "GET", image: "acme/app", reference: digest(0)})
	// A run of children.
	for i := range 9 {
		rows = append(rows, logRow{at: noon.Add(time.Duration(i) * time.Second), client: "192.0.2.2", method: "GET", image: "acme/app", reference: digest(i % 4)})
	}
	// The index again, after its child.
	for i := range 4 {
		rows = append(rows, logRow{at: noon.Add(time.Duration(i) * time.Second), client: "192.0.2.3", method: "GET", image: "acme/app", reference: digest(i / 2)})
	}
	return rows
}

// A wrong model is found before anything is stored, and shown in as few requests as it takes.
func TestCheckFindsWrongModels(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first := writeFile(t, filepath.Join(root, "first.csv"), csvText([]logRow{{
		at: time.Date(2026, 9, 9, 0, 0, 0, 0, time.UTC), client: "192.0.2.9", method: "HEAD", image: "acme/app", reference: "v1",
	}}))
	second := writeFile(t, filepath.Join(root, "second.csv"), csvText(evidence()))
	for _, test := range []struct {
		name, old, replacement string
		rows                   int    // of the smallest reproduction
		found                  string // what it says
	}{
		{"the window is open", "previous_requested_us <=", "previous_requested_us <", 2, "other label: expected pull_by_tag of 2 requests, found version_check of 1 requests"},
		{"children do not pair off", "mod(position - run_head_position, 2) = 1", "position > run_head_position", 3, "other label: expected pull_by_digest of 2 requests, found part of an earlier action"},
		{"the same digest is a child", "may_be_other_digest as may_continue_get", "true as may_continue_get", 2, "other label"},
		{"requests are missing", "from continued\n)", "from continued where mod(request_no, 10) <> 3\n)", 1, "missing row: expected"},
		{"requests are doubled", "from runs\n)", "from runs union all select * from (select request_no, is_head, by_tag, digest_id, next_digest_id, second_next_digest_id, false as c, 1 as r from runs where is_head and by_tag))", 1, "extra row"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
			for _, stored := range []bool{false, true} {
				if stored {
					e.classifyModel = ""
					mustRun(t, e, first)
				}
				before := wholeTreeIfAny(t, e.Dir)
				e.classifyModel = wrongModel(t, test.old, test.replacement)
				var text bytes.Buffer
				e.Differences = &text
				result, err := e.Run(context.Background(), Request{Inputs: []string{second}})
				if !errors.Is(err, ErrDifference) {
					t.Fatalf("the run ended with %v", err)
				}
				if result.Stored || result.Last().Check.Differences == 0 {
					t.Errorf("stored: %v, check %+v", result.Stored, result.Last().Check)
				}
				if difference := treeDifference(wholeTreeIfAny(t, e.Dir), before); difference != "" {
					t.Errorf("the data directory changed:\n%s", difference)
				}
				checkReproduction(t, e, text.String(), test.rows, test.found)
			}
		})
	}
}

func wholeTreeIfAny(t *testing.T, dir string) map[string]string {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return map[string]string{}
	}
	return wholeTree(t, dir)
}

// checkReproduction reads the printed scenario back: it is right and the wrong model still differs on it.
func checkReproduction(t *testing.T, e *Engine, text string, rows int, found string) {
	t.Helper()
	scenario, err := classify.ParseScenario("difference", strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if len(scenario.Rows) != rows || !strings.Contains(text, found) {
		t.Errorf("want %d rows and %q in:\n%s", rows, found, text)
	}
	for _, client := range []string{"198.51.100.", "192.0.2.2 ", "192.0.2.3 "} {
		if strings.Contains(text, client) {
			t.Errorf("the address %q of the log is in:\n%s", client, text)
		}
	}
	requests := scenario.Requests()
	for i, want := range scenario.Expected() {
		if label := classify.Reference(requests, scenario.Window)[i]; label != want {
			t.Errorf("row %d says %+v, the reference %+v", i+1, want, label)
		}
	}
	if strings.Contains(e.classifyModel, "mod(request_no, 10)") {
		return // depends on the number of the request, which a scenario does not keep
	}
	store, err := lake.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := openWorkspace(context.Background(), store, e.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	labels, err := e.classifySubset(context.Background(), w, requests)
	if err != nil {
		t.Fatal(err)
	}
	if _, total := classify.Compare(requests, labels, scenario.Window, 0); total == 0 {
		t.Errorf("the wrong model is right on:\n%s", text)
	}
}

// Whatever is changed in a stored day is found: by its hash, and when that is changed, too, by what it says.
func TestCheckFindsTamperedDays(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	input := writeFile(t, filepath.Join(root, "access.csv"), csvText(evidence()))
	for name, change := range map[string]string{
		"an action":               "* replace (case when action = 'version_check' or line = 2 then 'pull_by_digest' else action end as action)",
		"a number of requests":    "* replace (case when line = 2 then 3 else action_requests end as action_requests)",
		"the digest of an action": "* replace (case when line = 2 then 'sha256:' || repeat('f', 64) else action_digest end as action_digest)",
		"a request made a part":   "* replace (case when line = 2 then null else action end as action, case when line = 2 then null else action_requests end as action_requests, case when line = 2 then null else action_digest end as action_digest)",
		"a time":                  "* replace (case when line = 2 then requested_at - interval 30 second else requested_at end as requested_at)",
		"a method":                "* replace (case when line = 2 then 'GET' else method end as method)",
		"an action of no name":    "* replace (case when line = 2 then 'pull' else action end as action)",
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t.TempDir(), farAway)
			mustRun(t, e, input)
			mustCheck(t, e, len(evidence()))
			day := filepath.Join(e.Dir, "requests", "day=2026-09-10", "requests.parquet")
			before := sha256Of(t, day)
			rewrite(t, day, change)
			_, err := e.Check(context.Background())
			if err == nil || errors.Is(err, ErrDifference) || !strings.Contains(err.Error(), day) {
				t.Errorf("with another hash: %v", err)
			}

			manifests, err := filepath.Glob(filepath.Join(e.Dir, "runs", "*.json"))
			if err != nil || len(manifests) != 1 {
				t.Fatalf("manifests %v, %v", manifests, err)
			}
			text, err := os.ReadFile(manifests[0])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), before) {
				t.Fatalf("the manifest does not have the hash %s", before)
			}
			writeFile(t, manifests[0], []byte(strings.ReplaceAll(string(text), before, sha256Of(t, day))))
			var reproduction bytes.Buffer
			e.Differences = &reproduction
			if _, err := e.Check(context.Background()); !errors.Is(err, ErrDifference) {
				t.Fatalf("with the hash put right: %v", err)
			}
			if _, err := classify.ParseScenario("difference", &reproduction); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheckFindsMissingAndForeignDays(t *testing.T) {
	e := newEngine(t.TempDir(), farAway)
	mustRun(t, e, writeFile(t, filepath.Join(t.TempDir(), "access.csv"), csvText(evidence())))
	day := filepath.Join(e.Dir, "requests", "day=2026-09-10")
	foreign := filepath.Join(e.Dir, "requests", "day=2026-09-11")
	for _, step := range []struct {
		name     string
		from, to string
		wrong    bool
	}{
		{"moved to another day", day, foreign, true},
		{"moved back", foreign, day, false},
	} {
		if err := os.Rename(step.from, step.to); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Check(context.Background()); (err != nil) != step.wrong {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(day, "requests.parquet")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Check(context.Background()); err == nil {
		t.Error("the only day is missing, and the check passes")
	}
}

func sha256Of(t *testing.T, path string) string {
	t.Helper()
	sum, err := fileSHA256(path)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// rewrite changes a Parquet file.
func rewrite(t *testing.T, path, columns string) {
	t.Helper()
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	changed := path + ".changed"
	if err := db.Exec(ctx, copyParquet(fmt.Sprintf("select %s from read_parquet(%s, hive_partitioning = false)", columns, duck.Quote(path)), changed)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(changed, path); err != nil {
		t.Fatal(err)
	}
}
