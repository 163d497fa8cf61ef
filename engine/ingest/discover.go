package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoMatch says that a glob or a directory names no file now, though it may later.
var ErrNoMatch = errors.New("matches no file")

// Discover returns the files that the patterns name: a file, every file below a
// directory, or the matches of a glob. Names that start with a dot are skipped
// inside directories. The result is sorted and free of repetitions; a pattern
// that names nothing is an error, because a nightly run without input would
// otherwise look like a quiet day. Errors name the flag that the patterns are of.
func Discover(flag string, patterns []string) ([]string, error) {
	var files []string
	for _, pattern := range patterns {
		found, err := discover(flag, pattern)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

func discover(flag, pattern string) ([]string, error) {
	info, err := os.Stat(pattern)
	switch {
	case err == nil && info.IsDir():
		return discoverDir(flag, pattern)
	case err == nil:
		return []string{filepath.Clean(pattern)}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read input %s: %w", pattern, err)
	}
	if link, err := os.Readlink(pattern); err == nil {
		return nil, fmt.Errorf("input %s is a link to %s, which does not exist; restore the file or remove the link", pattern, link)
	}
	if !strings.ContainsAny(pattern, "*?[") {
		return nil, fmt.Errorf("input %s does not exist; check the path of %s", pattern, flag)
	}
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("input pattern %q is malformed: %w", pattern, err)
	}
	var files []string
	for _, match := range matches {
		if strings.HasPrefix(filepath.Base(match), ".") && !strings.HasPrefix(filepath.Base(pattern), ".") {
			continue // as a shell does: half-copied files are hidden
		}
		found, err := discover(flag, match)
		if _, gone := os.Lstat(match); err != nil && errors.Is(gone, fs.ErrNotExist) {
			continue // renamed since
		}
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("input pattern %s %w; check the path of %s", pattern, ErrNoMatch, flag)
	}
	return files, nil
}

// emptyDirError is ErrNoMatch in the words for a directory.
type emptyDirError struct{ text string }

func (e *emptyDirError) Error() string        { return e.text }
func (e *emptyDirError) Is(target error) bool { return target == ErrNoMatch }

func discoverDir(flag, dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if path != dir && errors.Is(err, fs.ErrNotExist) {
			return nil // renamed since
		}
		if err != nil {
			return err
		}
		if path != dir && strings.HasPrefix(entry.Name(), ".") {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read input directory %s: %w", dir, err)
	}
	if len(files) == 0 {
		return nil, &emptyDirError{fmt.Sprintf("input directory %s holds no file; check the path of %s", dir, flag)}
	}
	return files, nil
}
