package engine

import (
	"errors"
	"io"
	"math"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Accepted stamps lie in [minStamp, maxStamp): outside, a clock or a unit is wrong.
var (
	minStamp = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	maxStamp = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// stampLimits say which stamps are in place, in microseconds since 1970.
type stampLimits struct {
	MinUs, MaxUs int64 // possible at all: MinUs <= stamp < MaxUs
	PrunedUs     int64 // before it, requests were pruned, and are not counted again
	LateUs       int64 // before it, they are too late
	FutureUs     int64 // after it, they are in the future

	lateBefore period.Day // LateUs; empty: no bound
}

// stampLimits are the limits of this run's inputs, by kind. How late is too late
// depends on what is stored, not on the clock: after a long pause, or in a new
// data directory, old logs are in order.
func (s *session) stampLimits(request Request) (map[string]stampLimits, error) {
	limits := map[string]stampLimits{}
	for kind, table := range map[string]lake.Table{lake.KindRequests: lake.Requests, lake.KindExtensionEvents: lake.ExtensionEvents} {
		days, err := s.store.DaysOf(table)
		if err != nil {
			return nil, err
		}
		l := stampLimits{
			MinUs: minStamp.UnixMicro(), MaxUs: maxStamp.UnixMicro(), PrunedUs: math.MinInt64, LateUs: math.MinInt64,
			FutureUs: s.begun.Add(s.Config.FutureTolerance.Duration).UnixMicro(),
		}
		if kind == lake.KindRequests && s.horizon != "" {
			l.PrunedUs = s.horizon.Next().Time().UnixMicro()
		}
		if len(days) > 0 && s.Config.LateDays > 0 && !request.Readmit {
			newest := min(days[len(days)-1], period.DayOf(s.begun))
			l.bound(period.DayOf(newest.Time().AddDate(0, 0, -s.Config.LateDays)))
		}
		limits[kind] = l
	}
	return limits, nil
}

// bound makes requests before a day too late; "" lifts the bound.
func (l *stampLimits) bound(day period.Day) {
	l.lateBefore, l.LateUs = day, math.MinInt64
	if day != "" {
		l.LateUs = day.Time().UnixMicro()
	}
}

// limitsFor are the limits of one input. One that continues a log which the lake
// has keeps the bound with which that was first read: its first lines are in the
// lake and must not become too late by its growing.
func (l *loader) limitsFor(input *ingest.Input, kind string) (stampLimits, error) {
	limits := l.limitOf[kind]
	if limits.lateBefore == "" || input.Format == ingest.Parquet {
		return limits, nil
	}
	versions, err := shorterVersions(input, l.known.of(kind).live)
	for _, version := range versions {
		if version.LateBefore < limits.lateBefore {
			limits.bound(version.LateBefore)
		}
	}
	return limits, err
}

// sameMarks is how many marks two logs must share before one is read to find out
// whether it begins with the other.
const sameMarks = 16

// shorterVersions finds the logs that an input begins with. Most begin with none,
// which shows after one block.
func shorterVersions(input *ingest.Input, logs []lake.Input) ([]lake.Input, error) {
	var sizes []int64
	for _, log := range logs {
		sizes = append(sizes, log.Bytes)
	}
	reader, err := ingest.NewReader(input, 0, sizes)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var candidates []lake.Input
	for first := true; ; first = false {
		_, err := reader.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		var farthest int64
		if first {
			marks := reader.Marks()
			for _, log := range logs {
				begin := log.Marks[:min(len(log.Marks), sameMarks*ingest.MarkLength)]
				if begin != "" && strings.HasPrefix(marks, begin) {
					candidates = append(candidates, log)
				}
			}
		}
		for _, log := range candidates {
			farthest = max(farthest, log.Bytes)
		}
		if err != nil || reader.Bytes() >= farthest {
			break
		}
	}
	var found []lake.Input
	for _, log := range candidates {
		if reader.Prefix(log.Bytes) == log.SHA256 {
			found = append(found, log)
		}
	}
	return found, nil
}
