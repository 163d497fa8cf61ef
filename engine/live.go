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
	"github.com/pullscope/pullscope/engine/turn"
)

// Live reads the lake for many at once, for as long as it is open, and follows the runs:
// whoever asks gets the lake as the newest run left it, and keeps that until they are done.
type Live struct {
	engine *Engine
	store  *lake.Lake
	// fewDays are not read into memory; tests take fewer.
	fewDays int
	end     context.Context // of opening a state; ended by Close
	stop    context.CancelFunc

	mu      sync.Mutex
	looked  time.Time // with the monotonic clock
	looking bool
	told    string // the error that was logged last
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
	l := &Live{engine: e, store: store, fewDays: fewDays}
	l.end, l.stop = context.WithCancel(context.Background())
	return l, nil
}

// Close gives no more states, and waits until those that there are have been released. What is being computed ends
// with the context of who asked for it.
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

// Engine is the engine whose data directory is read.
func (l *Live) Engine() *Engine { return l.engine }

// Now is the time by which periods are closed.
func (l *Live) Now() time.Time { return l.engine.now() }

// State is the lake as it is now; release it soon.
func (l *Live) State() (*LiveState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.end.Err(); err != nil {
		return nil, errors.New("read the lake: the engine is ending")
	}
	if l.current == nil {
		mark, err := l.store.Mark()
		if err != nil {
			return nil, err
		}
		first, err := l.openState(mark)
		if err != nil {
			return nil, err
		}
		l.current = first
		l.open.Add(1)
		l.looked = time.Now()
	}
	if !l.looking && time.Since(l.looked) >= lookAgain {
		l.looking = true
		l.open.Go(l.look)
	}
	l.current.users++
	return l.current, nil
}

// look opens the state that a run has left since, beside those who read the one before. Where that fails, the one
// before stays: it is older, and whole.
func (l *Live) look() {
	mark, err := l.store.Mark()
	l.mu.Lock()
	before := l.current
	l.mu.Unlock()
	var next *LiveState
	if err == nil && (before == nil || before.mark != mark) {
		next, err = l.openState(mark)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looked, l.looking = time.Now(), false
	switch {
	case err != nil:
		if text := err.Error(); text != l.told && l.end.Err() == nil {
			l.told = text
			l.engine.log().Error("the newest state of the lake cannot be read, the one before is served", "error", err)
		}
	case next != nil:
		l.told = ""
		l.open.Add(1)
		if l.current == nil || l.end.Err() != nil { // Close was faster
			next.release()
			return
		}
		l.current.release()
		l.current = next
	}
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
	tables      *actionTables
	heavy       chan struct{} // holds who computes what takes long

	users int // guarded by Live.mu; Live is one

	images       memo[[]Image]
	publications memo[[]Publication]
}

func (l *Live) openState(mark string) (s *LiveState, err error) {
	ctx := l.end
	q := &Querier{engine: l.engine}
	s = &LiveState{live: l, mark: mark, querier: q, users: 1, heavy: make(chan struct{}, 1), tables: newActionTables()}
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
	readable := append(l.store.PublicDirs(), q.snapshot.Dir())
	// The database holds what it is asked for, a pattern, against what it may read before it looks for files.
	return s, q.db.Restrict(ctx, slices.Concat(readable, duck.Paths(readable), q.snapshot.Paths()))
}

// Mark names the state: another one has another mark.
func (s *LiveState) Mark() string { return s.mark }

// isCurrent reports whether no run has changed days or reports since the state was taken. Runs finish before they take
// their commits away, so the mark is looked at last.
func (s *LiveState) isCurrent() (bool, error) {
	settled, err := s.live.store.IsSettled()
	if err != nil || !settled {
		return false, err
	}
	mark, err := s.live.store.Mark()
	return mark == s.mark, err
}

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
	go func() { // others need not wait
		defer s.live.open.Done()
		if err := s.close(); err != nil {
			s.live.engine.log().Error("what was read of the lake cannot be let go of", "error", err)
		}
	}()
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
	return s.connected(ctx, func(db *duck.DB) error {
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
	})
}

// exec runs a statement of our own.
func (s *LiveState) exec(ctx context.Context, statement string) error {
	return s.connected(ctx, func(db *duck.DB) error { return db.Exec(ctx, statement) })
}

// connected waits for a connection that is free.
func (s *LiveState) connected(ctx context.Context, do func(*duck.DB) error) error {
	select {
	case db := <-s.connections:
		defer func() { s.connections <- db }()
		return do(db)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// memo remembers what was computed once for a key. What failed is computed again.
type memo[V any] struct {
	turns turn.Keys

	mu    sync.Mutex
	known map[string]V
}

func (m *memo[V]) get(ctx context.Context, key string, compute func() (V, error)) (V, error) {
	return turn.Once(ctx, &m.turns, key, func() (V, bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		value, ok := m.known[key]
		return value, ok
	}, func() (V, error) {
		value, err := compute()
		if err != nil {
			return value, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.known == nil {
			m.known = map[string]V{}
		}
		m.known[key] = value
		return value, nil
	})
}

func (m *memo[V]) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, key)
}
