package account

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// From one address, five failures lock a name for 1, 2, 4 … 30 minutes, whether it exists or not.
func TestLockOfANameFromAnAddress(t *testing.T) {
	for _, name := range []string{"jane", "nobody", "\xff", ""} {
		w := newWorld(t)
		w.user("jane")
		for n := range 5 {
			_, err := w.login(name, "wrong")
			refused(t, fmt.Sprintf("%q, failure %d", name, n+1), err)
		}
		for _, minutes := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			before := w.hasher.evaluated.Load()
			_, err := w.login(name, goodPassword)
			if wait := limited(t, "the right password while locked", err); wait != minutes*time.Minute {
				t.Errorf("%q is locked for %s, want %d minutes", name, wait, minutes)
			}
			w.clock.add(minutes*time.Minute - 1)
			_, err = w.login(name, goodPassword)
			if wait := limited(t, "a moment before the end", err); wait != 1 {
				t.Errorf("%q is locked for %s more, want 1ns", name, wait)
			}
			if n := w.hasher.evaluated.Load(); n != before {
				t.Errorf("%q: %d hashes were evaluated while it was locked", name, n-before)
			}
			w.clock.add(1)
			_, err = w.login(name, "wrong")
			refused(t, "after the lock", err)
		}
		// Somebody else, and the same name from elsewhere, are not locked.
		if _, err := w.Login(context.Background(), "jane", goodPassword, netip.MustParseAddr("192.0.2.2")); err != nil {
			t.Errorf("%q from another address: %v", name, err)
		}
	}
}

func TestSuccessForgetsFailuresOfTheAddress(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	for range 3 {
		for range 4 {
			_, err := w.login("jane", "wrong")
			refused(t, "wrong password", err)
		}
		w.session("jane", goodPassword)
		w.clock.add(time.Minute)
	}
	// So does a day.
	for range 4 {
		_, err := w.login("jane", "wrong")
		refused(t, "wrong password", err)
	}
	w.clock.add(24 * time.Hour)
	for range 4 {
		_, err := w.login("jane", "wrong")
		refused(t, "a day later", err)
	}
	w.session("jane", goodPassword)
}

// 20 failures from everywhere lock a name for five minutes, whether it exists or not.
func TestLockOfANameFromEverywhere(t *testing.T) {
	for _, name := range []string{"jane", "nobody"} {
		w := newWorld(t)
		w.user("jane")
		from := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}) }
		for n := range 19 {
			_, err := w.Login(context.Background(), name, "wrong", from(n))
			refused(t, fmt.Sprint("failure ", n+1), err)
		}
		if name == "jane" { // one success changes nothing
			_, err := w.Login(context.Background(), name, goodPassword, from(100))
			w.must(err)
		}
		_, err := w.Login(context.Background(), name, "wrong", from(19))
		refused(t, "failure 20", err)
		before := w.hasher.evaluated.Load()
		_, err = w.Login(context.Background(), name, goodPassword, from(101))
		if wait := limited(t, "the right password while locked", err); wait != 5*time.Minute {
			t.Errorf("%s is locked for %s, want 5m", name, wait)
		}
		if n := w.hasher.evaluated.Load(); n != before {
			t.Errorf("%s: %d hashes were evaluated while it was locked", name, n-before)
		}
		w.clock.add(5 * time.Minute)
		_, err = w.Login(context.Background(), name, "wrong", from(101))
		refused(t, "after the lock", err)
	}
}

func TestLimitedErrorTellsWholeSeconds(t *testing.T) {
	for wait, want := range map[time.Duration]string{1: "in 1s", time.Second: "in 1s", time.Second + 1: "in 2s", 30 * time.Minute: "in 30m0s"} {
		wantError(t, wait.String(), LimitedError{wait}, "too many attempts to log in; try again "+want)
	}
}

// Failures that are 15 minutes old do not count towards the lock of a name.
func TestWindowOfAName(t *testing.T) {
	l := newLimiter(newClock().now)
	clock := newClock()
	l.now = clock.now
	for n := range 60 {
		try, err := l.begin("jane", netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}))
		if err != nil {
			t.Fatalf("attempt %d: %v", n, err)
		}
		if locked := try.fail(); locked != 0 {
			t.Fatalf("attempt %d locked for %s", n, locked)
		}
		clock.add(15 * time.Minute / 19) // of any 15 minutes 19 failures, or 20 with both ends
		if n%19 == 18 {
			clock.add(19 * time.Nanosecond) // what the division left out
		}
	}
}

