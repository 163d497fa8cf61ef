package engine

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
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

// stampLimits say which stamps are in place.
type stampLimits struct {
	ingest.Limits
	late []lake.LateBound // before which days they are too late, by line
}

// beforeAll is before every stamp.
const beforeAll = math.MinInt64 + 1

// lateUs is the stamp before which the record of a line is too late.
func (l stampLimits) lateUs(line int64) int64 {
	for i, bound := range l.late {
		if i == len(l.late)-1 || line <= bound.Through {
			return boundUs(bound.Before)
		}
	}
	return beforeAll
}

func boundUs(before period.Day) int64 {
	if before == "" {
		return beforeAll
	}
	return before.Time().UnixMicro()
}

// LateUs is, in SQL, the stamp before which the record of a line is too late.
func (l stampLimits) LateUs() string {
	us := func(day period.Day) string { return fmt.Sprint(boundUs(day)) }
	if len(l.late) == 0 {
		return us("")
	}
	expression := ""
	for _, bound := range l.late {
		if bound.Through > 0 {
			expression += fmt.Sprintf(" when line <= %d then %s", bound.Through, us(bound.Before))
		}
	}
	rest := us(l.late[len(l.late)-1].Before)
	if expression == "" {
		return rest
	}
	return "case" + expression + " else " + rest + " end"
}

// stampLimits are the limits of this run's inputs, by kind. How late is too late
// depends on what is stored, not on the clock: after a long pause, or in a new
// data directory, old logs are in order. A load that was interrupted goes on with
// the limits that it began with.
func (s *session) stampLimits(request Request) (map[string]stampLimits, error) {
	unfinished := lake.Unfinished(s.runs)
	limits := map[string]stampLimits{}
	for kind, table := range map[string]lake.Table{lake.KindRequests: lake.Requests, lake.KindExtensionEvents: lake.ExtensionEvents} {
		l := stampLimits{Limits: ingest.Limits{
			MinUs: minStamp.UnixMicro(), MaxUs: maxStamp.UnixMicro(), PrunedUs: beforeAll,
			FutureUs: s.begun.Add(s.Config.FutureTolerance.Duration).UnixMicro(),
		}}
		if kind == lake.KindRequests && s.horizon != "" {
			l.PrunedUs = s.horizon.Next().Time().UnixMicro()
		}
		var before period.Day
		if unfinished != nil {
			before = unfinished.LateBefore[kind]
		} else {
			days, err := s.store.DaysOf(table)
			if err != nil {
				return nil, err
			}
			if len(days) > 0 && s.Config.LateDays > 0 {
				newest := min(days[len(days)-1], period.DayOf(s.begun))
				before = period.DayOf(newest.Time().AddDate(0, 0, -s.Config.LateDays))
			}
		}
		if before != "" && !request.Readmit {
			l.late = []lake.LateBound{{Before: before}}
		}
		limits[kind] = l
	}
	return limits, nil
}

// lateBefore are the bounds of limits that hold for all lines, by kind.
func lateBefore(limits map[string]stampLimits) map[string]period.Day {
	before := map[string]period.Day{}
	for kind, l := range limits {
		if len(l.late) > 0 {
			before[kind] = l.late[0].Before
		}
	}
	return before
}

// limitsFor are the limits of one input. Of one that continues a log which the lake
// has, the lines of that keep the bounds with which they were read first: they are
// in the lake and must not become too late by its growing.
func (l *loader) limitsFor(input *ingest.Input, kind string) (stampLimits, error) {
	limits := l.limitOf[kind]
	if len(limits.late) == 0 || input.Format == ingest.Parquet {
		return limits, nil
	}
	versions, err := shorterVersions(input, l.known[kind].live)
	if err != nil || len(versions) == 0 {
		return limits, err
	}
	longest := slices.MaxFunc(versions, func(a, b lake.Input) int { return cmp.Compare(a.Bytes, b.Bytes) })
	limits.late = grownBounds(longest, limits.late[0].Before)
	return limits, nil
}

// grownBounds are the bounds of a version, followed by that of the lines after it.
func grownBounds(version lake.Input, after period.Day) []lake.LateBound {
	bounds := slices.Clone(version.Late)
	if len(bounds) == 0 {
		bounds = []lake.LateBound{{}}
	}
	last := &bounds[len(bounds)-1]
	if last.Before == after {
		return bounds
	}
	last.Through = version.Lines
	return append(bounds, lake.LateBound{Before: after})
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
		if holdsRecords(log) && reader.Prefix(log.Bytes) == log.SHA256 {
			found = append(found, log)
		}
	}
	return found, nil
}
