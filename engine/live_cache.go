package engine

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/pullscope/pullscope/engine/turn"
)

// fileCache keeps files that were computed once for who asks next. Those that nobody asked for the longest go
// when all of them take more than the limit, as soon as nobody holds them.
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

	users   int // who hold it, guarded by fileCache.mu
	dropped bool
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

// hold is what is known under a key, and stays until it is released. Where nothing is, compute fills a folder, once
// for all who ask meanwhile.
func (c *fileCache) hold(ctx context.Context, key string, compute func(dir string) (about any, err error)) (*cached, error) {
	return turn.Once(ctx, &c.turns, key, func() (*cached, bool) { return c.find(key) }, func() (*cached, error) { return c.fill(key, compute) })
}

func (c *fileCache) find(key string) (entry *cached, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.entries[key]
	if element == nil {
		return nil, false
	}
	c.order.MoveToFront(element)
	entry = element.Value.(*cached)
	entry.users++
	return entry, true
}

// release says that the caller does not hold the entry any more.
func (c *fileCache) release(entry *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry.users--
	c.sweep(entry)
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
	entry.users = 1
	c.entries[key] = c.order.PushFront(entry)
	c.bytes += entry.bytes
	for c.bytes > c.limit && c.order.Len() > 1 {
		c.drop(c.order.Back())
	}
	return entry, nil
}

func (c *fileCache) drop(element *list.Element) {
	entry := c.order.Remove(element).(*cached)
	delete(c.entries, entry.key)
	c.bytes -= entry.bytes
	entry.dropped = true
	c.sweep(entry)
}

// sweep removes the files of a dropped entry that nobody holds; who has one open reads it to its end.
func (c *fileCache) sweep(entry *cached) {
	if entry.dropped && entry.users == 0 {
		_ = os.RemoveAll(entry.dir) // else it goes with the folder of the state
	}
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

// path is where a file of the entry is while it is held.
func (e *cached) path(name string) string { return filepath.Join(e.dir, filepath.Base(name)) }

// open opens a file of what hold finds or computes.
func (c *fileCache) open(ctx context.Context, hold func(context.Context) (*cached, error), name string) (*os.File, error) {
	entry, err := hold(ctx)
	if err != nil {
		return nil, err
	}
	defer c.release(entry)
	file, err := os.Open(entry.path(name))
	if err != nil {
		return nil, fmt.Errorf("open a computed file: %w", err)
	}
	return file, nil
}
