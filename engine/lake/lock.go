package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked says that somebody else holds a lock.
var ErrLocked = errors.New("the data directory is in use")

const (
	lockFile       = "lock"
	workerLockFile = "worker.lock"

	lockPoll = 50 * time.Millisecond
	glance   = 3 * lockPoll
)

// Holder is who holds a lock, as the lock file says.
type Holder struct {
	// PID is the process, on Host.
	PID int `json:"pid"`
	// Host is the name of the machine.
	Host string `json:"host"`
	// Since is when the lock was taken.
	Since time.Time `json:"since"`
	// Command is what the process does, in words.
	Command string `json:"command"`
}

func (h Holder) String() string {
	if h.PID == 0 { // the file says nothing, or no sense
		return "another process"
	}
	return fmt.Sprintf("%s (process %d on %s, since %s)", h.Command, h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// Lock takes the lock that every writer holds; command says in words who takes it. When somebody else holds it,
// the error wraps ErrLocked and says who; with wait it is taken as soon as it is free or ctx ends. The system
// releases it when the process ends, however it ends, so a lock file that lies around locks nobody out.
func (l *Lake) Lock(ctx context.Context, command string, wait bool) (release func() error, err error) {
	return l.lock(ctx, lockFile, command, wait)
}

// LockWorker takes, in the same way, the lock that the one worker of a data directory holds as long as it lives.
func (l *Lake) LockWorker(ctx context.Context, command string, wait bool) (release func() error, err error) {
	return l.lock(ctx, workerLockFile, command, wait)
}

func (l *Lake) lock(ctx context.Context, name, command string, wait bool) (release func() error, err error) {
	if err := l.writable("lock"); err != nil {
		return nil, err
	}
	path := l.path(name)
	lock := flock.New(path)
	locked, err := lock.TryLock()
	if !locked && err == nil {
		waiting := ctx
		if !wait { // WorkerAlive looks at the lock for an instant
			var cancel context.CancelFunc
			waiting, cancel = context.WithTimeout(ctx, glance)
			defer cancel()
		}
		locked, err = lock.TryLockContext(waiting, lockPoll)
		if !wait && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			err = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock data directory with %s: %w", path, err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: %s holds %s; wait until it has ended, or let --wait do so", ErrLocked, holder(path), path)
	}
	// Only told to others: that it cannot be written, on a full disk, changes nothing.
	_ = writeHolder(path, command)
	return lock.Unlock, nil
}

// writeHolder writes into the lock file, in place: renaming another one over it would leave the lock behind.
func writeHolder(path, command string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	text, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second), Command: command})
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// holder says who holds a lock, as far as its file tells.
func holder(path string) string {
	var h Holder
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &h) != nil {
		h = Holder{}
	}
	return h.String()
}

// WorkerAlive reports whether a worker holds its lock now, and who it is.
func (l *Lake) WorkerAlive() (alive bool, by Holder) {
	alive, by, _ = l.heldBy(workerLockFile)
	return alive, by
}

// Holders are those who hold the locks of a data directory; nil: nobody.
type Holders struct{ Writer, Worker *Holder }

// Holders tells who works on the data directory now. The error wraps fs.ErrPermission where only the owner may know.
func (l *Lake) Holders() (Holders, error) {
	var holders Holders
	for name, holder := range map[string]**Holder{lockFile: &holders.Writer, workerLockFile: &holders.Worker} {
		held, by, err := l.heldBy(name)
		if err != nil {
			return Holders{}, fmt.Errorf("look who holds %s: %w", l.path(name), err)
		}
		if held {
			*holder = &by
		}
	}
	return holders, nil
}

// heldBy looks at a lock for an instant.
func (l *Lake) heldBy(name string) (held bool, by Holder, err error) {
	path := l.path(name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, Holder{}, nil
	}
	if err != nil {
		return false, Holder{}, err
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	if free, err := lock.TryRLock(); err != nil || free {
		_ = lock.Unlock()
		return false, Holder{}, err
	}
	if json.Unmarshal(text, &by) != nil {
		by = Holder{}
	}
	return true, by, nil
}
