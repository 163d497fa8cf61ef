package worker

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// named are the schedules that wait for periods to be closed, as cron says them without the grace.
var named = map[string]string{
	"daily":   "0 0 * * *",
	"weekly":  "0 0 * * 1",
	"monthly": "0 0 1 * *",
}

// parser reads cron expressions. They mean the location of the times that Next is asked with, which is UTC here.
var parser = cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// Schedule is when runs are due. The zero value is no schedule; ParseSchedule makes one.
type Schedule struct {
	text  string
	cron  cron.Schedule
	grace time.Duration // behind what cron says
}

// ParseSchedule reads hourly (minute 0), daily (00:00), weekly (Monday 00:00), monthly (the first, 00:00), or a cron
// expression: five fields, minute hour day month weekday, or six with the seconds first, or one such as @daily or
// @every 90m. Times are UTC. Daily, weekly and monthly runs are due when the grace has passed, however long it is.
// The error says what is wrong and what is accepted.
func ParseSchedule(text string, grace time.Duration) (Schedule, error) {
	s := Schedule{text: strings.Join(strings.Fields(text), " ")}
	expression := s.text
	if s.text == "hourly" {
		expression = "0 * * * *"
	} else if base, ok := named[s.text]; ok {
		expression, s.grace = base, grace
	}
	if strings.Contains(expression, "TZ=") {
		return Schedule{}, badSchedule(text, "the time zone is always UTC; leave out TZ= and CRON_TZ=")
	}
	var err error
	if s.cron, err = parser.Parse(expression); err != nil {
		return Schedule{}, badSchedule(text, err.Error())
	}
	if every, ok := strings.CutPrefix(expression, "@every "); ok {
		if delay, err := time.ParseDuration(every); err != nil || delay < time.Second {
			return Schedule{}, badSchedule(text, "the shortest time between two runs is 1s")
		}
	}
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, badSchedule(text, "there is no such day, so it would never run")
	}
	return s, nil
}

func badSchedule(text, why string) error {
	return fmt.Errorf("schedule %q is not understood: %s; take hourly, daily, weekly, monthly or a cron expression in UTC, "+
		"such as \"30 2 * * 1\" (minute hour day month weekday, seconds may come first) or @daily", text, why)
}

// String is the schedule as it was given, such as weekly.
func (s Schedule) String() string { return s.text }

// cron looks five years ahead, but 29 February may be eight years away, and on a given weekday forty.
const (
	lookAhead = 5
	looks     = 8
)

// Next returns the first due time after t, in UTC; the zero time when there is none.
func (s Schedule) Next(t time.Time) time.Time {
	// Without the monotonic clock, which stands still while a machine sleeps.
	t = t.Round(0).UTC().Add(-s.grace)
	for range looks {
		if next := s.cron.Next(t); !next.IsZero() {
			return next.Add(s.grace)
		}
		// One second earlier, because what is asked for comes after it.
		t = time.Date(t.Year()+lookAhead, 1, 1, 0, 0, -1, 0, time.UTC)
	}
	return time.Time{}
}
