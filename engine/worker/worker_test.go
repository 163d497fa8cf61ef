package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
)

// More than a year, with the week 2026-W53, which is published on 2027-01-04, and 29 February 2028. The first run is
// the one that catches up.
func TestScheduledYear(t *testing.T) {
	const begin, end = "2026-12-01T10:30", "2028-03-10T12:00"
	var hours, days, weeks []string
	for hour := at("2026-12-01T11:00"); hour.Before(at("2026-12-03T12:00")); hour = hour.Add(time.Hour) {
		hours = append(hours, hour.Format(time.RFC3339))
	}
	// 31 days of December, the 365 of 2027 and 31 + 29 + 10 of 2028, less 1 December.
	for n := range 31 + 365 + 31 + 29 + 10 - 1 {
		days = append(days, time.Date(2026, 12, 2+n, 1, 0, 0, 0, time.UTC).Format(time.RFC3339))
	}
	// 7 December 2026 is a Monday, as is 6 March 2028, 65 weeks later.
	for n := range 66 {
		weeks = append(weeks, time.Date(2026, 12, 7+7*n, 1, 0, 0, 0, time.UTC).Format(time.RFC3339))
	}
	if days[len(days)-1] != "2028-03-10T01:00:00Z" || weeks[4] != "2027-01-04T01:00:00Z" || weeks[65] != "2028-03-06T01:00:00Z" {
		t.Fatalf("the lists are wrong: %s, %s, %s", days[len(days)-1], weeks[4], weeks[65])
	}
	for _, test := range []struct {
		schedule string
		end      string
		want     []string
	}{
		{"hourly", "2026-12-03T11:30", hours},
		{"daily", end, days},
		{"weekly", end, weeks},
		{"monthly", end, []string{
			"2027-01-01T01:00", "2027-02-01T01:00", "2027-03-01T01:00", "2027-04-01T01:00", "2027-05-01T01:00", "2027-06-01T01:00",
			"2027-07-01T01:00", "2027-08-01T01:00", "2027-09-01T01:00", "2027-10-01T01:00", "2027-11-01T01:00", "2027-12-01T01:00",
			"2028-01-01T01:00", "2028-02-01T01:00", "2028-03-01T01:00",
		}},
		{"59 23 28-31 * *", "2027-05-01T00:00", []string{
			"2026-12-28T23:59", "2026-12-29T23:59", "2026-12-30T23:59", "2026-12-31T23:59", "2027-01-28T23:59", "2027-01-29T23:59",
			"2027-01-30T23:59", "2027-01-31T23:59", "2027-02-28T23:59", "2027-03-28T23:59", "2027-03-29T23:59", "2027-03-30T23:59",
			"2027-03-31T23:59", "2027-04-28T23:59", "2027-04-29T23:59", "2027-04-30T23:59",
		}},
		{"30 0 12 29 2 *", end, []string{"2028-02-29T12:00:30"}},
	} {
		t.Run(test.schedule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := simulate(t, begin, test.schedule, time.Hour, nothing)
				s.start()
				s.until(test.end)
				s.end()
				s.checkBegun(append([]string{begin}, test.want...)...)
			})
		})
	}
}

// All hours of a leap February, and the ends of it.
func TestEveryHourOfALeapFebruary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2028-02-01T00:00", "hourly", 0, nothing)
		s.start()
		s.until("2028-03-01T00:59:59")
		s.end()
		if want := 29*24 + 1; len(s.begun) != want {
			t.Fatalf("%d runs, want %d", len(s.begun), want)
		}
		for n, begun := range s.begun {
			if want := at("2028-02-01").Add(time.Duration(n) * time.Hour); !begun.Equal(want) {
				t.Fatalf("run %d at %s, want %s", n, begun, want)
			}
		}
	})
}

func TestWorkerTellsWhatItDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-01T10:00", "weekly", time.Hour, func(context.Context, int) ([]lake.Run, error) {
			began := time.Now()
			time.Sleep(90 * time.Second)
			return []lake.Run{{
				Run: "000007-20270101T100000Z", StartedAt: began, EndedAt: time.Now(),
				Inputs:    []lake.Input{{Accepted: 5, Rejected: 1}, {Accepted: 6}},
				Published: []lake.Published{{Changed: true}, {Changed: false}, {Changed: true}},
			}}, nil
		})
		s.start()
		state, err := s.Lake.WorkerState()
		if err != nil {
			t.Fatal(err)
		}
		host, _ := os.Hostname()
		want := lake.WorkerState{PID: os.Getpid(), Host: host, Schedule: "weekly", StartedAt: at("2027-01-01T10:00"), NextDue: at("2027-01-04T01:00")}
		if *state != want {
			t.Errorf("worker.json says %+v, want %+v", *state, want)
		}
		if alive, by := s.Lake.WorkerAlive(); !alive || by.Command != "a worker with schedule weekly" {
			t.Errorf("the lock is held: %t, by %s", alive, by)
		}
		s.until("2027-01-04T01:00:01")
		s.checkNext("2027-01-11T01:00", false)
		s.until("2027-01-04T02:00")
		s.end()
		if state, err = s.Lake.WorkerState(); err != nil || !state.StoppedAt.Equal(at("2027-01-04T02:00")) {
			t.Errorf("worker.json says %+v, %v", state, err)
		}
		if alive, _ := s.Lake.WorkerAlive(); alive {
			t.Error("the lock is still held")
		}
		checkLog(t, s.log.String(), `msg="the worker starts" schedule=weekly next=2027-01-04T01:00:00.000Z`,
			`msg="run done" run=000007-20270101T100000Z inputs=2 accepted=11 rejected=1 published=2 seconds=90`,
			`msg="waiting for the next run" next=2027-01-11T01:00:00.000Z`, `msg="the worker has ended"`)
	})
}

// What was not over when the run began is published by the one that follows it, not
// an hour, or with another schedule a month, later.
func TestDueTimesDuringARunAreServedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-03-28T00:30", "hourly", 0, func(_ context.Context, n int) ([]lake.Run, error) {
			if n == 0 {
				time.Sleep(2*time.Hour + 10*time.Minute)
			}
			return nil, nil
		})
		s.start()
		s.until("2027-03-28T02:20")
		s.checkNext("2027-03-28T03:00", false)
		s.until("2027-03-28T04:30")
		s.end()
		s.checkBegun("2027-03-28T00:30", "2027-03-28T02:40", "2027-03-28T03:00", "2027-03-28T04:00")
		if n := strings.Count(s.log.String(), "skipped a due time"); n != 2 {
			t.Errorf("%d skips are logged, want 2:\n%s", n, &s.log)
		}
		checkLog(t, s.log.String(), "skipped=2027-03-28T01:00:00.000Z next=2027-03-28T02:00:00.000Z", "skipped=2027-03-28T02:00:00.000Z")
	})
}

func TestFailedRunsAreRepeated(t *testing.T) {
	fails := func(until int) func(context.Context, int) ([]lake.Run, error) {
		return func(_ context.Context, n int) ([]lake.Run, error) {
			if n < until {
				return nil, errors.New("disk full")
			}
			return nil, nil
		}
	}
	t.Run("ever more slowly", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, "2027-01-05T00:00", "weekly", 0, fails(9))
			s.start()
			s.checkNext("2027-01-05T00:01", true)
			s.until("2027-01-05T00:16")
			s.checkNext("2027-01-05T00:31", true)
			s.until("2027-01-05T04:00")
			s.checkNext("2027-01-05T04:03", true)
			s.until("2027-01-05T04:04")
			s.checkNext("2027-01-11T00:00", false)
			s.until("2027-01-12T00:00")
			s.end()
			s.checkBegun("2027-01-05T00:00", "2027-01-05T00:01", "2027-01-05T00:03", "2027-01-05T00:07", "2027-01-05T00:15",
				"2027-01-05T00:31", "2027-01-05T01:03", "2027-01-05T02:03", "2027-01-05T03:03", // that one fails, too
				"2027-01-05T04:03", "2027-01-11T00:00")
			checkLog(t, s.log.String(), `level=ERROR msg="run failed" error="disk full"`, `msg="the failed run is repeated" at=2027-01-05T00:01:00.000Z failures=1`, "at=2027-01-05T04:03:00.000Z failures=9")
		})
	})
	t.Run("not later than they are due", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, "2027-01-05T00:30", "hourly", 0, fails(1000))
			s.start()
			s.until("2027-01-05T00:46")
			s.checkNext("2027-01-05T01:00", false) // a minute before it would be repeated
			s.until("2027-01-05T03:30")
			s.end()
			s.checkBegun("2027-01-05T00:30", "2027-01-05T00:31", "2027-01-05T00:33", "2027-01-05T00:37", "2027-01-05T00:45",
				"2027-01-05T01:00", "2027-01-05T01:32", "2027-01-05T02:00", "2027-01-05T03:00")
		})
	})
	t.Run("soon again after a success", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, "2027-01-05T00:00", "daily", 0, func(_ context.Context, n int) ([]lake.Run, error) {
				if n == 2 || n == 4 {
					return nil, nil
				}
				return nil, errors.New("disk full")
			})
			s.start()
			s.until("2027-01-06T00:01:30")
			s.end()
			s.checkBegun("2027-01-05T00:00", "2027-01-05T00:01", "2027-01-05T00:03", "2027-01-06T00:00", "2027-01-06T00:01")
		})
	})
}

func TestPanicIsAFailedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		s := simulate(t, "2027-01-05T00:00", "daily", 0, func(_ context.Context, n int) ([]lake.Run, error) {
			if n == 0 {
				var none []int
				_ = none[n]
			}
			return nil, nil
		})
		s.Notify = func(_ context.Context, _ []lake.Run, failed error) { told = append(told, failed) }
		s.start()
		s.checkNext("2027-01-05T00:01", true)
		s.until("2027-01-05T00:02")
		s.end()
		s.checkBegun("2027-01-05T00:00", "2027-01-05T00:01")
		if len(told) != 2 || told[0] == nil || !strings.Contains(told[0].Error(), "the run panicked: runtime error: index out of range") || told[1] != nil {
			t.Errorf("told: %v", told)
		}
		checkLog(t, s.log.String(), "the run panicked", "index out of range", "TestPanicIsAFailedRun.func1.1", "run failed")
	})
}

func TestReload(t *testing.T) {
	hangUp := func(s *simulation, reload func() (Schedule, error)) {
		s.Reload = reload
		s.reloads <- syscall.SIGHUP
		synctest.Wait()
	}
	t.Run("another schedule", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, "2027-01-05T00:30", "weekly", time.Hour, nothing)
			s.start()
			hangUp(s, func() (Schedule, error) { return ParseSchedule("daily", 2*time.Hour) })
			s.checkNext("2027-01-05T02:00", false)
			s.until("2027-01-06T03:00")
			hangUp(s, func() (Schedule, error) { return Schedule{}, nil }) // keeps it
			s.checkNext("2027-01-07T02:00", false)
			s.end()
			s.checkBegun("2027-01-05T00:30", "2027-01-05T02:00", "2027-01-06T02:00")
			if state, _ := s.Lake.WorkerState(); state.Schedule != "daily" {
				t.Errorf("worker.json has schedule %q", state.Schedule)
			}
			checkLog(t, s.log.String(), `msg="the settings were read again" schedule=daily next=2027-01-05T02:00:00.000Z`)
		})
	})
	t.Run("settings that are wrong", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, "2027-01-05T00:30", "daily", time.Hour, nothing)
			s.start()
			hangUp(s, func() (Schedule, error) { return mustParse(t, "hourly", 0), errors.New("line 3 is wrong") })
			s.checkNext("2027-01-05T01:00", false)
			s.until("2027-01-05T12:00")
			s.end()
			s.checkBegun("2027-01-05T00:30", "2027-01-05T01:00")
			checkLog(t, s.log.String(), `level=ERROR msg="the settings cannot be read again, the old ones stay" error="line 3 is wrong"`)
		})
	})
	t.Run("after a failure", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var mended bool
			s := simulate(t, "2027-01-05T00:00", "daily", 0, func(context.Context, int) ([]lake.Run, error) {
				if !mended {
					return nil, errors.New("no such database")
				}
				return nil, nil
			})
			s.start()
			s.until("2027-01-05T00:20")
			hangUp(s, func() (Schedule, error) { return Schedule{}, errors.New("line 3 is wrong") })
			s.checkNext("2027-01-05T00:31", true)
			mended = true
			hangUp(s, func() (Schedule, error) { return Schedule{}, nil })
			s.checkNext("2027-01-06T00:00", false)
			s.end()
			s.checkBegun("2027-01-05T00:00", "2027-01-05T00:01", "2027-01-05T00:03", "2027-01-05T00:07", "2027-01-05T00:15", "2027-01-05T00:20")
		})
	})
	t.Run("during a run that fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, "2027-01-05T00:00", "daily", 0, func(_ context.Context, n int) ([]lake.Run, error) {
				time.Sleep(10 * time.Minute)
				if n == 0 {
					return nil, errors.New("no such database")
				}
				return nil, nil
			})
			s.start()
			s.until("2027-01-05T00:05")
			hangUp(s, func() (Schedule, error) { return Schedule{}, nil })
			s.until("2027-01-05T01:00")
			s.end()
			s.checkBegun("2027-01-05T00:00", "2027-01-05T00:10")
		})
	})
}

