package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
)

const (
	usersName = "users.json"
	keysName  = "keys.json"
	lockName  = "lock"

	// lockWait is how long a writer waits for others, which hold the lock for milliseconds.
	lockWait = 10 * time.Second
	lockPoll = 5 * time.Millisecond
)

// editUsers changes the users under the lock: edit gets what the file has now, and reports whether to
// write it. Nothing is written when it returns an error.
func (s *Store) editUsers(edit func(*usersFile) (write bool, err error)) error {
	return editFile(s, usersName, parseUsers, func(d *directory) usersFile { return d.file }, edit)
}

// editKeys changes the keys in the same way.
func (s *Store) editKeys(edit func(*keysFile) (write bool, err error)) error {
	return editFile(s, keysName, parseKeys, func(k *keySet) keysFile { return k.file }, edit)
}

// editFile changes a file that parse reads; fileOf is its content, as it is written.
func editFile[V, F any](s *Store, name string, parse func([]byte) (V, error), fileOf func(V) F, edit func(*F) (write bool, err error)) error {
	return s.locked(func() error {
		path := filepath.Join(s.dir, name)
		fresh := followed[V]{path: path, parse: parse}
		defer fresh.close()
		fresh.refresh()
		if fresh.err != nil {
			return fresh.err
		}
		file := fileOf(fresh.value)
		write, err := edit(&file)
		if err != nil || !write {
			return err
		}
		return s.replace(path, &file, func(content []byte) error { _, err := parse(content); return err })
	})
}

// locked runs a change under the lock of all processes, and sees its result at once.
func (s *Store) locked(change func() error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.makeDir(); err != nil {
		return err
	}
	path := filepath.Join(s.dir, lockName)
	_, statErr := os.Lstat(path)
	lock := flock.New(path, flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return fmt.Errorf("lock the users with %s: %w; see which process holds it", path, err)
	}
	defer func() { _ = lock.Unlock() }() // the system does so when the process ends
	if errors.Is(statErr, fs.ErrNotExist) {
		if err := s.giveToOwner(path); err != nil {
			return err
		}
	}
	err := change()
	s.mu.Lock()
	s.refresh()
	s.mu.Unlock()
	return err
}

// makeDir makes the data directory, for users may come before the first run, and its part for accounts.
func (s *Store) makeDir() error {
	if info, err := os.Stat(s.dir); err == nil && info.IsDir() {
		if info.Mode().Perm() == 0o700 {
			return nil
		}
		if err := os.Chmod(s.dir, 0o700); err != nil {
			return fmt.Errorf("close %s to others: %w; run as its owner", s.dir, err)
		}
		return nil
	}
	data := filepath.Dir(s.dir)
	err := os.MkdirAll(data, 0o755)
	if err == nil {
		err = os.Mkdir(s.dir, 0o700)
	}
	if errors.Is(err, fs.ErrExist) { // another process was faster
		err = nil
	}
	if err != nil {
		return fmt.Errorf("make %s: %w; choose a data directory in which this user may write", s.dir, err)
	}
	if err := s.giveToOwner(s.dir); err != nil {
		return err
	}
	return syncDir(data)
}

// replace writes a file whole or not at all. What could not be read again is not written.
func (s *Store) replace(path string, file any, check func(content []byte) error) error {
	content, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	content = append(content, '\n')
	if err := check(content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	s.removeUnfinished(path)
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(s.dir), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = pending.Cleanup() }() // the next writer does so, too
	_, err = pending.Write(content)
	if uid, gid, foreign := s.owner(); err == nil && foreign {
		err = pending.Chown(uid, gid)
	}
	if err == nil {
		err = pending.CloseAtomicallyReplace()
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// removeUnfinished removes what a writer left that was killed. The lock is held, so nobody else writes.
func (s *Store) removeUnfinished(path string) {
	left, _ := filepath.Glob(filepath.Join(s.dir, "."+filepath.Base(path)+"*")) // the pattern is a good one
	for _, name := range left {
		_ = os.Remove(name) // it does no harm
	}
}

// owner is whose the data directory is, when root writes into somebody else's: the server, which runs
// as its owner, could not read what belongs to root.
func (s *Store) owner() (uid, gid int, foreign bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	info, err := os.Stat(filepath.Dir(s.dir))
	if err != nil {
		return 0, 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}

func (s *Store) giveToOwner(path string) error {
	if uid, gid, foreign := s.owner(); foreign {
		if err := os.Lchown(path, uid, gid); err != nil {
			return fmt.Errorf("give %s to the owner of the data directory: %w", path, err)
		}
	}
	return nil
}

// syncDir waits until the names in a directory are on the disk, where the file system can do that.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}
