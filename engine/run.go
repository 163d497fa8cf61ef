package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/enrich"
	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Run does one run: see the package comment for its steps. Without inputs it
// only publishes what is due. Inputs beyond the batch size are loaded by several
// runs, of which the last one publishes. The result is there, as far as the run
// came, when an error is returned, too.
func (e *Engine) Run(ctx context.Context, request Request) (*Result, error) {
	result := &Result{}
	s, err := e.openSession(ctx, request.session())
	if err != nil {
		return result, err
	}
	defer s.close()
	err = s.runBatches(ctx, request, result)
	if err == nil && request.Prune {
		result.Pruned, err = s.prune(ctx)
		if result.Pruning = s.pruning; err != nil {
			err = fmt.Errorf("the run is done, but what is old is not all removed (the next one removes the rest): %w", err)
		}
	}
	result.Elapsed = e.now().Sub(s.begun)
	return result, s.recordAttempt(result, err)
}

// runBatches does one run per batch of inputs.
func (s *session) runBatches(ctx context.Context, request Request, result *Result) error {
	if len(request.Inputs)+len(request.Extensions) == 0 && lake.Unfinished(s.runs) != nil {
		return &UsageError{errors.New("the last load was interrupted between two of its batches, so what is stored is not complete; name its inputs again, and it goes on")}
	}
	inbox, err := s.newInbox(request)
	if err != nil {
		return err
	}
	limits, err := s.stampLimits(request)
	if err != nil {
		return err
	}
	for last := false; !last; {
		r := &run{session: s, request: request, result: result, limits: limits}
		if last, err = r.do(ctx, inbox); err != nil {
			return afterBatches(result, err)
		}
	}
	s.hashes.forget()
	return nil
}

// afterBatches says what became of the batches before the one that failed.
func afterBatches(result *Result, err error) error {
	if len(result.Runs) < 2 {
		return err
	}
	return fmt.Errorf("the logs of %s before are stored, and are published when the rest is loaded: %w", result.Runs[0].Run, err)
}

// run is one run at work.
type run struct {
	*session
	request Request
	result  *Result
	commit  *lake.Commit
	limits  map[string]stampLimits

	enricher *enrich.Enricher // of a run with inputs
}

// do loads one batch of the inputs, and publishes if it was the last one.
func (r *run) do(ctx context.Context, inbox *inbox) (last bool, err error) {
	if err := r.begin(); err != nil {
		return false, err
	}
	defer r.commit.Abort()
	batch, err := inbox.next(ctx, r.known())
	if err != nil {
		return false, err
	}
	defer closeInputs(batch.inputs)
	r.skip(batch.skipped)
	r.tellBegun(batch.inputs)
	if len(batch.inputs) > 0 {
		if err := r.enrichAndBuild(ctx, batch.inputs); err != nil {
			return false, err
		}
	}
	if !batch.last || lake.Unfinished(r.runs) != nil {
		r.manifest().Load = &lake.Load{Finished: batch.last, LateBefore: lateBefore(r.limits)}
	}
	if err := r.commitDays(); err != nil {
		return false, err
	}
	if !batch.last {
		return false, r.finish()
	}
	return true, r.publishAndFinish(ctx, "the requests are stored")
}

// publishAndFinish ends a run; done says what is kept should publishing fail.
func (r *run) publishAndFinish(ctx context.Context, done string) error {
	err := r.timed("report", func() error { return r.publish(ctx) })
	if err != nil {
		err = fmt.Errorf("%s, but not all reports are published (the next run publishes the rest): %w", done, err)
		r.manifest().Error = err.Error()
	}
	return errors.Join(err, r.finish())
}

// begin begins the manifest and the commit of a run.
func (r *run) begin() error {
	id, err := r.store.NextRunID(r.begun)
	if err != nil {
		return err
	}
	r.result.Runs = append(r.result.Runs, lake.Run{
		Run: id, Engine: Version, StartedAt: r.now(),
		Window: r.Config.Window.String(), ClientPrefix: r.Config.IPv6ClientPrefix,
		Versions: map[string]string{"rules": RulesVersion},
	})
	r.commit, err = r.store.Begin(id)
	return err
}

// finish writes the manifest.
func (r *run) finish() error {
	r.manifest().EndedAt = r.now()
	*r.manifest() = r.manifest().Normalized()
	if err := r.commit.Finish(*r.manifest()); err != nil {
		return err
	}
	r.runs = append(r.runs, *r.manifest())
	return nil
}

// known is what the lake has read, as this run sees it.
func (r *run) known() known {
	k := knownInputs(r.runs)
	k.readmit = r.request.Readmit
	return k
}

func (r *run) manifest() *lake.Run { return r.result.Last() }

func (r *run) skip(skipped []lake.Skipped) {
	for _, skip := range skipped {
		r.log().Info("skipped", "file", skip.Path, "reason", skip.Reason)
	}
	r.manifest().Skipped = append(r.manifest().Skipped, skipped...)
}

