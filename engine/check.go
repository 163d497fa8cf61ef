package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// check labels every request of the workspace with the reference classifier and
// compares. A difference is ErrDifference, and its reproduction is printed. It
// returns the labels, which are proven then.
func (e *Engine) check(ctx context.Context, w *workspace) (lake.Check, *labelSet, error) {
	var total, limit int64
	if err := w.db.Value(ctx, "select count(*), coalesce(max(rowid), -1) + 1 from requests", &total, &limit); err != nil {
		return lake.Check{}, nil, err
	}
	found, err := readLabels(ctx, w.db, "select * from classified", limit)
	if err != nil {
		return lake.Check{}, nil, err
	}
	parts := make([]provenPart, w.config.threads())
	passes := total/w.config.pieces().checkRows + 1 // each over some of the addresses
	var result lake.Check
	for pass := range passes {
		part, err := e.checkPass(ctx, w, parts, found, pass, passes)
		result.Requests += part.Requests
		result.Actions += part.Actions
		result.Differences += part.Differences
		if err != nil {
			return result, nil, err
		}
	}
	left := found.left()
	if len(left) > 0 {
		result.Differences += int64(len(left))
		differences, _ := classify.Compare(nil, left, e.Config.Window.Duration, 1)
		return result, nil, e.differ(ctx, w, nil, differences[0], len(left), int(result.Requests))
	}
	return result, found, nil
}

// checkPass compares some of the addresses, in one goroutine per part. The parts are those of the
// pass before, for their memory.
func (e *Engine) checkPass(ctx context.Context, w *workspace, parts []provenPart, found *labelSet, pass, passes int64) (lake.Check, error) {
	err := readParts(ctx, w, parts, found, fmt.Sprintf("select * from requests_ranked where %d = 1 or abs(ip_key %% %d) = %d", passes, passes, pass))
	if err != nil {
		return lake.Check{}, err
	}
	result := e.compareParts(parts)
	var first *provenPart
	for i := range parts {
		part := &parts[i]
		if part.total > 0 && (first == nil || part.differences[0].No < first.differences[0].No) {
			first = part
		}
	}
	if first == nil {
		return result, nil
	}
	return result, e.differ(ctx, w, first.requests, first.differences[0], int(result.Differences), int(result.Requests))
}

// differ prints the reproduction of a difference and makes the error.
func (e *Engine) differ(ctx context.Context, w *workspace, requests []classify.Request, first classify.Difference, total, of int) error {
	if err := e.reproduce(ctx, w, requests, first, total); err != nil {
		return err
	}
	return fmt.Errorf("%w: %d of %d requests are labelled differently; nothing is stored. Report it with the scenario above", ErrDifference, total, of)
}

// provenPart is the requests of some addresses with their labels.
type provenPart struct {
	requests    []classify.Request
	labelled    []classify.Labelled
	differences []classify.Difference // the first
	total       int
}

// compareParts compares each part in a goroutine of its own.
func (e *Engine) compareParts(parts []provenPart) (result lake.Check) {
	var group sync.WaitGroup
	for i := range parts {
		part := &parts[i]
		group.Go(func() {
			part.differences, part.total = classify.Compare(part.requests, part.labelled, e.Config.Window.Duration, 1)
		})
	}
	group.Wait()
	for _, part := range parts {
		result.Requests += int64(len(part.requests))
		result.Actions += countActions(part.labelled)
		result.Differences += int64(part.total)
	}
	return result
}

// readParts reads the requests of a query in the shape of requests_ranked, dealt into parts by address.
func readParts(ctx context.Context, w *workspace, parts []provenPart, found *labelSet, from string) error {
	var total int64
	if err := w.db.Value(ctx, fmt.Sprintf("select count(*) from (%s) as requests", from), &total); err != nil {
		return err
	}
	// Growing would take twice the memory: most addresses are dealt evenly.
	each := int(total)/len(parts) + int(total)/(8*len(parts))
	for i := range parts {
		parts[i] = provenPart{requests: slices.Grow(parts[i].requests[:0], each), labelled: slices.Grow(parts[i].labelled[:0], each)}
	}
	var mu sync.Mutex
	return eachRequests(ctx, w.db, from, len(parts), func(requests []classify.Request) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range requests {
			part := &parts[partOf(r.Client, len(parts))]
			part.requests = append(part.requests, r)
			part.labelled = found.take(r.No, part.labelled)
		}
	})
}

// partOf deals addresses. Which pass they are in depends on the key itself, so this does not.
func partOf(client int64, parts int) int {
	return int(uint64(client) * 0x9E3779B97F4A7C15 >> 32 % uint64(parts))
}

// readRequests reads rows in the shape of requests_ranked.
func readRequests(ctx context.Context, db *duck.DB, from string) ([]classify.Request, error) {
	var all []classify.Request
	err := eachRequests(ctx, db, from, 1, func(requests []classify.Request) { all = append(all, requests...) })
	return all, err
}

// eachRequests reads rows in the shape of requests_ranked, some at a time, with several goroutines.
func eachRequests(ctx context.Context, db *duck.DB, from string, workers int, yield func(requests []classify.Request)) error {
	query := `select request_no, ip_key, requested_us, line, image_id, cast(source_rank as integer), item, is_head, by_tag, coalesce(digest_id, 0)
		from (` + from + ") as requests"
	return db.Columns(ctx, query, workers, func(_ int, chunk duck.Chunk) error {
		numbers, clients, stamps, lines := duck.Values[int64](chunk, 0), duck.Values[int64](chunk, 1), duck.Values[int64](chunk, 2), duck.Values[int64](chunk, 3)
		images, sources, items, digests := duck.Values[int32](chunk, 4), duck.Values[int32](chunk, 5), duck.Values[int32](chunk, 6), duck.Values[int32](chunk, 9)
		heads, tags := duck.Values[bool](chunk, 7), duck.Values[bool](chunk, 8)
		requests := make([]classify.Request, len(numbers))
		for i, no := range numbers {
			method := classify.Get
			if heads[i] {
				method = classify.Head
			}
			requests[i] = classify.Request{
				No: no, Client: clients[i], Repository: int64(images[i]), At: stamps[i], Line: lines[i],
				Source: sources[i], Item: items[i], Digest: digests[i], Method: method, ByTag: tags[i],
			}
		}
		yield(requests)
		return nil
	})
}

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
	return listLabels(ctx, w.db, query)
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
