package engine

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
)

// blockStream reads blocks ahead of whoever takes them apart.
type blockStream struct {
	blocks chan *ingest.Block
	cancel context.CancelFunc
	held   *ingest.Block // taken from the channel, not yet handed out

	mu     sync.Mutex
	failed error
}

func readAhead(ctx context.Context, reader *ingest.Reader) *blockStream {
	ctx, cancel := context.WithCancel(ctx)
	s := &blockStream{blocks: make(chan *ingest.Block, 8), cancel: cancel}
	go func() {
		defer close(s.blocks)
		for {
			block, err := reader.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					s.mu.Lock()
					s.failed = err
					s.mu.Unlock()
				}
				return
			}
			select {
			case s.blocks <- block:
			case <-ctx.Done():
				s.mu.Lock()
				s.failed = ctx.Err()
				s.mu.Unlock()
				return
			}
		}
	}()
	return s
}

// stop ends the reading; the reader is not in use any more when it returns.
func (s *blockStream) stop() {
	s.cancel()
	for range s.blocks {
	}
}

// err is why the stream ended early, if it did. Ask after the last block.
func (s *blockStream) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// blockFeed is one batch: blocks of a stream up to a number of bytes, taken
// apart by parallel cursors. Unless it forgets them, the blocks are kept until the
// batch is judged, because rejected records are quoted from them.
type blockFeed struct {
	blocks  *blockStream
	budget  int
	read    func(more int64) // is told the content bytes of each block
	forgets bool             // the cursors quote what is rejected themselves, and count the budget

	mu      sync.Mutex
	taken   []*ingest.Block
	tally   ingest.Tally
	defects []defect
}

// defect is a record that is rejected before SQL sees it.
type defect struct {
	source int32
	line   int64
	reason ingest.Reason
	text   string
}

func newBlockFeed(blocks *blockStream, budget int, read func(int64)) *blockFeed {
	return &blockFeed{blocks: blocks, budget: budget, read: read}
}

// more reports whether the stream has another block.
func (s *blockStream) more() bool {
	if s.held == nil {
		s.held = <-s.blocks
	}
	return s.held != nil
}

// take hands out the next block, or nil when the batch is full.
func (f *blockFeed) take() *ingest.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.budget <= 0 || !f.blocks.more() {
		return nil
	}
	block := f.blocks.held
	f.blocks.held = nil
	if !f.forgets {
		f.budget -= len(block.Data)
		f.taken = append(f.taken, block)
	}
	f.read(int64(len(block.Data)))
	return block
}

func (f *blockFeed) finish(tally ingest.Tally, defects []defect) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tally = addTally(f.tally, tally)
	f.defects = append(f.defects, defects...)
}

// raws are the texts of the records that start at the given lines, which are in
// ascending order.
func (f *blockFeed) raws(lines []int64) map[int64]string {
	texts := make(map[int64]string, len(lines))
	for i, block := range f.taken { // cursors take blocks in order
		end := len(lines)
		if i+1 < len(f.taken) {
			end, _ = slices.BinarySearch(lines, f.taken[i+1].FirstLine)
		}
		block.Raws(lines[:end], func(line int64, text string) { texts[line] = text })
		lines = lines[end:]
	}
	return texts
}

// rawsOf are the texts of the records of one block, likewise.
func rawsOf(block *ingest.Block, lines []int64) map[int64]string {
	texts := make(map[int64]string, len(lines))
	block.Raws(lines, func(line int64, text string) { texts[line] = text })
	return texts
}

// Cursor implements duck.LineSource.
func (f *blockFeed) Cursor() duck.LineCursor { return &blockCursor{feed: f} }

// blockCursor walks over the blocks that it takes from the feed.
type blockCursor struct {
	feed    *blockFeed
	source  int32
	records *ingest.Iterator
	defects []defect
}

// Next implements duck.LineCursor.
func (c *blockCursor) Next() (source int32, line int64, text []byte, ok bool) {
	for {
		if c.records == nil {
			block := c.feed.take()
			if block == nil {
				return 0, 0, nil, false
			}
			c.source, c.records = block.Source, block.Iterate()
		}
		row, ok := c.records.Next()
		if !ok {
			c.feed.finish(c.records.Tally, c.defects)
			c.records, c.defects = nil, nil
			continue
		}
		if row.Defect != "" {
			c.defects = append(c.defects, defect{c.source, row.Line, row.Defect, string(row.Text)})
			continue
		}
		return c.source, row.Line, row.Text, true
	}
}
