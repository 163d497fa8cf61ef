package worker

import (
	"regexp"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/pullscope/pullscope/engine/lake"
)

// Metrics are what Prometheus reads of a worker. Counters count since the process began; gauges tell of the data
// directory, whoever wrote it. No label holds anything that stood in a log. The nil Metrics records nothing.
type Metrics struct {
	registry *prometheus.Registry

	runs        *prometheus.CounterVec // by outcome
	inputs      prometheus.Counter
	inputBytes  prometheus.Counter
	records     *prometheus.CounterVec // by verdict and reason
	differences prometheus.Counter
	steps       *prometheus.HistogramVec // seconds by step

	lastSuccess  prometheus.Gauge
	lastAttempt  prometheus.Gauge
	failures     prometheus.Gauge
	nextDue      prometheus.Gauge
	publishedEnd *prometheus.GaugeVec // by granularity
	requests     prometheus.Gauge
	events       prometheus.Gauge
	days         *prometheus.GaugeVec // by table
	bytes        *prometheus.GaugeVec // by table

	mu     sync.Mutex
	health health
}

// The outcomes of runs and the verdicts on records, as label values.
const (
	outcomeOK     = "ok"
	outcomeFailed = "failed"

	verdictAccepted  = "accepted"
	verdictDuplicate = "duplicate"
	verdictIgnored   = "ignored"
	verdictRejected  = "rejected"
)

// NewMetrics returns metrics in a registry of their own, with those of the Go runtime and of the process beside them.
func NewMetrics() *Metrics {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: "engine_" + name, Help: help}
	}
	gauge := func(name, help string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{Name: "engine_" + name, Help: help}
	}
	m := &Metrics{
		registry:    prometheus.NewRegistry(),
		runs:        prometheus.NewCounterVec(counter("runs_total", "Runs of this worker by outcome, ok or failed."), []string{"outcome"}),
		inputs:      prometheus.NewCounter(counter("inputs_total", "Logs that were read and stored.")),
		inputBytes:  prometheus.NewCounter(counter("input_bytes_total", "Size of the logs that were read and stored, unpacked.")),
		records:     prometheus.NewCounterVec(counter("records_total", "Records of the logs by verdict, and by reason where they were ignored or rejected."), []string{"verdict", "reason"}),
		differences: prometheus.NewCounter(counter("check_differences_total", "Requests on which the classification and the reference classifier disagreed.")),
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "engine_step_duration_seconds", Help: "Duration of the steps of runs.",
			Buckets: prometheus.ExponentialBuckets(0.01, 4, 10), // to 44 minutes
		}, []string{"step"}),
		lastSuccess:  prometheus.NewGauge(gauge("last_success_timestamp_seconds", "When the last run that succeeded ended; 0: never.")),
		lastAttempt:  prometheus.NewGauge(gauge("last_attempt_timestamp_seconds", "When the last run ended, failed or not; 0: never.")),
		failures:     prometheus.NewGauge(gauge("consecutive_failures", "Runs that have failed since the last one that succeeded.")),
		nextDue:      prometheus.NewGauge(gauge("next_due_timestamp_seconds", "When the next run begins, be it on schedule or again after a failure.")),
		publishedEnd: prometheus.NewGaugeVec(gauge("published_period_end_timestamp_seconds", "End of the newest closed period that is published."), []string{"granularity"}),
		requests:     prometheus.NewGauge(gauge("stored_requests", "Requests in the data directory.")),
		events:       prometheus.NewGauge(gauge("stored_extension_events", "Extension events in the data directory.")),
		days:         prometheus.NewGaugeVec(gauge("stored_day_files", "Day files in the data directory, one per day with records."), []string{"table"}),
		bytes:        prometheus.NewGaugeVec(gauge("stored_bytes", "Size of the day files in the data directory."), []string{"table"}),
		health:       health{beat: time.Now()},
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.runs, m.inputs, m.inputBytes, m.records, m.differences, m.steps, m.lastSuccess, m.lastAttempt, m.failures, m.nextDue,
		m.publishedEnd, m.requests, m.events, m.days, m.bytes)
	// What is counted is there from the beginning, as 0, so that its first rise is seen.
	for _, outcome := range []string{outcomeOK, outcomeFailed} {
		m.runs.WithLabelValues(outcome)
	}
	for _, verdict := range []string{verdictAccepted, verdictDuplicate} {
		m.records.WithLabelValues(verdict, "")
	}
	return m
}

// observe adds a run that ended at a time, and takes the gauges from the data directory.
func (m *Metrics) observe(store *lake.Lake, run outcome, ended time.Time) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	m.health.ended(run.err)
	failures := m.health.failures
	m.mu.Unlock()
	m.lastAttempt.Set(seconds(ended))
	if run.err == nil {
		m.runs.WithLabelValues(outcomeOK).Inc()
		m.lastSuccess.Set(seconds(ended))
	} else {
		m.runs.WithLabelValues(outcomeFailed).Inc()
	}
	m.failures.Set(float64(failures))
	for _, done := range run.runs {
		m.differences.Add(float64(done.Check.Differences))
		for _, timing := range done.Timings {
			m.steps.WithLabelValues(label(timing.Step)).Observe(timing.Seconds)
		}
	}
	stored, err := store.Runs()
	if err != nil {
		return err
	}
	m.countInputs(run.runs, stored)
	m.describe(stored)
	return nil
}

// countInputs counts what runs have stored. A run that failed has stored nothing, and reads the same once more.
func (m *Metrics) countInputs(runs, stored []lake.Run) {
	known := map[string]bool{}
	for _, run := range stored {
		known[run.Run] = true
	}
	for _, run := range runs {
		if !known[run.Run] {
			continue
		}
		for _, input := range run.Inputs {
			m.inputs.Inc()
			m.inputBytes.Add(float64(input.Bytes))
			m.records.WithLabelValues(verdictAccepted, "").Add(float64(input.Accepted))
			m.records.WithLabelValues(verdictDuplicate, "").Add(float64(input.Duplicates))
			for reason, count := range input.Ignored {
				m.records.WithLabelValues(verdictIgnored, label(reason)).Add(float64(count))
			}
			for reason, count := range input.Rejects {
				m.records.WithLabelValues(verdictRejected, label(reason)).Add(float64(count))
			}
		}
	}
}

// name is what reasons and steps look like.
var name = regexp.MustCompile(`^[a-z][a-z_]{0,39}$`)

// label keeps everything but the engine's own words out of the labels.
func label(value string) string {
	if name.MatchString(value) {
		return value
	}
	return "other"
}

// seconds is a time as Prometheus has it, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
