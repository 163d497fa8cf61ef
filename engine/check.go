package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"strings"
	"text/template"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// checkRows is how many requests are compared at a time; more are compared in
// several passes, each over some of the addresses.
const checkRows = 16 << 20

// check labels every request of the workspace with the reference classifier and
// compares. A difference is ErrDifference, and its reproduction is printed.
func (e *Engine) check(ctx context.Context, w *workspace) (lake.Check, error) {
	var total int64
	if err := w.db.Value(ctx, "select count(*) from requests", &total); err != nil {
		return lake.Check{}, err
	}
	passes := total/checkRows + 1
	var result lake.Check
	for pass := range passes {
		part, err := e.checkPass(ctx, w, total, pass, passes)
		result.Requests += part.Requests
		result.Actions += part.Actions
		result.Differences += part.Differences
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

func (e *Engine) checkPass(ctx context.Context, w *workspace, total, pass, passes int64) (lake.Check, error) {
	requests, err := readRequests(ctx, w.db, fmt.Sprintf("select * from requests_ranked where %d = 1 or abs(ip_key %% %d) = %d", passes, passes, pass), total/passes)
	if err != nil {
		return lake.Check{}, err
	}
	labelled, err := readLabels(ctx, w.db, labelsOfPass(pass, passes), total/passes)
	if err != nil {
		return lake.Check{}, err
	}
	differences, found := classify.Compare(requests, labelled, e.Config.Window.Duration, 1)
	result := lake.Check{Requests: int64(len(requests)), Actions: countActions(labelled), Differences: int64(found)}
	if found == 0 {
		return result, nil
	}
	if err := e.reproduce(ctx, w, requests, differences[0], found); err != nil {
		return result, err
	}
	return result, fmt.Errorf("%w: %d of %d requests are labelled differently; nothing is stored. Report it with the scenario above", ErrDifference, found, len(requests))
}

// labelsOfPass is the query for the labels of a pass. A label without a request
// belongs to the first pass, so that it is found.
func labelsOfPass(pass, passes int64) string {
	if passes == 1 {
		return "select * from classified"
	}
	return fmt.Sprintf(`select classified.* from classified
		left join requests on classified.request_no = requests.rowid
		where coalesce(abs(requests.ip_key %% %d), 0) = %d`, passes, pass)
}

// readRequests reads count rows in the shape of requests_ranked. Small numbers
// travel packed together: every value that crosses over costs as much as a large one.
func readRequests(ctx context.Context, db *duck.DB, from string, count int64) ([]classify.Request, error) {
	query := `select request_no, ip_key, requested_us, line,
		(cast(image_id as bigint) << 32) + coalesce(digest_id, 0),
		(cast(source_rank as bigint) << 34) + (cast(item as bigint) << 2) + cast(is_head as bigint) * 2 + cast(by_tag as bigint)
		from (` + from + ") as requests"
	requests := make([]classify.Request, 0, count)
	err := db.Each(ctx, query, func(row []driver.Value) error {
		names, place := row[4].(int64), row[5].(int64)
		method := classify.Get
		if place&2 != 0 {
			method = classify.Head
		}
		requests = append(requests, classify.Request{
			No: row[0].(int64), Client: row[1].(int64), At: row[2].(int64), Line: row[3].(int64),
			Repository: names >> 32, Digest: int32(names),
			Source: int32(place >> 34), Item: int32(place>>2) & math.MaxInt32, Method: method, ByTag: place&1 != 0,
		})
		return nil
	})
	return requests, err
}

// readLabels reads rows in the shape of the model requests_classified.
func readLabels(ctx context.Context, db *duck.DB, from string, count int64) ([]classify.Labelled, error) {
	query := fmt.Sprintf(`select request_no,
		cast(coalesce(action_digest_id, 0) as bigint) * 256 + coalesce(action_requests, 0) * 8
		+ coalesce(case action when '%s' then 1 when '%s' then 2 when '%s' then 3 end, case when action is null then 0 else 7 end)
		from (`, classify.VersionCheck, classify.PullByTag, classify.PullByDigest) + from + ") as classified order by request_no"
	actions := [8]classify.Action{1: classify.VersionCheck, 2: classify.PullByTag, 3: classify.PullByDigest, 7: unknownAction}
	labels := make([]classify.Labelled, 0, count)
	err := db.Each(ctx, query, func(row []driver.Value) error {
		packed := row[1].(int64)
		labels = append(labels, classify.Labelled{No: row[0].(int64), Label: classify.Label{
			Action: actions[packed&7], Requests: uint8(packed>>3) & 31, Digest: int32(packed >> 8),
		}})
		return nil
	})
	return labels, err
}

// unknownAction is what a label is read as that names no action: it differs from all.
const unknownAction = classify.Action(255)

// reproduce prints the smallest scenario on which SQL and Go still differ.
func (e *Engine) reproduce(ctx context.Context, w *workspace, requests []classify.Request, difference classify.Difference, total int) error {
	if e.Differences == nil {
		return nil
	}
	window := e.Config.Window.Duration
	burst := classify.Burst(requests, difference.No, window)
	var failed error
	burst = classify.Shrink(burst, func(subset []classify.Request) bool {
		labels, err := e.classifySubset(ctx, w, subset)
		if err != nil {
			failed = err
			return false
		}
		_, differences := classify.Compare(subset, labels, window, 0)
		return differences > 0
	})
	if failed != nil {
		return failed
	}
	return e.printScenario(burst, difference, total)
}

// printScenario prints the requests of a difference with the labels that they
// should have. Addresses and names are replaced by examples.
func (e *Engine) printScenario(burst []classify.Request, difference classify.Difference, total int) error {
	if e.Differences == nil {
		return nil
	}
	window := e.Config.Window.Duration
	comment := []string{
		fmt.Sprintf("The check found %d differences; this is the first, cut down. Addresses and names are replaced.", total),
		fmt.Sprintf("%s: expected %s, found %s.", difference.Kind, describe(difference.Want), describe(difference.Got)),
	}
	scenario := classify.FromRequests("difference", comment, burst, classify.Reference(burst, window), window)
	if _, err := scenario.WriteTo(e.Differences); err != nil {
		return fmt.Errorf("print the difference: %w", err)
	}
	return nil
}

func countActions(labels []classify.Labelled) int64 {
	var actions int64
	for _, label := range labels {
		if label.Action != classify.None {
			actions++
		}
	}
	return actions
}

func describe(label classify.Label) string {
	if label.Action == classify.None {
		return "part of an earlier action"
	}
	return fmt.Sprintf("%s of %d requests", label.Action, label.Requests)
}

// classifySubset runs the classification over a few requests.
func (e *Engine) classifySubset(ctx context.Context, w *workspace, requests []classify.Request) ([]classify.Labelled, error) {
	if err := w.db.Exec(ctx, "create or replace temp table subset as select * from requests_ranked where false"); err != nil {
		return nil, err
	}
	rows := make([][]driver.Value, len(requests))
	for i, r := range requests {
		rows[i] = []driver.Value{r.No, r.Client, int32(r.Repository), r.At, r.Source, r.Line, r.Item, r.Method == classify.Head, r.ByTag, nil}
		if r.Digest != 0 {
			rows[i][9] = r.Digest
		}
	}
	if err := w.db.Append("subset", rows); err != nil {
		return nil, err
	}
	query, err := e.renderModel("models/requests_classified.sql", "subset")
	if err != nil {
		return nil, err
	}
	return readLabels(ctx, w.db, query, int64(len(requests)))
}

// renderModel renders the classification over a table of requests.
func (e *Engine) renderModel(path, requestsTable string) (string, error) {
	files := sqlfiles.Files
	funcs := template.FuncMap{"table": func(name string) (string, error) {
		if name != "requests" {
			return "", fmt.Errorf("no table stands for %q", name)
		}
		return requestsTable, nil
	}}
	params := map[string]any{"WindowMicroseconds": e.Config.Window.Microseconds()}
	if e.classifyModel == "" {
		return duck.Render(files, path, params, funcs)
	}
	query, err := duck.RenderText(files, "a test's model", e.classifyModel, params, funcs)
	if err == nil && strings.HasPrefix(path, "duckdb/") {
		query = "create or replace temp table classified as " + query
	}
	return query, err
}
