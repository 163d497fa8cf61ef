package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/pullscope/pullscope/engine/lake"
)

// outcome is how a run went.
type outcome struct {
	begun       time.Time
	runs        []lake.Run
	err         error
	interrupted bool // by the end of the worker, which is no failure
}

// newJob is one run, or nothing while another is going on. A panic is a failed run like others.
func (l *loop) newJob(ctx context.Context) cron.Job {
	chain := cron.NewChain(cron.SkipIfStillRunning(chainLog{l}), l.report(ctx), cron.Recover(chainLog{l}))
	return chain.Then(cron.FuncJob(func() {
		runs, err := l.Do(ctx)
		l.outcome.runs, l.outcome.err = runs, err
		l.outcome.interrupted = err != nil && ctx.Err() != nil
	}))
}

// report tells everybody how a run went, before the next one may begin.
func (l *loop) report(ctx context.Context) cron.JobWrapper {
	return func(job cron.Job) cron.Job {
		return cron.FuncJob(func() {
			l.outcome = outcome{begun: l.now()}
			close(l.started)
			job.Run()
			l.logOutcome()
			if l.outcome.interrupted {
				return
			}
			if err := l.Metrics.observe(l.Lake, l.outcome, l.now()); err != nil {
				l.log().Warn("the metrics are incomplete", "error", err)
			}
			if l.Notify != nil {
				l.Notify(ctx, l.outcome.runs, l.outcome.err)
			}
		})
	}
}

func (l *loop) logOutcome() {
	for _, run := range l.outcome.runs {
		if run.EndedAt.IsZero() {
			continue // it did not come to its end, and the error says why
		}
		var accepted, rejected int64
		for _, input := range run.Inputs {
			accepted += input.Accepted
			rejected += input.Rejected
		}
		l.log().Info("run done", "run", run.Run, "inputs", len(run.Inputs), "accepted", accepted, "rejected", rejected,
			"published", changed(run), "seconds", run.EndedAt.Sub(run.StartedAt).Seconds())
	}
	switch seconds := l.now().Sub(l.outcome.begun).Seconds(); {
	case l.outcome.interrupted:
		l.log().Info("run interrupted, the next one goes on from what is stored", "seconds", seconds)
	case l.outcome.err != nil:
		l.log().Error("run failed", "error", l.outcome.err, "seconds", seconds)
	}
}

// changed is how many directories of reports a run wrote.
func changed(run lake.Run) int {
	var n int
	for _, published := range run.Published {
		if published.Changed {
			n++
		}
	}
	return n
}

// chainLog is what the chain of a job writes to.
type chainLog struct{ *loop }

// Info is told of runs that are skipped, which the loop sees before.
func (c chainLog) Info(string, ...any) {}

// Error is told of panics.
func (c chainLog) Error(err error, _ string, stack ...any) {
	c.log().Error("the run panicked", append([]any{"error", err}, stack...)...)
	c.outcome.err = fmt.Errorf("the run panicked: %w; this is a defect of the engine, and the log has the stack", err)
}
