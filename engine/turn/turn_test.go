package turn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// Of many who want the same, one at a time has its turn; other keys do not wait.
func TestTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys Keys
		done, err := keys.Take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		working, worked := 0, 0
		for range 20 {
			wait.Go(func() {
				done, err := keys.Take(t.Context(), "a")
				if err != nil {
					t.Error(err)
					return
				}
				if working++; working != 1 {
					t.Errorf("%d have the turn", working)
				}
				working--
				worked++
				done()
			})
		}
		synctest.Wait()
		if worked != 0 {
			t.Errorf("%d had a turn that somebody else has", worked)
		}
		other, err := keys.Take(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		other()
		done()
		wait.Wait()
		if worked != 20 || len(keys.keys) != 0 {
			t.Errorf("%d of 20 had their turn, and %d keys are left", worked, len(keys.keys))
		}
	})
}

// Who does not wait any longer leaves the others their turn.
func TestTakeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys Keys
		done, err := keys.Take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := keys.Take(ctx, "a")
			failed <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("waiting ended with %v", err)
		}
		done()
		if done, err = keys.Take(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		done()
		if len(keys.keys) != 0 {
			t.Errorf("%d keys are left", len(keys.keys))
		}
	})
}
