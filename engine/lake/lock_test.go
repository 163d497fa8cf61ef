package lake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func reopen(t *testing.T, l *Lake) *Lake {
	t.Helper()
	again, err := Open(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestLockIsHeldByOneAndSaysByWhom(t *testing.T) {
	first := openLake(t)
	second := reopen(t, first)
	for name, take := range map[string]func(*Lake, string, bool) (func() error, error){
		"writer": func(l *Lake, command string, wait bool) (func() error, error) {
			return l.Lock(t.Context(), command, wait)
		},
		"worker": func(l *Lake, command string, wait bool) (func() error, error) {
			return l.LockWorker(t.Context(), command, wait)
		},
	} {
		release, err := take(first, "run --schedule weekly", false)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = take(second, "run", false)
		if !errors.Is(err, ErrLocked) {
			t.Fatalf("%s: the second lock gave %v, want ErrLocked", name, err)
		}
		for _, want := range []string{"run --schedule weekly", fmt.Sprintf("process %d on ", os.Getpid()), "--wait"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
		waited := make(chan error)
		go func() {
			again, err := take(second, "run", true)
			if err == nil {
				err = again()
			}
			waited <- err
		}()
		select {
		case err := <-waited:
			t.Fatalf("%s: waiting ended with %v while the lock was held", name, err)
		case <-time.After(2 * glance):
		}
		if err := release(); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; err != nil {
			t.Fatalf("%s: waiting ended with %v", name, err)
		}
	}
}

func TestWaitingForALockEndsWithItsContext(t *testing.T) {
	l := openLake(t)
	release, err := l.Lock(t.Context(), "run", false)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), lockPoll)
	defer cancel()
	if _, err := reopen(t, l).Lock(ctx, "run", true); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the context's error", err)
	}
}

// A lock file of a process that is gone, whatever it says, locks nobody out.
func TestStaleLockFileDoesNotBlock(t *testing.T) {
	for _, text := range []string{"", `{"pid":1,"host":"elsewhere","command":"run"}`, "\x00\x00 torn"} {
		l := openLake(t)
		if err := os.WriteFile(l.path(lockFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		release, err := l.Lock(t.Context(), "run", false)
		if err != nil {
			t.Fatalf("lock file %q: %v", text, err)
		}
		release()
	}
}

func TestWorkerAlive(t *testing.T) {
	l := openLake(t)
	if alive, _ := l.WorkerAlive(); alive {
		t.Fatal("a worker is said to be alive where none ever was")
	}
	release, err := l.LockWorker(t.Context(), "run --schedule daily", false)
	if err != nil {
		t.Fatal(err)
	}
	alive, by := reopen(t, l).WorkerAlive()
	if !alive || by.PID != os.Getpid() || by.Command != "run --schedule daily" {
		t.Fatalf("got %v by %+v", alive, by)
	}
	release()
	if alive, _ := l.WorkerAlive(); alive {
		t.Fatal("a worker is said to be alive after its end")
	}
}
