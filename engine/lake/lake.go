package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	rejectsDir = "rejects"
	runsDir    = "runs"
	reportsDir = "reports"
	scratchDir = "scratch"
)

// Lake is one data directory.
type Lake struct {
	dir      string
	readOnly bool // opened by OpenExisting: nothing is created or changed
	// noRejects hides the quarantine, whose lines hold addresses.
	noRejects bool
}

// Open opens a data directory for writing and creates what is missing of it.
func Open(dir string) (*Lake, error) {
	l := &Lake{dir: filepath.Clean(dir)}
	for _, sub := range []struct {
		name string
		mode fs.FileMode
	}{
		{"", 0o755}, {Requests.name, 0o755}, {ExtensionEvents.name, 0o755}, {runsDir, 0o755}, {reportsDir, 0o755},
		{rejectsDir, 0o700}, {scratchDir, 0o700}, // these two hold raw lines, and so addresses
	} {
		path := l.path(sub.name)
		if err := makeDir(path, sub.mode); err != nil {
			return nil, fmt.Errorf("create data directory %s: %w; choose a directory in which this user may write", path, err)
		}
		if err := unix.Access(path, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
			return nil, fmt.Errorf("open data directory: %s is not writable: %w; run as its owner or choose another directory", path, err)
		}
	}
	return l, nil
}

// OpenExisting opens a data directory for reading. It creates nothing, now or later.
func OpenExisting(dir string) (*Lake, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open data directory: there is no directory %s; load some logs first or name another one: %w", dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open data directory: %s is a file; name the directory that holds the data", dir)
	}
	return &Lake{dir: filepath.Clean(dir), readOnly: true}, nil
}

// HideRejects lets snapshots show no quarantined lines, and PublicDirs no place of them.
func (l *Lake) HideRejects() { l.noRejects = true }

// Dir returns the path of the data directory.
func (l *Lake) Dir() string { return l.dir }

// path returns the path of something in the data directory.
func (l *Lake) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

// writable returns an error when the lake was opened for reading.
func (l *Lake) writable(verb string) error {
	if l.readOnly {
		return fmt.Errorf("%s: data directory %s was opened for reading only", verb, l.dir)
	}
	return nil
}

// Scratch returns the directory for temporary files of the database and creates it. Recover removes it, so
// ask for it afterwards. A lake opened for reading returns the path and creates nothing.
func (l *Lake) Scratch() string {
	path := l.path(scratchDir, "tmp")
	if !l.readOnly {
		// What goes wrong here, the first write below the directory reports with the path.
		_ = os.MkdirAll(path, 0o700)
	}
	return path
}

// list returns the entries of a directory of the lake, sorted by name; none when it is not there yet.
func (l *Lake) list(name string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(l.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}
