package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// wanted is a record as the sequential reference below reads it.
type wanted struct {
	line   int64
	text   string
	raw    string
	defect Reason
}

// reference reads the whole content byte by byte, as slowly and plainly as it
// can: what the reader with its blocks must give as well.
func reference(input *Input, content string) (rows []wanted, tally Tally) {
	content = strings.TrimPrefix(content, byteOrderMark)
	line := int64(1)
	for len(content) > 0 {
		var raw string // with its line end
		row := wanted{line: line}
		if input.Format == CSV {
			raw, row.text, row.defect = referenceRecord(content, input)
		} else {
			raw = firstLine(content)
			row.text = withoutLineEnd(raw)
		}
		content = content[len(raw):]
		lines := int64(strings.Count(raw, "\n"))
		if !strings.HasSuffix(raw, "\n") {
			lines++
		}
		line += lines
		tally.Lines += lines
		switch {
		case strings.TrimSpace(raw) == "":
			tally.Blank += lines
			continue
		case input.Format == CSV && strings.TrimSpace(raw) == string(input.header):
			tally.Header++
			tally.Continuation += lines - 1
			continue
		}
		tally.Rows++
		tally.Continuation += lines - 1
		row.raw = safe(strings.TrimRight(raw, "\r\n"))
		if row.defect != "" {
			row.text = strings.TrimRight(raw, "\r\n")
		}
		row.text = safe(row.text)
		rows = append(rows, row)
	}
	return rows, tally
}

// referenceRecord reads one CSV record with a state machine.
func referenceRecord(content string, input *Input) (raw, text string, defect Reason) {
	const (
		start = iota
		plain
		quoted
		quoteInQuoted
	)
	state := start
	var out []byte
	fields := 1
	lineEnd := false // whether the last value ends with a carriage return outside of quotes
	value := func(c byte) {
		lineEnd = c == '\r' && state != quoted && state != quoteInQuoted
		if c == FieldSeparator {
			c = '?'
		}
		out = append(out, c)
	}
	at := 0
	for ; at < len(content); at++ {
		c := content[at]
		switch {
		case state == quoted && c == '"':
			state = quoteInQuoted
			continue
		case state == quoted, state == quoteInQuoted && c == '"':
			value(c)
			state = quoted
			continue
		case state == start && c == '"':
			state = quoted
			continue
		case c == '\n':
			goto complete
		case c == input.Separator:
			out = append(out, FieldSeparator)
			fields++
			state = start
			continue
		case state == quoteInQuoted:
			state = plain
		}
		value(c)
		state = plain
	}
	if state == quoted {
		return firstLine(content), "", UnterminatedQuote
	}
complete:
	raw = content[:min(at+1, len(content))]
	if fields != len(input.Columns) {
		return raw, "", FieldCountMismatch
	}
	if lineEnd {
		out = out[:len(out)-1]
	}
	return raw, string(out), ""
}

func firstLine(content string) string {
	if at := strings.IndexByte(content, '\n'); at >= 0 {
		return content[:at+1]
	}
	return content
}

func withoutLineEnd(line string) string {
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
}

