package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// RejectsRequest chooses rejected lines.
type RejectsRequest struct {
	// Run is a run as FindRun names it; empty: all, without the logs that a longer version replaced, since
	// what was rejected of these was rejected of the longer version, too.
	Run string
	// Reason is the only one that counts; empty: all.
	Reason string
	// Samples is how many lines to show; 0: none.
	Samples int
}

// Rejects are rejected lines. The JSON names stay as they are.
type Rejects struct {
	// Total is how many lines were rejected.
	Total int64 `json:"total"`
	// Expired is how many of them were removed from the quarantine, as the configuration wants it.
	Expired int64 `json:"expired"`
	// Hidden says that this user may not read the quarantine, which holds addresses.
	Hidden bool `json:"hidden"`
	// Reasons are the reasons, the most frequent first.
	Reasons []RejectReason `json:"reasons"`
	// Counts are by run, the newest first, file and reason.
	Counts []RejectCount `json:"counts"`
	// Samples are lines of the quarantine, of each reason in turn, the newest run first.
	Samples []RejectSample `json:"samples"`
}

// RejectReason is a reason and what it means.
type RejectReason struct {
	Reason   string `json:"reason"`
	Rejected int64  `json:"rejected"`
	ingest.Help
}

// RejectCount is how many lines of a file a run rejected for one reason.
type RejectCount struct {
	Run      string `json:"run"`
	File     string `json:"file"`
	Reason   string `json:"reason"`
	Rejected int64  `json:"rejected"`
	// Expired says that the lines are in the quarantine no more.
	Expired bool `json:"expired"`
}

// RejectSample is one rejected line.
type RejectSample struct {
	Run    string `json:"run"`
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	Raw    string `json:"raw"`
}

// unrecorded stands for the reasons in manifests of versions that did not record them.
const unrecorded = "not_recorded"

// rejectsOf is what was rejected of an input, by reason.
func rejectsOf(input lake.Input) map[string]int64 {
	rejects, rest := maps.Clone(input.Rejects), input.Rejected
	for _, n := range rejects {
		rest -= n
	}
	if rest > 0 {
		if rejects == nil {
			rejects = map[string]int64{}
		}
		rejects[unrecorded] += rest
	}
	return rejects
}

// Rejects counts rejected lines and shows some. It may be called during a run.
func (e *Engine) Rejects(ctx context.Context, request RejectsRequest) (*Rejects, error) {
	store, runs, err := e.history()
	if err != nil {
		return nil, err
	}
	inputs := lake.LiveInputsByRun(runs)
	if request.Run != "" {
		run, err := findRun(runs, request.Run)
		if err != nil {
			return nil, err
		}
		for i := range runs {
			inputs[i] = nil
			if runs[i].Run == run.Run {
				inputs[i] = run.Inputs
			}
		}
	}
	if err := checkReason(request.Reason, runs); err != nil {
		return nil, err
	}
	files, err := store.RejectsFiles()
	rejects := &Rejects{Hidden: errors.Is(err, fs.ErrPermission), Samples: []RejectSample{}}
	if err != nil && !rejects.Hidden {
		return nil, err
	}
	rejects.count(runs, inputs, request.Reason, files)
	if request.Samples == 0 || rejects.Total == rejects.Expired {
		return rejects, nil
	}
	return rejects, rejects.addSamples(ctx, e, files, request.Samples)
}

// checkReason refuses a reason for which nothing can have been rejected.
func checkReason(reason string, runs []lake.Run) error {
	if reason == "" || ingest.Reason(reason).IsReject() || reason == unrecorded {
		return nil
	}
	for _, run := range runs {
		for _, input := range run.Inputs {
			if input.Rejects[reason] > 0 {
				return nil
			}
		}
	}
	return &UsageError{fmt.Errorf("there is no reason %q to reject a line; take one of %s", reason, strings.Join(ingest.RejectReasons(), ", "))}
}

// count counts what was rejected of the inputs of each run.
func (r *Rejects) count(runs []lake.Run, inputs [][]lake.Input, reason string, files []string) {
	reasons := map[string]int64{}
	r.Counts, r.Reasons = []RejectCount{}, []RejectReason{}
	for i, run := range slices.Backward(runs) {
		expired := !r.Hidden && !slices.ContainsFunc(files, func(path string) bool { return runOfRejects(path) == run.Run })
		byFile := map[RejectCount]int64{} // files in different directories may have one name
		for _, input := range inputs[i] {
			for name, n := range rejectsOf(input) {
				if n > 0 && (reason == "" || reason == name) {
					byFile[RejectCount{Run: run.Run, File: input.Path, Reason: name, Expired: expired}] += n
				}
			}
		}
		for _, count := range slices.SortedFunc(maps.Keys(byFile), func(a, b RejectCount) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason))
		}) {
			count.Rejected = byFile[count]
			r.Counts = append(r.Counts, count)
			r.Total += count.Rejected
			reasons[count.Reason] += count.Rejected
			if expired {
				r.Expired += count.Rejected
			}
		}
	}
	for name, n := range reasons {
		r.Reasons = append(r.Reasons, RejectReason{name, n, ingest.Reason(name).Help()})
	}
	slices.SortFunc(r.Reasons, func(a, b RejectReason) int {
		return cmp.Or(-cmp.Compare(a.Rejected, b.Rejected), cmp.Compare(a.Reason, b.Reason))
	})
}

func runOfRejects(path string) string { return strings.TrimSuffix(filepath.Base(path), ".parquet") }

// addSamples reads lines of what was counted from the quarantine.
func (r *Rejects) addSamples(ctx context.Context, e *Engine, files []string, limit int) error {
	var wanted []string // run/file/reason
	counted := map[string]bool{}
	for _, count := range r.Counts {
		wanted = append(wanted, count.Run+"/"+count.File+"/"+count.Reason)
		counted[count.Run] = true
	}
	files = slices.DeleteFunc(slices.Clone(files), func(path string) bool { return !counted[runOfRejects(path)] })
	if len(files) == 0 {
		return nil
	}
	db, err := duck.Open(ctx, duck.Options{Threads: e.Config.Threads, MemoryLimit: e.Config.memoryLimit()})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := createViews(ctx, db, []view{{"duckdb/rejects_view.sql", files}}); err != nil {
		return err
	}
	query, err := duck.Render(sqlfiles.Files, "duckdb/reject_samples.sql", map[string]any{"Wanted": wanted, "Unrecorded": unrecorded, "Limit": limit}, nil)
	if err != nil {
		return err
	}
	rows, err := db.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var s RejectSample
		if err := rows.Scan(&s.Run, &s.File, &s.Line, &s.Reason, &s.Raw); err != nil {
			return fmt.Errorf("read rejected lines: %w", err)
		}
		r.Samples = append(r.Samples, s)
	}
	return rows.Err()
}
