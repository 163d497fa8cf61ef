package worker

import (
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// load takes the gauges from what runs before have left, so that they do not begin anew with each worker.
func (m *Metrics) load(store *lake.Lake) error {
	if m == nil {
		return nil
	}
	runs, err := store.Runs()
	if err != nil {
		return err
	}
	m.describe(runs)
	var success, attempt time.Time
	for _, run := range runs {
		attempt = run.EndedAt
		if run.EndedWell() {
			success = run.EndedAt
		}
	}
	last, err := store.Attempt()
	if err != nil {
		return err
	}
	if last != nil {
		attempt = last.EndedAt
		if last.Error == "" {
			success = last.EndedAt
		}
		m.failures.Set(float64(last.Failures))
		m.mu.Lock()
		m.health.failures = last.Failures
		m.mu.Unlock()
	}
	m.lastSuccess.Set(seconds(success))
	m.lastAttempt.Set(seconds(attempt))
	return nil
}

// tables are the label values of what the lake stores.
const (
	tableRequests = "requests"
	tableEvents   = "extension_events"
)

// describe sets the gauges of what is stored and published. Runs are ascending, as the lake returns them.
func (m *Metrics) describe(runs []lake.Run) {
	requests, events := lake.StoredDays(runs), map[period.Day]lake.ExtensionDay{}
	for _, run := range runs {
		for _, day := range run.ExtensionDays {
			events[day.Day] = day
			if day.Removed {
				delete(events, day.Day)
			}
		}
	}
	var rows, bytes int64
	for _, day := range requests {
		rows += day.Requests
		bytes += day.Bytes
	}
	m.requests.Set(float64(rows))
	m.days.WithLabelValues(tableRequests).Set(float64(len(requests)))
	m.bytes.WithLabelValues(tableRequests).Set(float64(bytes))
	rows, bytes = 0, 0
	for _, day := range events {
		rows += day.Events
		bytes += day.Bytes
	}
	m.events.Set(float64(rows))
	m.days.WithLabelValues(tableEvents).Set(float64(len(events)))
	m.bytes.WithLabelValues(tableEvents).Set(float64(bytes))
	for granularity, end := range newestEnds(runs) {
		m.publishedEnd.WithLabelValues(string(granularity)).Set(seconds(end))
	}
}

// newestEnds are the ends of the newest periods that were over when they were published.
func newestEnds(runs []lake.Run) map[period.Granularity]time.Time {
	ends := map[period.Granularity]time.Time{}
	for _, run := range runs {
		for _, published := range run.Published {
			p, err := period.Parse(published.Period)
			if err != nil {
				continue // of a later version of the engine
			}
			if end := p.End(); !end.After(run.EndedAt) && end.After(ends[p.Granularity]) {
				ends[p.Granularity] = end
			}
		}
	}
	return ends
}
