package lake

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

const keyBytes = 32

// Key returns the key of the hashes that stand for addresses and users, and makes it on first use. A key
// that was made is never replaced: other hashes would not match the stored days any more.
func (l *Lake) Key() ([]byte, error) {
	path := l.path("key")
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := l.writable("make key"); err != nil {
		return nil, err
	}
	days, err := l.Days()
	if err != nil {
		return nil, err
	}
	if len(days) > 0 {
		return nil, fmt.Errorf("read key: %s is missing, but %d days are stored whose hashes were made with it; "+
			"restore the file from a backup or load into a new data directory", path, len(days))
	}
	if err := l.makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make key %s: %w", path, err)
	}
	return readKey(path) // ours, or that of a process that was faster
}

func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	// The content stays out of the message: most of a damaged key may still be the key.
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("read key: %s is damaged, it should hold %d hex digits; restore it from a backup", path, 2*keyBytes)
	}
	return key, nil
}

// makeKey writes a new key beside and links it into place, which fails with fs.ErrExist where there is one.
func (l *Lake) makeKey(path string) error {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	file, err := os.CreateTemp(l.path(scratchDir), "key-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, file.Chmod(0o600), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := beforeStep("link " + path); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); errors.Is(err, fs.ErrExist) {
		return errors.Join(err, remove(file.Name()))
	} else if err != nil {
		// Some file systems have no links. The lock keeps other first users away.
		if err := rename(file.Name(), path); err != nil {
			return err
		}
	}
	if err := remove(file.Name()); err != nil {
		return err
	}
	return syncDir(l.dir)
}
