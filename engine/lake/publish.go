package lake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	stagingPrefix = ".staging-"
	linkPrefix    = ".latest"       // a link that was to take the place of another
	asidePrefix   = ".staging-old." // a published directory, for the moment in which the new one takes its place
)

// exchange swaps two directories at once; tests replace it with one that the file system does not support.
var exchange = exchangeDirs

// PublishDir puts a finished directory of plain files at target, whole or not at all. When target already
// holds the same files with the same bytes, the staged directory is removed and changed is false. The staged
// directory lies beside target, is named .staging-*, and is gone afterwards.
func PublishDir(staged, target string) (changed bool, err error) {
	changed, err = publish(staged, target)
	if err != nil {
		return changed, fmt.Errorf("publish %s: %w", target, err)
	}
	return changed, nil
}

func publish(staged, target string) (changed bool, err error) {
	names, err := plainFiles(staged)
	if err != nil {
		return false, err
	}
	published, err := isDir(target)
	if err != nil {
		return false, err
	}
	if published {
		if same, err := sameFiles(staged, target, names); err != nil {
			return false, err
		} else if same {
			return false, removeTree(staged)
		}
	}
	if err := prepare(staged, filepath.Dir(target), names); err != nil {
		return false, err
	}
	if err := replaceDir(staged, target, published); err != nil {
		return false, err
	}
	return true, removeTree(staged) // by now it is the old directory, if there was one
}

// prepare makes the parent of the target, gives the staged directory its mode (temporary directories are made
// for their owner only, reports are for readers) and syncs what is staged.
func prepare(staged, parent string, names []string) error {
	if err := makeDir(parent, 0o755); err != nil {
		return err
	}
	info, err := os.Stat(parent)
	if err != nil {
		return err
	}
	if err := os.Chmod(staged, info.Mode().Perm()); err != nil {
		return err
	}
	for _, name := range names {
		if err := syncFile(filepath.Join(staged, name)); err != nil {
			return err
		}
	}
	return syncDir(staged)
}

// replaceDir renames the staged directory to target, or swaps the two where target is published already.
func replaceDir(staged, target string, published bool) error {
	parent := filepath.Dir(target)
	if !published {
		if err := rename(staged, target); err != nil {
			return err
		}
		return syncDir(parent)
	}
	if err := beforeStep("exchange " + target); err != nil {
		return err
	}
	err := exchange(staged, target)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = replaceAside(staged, target)
	}
	if err != nil {
		return err
	}
	return syncDir(parent)
}

// replaceAside is for systems that cannot exchange: target is away for a moment, and a crash in this moment
// is mended by CleanStaging.
func replaceAside(staged, target string) error {
	aside := filepath.Join(filepath.Dir(target), asidePrefix+filepath.Base(target))
	if err := removeTree(aside); err != nil { // target is there, so this would be an older one
		return err
	}
	if err := rename(target, aside); err != nil {
		return err
	}
	if err := rename(staged, target); err != nil {
		return errors.Join(err, rename(aside, target))
	}
	return removeTree(aside)
}

// CleanStaging removes what publishing that crashed has left anywhere below a directory of reports, and puts
// back a published directory that was moved aside.
func CleanStaging(reportsDir string) error {
	err := filepath.WalkDir(reportsDir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing published yet, or removed meanwhile
		}
		if err != nil {
			return err
		}
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), stagingPrefix) && !strings.HasPrefix(entry.Name(), linkPrefix) {
			return nil
		}
		if err := cleanLeftover(path, entry.Name()); err != nil {
			return err
		}
		return fs.SkipDir
	})
	if err != nil {
		return fmt.Errorf("clean up unfinished reports below %s: %w", reportsDir, err)
	}
	return nil
}

func cleanLeftover(path, name string) error {
	if base, aside := strings.CutPrefix(name, asidePrefix); aside && base != "" {
		target := filepath.Join(filepath.Dir(path), base)
		if published, err := exists(target); err != nil {
			return err
		} else if !published {
			return errors.Join(rename(path, target), syncDir(filepath.Dir(path)))
		}
	}
	return removeTree(path)
}

// isDir reports whether there is a directory at path; anything else there is an error.
func isDir(path string) (bool, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return false, fmt.Errorf("%s is in the way and is not a directory; move it away", path)
	}
	return true, nil
}

// plainFiles returns the names of the files in a directory, sorted. Anything but a plain file is an error.
func plainFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			return nil, fmt.Errorf("%s is not a plain file", filepath.Join(dir, entry.Name()))
		}
		names = append(names, entry.Name())
	}
	return names, nil
}

// sameFiles reports whether target holds the named files of staged, byte by byte, and nothing else.
func sameFiles(staged, target string, names []string) (bool, error) {
	entries, err := os.ReadDir(target)
	if err != nil {
		return false, err
	}
	sameEntry := func(entry fs.DirEntry, name string) bool {
		return entry.Name() == name && entry.Type().IsRegular()
	}
	if !slices.EqualFunc(entries, names, sameEntry) {
		return false, nil
	}
	for _, name := range names {
		same, err := sameBytes(filepath.Join(staged, name), filepath.Join(target, name))
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// sameBytes compares two files without holding either of them in memory.
func sameBytes(a, b string) (bool, error) {
	fileA, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer fileA.Close()
	fileB, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer fileB.Close()
	infoA, errA := fileA.Stat()
	infoB, errB := fileB.Stat()
	if err := errors.Join(errA, errB); err != nil {
		return false, err
	}
	if infoA.Size() != infoB.Size() {
		return false, nil
	}
	return sameStreams(fileA, fileB)
}

func sameStreams(a, b io.Reader) (bool, error) {
	const block = 1 << 16
	blockA, blockB := make([]byte, block), make([]byte, block)
	for {
		sizeA, errA := io.ReadFull(a, blockA)
		sizeB, errB := io.ReadFull(b, blockB)
		endA, endB := isEnd(errA), isEnd(errB)
		switch {
		case errA != nil && !endA, errB != nil && !endB:
			return false, errors.Join(errA, errB)
		case endA != endB || !bytes.Equal(blockA[:sizeA], blockB[:sizeB]):
			return false, nil
		case endA:
			return true, nil
		}
	}
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
