package ingest

import (
	"bytes"
	"unicode/utf8"
)

// Block is a stretch of whole records of one input. Blocks are read one after
// the other but may be taken apart in parallel.
type Block struct {
	Input     *Input
	Source    int32
	FirstLine int64 // number of the first line, from 1
	Data      []byte

	tooLong bool // the first bytes of one line over MaxLine
}

// Row is one record of a block.
type Row struct {
	Line int64 // its first line
	// Text is valid UTF-8 without NUL bytes and without the line end: the line, or
	// the values of a CSV record joined by FieldSeparator.
	Text   []byte
	Defect Reason // not "": the record is to be rejected, Text is its raw line
}

// Tally counts what a block holds besides rows.
type Tally struct {
	Lines, Rows, Header, Blank, Continuation int64
}

// Rows calls yield for each record and returns the tally; the lines add up:
// Lines = Rows + Header + Blank + Continuation. Text is valid during the call only.
func (b *Block) Rows(yield func(Row)) Tally {
	it := b.Iterate()
	for row, ok := it.Next(); ok; row, ok = it.Next() {
		yield(row)
	}
	return it.Tally
}

// Iterator walks over the records of a block.
type Iterator struct {
	Tally Tally
	block *Block
	rest  []byte
	line  int64
}

// Iterate starts at the first record.
func (b *Block) Iterate() *Iterator {
	return &Iterator{block: b, rest: b.Data, line: b.FirstLine}
}

// Next returns the next record, or false at the end of the block.
func (it *Iterator) Next() (Row, bool) {
	if it.block.tooLong && len(it.rest) > 0 {
		row := Row{Line: it.line, Text: clean(it.rest), Defect: LineTooLong}
		it.rest = nil
		it.Tally.Lines++
		it.Tally.Rows++
		return row, true
	}
	for len(it.rest) > 0 {
		if row, ok := it.step(); ok {
			it.Tally.Rows++
			return row, true
		}
	}
	return Row{}, false
}

// step goes over one record, blank line or header; it answers true for a record.
func (it *Iterator) step() (Row, bool) {
	if it.block.Input.Format == CSV {
		return it.nextRecord()
	}
	return it.nextLine()
}

func (it *Iterator) nextLine() (Row, bool) {
	line, rest, _ := bytes.Cut(it.rest, []byte{'\n'})
	it.rest = rest
	row := Row{Line: it.line, Text: clean(trimReturn(line))}
	it.line++
	it.Tally.Lines++
	if len(bytes.TrimSpace(line)) == 0 {
		it.Tally.Blank++
		return Row{}, false
	}
	return row, true
}

func (it *Iterator) nextRecord() (Row, bool) {
	input := it.block.Input
	rec, used, ok := cutRecord(it.rest, input.Separator, true)
	if !ok || used == 0 {
		used = len(it.rest)
	}
	raw := it.rest[:used]
	it.rest = it.rest[used:]
	row := Row{Line: it.line}
	it.line += int64(rec.lines)
	it.Tally.Lines += int64(rec.lines)
	if len(bytes.TrimSpace(raw)) == 0 {
		it.Tally.Blank += int64(rec.lines)
		return Row{}, false
	}
	it.Tally.Continuation += int64(rec.lines - 1)
	if it.block.isHeader(raw) {
		it.Tally.Header++
		return Row{}, false
	}
	switch {
	case rec.broken:
		row.Defect = UnterminatedQuote
	case rec.fields != len(input.Columns):
		row.Defect = FieldCountMismatch
	}
	if row.Defect != "" {
		row.Text = clean(bytes.TrimRight(raw, "\r\n"))
		return row, true
	}
	row.Text = clean(rec.text)
	return row, true
}

// isHeader recognises the header and its repetitions, which concatenated files
// have in the middle.
func (b *Block) isHeader(raw []byte) bool {
	return bytes.Equal(bytes.TrimSpace(raw), b.Input.header)
}

// Raws calls yield with the text of the records that start at the given lines,
// for the quarantine. The lines are in ascending order.
func (b *Block) Raws(lines []int64, yield func(line int64, text string)) {
	it := b.Iterate()
	for len(it.rest) > 0 && len(lines) > 0 {
		before := it.rest
		row, ok := it.Next()
		if !ok {
			return
		}
		for len(lines) > 0 && lines[0] < row.Line {
			lines = lines[1:]
		}
		if len(lines) == 0 || lines[0] != row.Line {
			continue
		}
		text := before[:len(before)-len(it.rest)]
		if b.tooLong {
			text = b.Data
		}
		// Next passes over blank lines and headers on its way.
		for skipped := it.line - int64(countLines(text)); skipped < row.Line; skipped++ {
			_, text, _ = bytes.Cut(text, []byte{'\n'})
		}
		yield(row.Line, string(clean(bytes.TrimRight(text, "\r\n"))))
	}
}

// Raw returns the text of the record that starts at line.
func (b *Block) Raw(line int64) (text string) {
	b.Raws([]int64{line}, func(_ int64, found string) { text = found })
	return text
}

// countLines is the number of lines in text, the last one with or without its end.
func countLines(text []byte) int {
	n := bytes.Count(text, []byte{'\n'})
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}

// lines is the number of lines the block covers.
func (b *Block) lines() int64 {
	if b.tooLong {
		return 1
	}
	return int64(countLines(b.Data))
}

// clean makes text safe for the database: valid UTF-8 without NUL. A stray byte
// in a user agent must not cost us the request.
func clean(text []byte) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\ufffd"))
	}
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, []byte("\ufffd"))
	}
	return text
}
