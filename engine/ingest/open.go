package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// headBytes is how much of the content decides about the format.
const headBytes = 64 << 10

const byteOrderMark = "\ufeff"

// Input is an opened log file. Bytes that are appended to it after Open are not
// read: what a run reads is what was there when it began.
type Input struct {
	Path      string
	Schema    *Schema
	Info      os.FileInfo // of the opened file
	FileBytes int64       // as stored, which is compressed size for gzip and zstd
	LeftBytes int64       // at its end that are not read, see LeaveBegunLine
	Packing   string      // "", "gzip" or "zstd"
	Format    Format
	Columns   []string // of a CSV file: the canonical name of each field, "" for others
	Separator byte     // of a CSV file

	header []byte // the header line of a CSV file
	file   *os.File
}

// Open opens a log of requests and decides its packing and, when format is Auto, its
// format by content. The caller closes it. Errors name the file and what to do.
func Open(path string, format Format) (*Input, error) {
	return OpenAs(Requests, path, format)
}

// OpenAs is Open for records of another schema.
func OpenAs(schema *Schema, path string, format Format) (*Input, error) {
	input, err := open(schema, path, format)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", path, err)
	}
	return input, nil
}

func open(schema *Schema, path string, format Format) (*Input, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unwrapPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file (%s); write the log to a file first", info.Mode().Type())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unwrapPath(err)
	}
	if info, err = file.Stat(); err != nil { // the path may name another file by now
		file.Close()
		return nil, unwrapPath(err)
	}
	input := &Input{Path: path, Schema: schema, Info: info, FileBytes: info.Size(), Format: format, file: file}
	if err := input.inspect(); err != nil {
		file.Close()
		return nil, err
	}
	return input, nil
}

// Name is the file's base name: what is stored and shown, so that a directory
// layout does not leak into manifests.
func (in *Input) Name() string { return filepath.Base(in.Path) }

// Close closes the file.
func (in *Input) Close() error { return in.file.Close() }

// inspect reads the head of the content: packing, format, CSV header.
func (in *Input) inspect() error {
	content, err := in.content(nil)
	if err != nil {
		return err
	}
	defer content.Close()
	head := make([]byte, headBytes)
	n, err := readFull(content, head)
	if err != nil && err != io.EOF { // a wrapped one is no clean end
		return packingError(in.Packing, err)
	}
	head = head[:n]
	err = in.decide(head)
	if err != nil && in.Packing == "" && n < headBytes && bytes.IndexByte(head, '\n') < 0 {
		return incompleteError{err} // its first line is only begun
	}
	return err
}

// decide finds out the format, unless it is given, and reads what begins the file.
func (in *Input) decide(head []byte) (err error) {
	if in.Format == Auto {
		if len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte(byteOrderMark)))) == 0 {
			in.Format = JSONL // an empty log is in order: nothing happened
			return nil
		}
		if in.Format, err = in.Schema.sniff(head); err != nil {
			return err
		}
	} else if in.Format != Parquet {
		if err := checkText(head); err != nil {
			return err
		}
	}
	switch in.Format {
	case Parquet:
		return in.inspectParquet(head)
	case CSV:
		return in.inspectHeader(head)
	}
	return nil
}

func (in *Input) inspectParquet(head []byte) error {
	if in.Packing != "" {
		return fmt.Errorf("a Parquet file inside %s cannot be read; unpack it first", in.Packing)
	}
	if !bytes.HasPrefix(head, []byte("PAR1")) {
		return fmt.Errorf("no Parquet file (it does not start with PAR1); check --format")
	}
	return in.checkParquetEnd()
}

func (in *Input) inspectHeader(head []byte) error {
	head = bytes.TrimPrefix(head, []byte(byteOrderMark))
	if len(bytes.TrimSpace(head)) == 0 {
		return nil
	}
	var line []byte
	number := 0
	for line = range bytes.Lines(head) {
		number++
		if line = bytes.TrimSpace(line); len(line) > 0 {
			break
		}
	}
	columns, separator, err := in.Schema.parseHeader(line)
	if err != nil {
		return fmt.Errorf("line %d: %w", number, err)
	}
	in.Columns, in.Separator, in.header = columns, separator, line
	return nil
}

// content returns the decompressed content from the start; raw, if any, is
// given every stored byte that is read.
func (in *Input) content(raw io.Writer) (io.ReadCloser, error) {
	var stored io.Reader = io.NewSectionReader(in.file, 0, in.FileBytes)
	if raw != nil {
		stored = io.TeeReader(stored, raw)
	}
	magic := make([]byte, 4)
	if _, err := in.file.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, unwrapPath(err)
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		in.Packing = "gzip"
		unpacked, err := gzip.NewReader(bufio.NewReaderSize(stored, 1<<18))
		if err != nil {
			return nil, packingError(in.Packing, err)
		}
		return unpacked, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		in.Packing = "zstd"
		unpacked, err := zstd.NewReader(stored, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, packingError(in.Packing, err)
		}
		return unpacked.IOReadCloser(), nil
	}
	return io.NopCloser(stored), nil
}

// ErrIncomplete says that a file ends before it is whole: it is still being written,
// or was cut off.
var ErrIncomplete = errors.New("the file is incomplete")

// incompleteError is ErrIncomplete in other words.
type incompleteError struct{ error }

func (e incompleteError) Is(target error) bool { return target == ErrIncomplete }
func (e incompleteError) Unwrap() error        { return e.error }

// packingError explains a failure to decompress.
func packingError(packing string, err error) error {
	switch {
	case packing == "":
		return unwrapPath(err)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return incompleteError{fmt.Errorf("the %s stream is cut off; the copy is incomplete or still being written, so fetch it again", packing)}
	default:
		return fmt.Errorf("the %s stream is damaged (%w); fetch the file again", packing, err)
	}
}

// unwrapPath drops the path from a system error that our own sentence repeats.
func unwrapPath(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