// safe replaces what the database would not take.
func safe(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

func csvInput() *Input {
	header := "timestamp,client_ip,method,image,reference"
	return &Input{Format: CSV, Separator: ',', Columns: strings.Split(header, ","), header: []byte(header)}
}

// compare holds what was read against the reference.
func compare(t interface {
	Helper()
	Errorf(string, ...any)
}, input *Input, content string, got read) {
	t.Helper()
	rows, tally := reference(input, content)
	if got.tally != tally {
		t.Errorf("tally %+v, want %+v", got.tally, tally)
	}
	if sum := got.tally.Rows + got.tally.Header + got.tally.Blank + got.tally.Continuation; got.tally.Lines != sum {
		t.Errorf("%d lines, but the parts make %d", got.tally.Lines, sum)
	}
	for i := range min(len(rows), len(got.rows)) {
		want, row := rows[i], got.rows[i]
		if row.Line != want.line || string(row.Text) != want.text || row.Defect != want.defect {
			t.Errorf("row %d: line %d, text %.200q, defect %q; want line %d, text %.200q, defect %q",
				i, row.Line, row.Text, row.Defect, want.line, want.text, want.defect)
			return
		}
	}
	if len(got.rows) != len(rows) {
		t.Errorf("%d rows, want %d", len(got.rows), len(rows))
		return
	}
	checkBlocks(t, content, rows, got)
}

// checkBlocks checks that blocks are the content, cut, and that they give back
// the text of each record.
func checkBlocks(t interface {
	Helper()
	Errorf(string, ...any)
}, content string, rows []wanted, got read) {
	t.Helper()
	var all []byte
	line := int64(1)
	for _, block := range got.blocks {
		if block.FirstLine != line {
			t.Errorf("a block begins with line %d, want %d", block.FirstLine, line)
		}
		line += block.lines()
		all = append(all, block.Data...)
		for len(rows) > 0 && rows[0].line < line {
			// Raw searches the block from its start, so a long one is only sampled.
			if len(block.Data) < 10_000 || rows[0].line%31 == 0 {
				if raw := block.Raw(rows[0].line); raw != rows[0].raw {
					t.Errorf("raw text of line %d: %.200q, want %.200q", rows[0].line, raw, rows[0].raw)
				}
			}
			rows = rows[1:]
		}
	}
	if string(all) != strings.TrimPrefix(content, byteOrderMark) {
		t.Errorf("the blocks hold %d bytes, which are not the content of %d", len(all), len(content))
	}
}

// readPieces reads content as Reader.Next does, but in pieces of any size
// instead of a megabyte.
func readPieces(input *Input, content string, next func(left int) int) read {
	r := &Reader{input: input, source: 7, whole: sha256.New()}
	got := read{reader: r}
	content = strings.TrimPrefix(content, byteOrderMark)
	for !r.ended || len(r.carry) > 0 {
		n := min(next(len(content)), len(content))
		data := append(slices.Clone(r.carry), content[:n]...)
		content = content[n:]
		r.carry = nil
		r.ended = content == ""
		if block := r.cut(data); block != nil {
			got.take(block)
		}
	}
	return got
}

// pieces of text that meet every branch of the record reader.
var textPieces = []string{
	"a", "b", ",", ",", "\"", "\"", "\"\"", "\n", "\n", "\n", "\r\n", "\r", " ", "\x00", "\xff", "\xfe\xff", "\u00e4", "\x1f",
	"timestamp,client_ip,method,image,reference\n", "1,2,3,4,5\n", "1,2,3,4,\"5\"\n", "\"1\n2\",2,3,4,5\r\n", "1,2,3,4,\"5", byteOrderMark, ";", "\t",
}

func contents() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "bytes") {
			return string(rapid.SliceOfN(rapid.SampledFrom([]byte("a,\"\n\r\x00\xff;")), 0, 60).Draw(t, "content"))
		}
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(textPieces), 0, 40).Draw(t, "content"), "")
	})
}

func TestReaderIsLikeReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := contents().Draw(t, "content")
		if hasQuotedReturn(content) {
			t.Skip()
		}
		for _, input := range []*Input{csvInput(), {Format: JSONL}} {
			got := readPieces(input, content, func(left int) int {
				return rapid.IntRange(1, max(1, left)).Draw(t, "piece")
			})
			compare(t, input, content, got)
		}
	})
}

// hasQuotedReturn tells the one case in which the reader is known to differ: it
// takes a carriage return at the end of a quoted last value for a line end.
func hasQuotedReturn(content string) bool { return strings.Contains(content, "\r\"") }

