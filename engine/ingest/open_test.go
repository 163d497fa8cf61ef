package ingest

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	csvHeader    = "timestamp,client_ip,method,image,reference\n"
	csvRow       = "2024-09-25T10:00:00Z,192.0.2.1,GET,acme/app,latest\n"
	jsonRow      = `{"timestamp":"2024-09-25T10:00:00Z","client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"latest"}` + "\n"
	nginxRow     = `{"time":"1727258400.000","request_time":"0.001","remote_addr":"192.0.2.1","method":"GET","request_uri":"/v2/acme/app/manifests/latest","status":"200"}` + "\n"
	combinedRow  = `192.0.2.1 - - [25/Sep/2024:10:00:00 +0000] "GET /v2/acme/app/manifests/latest HTTP/1.1" 200 5 "-" "docker/24.0.2"` + "\n"
	combinedUser = `192.0.2.1 - John Doe [25/Sep/2024:10:00:00 -0530] "GET / HTTP/1.1" 200 5 "-" "x"` + "\n"
	eventsRow    = `{"events":[{"id":"1","action":"pull"}]}` + "\n"
)

func TestOpenTellsFormat(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          Format
		err           string
	}{
		{"csv", csvHeader + csvRow, CSV, ""},
		{"csv header only", csvHeader, CSV, ""},
		{"csv header without newline", strings.TrimSpace(csvHeader), CSV, ""},
		{"csv with CRLF", strings.ReplaceAll(csvHeader+csvRow, "\n", "\r\n"), CSV, ""},
		{"csv with a byte order mark", byteOrderMark + csvHeader + csvRow, CSV, ""},
		{"csv with quoted upper-case names", `"Timestamp","CLIENT_IP","Method","image","reference"` + "\n", CSV, ""},
		{"csv with semicolons", strings.ReplaceAll(csvHeader, ",", ";"), CSV, ""},
		{"csv with tabs", strings.ReplaceAll(csvHeader, ",", "\t"), CSV, ""},
		{"csv after blank lines", "\n\n" + csvHeader + csvRow, CSV, ""},
		{"jsonl", jsonRow, JSONL, ""},
		{"jsonl with a byte order mark", byteOrderMark + jsonRow, JSONL, ""},
		{"jsonl after a damaged line", `{"timestamp": oops` + "\n" + jsonRow, JSONL, ""},
		{"jsonl after garbage", "Sep 25 10:00:00 host started\n" + jsonRow, JSONL, ""},
		{"nginx-json", nginxRow, NginxJSON, ""},
		{"combined", combinedRow, Combined, ""},
		{"combined with blanks in the user", combinedUser, Combined, ""},
		{"combined of the common kind", strings.Replace(combinedRow, ` "-" "docker/24.0.2"`, "", 1), Combined, ""},
		{"distribution-events", eventsRow, DistributionEvents, ""},
		{"parquet", "PAR1............PAR1", Parquet, ""},
		{"empty", "", JSONL, ""},
		{"white space only", " \n\r\n\t\n", JSONL, ""},
		{"byte order mark only", byteOrderMark, JSONL, ""},

		{"prose", "Dear registry,\nhow are you?\n", "", "name it with --format"},
		{"other JSON", `{"a":1}` + "\n", "", "name it with --format"},
		{"JSON array", "[" + strings.TrimSpace(jsonRow) + "]\n", "", "name it with --format"},
		{"JSON over several lines", "{\n  \"timestamp\": \"2024-09-25\"\n}\n", "", "name it with --format"},
		{"csv without a required column", "timestamp,client_ip,method,reference\n" + csvRow, "", "name it with --format"},
		{"binary", strings.Repeat("\x00\x01\x02\xff", 100), "", "binary"},
		{"UTF-16", utf16Text(csvHeader + csvRow), "", "iconv -f UTF-16"},
		{"zip", "PK\x03\x04" + strings.Repeat("\x00\x14\x00\x08\xe3\xb1", 30), "", "binary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.log")
			write(t, path, test.content)
			input, err := Open(path, Auto)
			checkError(t, err, test.err)
			if err != nil {
				checkError(t, err, path)
				return
			}
			defer input.Close()
			if input.Format != test.want {
				t.Errorf("format %s, want %s", input.Format, test.want)
			}
		})
	}
}

