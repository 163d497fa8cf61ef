// Package turn lets those who want the same thing wait for each other: one computes it, the others find it computed.
package turn

import (
	"context"
	"sync"
)

// Keys hands out turns by key. The zero value is ready.
type Keys struct {
	mu   sync.Mutex
	keys map[string]*queue
}

type queue struct {
	turn chan struct{} // holds who has it
	size int           // who has it or waits
}

// Take waits until nobody else has the turn of the key, or ctx ends. Whoever took it calls done.
func (k *Keys) Take(ctx context.Context, key string) (done func(), err error) {
	k.mu.Lock()
	if k.keys == nil {
		k.keys = map[string]*queue{}
	}
	q := k.keys[key]
	if q == nil {
		q = &queue{turn: make(chan struct{}, 1)}
		k.keys[key] = q
	}
	q.size++
	k.mu.Unlock()
	leave := func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if q.size--; q.size == 0 {
			delete(k.keys, key)
		}
	}
	select {
	case q.turn <- struct{}{}:
		return func() {
			<-q.turn
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// Once is what find knows under a key, else what compute makes of it, one at a time: who waited finds what the one
// before computed. What failed is computed again by the next.
func Once[V any](ctx context.Context, k *Keys, key string, find func() (V, bool), compute func() (V, error)) (V, error) {
	if value, ok := find(); ok {
		return value, nil
	}
	done, err := k.Take(ctx, key)
	if err != nil {
		var none V
		return none, err
	}
	defer done()
	if value, ok := find(); ok {
		return value, nil
	}
	return compute()
}