// The last value keeps a carriage return that is inside its quotes.
func TestQuotedCarriageReturn(t *testing.T) {
	content := "1,2,3,4,\"5\r\"\n"
	compare(t, csvInput(), content, readPieces(csvInput(), content, func(left int) int { return left }))
}

// The same over the real block size: records of all kinds around every border.
func TestReaderOverBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, format := range []Format{CSV, JSONL} {
		for try := range 12 {
			var content strings.Builder
			content.WriteString("timestamp,client_ip,method,image,reference\n")
			for content.Len() < blockBytes*(1+try%4)+try*1000 {
				switch random.IntN(12) {
				case 0:
					fmt.Fprintf(&content, "1,2,3,4,\"%s\"\n", strings.Repeat("x\n", random.IntN(200)))
				case 1:
					content.WriteString(strings.Repeat(textPieces[random.IntN(14)], random.IntN(3)))
					content.WriteString("\n")
				case 2:
					fmt.Fprintf(&content, "1,2,3,4,%s\n", strings.Repeat("y", random.IntN(1<<(6+random.IntN(15)))))
				default:
					fmt.Fprintf(&content, "1,2,3,4,%s\n", strings.Repeat("z", random.IntN(3000)))
				}
			}
			text := strings.ReplaceAll(content.String(), "\r\"", "\"")
			path := filepath.Join(t.TempDir(), "in")
			write(t, path, text)
			input, err := Open(path, format)
			if err != nil {
				t.Fatal(err)
			}
			defer input.Close()
			probes := []int64{0, 1, int64(random.IntN(len(text))), blockBytes, int64(len(text)), int64(len(text)) + 1}
			got := readInput(input, probes...)
			if got.err != nil {
				t.Fatal(got.err)
			}
			compare(t, input, text, got)
			if got.reader.Bytes() != int64(len(text)) || got.reader.SHA256() != sumOf(text) || got.reader.Lines() != got.tally.Lines {
				t.Errorf("%d bytes, %d lines, sum %s", got.reader.Bytes(), got.reader.Lines(), got.reader.SHA256())
			}
			for _, probe := range probes {
				want := ""
				if probe <= int64(len(text)) {
					want = sumOf(text[:probe])
				}
				if prefix := got.reader.Prefix(probe); prefix != want {
					t.Errorf("fingerprint of %d of %d bytes: %q, want %q", probe, len(text), prefix, want)
				}
			}
			if t.Failed() {
				t.Fatalf("format %s, try %d", format, try)
			}
		}
	}
}

func TestReaderLongLines(t *testing.T) {
	for _, format := range []Format{JSONL, CSV} {
		for _, test := range []struct {
			name   string
			length int
			reject bool
		}{
			{"10 MB", 10_000_000, false},
			{"just short enough", MaxLine - 100, false},
			{"17 MiB", 17 << 20, true},
			{"40 MiB", 40 << 20, true},
		} {
			t.Run(fmt.Sprintf("%s of %s", test.name, format), func(t *testing.T) {
				long := "1,2,3,4," + strings.Repeat("x", test.length-8)
				content := "timestamp,client_ip,method,image,reference\n1,2,3,4,a\n" + long + "\n1,2,3,4,b\n1,2,3,4,c"
				path := filepath.Join(t.TempDir(), "in")
				write(t, path, content)
				got := readAll(t, path, format)
				if got.err != nil {
					t.Fatal(got.err)
				}
				if got.tally.Lines != 5 || got.reader.Lines() != 5 {
					t.Errorf("%d lines, %d by the reader; want 5", got.tally.Lines, got.reader.Lines())
				}
				rows := got.rows[len(got.rows)-4:]
				for i, row := range rows {
					if row.Line != int64(i+2) {
						t.Errorf("row %d is line %d", i, row.Line)
					}
				}
				row := rows[1]
				if (row.Defect == LineTooLong) != test.reject {
					t.Errorf("defect %q", row.Defect)
				}
				if test.reject && (len(row.Text) != keptOfLongLine || !strings.HasPrefix(string(row.Text), "1,2,3,4,xxx") && format == JSONL) {
					t.Errorf("%d bytes of the long line are kept", len(row.Text))
				}
				for i, want := range map[int]string{0: "1,2,3,4,a", 2: "1,2,3,4,b", 3: "1,2,3,4,c"} {
					if text := strings.ReplaceAll(string(rows[i].Text), string(FieldSeparator), ","); text != want || rows[i].Defect != "" {
						t.Errorf("row %d: %.50q, defect %q; want %q", i, text, rows[i].Defect, want)
					}
				}
			})
		}
	}
}