// The format that the user names is taken, but checked as far as the head of the
// file tells.
func TestOpenWithFormat(t *testing.T) {
	for _, test := range []struct {
		name, content string
		format        Format
		err           string
	}{
		{"csv as csv", csvHeader + csvRow, CSV, ""},
		{"empty as csv", "", CSV, ""},
		{"blank as csv", "\n\n", CSV, ""},
		{"rows without header", csvRow, CSV, "line 1: the required columns timestamp, client_ip, method, image (or namespace and repository), reference are missing"},
		{"a column is missing", "\n\ntimestamp,client_ip,image,reference\n", CSV, "line 3: the required columns method are missing"},
		{"a column twice", "timestamp,client_ip,method,image,reference,Image\n", CSV, "names column image twice"},
		{"jsonl as csv", jsonRow, CSV, "line 1: the required columns"},
		{"csv as jsonl", csvHeader + csvRow, JSONL, ""}, // every line will be rejected, which says more
		{"csv as parquet", csvHeader + csvRow, Parquet, "no Parquet file"},
		{"empty as parquet", "", Parquet, "no Parquet file"},
		{"binary as combined", strings.Repeat("\x00\x01\x02\xff", 100), Combined, "binary"},
		{"UTF-16 as csv", utf16Text(csvHeader + csvRow), CSV, "UTF-16"},
		{"parquet in gzip", gzipped("PAR1....PAR1"), Parquet, "a Parquet file inside gzip cannot be read; unpack it first"},
		{"own format on text", "anything", Format("my.sql"), ""},
		{"own format on binary", strings.Repeat("\x00\x01\x02\xff", 100), Format("my.sql"), "binary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.log")
			write(t, path, test.content)
			input, err := Open(path, test.format)
			checkError(t, err, test.err)
			if err == nil {
				input.Close()
			}
		})
	}
}

func TestOpenPacked(t *testing.T) {
	content := csvHeader + strings.Repeat(csvRow, 3000)
	for name, packed := range map[string]string{
		"plain": content, "gzip": gzipped(content), "zstd": zstded(content),
		"gzip in two members": gzipped(content[:1000]) + gzipped(content[1000:]),
		"zstd in two frames":  zstded(content[:1000]) + zstded(content[1000:]),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.log")
			write(t, path, packed)
			got := readAll(t, path, Auto)
			if got.err != nil {
				t.Fatal(got.err)
			}
			if got.tally.Rows != 3000 || got.reader.Bytes() != int64(len(content)) || got.reader.SHA256() != sumOf(content) || got.reader.FileSHA256() != sumOf(packed) {
				t.Errorf("tally %+v, %d bytes, content %s, file %s", got.tally, got.reader.Bytes(), got.reader.SHA256(), got.reader.FileSHA256())
			}
		})
	}
}

// A stream that is cut off anywhere is an error, never a shorter log.
func TestOpenCutStream(t *testing.T) {
	var content strings.Builder
	content.WriteString(csvHeader)
	for i := range 20000 {
		content.WriteString(strings.Replace(csvRow, "192.0.2.1", "192.0.2."+string(rune('0'+i*7%10))+string(rune('0'+i*3%10)), 1))
	}
	dir := t.TempDir()
	for name, packed := range map[string]string{"gzip": gzipped(content.String()), "zstd": zstded(content.String())} {
		first := 4 // of a shorter piece nothing tells what it was
		for at := first; at < len(packed); at += max(1, (len(packed)-first)/150) {
			if name == "zstd" && len(packed)-at <= 4 {
				break // see TestOpenZstdWithoutItsSum
			}
			path := filepath.Join(dir, name)
			write(t, path, packed[:at])
			got := readAll(t, path, Auto)
			if got.err == nil {
				t.Fatalf("%s cut at %d of %d bytes: no error, %d rows", name, at, len(packed), got.tally.Rows)
			}
			checkError(t, got.err, path)
			checkError(t, got.err, "fetch")
		}
		for _, tail := range []int{1, 2, 4, 8} {
			if name == "zstd" && tail <= 4 {
				continue // see TestOpenZstdWithoutItsSum
			}
			path := filepath.Join(dir, name)
			write(t, path, packed[:len(packed)-tail])
			if got := readAll(t, path, Auto); got.err == nil {
				t.Errorf("%s without its last %d bytes: no error", name, tail)
			}
		}
	}
}