// build loads, merges, classifies, checks and stages.
func (r *run) build(ctx context.Context, inputs []*ingest.Input) error {
	w, err := openWorkspace(ctx, r.store, r.Config)
	if err != nil {
		return err
	}
	defer w.close()
	w.enricher = r.enricher
	known := r.known()
	var l *loader
	err = r.timed("load", func() error {
		if l, err = newLoader(ctx, w, known, r.limits, probeSizes(known, inputs), r.reportProgress(inputs)); err != nil {
			return err
		}
		defer l.close()
		l.onlySQL = r.onlySQL
		if err := l.load(ctx, inputs); err != nil {
			return err
		}
		if err := l.collect(ctx); err != nil {
			return err
		}
		return l.checkRejects(ctx)
	})
	if err != nil {
		return err
	}
	var m *merger
	var events extensionChange
	err = r.timed("merge", func() error {
		if m, err = r.merge(ctx, l, known); err != nil {
			return err
		}
		events, err = r.mergeExtensions(ctx, l, known)
		return err
	})
	if err != nil {
		return err
	}
	var days []period.Day
	if err := r.timed("classify", func() error { days, err = r.classifyRequests(ctx, m); return err }); err != nil {
		return err
	}
	var proven *labelSet
	if err := r.timed("check", func() error { r.manifest().Check, proven, err = r.check(ctx, w); return err }); err != nil {
		return err
	}
	// The windows and the check held every request in memory.
	duck.FreeMemory()
	debug.FreeOSMemory()
	return r.timed("store", func() error {
		if r.manifest().Days, err = stageDays(ctx, w, proven, r.commit, days); err != nil {
			return err
		}
		r.manifest().ExtensionDays, err = stageExtensionDays(ctx, w, r.store, r.commit, events)
		return err
	})
}

// plan decides which inputs with one kind of records are new, and drops what was
// read of the others.
func (r *run) plan(ctx context.Context, l *loader, known known, of records) (plan, error) {
	inputs := l.inputsOf(of)
	p := known.of(of.kind).plan(inputs)
	return p, l.dropSources(ctx, of.table, leftOut(inputs, p.fresh))
}

// merge decides which logs are new, reads back what they touch and removes what
// repeats.
func (r *run) merge(ctx context.Context, l *loader, known known) (*merger, error) {
	p, err := r.plan(ctx, l, known, l.requests)
	if err != nil {
		return nil, err
	}
	m, err := newMerger(l.workspace, r.store, r.horizon, p.superseded)
	if err != nil {
		return nil, err
	}
	days, err := l.newDays(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.loadDays(ctx, append(days, m.superseding(p.superseded)...)); err != nil {
		return nil, err
	}
	if err := m.removeDuplicates(ctx, p.fresh); err != nil {
		return nil, err
	}
	if err := r.account(p); err != nil {
		return nil, err
	}
	return m, l.nameInputs(ctx)
}

// account writes what became of the inputs into the manifest.
func (r *run) account(p plan) error {
	r.skip(p.skipped)
	for _, input := range p.fresh {
		if !input.AddsUp() {
			return fmt.Errorf("input %s: %d records, but %d accepted, %d duplicates, %d rejected and %d ignored; nothing is stored", input.path,
				input.Records, input.Accepted, input.Duplicates, input.Rejected, input.IgnoredTotal())
		}
		r.manifest().Inputs = append(r.manifest().Inputs, input.Input)
		for _, source := range input.Supersedes {
			r.log().Info("read as the longer version of a log that has grown", "file", input.Path, "replaces", source)
		}
	}
	return nil
}

// commitDays makes the staged days visible: from Seal on, a crash is completed
// by the next run.
func (r *run) commitDays() error {
	return r.timed("commit", func() error {
		r.manifest().EndedAt = r.now()
		if err := r.commit.Seal(*r.manifest()); err != nil {
			return errors.Join(err, r.commit.Abort())
		}
		if len(r.manifest().Days)+len(r.manifest().ExtensionDays) > 0 {
			r.result.Stored = true
		}
		return r.commit.Apply()
	})
}

// timed runs one step and notes how long it took.
func (r *run) timed(step string, do func() error) error {
	begun := time.Now()
	err := do()
	seconds := time.Since(begun).Seconds()
	r.manifest().Timings = append(r.manifest().Timings, lake.Timing{Step: step, Seconds: float64(int(seconds*1000)) / 1000})
	r.log().Debug("step done", "step", step, "seconds", seconds)
	return err
}

func (r *run) reportProgress(inputs []*ingest.Input) func(int64) {
	if r.Progress == nil {
		return func(int64) {}
	}
	var total int64
	for _, input := range inputs {
		total += input.FileBytes
	}
	return func(done int64) { r.Progress(done, total) }
}

// probeSizes are the content sizes that may be a shorter version of another
// input: those of the lake, and those of this run as far as they are known.
func probeSizes(known known, inputs []*ingest.Input) []int64 {
	sizes := known.sizes()
	for _, input := range inputs {
		if input.Packing == "" && input.Format != ingest.Parquet {
			sizes = append(sizes, input.FileBytes)
		}
	}
	return sizes
}

// leftOut are the numbers of the inputs that are not among fresh.
func leftOut(inputs, fresh []*loadedInput) []int32 {
	keep := map[int32]bool{}
	for _, input := range fresh {
		keep[input.source] = true
	}
	var numbers []int32
	for _, input := range inputs {
		if !keep[input.source] {
			numbers = append(numbers, input.source)
		}
	}
	return numbers
}

// nameInputs writes the names of the inputs, which the quarantine shows, and
// their ids, which events are stored with.
func (l *loader) nameInputs(ctx context.Context) error {
	if err := l.db.Exec(ctx, "create or replace temp table input_files (source integer, file varchar, source_id varchar)"); err != nil {
		return err
	}
	rows := make([][]driver.Value, len(l.inputs))
	for i, input := range l.inputs {
		rows[i] = []driver.Value{input.source, input.Path, input.Source}
	}
	return l.db.Append("input_files", rows)
}
