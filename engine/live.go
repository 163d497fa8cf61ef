package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// Live reads the lake for many at once, for as long as it is open, and follows the runs:
// whoever asks gets the lake as the newest run left it, and keeps that until they are done.
type Live struct {
	engine *Engine
	store  *lake.Lake
	end    context.Context // of everything that is computed for several who ask
	stop   context.CancelFunc

	mu      sync.Mutex
	looked  time.Time // with the monotonic clock
	current *LiveState
	open    sync.WaitGroup // states that somebody has
}

// lookAgain is how long a new run may go unseen.
const lookAgain = 500 * time.Millisecond

// OpenLive begins. The data directory must be there.
func (e *Engine) OpenLive() (*Live, error) {
	if err := e.Config.Validate(); err != nil {
		return nil, &UsageError{err}
	}
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return nil, err
	}
	l := &Live{engine: e, store: store}
	l.end, l.stop = context.WithCancel(context.Background())
	return l, nil
}

// Close ends what is being computed, and waits until the states are released.
func (l *Live) Close() error {
	l.stop()
	l.mu.Lock()
	state := l.current
	l.current = nil
	l.mu.Unlock()
	if state != nil {
		state.Release()
	}
	l.open.Wait()
	return nil
}

// Config is what the lake is read with.
func (l *Live) Config() *Config { return &l.engine.Config }

// Now is the time by which periods are closed.
func (l *Live) Now() time.Time { return l.engine.now() }

// State is the lake as it is now; release it soon.
func (l *Live) State() (*LiveState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.end.Err(); err != nil {
		return nil, errors.New("read the lake: the engine is ending")
	}
	if l.current == nil || time.Since(l.looked) >= lookAgain {
		if err := l.look(); err != nil {
			return nil, err
		}
	}
	l.current.users++
	return l.current, nil
}

// look opens the state that a run has left since. Where that fails, the one before stays: it is older, and whole.
func (l *Live) look() error {
	mark, err := l.store.Mark()
	if err == nil && (l.current == nil || l.current.mark != mark) {
		var next *LiveState
		if next, err = l.openState(mark); err == nil {
			if l.current != nil {
				l.current.release()
			}
			l.current = next
			l.open.Add(1)
		}
	}
	if err != nil && l.current == nil {
		return err
	}
	if err != nil {
		l.engine.log().Error("the newest state of the lake cannot be read, the one before is served", "error", err)
	}
	l.looked = time.Now()
	return nil
}

// LiveState is one state of the lake for many readers at once.
type LiveState struct {
	live    *Live
	mark    string
	querier *Querier
	pruned  period.Day // up to this day requests were pruned; empty: none
	// connections are those that nobody uses.
	connections chan *duck.DB
	siblings    []*duck.DB
	cache       *fileCache
	heavy       chan struct{} // holds who computes what takes long

	users int // guarded by Live.mu; Live is one

	images       memo[string, []Image]
	publications memo[string, []Publication]
}

func (l *Live) openState(mark string) (s *LiveState, err error) {
	ctx := l.end
	q := &Querier{engine: l.engine}
	s = &LiveState{live: l, mark: mark, querier: q, users: 1, heavy: make(chan struct{}, 1)}
	if q.snapshot, err = l.store.Snapshot(); err != nil {
		return nil, err
	}
	opened := s // what is returned with an error is nil
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	if err := q.open(ctx, filepath.Join(q.snapshot.Dir(), "spill")); err != nil {
		return nil, err
	}
	runs, err := q.snapshot.Manifests()
	if err != nil {
		return nil, err
	}
	s.pruned = prunedUntil(runs, q.snapshot.Days(lake.Requests))
	s.connections = make(chan *duck.DB, max(2, l.engine.Config.threads()))
	for range cap(s.connections) {
		sibling, err := q.db.Sibling(ctx)
		if err != nil {
			return nil, err
		}
		s.siblings = append(s.siblings, sibling)
		s.connections <- sibling
	}
	if s.cache, err = newFileCache(filepath.Join(q.snapshot.Dir(), "cache"), int64(l.engine.Config.Serve.CacheSize)); err != nil {
		return nil, err
	}
	return s, q.db.Restrict(ctx, slices.Concat(l.store.PublicDirs(), []string{q.snapshot.Dir()}, q.snapshot.Paths()))
}

// Mark names the state: another one has another mark.
func (s *LiveState) Mark() string { return s.mark }

// Release says that the caller does not use the state any more.
func (s *LiveState) Release() {
	s.live.mu.Lock()
	defer s.live.mu.Unlock()
	s.release()
}

func (s *LiveState) release() {
	if s.users--; s.users > 0 {
		return
	}
	defer s.live.open.Done()
	if err := s.close(); err != nil {
		s.live.engine.log().Error("what was read of the lake cannot be let go of", "error", err)
	}
}

func (s *LiveState) close() error {
	var errs []error
	for _, sibling := range s.siblings {
		errs = append(errs, sibling.Close())
	}
	return errors.Join(append(errs, s.querier.Close())...)
}

// query runs a query of our own on a connection that is free, and scans each row into dest before yield.
func (s *LiveState) query(ctx context.Context, query string, args []any, dest []any, yield func()) error {
	var db *duck.DB
	select {
	case db = <-s.connections:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.connections <- db }()
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return fmt.Errorf("read the result: %w", err)
		}
		yield()
	}
	return rows.Err()
}

// memo remembers what was computed once for a key. What failed is computed again.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]*remembered[V]
}

type remembered[V any] struct {
	mu    sync.Mutex
	done  bool
	value V
}

func (m *memo[K, V]) get(key K, compute func() (V, error)) (V, error) {
	m.mu.Lock()
	if m.known == nil {
		m.known = map[K]*remembered[V]{}
	}
	r := m.known[key]
	if r == nil {
		r = &remembered[V]{}
		m.known[key] = r
	}
	m.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return r.value, nil
	}
	value, err := compute()
	if err == nil {
		r.value, r.done = value, true
	}
	return value, err
}
