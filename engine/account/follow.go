package account

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// maxFile is in bytes, more than a hundred thousand users take.
const maxFile = 64 << 20

// followed is the content of a file that other processes replace.
type followed[T any] struct {
	path  string
	parse func(content []byte) (T, error)

	// file is what was read. It stays open so that no file that takes its place gets its inode.
	file  *os.File
	state fileState
	value T
	err   error // wraps ErrUnavailable
}

// fileState tells one content of a file from another.
type fileState struct {
	info     fs.FileInfo
	size     int64
	modified time.Time
}

func (a fileState) equal(b fileState) bool {
	return a.info != nil && b.info != nil && os.SameFile(a.info, b.info) && a.size == b.size && a.modified.Equal(b.modified)
}

func stateOf(info fs.FileInfo) fileState { return fileState{info, info.Size(), info.ModTime()} }

// refresh reads the file when it is another one than the last time. A file that cannot be read has an
// error and no content, never the content of before.
func (f *followed[T]) refresh() {
	if f.file != nil {
		if info, err := os.Stat(f.path); err == nil && stateOf(info).equal(f.state) {
			return
		}
		f.close()
	}
	f.value, f.err = f.read()
}

func (f *followed[T]) read() (value T, err error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f.parse(nil)
	}
	if err != nil {
		return value, fmt.Errorf("%w: %w; let the owner of the data directory read it", ErrUnavailable, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	var content []byte
	if err == nil {
		content, err = io.ReadAll(io.LimitReader(file, maxFile+1))
	}
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("it has more than %d bytes", maxFile)
	}
	if err == nil && len(bytes.TrimSpace(content)) == 0 {
		err = errors.New("it is empty") // and so no content of a file that is missing
	}
	if err == nil {
		value, err = f.parse(content)
	}
	if info == nil {
		return value, errors.Join(unreadable(f.path, err), file.Close())
	}
	f.file, f.state = file, stateOf(info)
	if err != nil {
		var none T
		return none, unreadable(f.path, err)
	}
	return value, nil
}

func unreadable(path string, err error) error {
	return fmt.Errorf("%w: read %s: %w; restore the file from a backup", ErrUnavailable, path, err)
}

func (f *followed[T]) close() {
	if f.file != nil {
		_ = f.file.Close() // only read
	}
	f.file, f.state = nil, fileState{}
}
