package lake

import (
	"errors"
	"fmt"

	"github.com/gofrs/flock"
)

// ErrLocked says that another run holds the lock.
var ErrLocked = errors.New("another run is writing to this data directory")

// Lock takes the lock that every writer holds, without waiting for it. The system releases it when the
// process ends, however it ends, so a lock file that lies around locks nobody out.
func (l *Lake) Lock() (release func() error, err error) {
	if err := l.writable("lock"); err != nil {
		return nil, err
	}
	path := l.path("lock")
	lock := flock.New(path)
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data directory with %s: %w", path, err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: it holds %s; wait until it has ended", ErrLocked, path)
	}
	return lock.Unlock, nil
}