// The decoder reports the missing check sum before it hands out the last block.
func TestOpenZstdWithoutItsSum(t *testing.T) {
	content := csvHeader + strings.Repeat(csvRow, 20000)
	packed := zstded(content)
	for tail := 1; tail <= 4; tail++ {
		path := filepath.Join(t.TempDir(), "in.log.zst")
		write(t, path, packed[:len(packed)-tail])
		got := readAll(t, path, Auto)
		if got.err == nil {
			t.Errorf("without its last %d bytes: no error, %d of 20000 rows", tail, got.tally.Rows)
		}
	}
}

func TestOpenDamagedStream(t *testing.T) {
	content := csvHeader + strings.Repeat(csvRow, 3000)
	for name, packed := range map[string]string{
		"gzip with garbage behind":    gzipped(content) + "garbage",
		"zstd with garbage behind":    zstded(content) + "garbage",
		"gzip with a byte changed":    changed(gzipped(content), 60),
		"gzip with its sum changed":   changed(gzipped(content), len(gzipped(content))-6),
		"gzip magic only":             "\x1f\x8b",
		"gzip magic, then text":       "\x1f\x8b" + content,
		"zstd magic, then text":       "\x28\xb5\x2f\xfd" + content,
		"gzip, its second member cut": gzipped(content) + gzipped(content)[:30],
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.log.gz")
			write(t, path, packed)
			got := readAll(t, path, Auto)
			checkError(t, got.err, path)
			checkError(t, got.err, "fetch")
		})
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir, Auto)
	checkError(t, err, "not a regular file")
	_, err = Open("/dev/null", Auto)
	checkError(t, err, "not a regular file")
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	_, err = Open(fifo, Auto)
	checkError(t, err, "write the log to a file first")
	_, err = Open(filepath.Join(dir, "nosuch"), Auto)
	checkError(t, err, "no such file")
}

// Lines that are appended after Open belong to the next run.
func TestOpenFileThatGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.csv")
	write(t, path, csvHeader+csvRow)
	input, err := Open(path, Auto)
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	write(t, path, csvHeader+csvRow+csvRow+csvRow)
	got := readInput(input)
	if got.err != nil || got.tally.Rows != 1 {
		t.Errorf("read %d rows, error %v; want the one that was there", got.tally.Rows, got.err)
	}
}

func TestOpenFileThatShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.csv")
	write(t, path, csvHeader+csvRow+csvRow)
	input, err := Open(path, Auto)
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	write(t, path, csvHeader+csvRow)
	checkError(t, readInput(input).err, "shrank")
}

func TestParseFormat(t *testing.T) {
	for _, format := range append(Formats, "my.sql", "dir/my own.sql") {
		if got, err := ParseFormat(string(format)); err != nil || got != format {
			t.Errorf("ParseFormat(%q) = %q, %v", format, got, err)
		}
	}
	for _, text := range []string{"", "CSV", "json", "csv ", "my.sql.bak"} {
		_, err := ParseFormat(text)
		checkError(t, err, "take one of auto, csv, jsonl, parquet, nginx-json, combined, distribution-events, or the path of your own FILE.sql")
	}
}

// read is what reading an input to its end gave.
type read struct {
	reader *Reader
	blocks []*Block
	rows   []Row
	tally  Tally
	err    error
}

// readAll opens and reads a file; err is of either.
func readAll(t *testing.T, path string, format Format) read {
	t.Helper()
	input, err := Open(path, format)
	if err != nil {
		return read{err: err}
	}
	t.Cleanup(func() { input.Close() })
	return readInput(input)
}

func readInput(input *Input, probes ...int64) read {
	reader, err := NewReader(input, 7, probes)
	if err != nil {
		return read{err: err}
	}
	defer reader.Close()
	got := read{reader: reader}
	for {
		block, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			got.err = err
			return got
		}
		got.take(block)
	}
}

func (r *read) take(block *Block) {
	r.blocks = append(r.blocks, block)
	tally := block.Rows(func(row Row) {
		row.Text = bytes.Clone(row.Text)
		r.rows = append(r.rows, row)
	})
	r.tally.Lines += tally.Lines
	r.tally.Rows += tally.Rows
	r.tally.Header += tally.Header
	r.tally.Blank += tally.Blank
	r.tally.Continuation += tally.Continuation
}

func gzipped(content string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, content) // a buffer takes everything
	_ = w.Close()
	return out.String()
}

func zstded(content string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(content), nil))
}

func changed(content string, at int) string {
	out := []byte(content)
	out[at] ^= 0x55
	return string(out)
}

func utf16Text(content string) string {
	var out []byte
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(content))...) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}
