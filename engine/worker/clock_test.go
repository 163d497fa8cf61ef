package worker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
)

// A machine that slept, or whose clock was set forward, makes one run up for all that it missed, within a minute.
func TestClockJumpsForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-05T00:30", "daily", time.Hour, nothing)
		s.start()
		s.until("2027-01-05T10:00:10")
		s.jump.Store(int64(3*24*time.Hour + 20*time.Second)) // slept until 8 January 10:00:30
		s.until("2027-01-05T10:01:10")
		s.checkNext("2027-01-09T01:00", false)
		s.until("2027-01-06T03:00") // on the 9th
		s.end()
		if len(s.begun) != 4 || s.begun[2].Before(at("2027-01-08T10:00:30")) || s.begun[2].After(at("2027-01-08T10:01:30")) {
			t.Fatalf("runs at %s, want the third at 2027-01-08T10:01 and four", s.begun)
		}
		s.begun[2] = at("2027-01-08T10:01")
		s.checkBegun("2027-01-05T00:30", "2027-01-05T01:00", "2027-01-08T10:01", "2027-01-09T01:00")
	})
}

// A due time that lies ahead again is not served again.
func TestClockIsSetBackBehindADueTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-05T00:30", "hourly", 0, nothing)
		s.start()
		s.until("2027-01-05T03:00:10")
		s.jump.Store(int64(-30 * time.Minute)) // it is 02:30 again
		s.until("2027-01-05T03:02")
		s.checkNext("2027-01-05T04:00", false)
		s.until("2027-01-05T04:40")
		s.end()
		s.checkBegun("2027-01-05T00:30", "2027-01-05T01:00", "2027-01-05T02:00", "2027-01-05T03:00", "2027-01-05T04:00")
	})
}

// A clock that was a year ahead for a while loses no due time of that year.
func TestClockIsAheadForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-05T00:30", "hourly", 0, nothing)
		s.start()
		s.until("2027-01-05T00:40")
		s.jump.Store(int64(365 * 24 * time.Hour))
		s.until("2027-01-05T00:45")
		s.checkNext("2028-01-05T01:00", false)
		s.jump.Store(0)
		s.until("2027-01-05T00:47")
		// The run at 00:41 of the other year was that of 01:00, the first due time that had passed.
		s.checkNext("2027-01-05T02:00", false)
		s.until("2027-01-05T03:30")
		s.end()
		if len(s.begun) != 4 || s.begun[1].Year() != 2028 {
			t.Fatalf("runs at %s", s.begun)
		}
		s.begun[1] = at("2028-01-05")
		s.checkBegun("2027-01-05T00:30", "2028-01-05", "2027-01-05T02:00", "2027-01-05T03:00")
	})
}

// A clock that is set back does not put off the repetition of a failed run.
func TestClockIsSetBackBeforeARepetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-05T12:00", "weekly", 0, func(_ context.Context, n int) ([]lake.Run, error) {
			if n == 0 {
				return nil, errors.New("disk full")
			}
			return nil, nil
		})
		s.start()
		s.until("2027-01-05T12:00:30")
		s.jump.Store(int64(-48 * time.Hour))
		s.until("2027-01-05T12:03")
		s.end()
		if len(s.begun) != 2 || !s.begun[1].Equal(at("2027-01-03T12:02")) {
			t.Errorf("runs at %s, want the second at 2027-01-03T12:02, a minute after the clock was seen to be back", s.begun)
		}
	})
}

// Small corrections, to and fro around a due time, serve it once.
func TestClockWobbles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, "2027-01-05T00:30", "hourly", 0, nothing)
		s.start()
		time.Sleep(time.Second / 2) // the worker never looks at the clock at the moment that it is set
		for n := range 3 * 3600 {
			s.jump.Store(int64(time.Duration(n%5-2) * 700 * time.Millisecond))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		s.end()
		if len(s.begun) != 4 {
			t.Fatalf("runs at %s, want those at 00:30, 01:00, 02:00 and 03:00", s.begun)
		}
		for n, begun := range s.begun[1:] {
			if late := begun.Sub(at("2027-01-05").Add(time.Duration(n+1) * time.Hour)); late < 0 || late > 5*time.Second {
				t.Errorf("run %d is %s late", n+1, late)
			}
		}
	})
}
