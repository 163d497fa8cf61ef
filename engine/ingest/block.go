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
	last    bool // Data reaches to the end of the input
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
		var row Row
		var ok bool
		if it.block.Input.Format == CSV {
			row, ok = it.nextRecord()
		} else {
			row, ok = it.nextLine()
		}
		if ok {
			it.Tally.Rows++
			return row, true
		}
	}
	return Row{}, false
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
	if it.line == 1 {
		raw = bytes.TrimPrefix(raw, []byte(byteOrderMark))
	}
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

// Raw returns the text of the record that starts at line, for the quarantine.
func (b *Block) Raw(line int64) string {
	it := b.Iterate()
	for len(it.rest) > 0 && it.line <= line {
		before, at := it.rest, it.line
		if _, ok := it.Next(); !ok {
			break
		}
		used := before[:len(before)-len(it.rest)]
		if it.block.tooLong {
			return string(clean(b.Data))
		}
		// Next may have passed over blank lines on its way.
		for at < line && len(used) > 0 {
			_, used, _ = bytes.Cut(used, []byte{'\n'})
			at++
		}
		if at == line && it.line > line {
			return string(clean(bytes.TrimRight(used, "\r\n")))
		}
	}
	return ""
}

// lines is the number of lines the block covers.
func (b *Block) lines() int64 {
	if b.tooLong {
		return 1
	}
	n := int64(bytes.Count(b.Data, []byte{'\n'}))
	if b.last && len(b.Data) > 0 && b.Data[len(b.Data)-1] != '\n' {
		n++
	}
	return n
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
