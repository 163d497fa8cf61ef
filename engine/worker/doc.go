// Package worker answers when to run, and tells others how the runs go. It knows nothing of what a run does.
//
//   - Schedule gives the due times: hourly, daily, weekly, monthly or by a cron expression, always UTC.
//   - Worker runs once when it starts, then at each due time, and again after a failure, until its context ends.
//     It looks at the clock of the machine at least once a minute: a machine that slept, or whose clock was set, is
//     noticed then, and no due time is served twice.
//   - Metrics are what Prometheus reads, with /healthz and /readyz beside them.
//   - Notifier hands the outcome of a run to a command or a webhook.
//
// One worker serves a data directory. It holds worker.lock as long as it lives, and says in worker.json what it will
// do next (package lake).
package worker
