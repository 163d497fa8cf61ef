package engine

import (
	"context"
	"database/sql/driver"
	"sync"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
)

// Most records of most logs are of a form that needs no SQL to be understood: a splitter takes them
// apart in Go, straight from the block into numbers. The odd ones are put aside for the SQL of
// their format, which is what defines it.

// plainFeed is one batch of blocks, as rows of numbers; the odd records of the batch are kept.
type plainFeed struct {
	*blockFeed
	loader *loader
	input  *ingest.Input
	odd    []oddRecord
}

// oddRecord is a record that the splitter leaves to SQL.
type oddRecord struct {
	line int64
	text []byte // as ingest.Row.Text
	raw  string // for the quarantine
}

func (l *loader) newPlainFeed(input *ingest.Input, blocks *blockStream) *plainFeed {
	feed := newBlockFeed(blocks, l.config.pieces().oddBytes, l.advance(input))
	feed.forgets = true
	return &plainFeed{blockFeed: feed, loader: l, input: input}
}

// IsOrdered implements duck.TableSource.
func (f *plainFeed) IsOrdered() bool { return false }

// Cursor implements duck.TableSource.
func (f *plainFeed) Cursor() duck.TableCursor {
	return &plainCursor{feed: f, splitter: f.input.Splitter(), coder: f.loader.takeCoder()}
}

// plainCursor codes the blocks that it takes from the feed.
type plainCursor struct {
	feed     *plainFeed
	splitter *ingest.Splitter
	fields   ingest.Fields
	coder    *coder // nil at the end
	at       int    // rows of the coder that are handed out
}

// Fill implements duck.TableCursor.
func (c *plainCursor) Fill(w duck.Writer, capacity int) (int, error) {
	if c.coder == nil {
		return 0, nil
	}
	rows := &c.coder.rows
	for c.at == rows.len() {
		block := c.feed.take()
		if block == nil {
			c.feed.loader.returnCoder(c.coder)
			c.coder = nil
			return 0, nil
		}
		rows.reset()
		c.at = 0
		if err := c.code(block); err != nil {
			return 0, err
		}
		block.Release()
	}
	n := min(capacity, rows.len()-c.at)
	rows.write(w, c.feed.loader.source, c.at, c.at+n)
	c.at += n
	return n, nil
}

// code codes the records of one block.
func (c *plainCursor) code(block *ingest.Block) error {
	var failed error
	var odd []oddRecord
	var defects []defect
	plain := func(line int64) {
		if failed == nil {
			failed = c.coder.addFields(line, &c.fields, c.splitter.HasPath())
		}
	}
	other := func(row ingest.Row) {
		if row.Defect != "" {
			defects = append(defects, defect{block.Source, row.Line, row.Defect, string(row.Text)})
			return
		}
		odd = append(odd, oddRecord{line: row.Line, text: append([]byte{}, row.Text...)})
	}
	tally := block.Take(c.splitter, &c.fields, plain, other)
	if failed != nil {
		return failed
	}
	c.feed.finish(tally, defects)
	c.feed.keepOdd(block, odd)
	if len(c.coder.rejects) == 0 {
		return nil
	}
	lines := make([]int64, len(c.coder.rejects))
	for i, r := range c.coder.rejects {
		lines[i] = r.line
	}
	err := c.feed.loader.addRejects(c.coder.rejects, rawsOf(block, lines))
	c.coder.rejects = c.coder.rejects[:0]
	return err
}

// keepOdd puts odd records aside.
func (f *plainFeed) keepOdd(block *ingest.Block, odd []oddRecord) {
	if len(odd) == 0 {
		return
	}
	lines := make([]int64, len(odd))
	for i := range odd {
		lines[i] = odd[i].line
	}
	raws := rawsOf(block, lines)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, record := range odd {
		record.raw = raws[record.line]
		f.odd = append(f.odd, record)
		f.budget -= len(record.text) + len(record.raw)
	}
}

// loadPlain reads blocks up to the end of the stream, or until enough odd records have gathered.
func (l *loader) loadPlain(ctx context.Context, input *ingest.Input, feed *plainFeed) error {
	if err := l.acceptCoded(ctx, feed); err != nil {
		return err
	}
	if err := blocksError(feed.blockFeed); err != nil {
		return err
	}
	if err := l.addDefects(feed.defects); err != nil {
		return err
	}
	if len(feed.odd) == 0 {
		return nil
	}
	l.lines = &oddSource{source: l.source, records: feed.odd}
	rejects, err := l.acceptFormat(ctx, input, "lines()")
	if err != nil {
		return err
	}
	texts := map[int64]string{}
	for _, record := range feed.odd {
		texts[record.line] = record.raw
	}
	return l.addRejects(rejects, texts)
}

// oddSource are odd records as what the table function "lines" reads.
type oddSource struct {
	source int32

	mu      sync.Mutex
	records []oddRecord
}

// Cursor implements duck.LineSource.
func (s *oddSource) Cursor() duck.LineCursor { return s }

// Next implements duck.LineCursor.
func (s *oddSource) Next() (source int32, line int64, text []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.records) == 0 {
		return 0, 0, nil, false
	}
	record := s.records[0]
	s.records = s.records[1:]
	return s.source, record.line, record.text, true
}

// addRejects puts records into quarantine, with their texts by line.
func (l *loader) addRejects(rejects []rejected, texts map[int64]string) error {
	for _, r := range rejects {
		if err := l.sinks["rejects"].add([]driver.Value{l.source, r.line, string(r.reason), texts[r.line]}); err != nil {
			return err
		}
	}
	return nil
}