// A quote that is opened and never closed costs its own line only, however long
// the rest of the file is.
func TestReaderUnterminatedQuoteInLongFile(t *testing.T) {
	const rows = 900_000
	content := "timestamp,client_ip,method,image,reference\n1,2,3,4,\"open\n" + strings.Repeat("1,2,3,4,abcdefghijklmno\n", rows)
	path := filepath.Join(t.TempDir(), "in")
	write(t, path, content)
	input, err := Open(path, CSV)
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	reader, err := NewReader(input, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defects, good, lines := 0, 0, int64(0)
	for {
		block, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		lines += block.Rows(func(row Row) {
			if row.Defect != "" {
				defects++
			} else {
				good++
			}
		}).Lines
	}
	if defects != 1 || good != rows || lines != rows+2 {
		t.Errorf("%d defects, %d rows, %d lines; want 1, %d, %d", defects, good, lines, rows, rows+2)
	}
}

// A quoted value longer than a line may be is taken apart into its lines.
func TestReaderQuotedValueTooLong(t *testing.T) {
	filler := strings.Repeat("0123456789abcde\n", (MaxLine+MaxLine/4)/16)
	content := "timestamp,client_ip,method,image,reference\n1,2,3,4,\"" + filler + "\"\n1,2,3,4,5\n"
	path := filepath.Join(t.TempDir(), "in")
	write(t, path, content)
	got := readAll(t, path, CSV)
	if got.err != nil {
		t.Fatal(got.err)
	}
	if want := int64(strings.Count(content, "\n")); got.tally.Lines != want || got.reader.Lines() != want {
		t.Errorf("%d lines, %d by the reader; want %d", got.tally.Lines, got.reader.Lines(), want)
	}
	if sum := got.tally.Rows + got.tally.Header + got.tally.Blank + got.tally.Continuation; sum != got.tally.Lines {
		t.Errorf("the parts of %+v make %d", got.tally, sum)
	}
}

func FuzzReader(f *testing.F) {
	for _, content := range []string{
		"", "\n", "1,2,3,4,5", "1,2,3,4,\"5\n6\"\n", "1,2,3,4,\"5\n", "\"\"\"", byteOrderMark + "1,2,3,4,5\r\n",
		"timestamp,client_ip,method,image,reference\n1,2,3,4,5\ntimestamp,client_ip,method,image,reference\n",
		"\x00\xff\n\x1f,,,,\n", "a\r\r\n\n\n\"\"a\n", strings.Join(textPieces, ""),
	} {
		f.Add(content, uint64(1))
		f.Add(content, uint64(99))
	}
	f.Fuzz(func(t *testing.T, content string, seed uint64) {
		if hasQuotedReturn(content) {
			t.Skip()
		}
		random := rand.New(rand.NewPCG(seed, seed))
		for _, input := range []*Input{csvInput(), {Format: JSONL}} {
			got := readPieces(input, content, func(left int) int { return 1 + random.IntN(max(1, left)) })
			compare(t, input, content, got)
			for _, row := range got.rows {
				if !utf8.Valid(row.Text) || bytes.IndexByte(row.Text, 0) >= 0 {
					t.Errorf("line %d: text %q is not safe", row.Line, row.Text)
				}
			}
		}
	})
}

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}
