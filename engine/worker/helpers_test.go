package worker

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
)

func openLake(t *testing.T, dir string) *lake.Lake {
	t.Helper()
	l, err := lake.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *buffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func checkLog(t *testing.T, log string, want ...string) {
	t.Helper()
	for _, part := range want {
		if !strings.Contains(log, part) {
			t.Errorf("the log does not say %q:\n%s", part, log)
		}
	}
}

// simulation is a worker in a bubble of testing/synctest, whose clock stands still while anybody works.
type simulation struct {
	*Worker
	t       *testing.T
	log     buffer
	reloads chan os.Signal
	begun   []time.Time  // by the worker's clock
	jump    atomic.Int64 // how far the clock is ahead, in nanoseconds
	stop    context.CancelFunc
	ended   chan error
}

// simulate makes a worker, to be started at a time. Its runs call do with their number, from 0.
func simulate(t *testing.T, begin, schedule string, grace time.Duration, do func(ctx context.Context, n int) ([]lake.Run, error)) *simulation {
	t.Helper()
	time.Sleep(time.Until(at(begin)))
	s := &simulation{t: t, reloads: make(chan os.Signal, 1), ended: make(chan error, 1)}
	s.Worker = &Worker{
		Lake: openLake(t, t.TempDir()), Schedule: mustParse(t, schedule, grace), Log: s.log.logger(),
		Reloads: s.reloads, Reload: func() (Schedule, error) { return Schedule{}, nil },
		Now: func() time.Time { return time.Now().Add(time.Duration(s.jump.Load())) },
	}
	s.Do = func(ctx context.Context) ([]lake.Run, error) {
		s.begun = append(s.begun, s.now())
		return do(ctx, len(s.begun)-1)
	}
	return s
}

func (s *simulation) start() {
	ctx, stop := context.WithCancel(s.t.Context())
	s.stop = stop
	go func() { s.ended <- s.Run(ctx) }()
	synctest.Wait()
}

// until lets time pass, by the clock of the bubble, and then lets everybody finish what they do.
func (s *simulation) until(text string) {
	s.t.Helper()
	if d := time.Until(at(text)); d < 0 {
		s.t.Fatalf("it is %s already", time.Now())
	} else {
		time.Sleep(d)
	}
	synctest.Wait()
}

// end stops the worker and wants it to say that all is well.
func (s *simulation) end() {
	s.t.Helper()
	s.stop()
	if err := <-s.ended; err != nil {
		s.t.Errorf("the worker ended with %v", err)
	}
}

// checkBegun wants runs at these times, and no others.
func (s *simulation) checkBegun(want ...string) {
	s.t.Helper()
	for n := range max(len(want), len(s.begun)) {
		switch {
		case n >= len(s.begun):
			s.t.Errorf("there is no run %d, at %s", n, want[n])
		case n >= len(want):
			s.t.Errorf("run %d at %s should not be", n, s.begun[n])
		case !s.begun[n].Equal(at(want[n])):
			s.t.Errorf("run %d at %s, want %s", n, s.begun[n], want[n])
		}
	}
}

// checkNext wants worker.json to say when the next run begins.
func (s *simulation) checkNext(want string, retry bool) {
	s.t.Helper()
	state, err := s.Lake.WorkerState()
	if err != nil || state == nil {
		s.t.Fatalf("no state: %v", err)
	}
	if !state.NextDue.Equal(at(want)) || state.Retry != retry {
		s.t.Errorf("the next run is at %s (again: %t), want %s (%t)", state.NextDue, state.Retry, want, retry)
	}
}

func nothing(context.Context, int) ([]lake.Run, error) { return nil, nil }
