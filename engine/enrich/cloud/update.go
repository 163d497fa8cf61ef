package cloud

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/google/renameio/v2"
)

// UpdateOptions say how files are downloaded. The zero value is usable.
type UpdateOptions struct {
	// Client makes the requests; nil: one with the defaults of net/http. Its own limit
	// on redirects is replaced by 5.
	Client *http.Client
	// MaxBytes is the most that a file may have, unpacked; 0: 64 MiB.
	MaxBytes int64
	// Timeout is for one file with all redirects and retries; 0: 60 seconds.
	Timeout time.Duration
	// Retries is how often a failed request is made again; 0: 2, negative: never.
	Retries int

	retryWait time.Duration // before the first retry, then twice as long each
}

func (o UpdateOptions) withDefaults() UpdateOptions {
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	o.MaxBytes = cmp.Or(o.MaxBytes, 64<<20)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.Retries = max(cmp.Or(o.Retries, 2), 0)
	o.retryWait = cmp.Or(o.retryWait, time.Second)
	return o
}

// Updated is what became of one source.
type Updated struct {
	// Source is the source.
	Source Source
	// Bytes is the size of the file that was downloaded, Prefixes the number of its
	// prefixes and Built the date that it says itself. They are also set when the file
	// was refused because it shrank.
	Bytes    int64
	Prefixes int64
	Built    string
	// Changed says that the file in the folder was written anew.
	Changed bool
	// Err says why there is no new file; the old one, if any, is as it was.
	Err error
}

// Update downloads the sources one after the other to the folder, which is made
// when it does not exist. A file is replaced as a whole and only by one that Open
// can read and that has at least half as many prefixes; one that is still the same
// gets the present time as its time of modification. When a source fails, the
// others go on, and the joined error says which failed. report, if not nil, hears
// of each source that was tried. Once ctx is done no further source is tried.
func Update(ctx context.Context, dir string, sources []Source, options UpdateOptions, report func(Updated)) error {
	seen := map[string]bool{}
	for _, source := range sources {
		if err := source.check(); err != nil {
			return fmt.Errorf("source %s: %w", source.File, err)
		}
		if seen[source.File] {
			return fmt.Errorf("source %s: two sources have this file name; give each its own", source.File)
		}
		seen[source.File] = true
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of cloud ranges: %w", err)
	}
	options = options.withDefaults()
	var failed []error
	for _, source := range sources {
		if err := ctx.Err(); err != nil {
			failed = append(failed, fmt.Errorf("stopped before %s: %w", source.File, err))
			break
		}
		updated := update(ctx, dir, source, options)
		if updated.Err != nil {
			failed = append(failed, updated.Err)
		}
		if report != nil {
			report(updated)
		}
	}
	return errors.Join(failed...)
}

func update(ctx context.Context, dir string, source Source, options UpdateOptions) Updated {
	updated := Updated{Source: source}
	inTime, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	text, err := fetch(inTime, source, options)
	if err != nil && ctx.Err() == nil && inTime.Err() != nil {
		err = fmt.Errorf("there was no whole answer within %s; try again later or allow more time", options.Timeout)
	}
	if err == nil {
		err = updated.store(dir, text)
	}
	if err != nil {
		updated.Err = fmt.Errorf("update %s: %w", source.File, err)
	}
	return updated
}

// fetch downloads the file of a source.
func fetch(ctx context.Context, source Source, options UpdateOptions) ([]byte, error) {
	client := newDownloader(options)
	body, page, err := client.get(ctx, source.URL)
	if err != nil || source.Discover == "" {
		return body, err
	}
	found := regexp.MustCompile(source.Discover).FindSubmatch(body) // check compiled it
	if found == nil {
		return nil, fmt.Errorf("the page %s has no link that matches %s; download the file by hand", page.Redacted(), source.Discover)
	}
	link := found[0]
	if len(found) > 1 && len(found[1]) > 0 {
		link = found[1]
	}
	address, err := resolveLink(page, string(link))
	if err != nil {
		return nil, err
	}
	body, _, err = client.get(ctx, address.String())
	return body, err
}

// store puts a downloaded text in place, unless it is unfit.
func (u *Updated) store(dir string, text []byte) error {
	u.Bytes = int64(len(text))
	l, err := parse(u.Source.File, text)
	if err != nil {
		return fmt.Errorf("what was downloaded cannot be used: %w", err)
	}
	if l.format != u.Source.Provider && l.format != formatCSV {
		return fmt.Errorf("what was downloaded has the ranges of %s, not of %s; correct the source", l.format, u.Source.Provider)
	}
	u.Prefixes, u.Built = int64(len(l.prefixes)), l.built
	path := filepath.Join(dir, u.Source.File)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err == nil && bytes.Equal(old, text) {
		now := time.Now()
		return os.Chtimes(path, now, now)
	}
	// An old file that cannot be read is no measure for the new one.
	if before, err := parse(path, old); err == nil && 2*len(l.prefixes) < len(before.prefixes) {
		return fmt.Errorf("the new file has %d prefixes and the old one %d, which is more than twice as many; delete %s to accept the new one", len(l.prefixes), len(before.prefixes), path)
	}
	// Beside its target the unfinished file is on the same disk; its name is hidden.
	if err := renameio.WriteFile(path, text, 0o644, renameio.WithTempDir(dir), renameio.IgnoreUmask()); err != nil {
		return err
	}
	u.Changed = true
	return nil
}
