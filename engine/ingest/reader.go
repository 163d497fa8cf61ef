package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"sync"
)

const (
	// MaxLine is the longest line that is read; a longer one is rejected.
	MaxLine = 16 << 20
	// keptOfLongLine is how much of a line over MaxLine is quarantined.
	keptOfLongLine = 64 << 10
	blockBytes     = 1 << 20
)

// Reader cuts the content of one input into blocks of whole records, and
// fingerprints it on the way.
type Reader struct {
	input   *Input
	source  int32
	content io.ReadCloser
	packed  hash.Hash // of the stored bytes, where they differ from the content
	whole   hash.Hash // of the content

	probes   []int64 // content sizes at which the prefix is fingerprinted, ascending
	prefixes map[int64]string
	marks    strings.Builder
	marked   int64 // content up to the last mark

	carry    []byte // begun record from the previous block
	bytes    int64  // content read so far
	line     int64  // lines handed out so far
	started  bool
	skipping bool // inside a line that is too long
	ended    bool
}

// NewReader starts reading input from its beginning. Blocks carry source, the
// caller's number for the input. probes are content sizes in bytes: a prefix of
// each of these sizes is fingerprinted too (see Prefix).
func NewReader(input *Input, source int32, probes []int64) (*Reader, error) {
	r := &Reader{input: input, source: source, whole: sha256.New(), prefixes: map[int64]string{}}
	r.probes = slices.Clone(probes)
	slices.Sort(r.probes)
	if len(r.probes) > 0 && r.probes[0] == 0 {
		r.prefixes[0] = sum(r.whole)
	}
	var raw io.Writer
	if input.Packing != "" {
		r.packed = sha256.New()
		raw = r.packed
	}
	content, err := input.content(raw)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", input.Path, err)
	}
	r.content = content
	return r, nil
}

// Close releases the decompressor; the input stays open.
func (r *Reader) Close() error { return r.content.Close() }

// Bytes is the number of content bytes read so far.
func (r *Reader) Bytes() int64 { return r.bytes }

// Lines is the number of lines in the blocks handed out so far.
func (r *Reader) Lines() int64 { return r.line }

// SHA256 fingerprints the content read so far.
func (r *Reader) SHA256() string { return sum(r.whole) }

// FileSHA256 fingerprints the stored bytes; for plain files that is SHA256.
func (r *Reader) FileSHA256() string {
	if r.packed == nil {
		return r.SHA256()
	}
	return sum(r.packed)
}

// Prefix is the fingerprint of the first size bytes of the content, for a size
// that was given as a probe and was reached; else "".
func (r *Reader) Prefix(size int64) string { return r.prefixes[size] }

// Next returns the next block, or io.EOF. Another error means that the input
// cannot be read to its end; it names file, line and remedy.
func (r *Reader) Next() (*Block, error) {
	for {
		if r.ended && len(r.carry) == 0 {
			return nil, io.EOF
		}
		data, err := r.fill()
		if err != nil {
			return nil, fmt.Errorf("input %s: somewhere after line %d: %w", r.input.Path, r.line, err)
		}
		if !r.started {
			data = bytes.TrimPrefix(data, []byte(byteOrderMark))
			r.started = true
		}
		if r.skipping {
			if data = r.skip(data); r.skipping {
				continue
			}
		}
		if block := r.cut(data); block != nil {
			return block, nil
		}
	}
}

// fill returns the carried bytes and as many new ones as make a block.
func (r *Reader) fill() ([]byte, error) {
	want := max(blockBytes, len(r.carry)+blockBytes/2, min(2*len(r.carry), MaxLine+blockBytes))
	data := takeBlock(want)
	have := copy(data, r.carry)
	r.carry = r.carry[:0]
	if r.ended {
		return data[:have], nil
	}
	n, err := readFull(r.content, data[have:])
	r.fingerprint(data[have : have+n])
	switch {
	case err == nil:
		return data, nil
	case err == io.EOF: // a wrapped one is no clean end
		r.ended = true
		return data[:have+n], r.checkSize()
	default:
		return nil, packingError(r.input.Packing, err)
	}
}

// spare are the bytes of blocks that are not used any more: a new block costs more to clear than to read.
var spare sync.Pool

func takeBlock(size int) []byte {
	if size == blockBytes {
		if data, ok := spare.Get().(*[blockBytes]byte); ok {
			return data[:]
		}
	}
	return make([]byte, size)
}

