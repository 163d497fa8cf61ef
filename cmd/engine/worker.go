package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/worker"
)

// isWorker reports whether the command stays and runs on a schedule.
func isWorker(c *cli.Context) bool { return c.IsSet("schedule") && !c.Bool("once") }

// isUnattended reports whether nobody watches.
func isUnattended(c *cli.Context) bool { return c.IsSet("schedule") || c.Bool("once") }

// checkUnattended refuses flags that do not go together.
func checkUnattended(c *cli.Context) error {
	if c.IsSet("metrics") && !isWorker(c) {
		return usageError("--metrics is for a worker, which stays; give it with --schedule and without --once")
	}
	if !c.IsSet("schedule") {
		return nil
	}
	for _, refused := range []struct{ flag, why string }{
		{"period", "a worker publishes every period that is due"},
		{"include-open", "a worker publishes periods when they are over"},
		{"json", "a worker tells of its runs in the log and by [notify] in the configuration"},
	} {
		if c.IsSet(refused.flag) {
			return usageError("--%s does not go with --schedule: %s", refused.flag, refused.why)
		}
	}
	for _, flag := range []string{"readmit", "accept-clock"} {
		if c.IsSet(flag) && isWorker(c) {
			return usageError("--%s is for one run and not for all runs of a worker; run once with it, while the worker waits", flag)
		}
	}
	if _, err := worker.ParseSchedule(c.String("schedule"), 0); err != nil {
		return &engine.UsageError{Err: err}
	}
	return nil
}

// settings are what the runs of a worker go by until they are read again.
type settings struct {
	engine   *engine.Engine
	request  engine.Request
	schedule worker.Schedule
	notifier worker.Notifier
}

func newSettings(c *cli.Context) (*settings, error) {
	e, request, err := newRun(c)
	if err != nil {
		return nil, err
	}
	if err := e.Config.Validate(); err != nil {
		return nil, &engine.UsageError{Err: err}
	}
	request.Wait = true // for whoever loads something by hand
	schedule, err := worker.ParseSchedule(c.String("schedule"), e.Config.Grace.Duration)
	if err != nil {
		return nil, &engine.UsageError{Err: err}
	}
	return &settings{e, request, schedule, newNotifier(e)}, nil
}

func newNotifier(e *engine.Engine) worker.Notifier {
	notify := e.Config.Notify
	return worker.Notifier{Command: notify.Command, Webhook: notify.Webhook, On: notify.On, Log: e.Log}
}

// manifests are those of a run, and of the pruning after it, which is a run of its own.
func manifests(result *engine.Result) []lake.Run {
	if result.Pruning == nil {
		return result.Runs
	}
	return append(slices.Clip(result.Runs), *result.Pruning)
}

// runWorker runs on a schedule until it is interrupted.
func runWorker(c *cli.Context) error {
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	defer signal.Stop(hangUps)
	begin, err := newSettings(c)
	if err != nil {
		return err
	}
	store, err := lake.Open(begin.engine.Dir)
	if err != nil {
		return err
	}
	var current atomic.Pointer[settings]
	current.Store(begin)
	w := &worker.Worker{
		Lake: store, Schedule: begin.schedule, Wait: c.Bool("wait"), Log: begin.engine.Log,
		Do: func(ctx context.Context) ([]lake.Run, error) {
			s := current.Load()
			result, err := s.engine.Run(ctx, s.request)
			debug.FreeOSMemory() // it may be long until the next run
			return manifests(result), err
		},
		Notify: func(ctx context.Context, runs []lake.Run, failed error) {
			current.Load().notifier.Notify(ctx, runs, failed)
		},
		Reloads: hangUps,
		Reload: func() (worker.Schedule, error) {
			s, err := newSettings(c)
			if err != nil {
				return worker.Schedule{}, err
			}
			current.Store(s)
			return s.schedule, nil
		},
	}
	if address := c.String("metrics"); address != "" {
		w.Metrics, w.MetricsAddress = worker.NewMetrics(), address
	}
	return w.Run(c.Context)
}
