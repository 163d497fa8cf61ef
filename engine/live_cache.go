package engine

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/pullscope/pullscope/engine/turn"
)

// fileCache keeps files that were computed once for who asks next. Those that nobody asked for the longest go
// when all of them take more than the limit.
type fileCache struct {
	dir   string
	limit int64
	turns turn.Keys

	mu      sync.Mutex
	made    int // folders, ever
	bytes   int64
	entries map[string]*list.Element // of *cached
	order   *list.List               // last used first
}

// cached is a folder of files, and what is known about them.
type cached struct {
	key   string
	dir   string
	files []CachedFile
	bytes int64
	about any
}

// CachedFile is a computed file.
type CachedFile struct {
	Name string // without a folder
	Size int64
}

func newFileCache(dir string, limit int64) (*fileCache, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for computed files: %w", err)
	}
	return &fileCache{dir: dir, limit: limit, entries: map[string]*list.Element{}, order: list.New()}, nil
}

// get is what is known under a key. Where nothing is, compute fills a folder, once for all who ask meanwhile.
func (c *fileCache) get(ctx context.Context, key string, compute func(dir string) (about any, err error)) (*cached, error) {
	if entry := c.find(key); entry != nil {
		return entry, nil
	}
	done, err := c.turns.Take(ctx, key)
	if err != nil {
		return nil, err
	}
	defer done()
	if entry := c.find(key); entry != nil {
		return entry, nil
	}
	return c.fill(key, compute)
}

func (c *fileCache) find(key string) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.entries[key]
	if element == nil {
		return nil
	}
	c.order.MoveToFront(element)
	return element.Value.(*cached)
}

func (c *fileCache) fill(key string, compute func(dir string) (any, error)) (*cached, error) {
	c.mu.Lock()
	c.made++
	entry := &cached{key: key, dir: filepath.Join(c.dir, strconv.Itoa(c.made))}
	c.mu.Unlock()
	if err := os.Mkdir(entry.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for computed files: %w", err)
	}
	var err error
	if entry.about, err = compute(entry.dir); err == nil {
		err = entry.measure()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(entry.dir))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[key] = c.order.PushFront(entry)
	c.bytes += entry.bytes
	for c.bytes > c.limit && c.order.Len() > 1 {
		c.drop(c.order.Back())
	}
	return entry, nil
}

// drop removes the files of an entry; who has one open reads it to its end.
func (c *fileCache) drop(element *list.Element) {
	entry := c.order.Remove(element).(*cached)
	delete(c.entries, entry.key)
	c.bytes -= entry.bytes
	_ = os.RemoveAll(entry.dir) // else it goes with the folder of the state
}

func (e *cached) measure() error {
	files, err := os.ReadDir(e.dir)
	if err != nil {
		return fmt.Errorf("measure computed files: %w", err)
	}
	for _, file := range files { // in the order of their names
		info, err := file.Info()
		if err != nil {
			return fmt.Errorf("measure computed files: %w", err)
		}
		e.files = append(e.files, CachedFile{file.Name(), info.Size()})
		e.bytes += info.Size()
	}
	return nil
}

// open opens a file of an entry, which may have been dropped since.
func (e *cached) open(name string) (*os.File, error) {
	file, err := os.Open(filepath.Join(e.dir, filepath.Base(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errGone
	}
	return file, err
}

// errGone says that computed files were dropped; asking again computes them anew.
var errGone = errors.New("open a computed file: it has made room for others; ask again")