// Release gives the memory of a block back. Nothing that was read from the block may be used after it.
func (b *Block) Release() {
	if cap(b.Data) >= blockBytes {
		spare.Put((*[blockBytes]byte)(b.Data[:blockBytes]))
	}
}

// readFull reads until data is full or the content ends. Unlike io.ReadFull it
// tells the end of the content, io.EOF, from a stream that is cut off.
func readFull(content io.Reader, data []byte) (n int, err error) {
	for n < len(data) && err == nil {
		var more int
		more, err = content.Read(data[n:])
		n += more
	}
	if n == len(data) && err == io.EOF {
		err = nil
	}
	return n, err
}

func (r *Reader) checkSize() error {
	if r.input.Packing == "" && r.bytes < r.input.FileBytes {
		return fmt.Errorf("the file shrank from %d to %d bytes while it was read; run again when nothing rewrites it", r.input.FileBytes, r.bytes)
	}
	return nil
}

// fingerprint hashes what was read, and notes the hash at probes and marks.
func (r *Reader) fingerprint(data []byte) {
	for len(data) > 0 {
		n, isMark := r.nextMark(data)
		for len(r.probes) > 0 && r.probes[0] <= r.bytes {
			r.probes = r.probes[1:]
		}
		if len(r.probes) > 0 && r.probes[0] < r.bytes+int64(n) {
			n, isMark = int(r.probes[0]-r.bytes), false
		}
		r.whole.Write(data[:n])
		r.bytes += int64(n)
		data = data[n:]
		if len(r.probes) > 0 && r.probes[0] == r.bytes {
			r.prefixes[r.bytes] = sum(r.whole)
		}
		if isMark {
			r.marks.WriteString(sum(r.whole)[:MarkLength])
			r.marked = r.bytes
		}
	}
}

const (
	// MarkLength is the length of one mark in Marks: 48 bits as hex digits.
	MarkLength = 12
	// MarkedLines is how many lines are marked each, before only one line end in
	// about every markBytes is.
	MarkedLines = 4096
	markBytes   = 64 << 10
)

// Marks are fingerprints of the content up to the ends of lines, joined: of every
// line at first, then of some. Where one log begins with another, its marks begin
// with those of the other.
func (r *Reader) Marks() string { return r.marks.String() }

// nextMark is the number of bytes up to and with the next line end to be marked,
// or all of data.
func (r *Reader) nextMark(data []byte) (n int, isMark bool) {
	from := 0
	if r.marks.Len() >= MarkedLines*MarkLength {
		from = int(max(0, r.marked+markBytes-r.bytes))
	}
	if from >= len(data) {
		return len(data), false
	}
	end := bytes.IndexByte(data[from:], '\n')
	if end < 0 {
		return len(data), false
	}
	return from + end + 1, true
}

// skip drops data up to the end of the line that is too long.
func (r *Reader) skip(data []byte) []byte {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		r.skipping = !r.ended
		return nil
	}
	r.skipping = false
	return data[end+1:]
}

// cut splits data into a block of whole records and the carry. It returns nil
// when no record is complete yet.
func (r *Reader) cut(data []byte) *Block {
	end := len(data)
	if !r.ended {
		end = r.lastRecordEnd(data)
	}
	if end == 0 && len(data) > MaxLine {
		r.skipping = true
		return r.block(data[:keptOfLongLine], true)
	}
	r.carry = append(r.carry[:0], data[end:]...) // the block goes its own way
	if end == 0 {
		return nil
	}
	return r.block(data[:end], false)
}

func (r *Reader) block(data []byte, tooLong bool) *Block {
	block := &Block{Input: r.input, Source: r.source, FirstLine: r.line + 1, Data: data, tooLong: tooLong}
	r.line += block.lines()
	return block
}

// lastRecordEnd is the number of bytes up to the last complete record.
func (r *Reader) lastRecordEnd(data []byte) int {
	if r.input.Format != CSV || bytes.IndexByte(data, '"') < 0 {
		return bytes.LastIndexByte(data, '\n') + 1
	}
	end := 0
	for end < len(data) {
		_, used, ok := cutRecord(data[end:], r.input.Separator, false)
		if !ok {
			break
		}
		end += used
	}
	return end
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