// An address has 20 attempts, then one every 3 seconds; IPv6 addresses count by their /64.
func TestLimitOfAnAddress(t *testing.T) {
	for _, c := range []struct {
		what        string
		a, b, else_ string // b counts like a
	}{
		{"IPv4", "192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"mapped", "192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"},
		{"IPv6", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::1"},
		{"zone", "fe80::1%eth0", "fe80::2%eth1", "2001:db8::1"},
	} {
		clock := newClock()
		l := newLimiter(clock.now)
		a, b, other := netip.MustParseAddr(c.a), netip.MustParseAddr(c.b), netip.MustParseAddr(c.else_)
		for n := range 20 {
			if err := l.admit([]netip.Addr{a, b}[n%2]); err != nil {
				t.Fatalf("%s: attempt %d: %v", c.what, n+1, err)
			}
		}
		for range 3 {
			if wait := limited(t, c.what, l.admit(b)); wait != 3*time.Second {
				t.Errorf("%s: wait for %s, want 3s", c.what, wait)
			}
		}
		if err := l.admit(other); err != nil {
			t.Errorf("%s: another address: %v", c.what, err)
		}
		clock.add(2 * time.Second)
		if wait := limited(t, c.what, l.admit(a)); wait < 999*time.Millisecond || wait > 1001*time.Millisecond {
			t.Errorf("%s: wait for %s, want 1s", c.what, wait)
		}
		clock.add(time.Second + time.Millisecond)
		if err := l.admit(a); err != nil {
			t.Errorf("%s: after 3 seconds: %v", c.what, err)
		}
		limited(t, c.what, l.admit(a))
	}
	l := newLimiter(newClock().now)
	for range 20 {
		if err := l.admit(netip.Addr{}); err != nil {
			t.Fatal(err)
		}
	}
	limited(t, "no address", l.admit(netip.Addr{}))
}

// Of a hundred attempts at once no more are looked at than may fail one after the other.
func TestBruteForceAtOnce(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	var evaluated, stopped atomic.Int64
	before := w.hasher.evaluated.Load()
	var group sync.WaitGroup
	start := make(chan struct{})
	for n := range 100 {
		group.Go(func() {
			<-start
			_, err := w.Login(context.Background(), "jane", fmt.Sprint("wrong password ", n), netip.AddrFrom4([4]byte{192, 0, 2, 1}))
			var limit LimitedError
			switch {
			case errors.Is(err, ErrCredentials):
				evaluated.Add(1)
			case errors.As(err, &limit):
				stopped.Add(1)
			default:
				t.Errorf("Login = %v", err)
			}
		})
	}
	close(start)
	group.Wait()
	if n := evaluated.Load(); n > 5 || n != w.hasher.evaluated.Load()-before || n+stopped.Load() != 100 {
		t.Errorf("%d of 100 passwords were looked at and %d stopped, want 5 and 95", n, stopped.Load())
	}
	// From many addresses it is the limit of the name.
	w = newWorld(t)
	w.user("jane")
	before = w.hasher.evaluated.Load()
	for n := range 100 {
		group.Go(func() {
			_, _ = w.Login(context.Background(), "jane", "wrong", netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}))
		})
	}
	group.Wait()
	if n := w.hasher.evaluated.Load() - before; n > 20 {
		t.Errorf("%d passwords were looked at, want at most 20", n)
	}
}

// What is remembered is bounded, and what is not let in is not remembered.
func TestLimiterIsBounded(t *testing.T) {
	clock := newClock()
	l := newLimiter(clock.now)
	for n := range limiterSize + 100 {
		address := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		if err := l.admit(address); err != nil {
			t.Fatal(err)
		}
		try, err := l.begin(fmt.Sprint("user", n), address)
		if err != nil {
			t.Fatal(err)
		}
		try.fail()
		l.takeTry(fmt.Sprint(n))
	}
	for what, n := range map[string]int{"pairs": l.pairs.Len(), "names": l.names.Len(), "addresses": l.addresses.Len(), "tries": l.tries.Len()} {
		if n != limiterSize {
			t.Errorf("%d %s are remembered, want %d", n, what, limiterSize)
		}
	}
}

// However attempts of one name are mixed, begun and ended, no more than 5 from an address and 20 from
// everywhere are looked at before a lock, and nothing is left counted as being checked.
func TestLimiterProperty(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		clock := newClock()
		l := newLimiter(clock.now)
		var open []*attempt
		failed := map[byte]int{} // since the last success from the address
		recount := func() {
			for from := range byte(10) {
				if p, ok := l.pairs.Peek(pairKey{l.hash("JANE"), network(netip.AddrFrom4([4]byte{10, 0, 0, from}))}); ok {
					failed[from] = p.failures
				}
			}
		}
		for range rapid.IntRange(1, 80).Draw(r, "steps") {
			step := rapid.SampledFrom([]string{"begin", "begin", "fail", "fail", "succeed", "release"}).Draw(r, "step")
			switch step {
			case "begin":
				from := rapid.ByteRange(0, 9).Draw(r, "from")
				if try, err := l.begin("jane", netip.AddrFrom4([4]byte{10, 0, 0, from})); err == nil {
					if failed[from] >= 5 {
						r.Fatalf("let in after %d failures without a pause", failed[from])
					}
					open = append(open, try)
				}
			case "fail":
				if len(open) > 0 {
					try := open[0]
					open = open[1:]
					try.fail()
					recount()
				}
			case "succeed", "release":
				if len(open) > 0 {
					try := open[len(open)-1]
					open = open[:len(open)-1]
					if step == "succeed" {
						try.succeed()
					}
					try.release()
					recount()
				}
			}
			for _, p := range l.pairs.Values() {
				if p.failures+p.checking > 5 {
					r.Fatalf("%d failures and %d being checked from one address", p.failures, p.checking)
				}
			}
			for _, n := range l.names.Values() {
				if len(n.failures)+n.checking > 20 && n.lockedUntil.IsZero() {
					r.Fatalf("%d failures and %d being checked of one name", len(n.failures), n.checking)
				}
			}
		}
		for _, try := range open {
			try.release()
			try.fail() // has ended
		}
		for _, p := range l.pairs.Values() {
			if p.checking != 0 {
				r.Fatalf("%d are being checked", p.checking)
			}
		}
	})
}
