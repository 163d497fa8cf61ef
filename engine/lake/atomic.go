package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// beforeStep is called before each system call that changes or syncs a file, with a verb and a path. Tests
// replace it to stop there, as a crash would: nothing cleans up behind a step that failed.
var beforeStep = func(step string) error { return nil }

// makeDir creates a directory and its missing parents, each of them synced into its parent.
func makeDir(path string, mode fs.FileMode) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := makeDir(parent, 0o755); err != nil {
			return err
		}
	}
	if err := beforeStep("mkdir " + path); err != nil {
		return err
	}
	if err := os.Mkdir(path, mode); errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
			return nil // somebody else was faster
		}
		return err
	} else if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// rename moves a file or directory over what is at to. The caller syncs the directories.
func rename(from, to string) error {
	if err := beforeStep("rename " + to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// remove removes a file or an empty directory; it is no error when there is none.
func remove(path string) error {
	if err := beforeStep("remove " + path); err != nil {
		return err
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeTree removes a directory with everything in it; it is no error when there is none.
func removeTree(path string) error {
	if err := beforeStep("remove " + path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// writeFile writes path whole or not at all. The unfinished file lies in scratch, where Recover finds it.
func writeFile(path string, content []byte, scratch string) error {
	if err := beforeStep("write " + path); err != nil {
		return err
	}
	if err := renameio.WriteFile(path, content, 0o644, renameio.WithTempDir(scratch)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncFile waits until the content of a file is on the disk.
func syncFile(path string) error {
	if err := beforeStep("sync " + path); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// syncDir waits until the names in a directory are on the disk, where the file system can do that.
func syncDir(path string) error {
	err := syncFile(path)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// fileState is the size and the hash of a file.
type fileState struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// stateOf reads a file and returns its size and hash.
func stateOf(path string) (fileState, error) {
	file, err := os.Open(path)
	if err != nil {
		return fileState{}, err
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return fileState{}, fmt.Errorf("read %s: %w", path, err)
	}
	return fileState{Bytes: size, SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}

// exists reports whether there is anything at path.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
