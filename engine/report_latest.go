package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"

	"github.com/pullscope/pullscope/reports"
)

// latestLink stands beside the periods of a publisher and leads to the newest
// one that is closed.
const latestLink = "latest"

// pointLatest makes the link in a directory of periods lead to the newest closed
// one, also when an older one was published just now.
func pointLatest(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the user removed all of it
	}
	if err != nil {
		return fmt.Errorf("link the latest reports: %w", err)
	}
	var newest string
	for _, entry := range slices.Backward(entries) { // sorted by name, so by date
		if _, err := time.Parse(time.DateOnly, entry.Name()); err != nil {
			continue
		}
		manifest, err := reports.ReadManifest(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		if manifest != nil && !manifest.Open {
			newest = entry.Name()
			break
		}
	}
	link := filepath.Join(dir, latestLink)
	target, err := os.Readlink(link)
	switch {
	case err == nil && target == newest:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("link the latest reports: %s is in the way: %w; remove it", link, err)
	case newest == "":
		if err == nil {
			return os.Remove(link)
		}
		return nil
	}
	if err := renameio.Symlink(newest, link); err != nil {
		return fmt.Errorf("link the latest reports: %w", err)
	}
	return nil
}