func TestShutdownWaitsForTheRun(t *testing.T) {
	for name, failed := range map[string]error{"interrupted": context.Canceled, "done all the same": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told int
				s := simulate(t, "2027-01-05T00:00", "* * * * * *", 0, func(ctx context.Context, _ int) ([]lake.Run, error) {
					<-ctx.Done()
					time.Sleep(3 * time.Second) // to let go of everything
					return nil, failed
				})
				s.Notify = func(context.Context, []lake.Run, error) { told++ }
				s.start()
				s.until("2027-01-05T00:00:02.5Z")
				s.end()
				if want := at("2027-01-05T00:00:05.5Z"); !time.Now().Equal(want) {
					t.Errorf("the worker ended at %s, want %s", time.Now(), want)
				}
				s.checkBegun("2027-01-05T00:00")
				if state, _ := s.Lake.WorkerState(); state.StoppedAt.IsZero() || state.Retry {
					t.Errorf("worker.json says %+v", state)
				}
				if want := map[bool]int{true: 1, false: 0}[failed == nil]; told != want {
					t.Errorf("%d outcomes were told, want %d", told, want)
				}
			})
		})
	}
}

func TestTwoWorkersOnOneDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := simulate(t, "2027-01-05T00:00", "daily", 0, nothing)
		first.start()
		second := simulate(t, "2027-01-05T00:00", "hourly", 0, nothing)
		second.Lake = openLake(t, first.Lake.Dir())
		err := second.Run(t.Context())
		if !errors.Is(err, lake.ErrLocked) {
			t.Fatalf("the second worker ended with %v", err)
		}
		for _, part := range []string{"a worker with schedule daily", fmt.Sprintf("process %d on ", os.Getpid()), "worker.lock", "--wait"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
		second.Wait = true
		second.start()
		time.Sleep(time.Hour)
		if len(second.begun) > 0 {
			t.Error("the second worker has not waited")
		}
		first.end()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(second.begun) != 1 {
			t.Errorf("the second worker began %d runs, want 1", len(second.begun))
		}
		// One that waits ends in good order, too.
		third := simulate(t, "2027-01-05T01:00:01", "hourly", 0, nothing)
		third.Lake, third.Wait = openLake(t, first.Lake.Dir()), true
		third.start()
		third.end()
		second.end()
	})
}

func TestStateThatCannotBeWrittenIsWrittenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-05T00:30:30", "daily", time.Hour, nothing)
		inTheWay := filepath.Join(s.Lake.Dir(), "worker.json", "x")
		if err := os.MkdirAll(inTheWay, 0o755); err != nil {
			t.Fatal(err)
		}
		s.start()
		s.until("2027-01-05T00:40")
		if err := os.RemoveAll(filepath.Dir(inTheWay)); err != nil {
			t.Fatal(err)
		}
		s.until("2027-01-05T00:41")
		s.checkNext("2027-01-05T01:00", false)
		s.end()
		if n := strings.Count(s.log.String(), "worker.json cannot be written"); n != 1 {
			t.Errorf("it is logged %d times:\n%s", n, &s.log)
		}
	})
}

// A grace that gets shorter between the two due times brings the run forward, it does not lose it.
func TestReloadBetweenTwoGraces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-03T12:00", "weekly", time.Hour, nothing)
		s.Reload = func() (Schedule, error) { return ParseSchedule("weekly", 10*time.Minute) }
		s.start()
		s.until("2027-01-04T00:30")
		s.reloads <- syscall.SIGHUP
		s.until("2027-01-04T06:00")
		s.checkNext("2027-01-11T00:10", false)
		s.end()
		s.checkBegun("2027-01-03T12:00", "2027-01-04T00:30")
	})
}

// A run ends at the very moment of the next due time.
func TestRunsThatEndWhenTheNextIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-05T00:00:00", "@every 1s", 0, func(context.Context, int) ([]lake.Run, error) {
			time.Sleep(time.Second)
			return nil, nil
		})
		s.start()
		s.until("2027-01-05T00:10")
		s.end()
		if n := len(s.begun); n < 300 || n > 601 {
			t.Errorf("%d runs of a second each in ten minutes", n)
		}
	})
}
