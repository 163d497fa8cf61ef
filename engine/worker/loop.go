package worker

import (
	"context"
	"os"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/pullscope/pullscope/engine/lake"
)

const (
	// maxPause is how long the clock may go unseen.
	maxPause = time.Minute
	// A failed run is repeated after firstDelay, then twice that, and so on up to maxDelay.
	firstDelay = time.Minute
	maxDelay   = time.Hour
)

// loop is a worker at work. Its fields belong to one goroutine, but for outcome, which belongs to the run while
// there is one.
type loop struct {
	*Worker
	schedule Schedule

	seen   time.Time // when the clock was looked at last
	due    time.Time // the next time on schedule
	served time.Time // the due time that was served last
	begun  time.Time // when the last run began
	retry  time.Time // when the failed run is repeated; zero: not before due

	failures int  // since the last run that did not fail
	reloaded bool // since the run began
	skipped  bool // a due time, since the run began

	job     cron.Job
	running bool
	started chan struct{} // closed when the run has begun
	done    chan struct{}
	outcome outcome

	state   lake.WorkerState
	saved   lake.WorkerState // as far as it could be written
	unsaved bool             // and it was said
}

func newLoop(w *Worker) *loop {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	l := &loop{Worker: w, schedule: w.Schedule, seen: w.now(), done: make(chan struct{})}
	l.due = l.schedule.Next(l.seen)
	l.state = lake.WorkerState{PID: os.Getpid(), Host: host, Schedule: l.schedule.String(), StartedAt: l.seen}
	return l
}

// begin does the first run, which catches up with what came due while no worker was there.
func (l *loop) begin(ctx context.Context) {
	l.job = l.newJob(ctx)
	l.log().Info("the worker starts", "schedule", l.schedule.String(), "next", l.due)
	l.save()
	l.start()
}

// step waits until there is something to do, and does it.
func (l *loop) step(ctx context.Context) {
	timer := time.NewTimer(l.pause())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-l.done:
		l.ended()
	case <-l.Reloads:
		l.reload()
	case <-timer.C:
	}
	l.Metrics.beat()
	l.look()
	if ctx.Err() == nil {
		l.serve()
	}
	l.save()
}

// pause is how long nothing is to be done, as far as can be known now.
func (l *loop) pause() time.Duration {
	next, _ := l.next()
	return min(max(next.Sub(l.now()), 0), maxPause)
}

// next is when the next run begins, and whether that repeats a failed one.
func (l *loop) next() (at time.Time, retry bool) {
	if !l.retry.IsZero() && l.retry.Before(l.due) {
		return l.retry, true
	}
	return l.due, false
}

// look finds out whether the clock was set back. Then due times may lie ahead again that were passed over.
func (l *loop) look() {
	now := l.now()
	if now.Before(l.seen) {
		l.plan(now)
		if !l.retry.IsZero() {
			l.retry = earlier(l.retry, now.Add(l.delay()))
		}
	}
	l.seen = now
}

// plan finds the next due time; one that was served does not come again.
func (l *loop) plan(now time.Time) {
	if now.Before(l.served) {
		now = l.served
	}
	l.due = l.schedule.Next(now)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// serve begins the run that is due, one also when several due times have passed.
func (l *loop) serve() {
	switch {
	case !l.seen.Before(l.due):
		l.served = l.due
		l.plan(l.seen)
	case !l.running && !l.retry.IsZero() && !l.seen.Before(l.retry):
	default:
		return
	}
	if !l.running {
		l.retry = time.Time{}
		l.save() // before the run clears up where temporary files are
	}
	l.start()
}

// start begins a run, or skips it while the one before is going on.
func (l *loop) start() {
	if l.running {
		l.log().Warn("skipped a due time, because the run before is still going on; the next run follows it", "skipped", l.served, "next", l.due)
		l.skipped = true
		return
	}
	l.running, l.reloaded, l.skipped, l.begun = true, false, false, l.now()
	l.started = make(chan struct{})
	go func() {
		l.job.Run()
		l.done <- struct{}{}
	}()
	<-l.started
}

// ended takes note of how the run went.
func (l *loop) ended() {
	l.running = false
	if l.outcome.interrupted {
		return
	}
	now := l.now()
	if l.outcome.err == nil {
		l.failures = 0
		if l.skipped {
			// What was not over when the run began may be due since; the next time may be a month away.
			l.retry = now
			return
		}
		l.log().Info("waiting for the next run", "next", l.due)
		return
	}
	l.failures++
	l.retry = now.Add(l.delay())
	if l.reloaded {
		l.retry = now
	}
	next, _ := l.next()
	l.log().Warn("the failed run is repeated", "at", next, "failures", l.failures)
}

// delay is how long after a failure the run is repeated.
func (l *loop) delay() time.Duration {
	delay := firstDelay
	for n := 1; n < l.failures && delay < maxDelay; n++ {
		delay *= 2
	}
	return min(delay, maxDelay)
}

// reload reads the settings again. They may mend what made the last run fail, so that is tried at once.
func (l *loop) reload() {
	schedule, err := l.Reload()
	if err != nil {
		l.log().Error("the settings cannot be read again, the old ones stay", "error", err)
		return
	}
	now := l.now()
	if schedule != (Schedule{}) {
		l.schedule, l.state.Schedule = schedule, schedule.String()
		if now.Before(l.due) { // else it is served first
			l.plan(earlier(now, l.begun)) // what came due since the last run, by the new schedule, is due
		}
	}
	l.log().Info("the settings were read again", "schedule", l.schedule.String(), "next", l.due)
	l.reloaded = true
	if l.failures > 0 && !l.running {
		l.retry = now
	}
}

// save tells in worker.json what comes next. What cannot be written is written with the next look at the clock.
func (l *loop) save() {
	l.state.NextDue, l.state.Retry = l.next()
	l.Metrics.setNext(l.state.NextDue)
	if l.state == l.saved {
		return
	}
	err := l.Lake.WriteWorkerState(l.state)
	if err != nil { // another run may have cleared up meanwhile
		err = l.Lake.WriteWorkerState(l.state)
	}
	if err != nil {
		if !l.unsaved {
			l.log().Warn("worker.json cannot be written, which is tried again", "error", err)
		}
		l.unsaved = true
		return
	}
	l.saved, l.unsaved = l.state, false
}

// end waits for the run that is going on, whose context has ended.
func (l *loop) end() {
	if l.running {
		l.log().Info("the worker ends with the run that is going on")
		<-l.done
		l.ended()
	}
	l.state.StoppedAt = l.now()
	l.save()
	l.log().Info("the worker has ended")
}
