package cloud

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// skipped reports whether a name in the folder is none of a list: hidden, a
// backup, a text for people or an unfinished download.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") ||
		slices.ContainsFunc([]string{"~", ".md", ".tmp", ".part"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// listFiles returns the paths of what is in the folder, sorted by name; none when
// there is no folder.
func listFiles(dir string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the folder of cloud ranges: %w", err)
	}
	var paths []string
	for _, entry := range entries {
		if !skipped(entry.Name()) {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	return paths, nil
}

// readFile returns the text of a file and when what was read was written. Links to
// files are followed.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read cloud ranges: %w", err)
	}
	if info.IsDir() {
		return nil, info, fmt.Errorf("%s: the folder of cloud ranges has a subfolder, which is not read; move its files up or remove it", path)
	}
	if !info.Mode().IsRegular() {
		return nil, info, fmt.Errorf("%s: this is no regular file; remove it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, info, fmt.Errorf("read cloud ranges: %w", err)
	}
	return text, info, nil
}

// rangesOrigin describes a file; its list is nil when it could not be read.
func rangesOrigin(path string, text []byte, l *list) origin.Origin {
	o := origin.Origin{Kind: origin.Ranges, Name: filepath.Base(path), SHA256: hashOf(text)}
	if l != nil {
		o.Type, o.Built, o.Entries = l.format, l.built, int64(len(l.prefixes))
	}
	return o
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
