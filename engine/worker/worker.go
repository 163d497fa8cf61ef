package worker

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
)

// Worker runs once when it starts, then whenever its schedule says so. Lake, Schedule and Do are required.
type Worker struct {
	Lake     *lake.Lake // opened for writing
	Schedule Schedule
	// Do does one run and returns the manifests of what it did, also with an error. Its context ends when the
	// worker is to end.
	Do func(ctx context.Context) ([]lake.Run, error)

	Wait bool         // until another worker on the same directory has ended; false: that is an error
	Log  *slog.Logger // nil: silent
	// Notify is told the outcome of each run that was not interrupted, before the next one. May be nil.
	Notify func(ctx context.Context, runs []lake.Run, failed error)

	// Reloads are requests to read the settings again, which Reload does. The schedule that it returns is the new
	// one; the zero Schedule leaves the old one, and so does an error.
	Reloads <-chan os.Signal
	Reload  func() (Schedule, error)

	Metrics        *Metrics // nil: none
	MetricsAddress string   // where they are served, such as :9090; empty: nowhere

	Now func() time.Time // nil: the clock of the machine
}

// Run works until ctx ends, waits for the run that is going on then, and returns nil. It returns an error when it
// cannot begin: when another worker has the data directory, or when the address of the metrics is taken.
func (w *Worker) Run(ctx context.Context) (err error) {
	release, err := w.Lake.LockWorker(ctx, "a worker with schedule "+w.Schedule.String(), w.Wait)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if w.Metrics != nil && w.MetricsAddress != "" {
		server, err := serve(w.MetricsAddress, w.Metrics, w.log())
		if err != nil {
			return err
		}
		defer server.close()
	}
	if err := w.Metrics.load(w.Lake); err != nil {
		w.log().Warn("the metrics begin without what was stored before", "error", err)
	}
	l := newLoop(w)
	l.begin(ctx)
	for ctx.Err() == nil {
		l.step(ctx)
	}
	l.end()
	return nil
}

func (w *Worker) log() *slog.Logger {
	if w.Log != nil {
		return w.Log
	}
	return slog.New(slog.DiscardHandler)
}

// now is the time of day, without the monotonic clock: that one stands still while the machine sleeps, and does not
// see that its clock is set.
func (w *Worker) now() time.Time {
	if w.Now != nil {
		return w.Now().Round(0).UTC()
	}
	return time.Now().Round(0).UTC()
}
