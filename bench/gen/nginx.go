// How does nginx log a request, and what else stands between the requests that count?

package main

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// entry is one line of an access log.
type entry struct {
	at           int64 // start, in milliseconds from the start of the log
	addr         string
	user         string
	agent        string
	method       string // "" and no path: no HTTP
	name         string // of the repository; "": the path is /v2/
	kind         string // manifests or blobs
	reference    string
	digest       string
	status       string
	size         int64
	milliseconds int64 // that the answer took
}

// nginxFormat writes entries, and noise before them where it is wanted. Lines stand in the order of their starts, like those
// of the CSV, so that equal stamps mean the same in both.
type nginxFormat struct {
	line interface {
		append(to []byte, e *entry) []byte
	}
	times *rand.Rand // how long answers took
	noise *rand.Rand
	lines int // of noise per 100 requests
}

func newNginxFormat(o options, line interface {
	append(to []byte, e *entry) []byte
}) *nginxFormat {
	return &nginxFormat{line: line, times: rand.New(rand.NewPCG(o.seed, 3)), noise: rand.New(rand.NewPCG(o.seed, 4)), lines: o.noise}
}

func (f *nginxFormat) header() string { return "" }

func (f *nginxFormat) append(to []byte, r *request) []byte {
	e := entry{
		at: r.at, addr: r.client.addr, user: r.client.user, agent: r.client.agent, method: r.method(), name: r.name, kind: "manifests",
		reference: r.reference, digest: r.digest, status: "200", size: r.size(), milliseconds: f.answerTime(),
	}
	for lines := f.lines; lines > 0; lines -= 100 {
		if lines >= 100 || f.noise.IntN(100) < lines {
			ignored := f.ignored(e)
			to = f.line.append(to, &ignored)
		}
	}
	return f.line.append(to, &e)
}

// answerTime is a few milliseconds, and now and then many.
func (f *nginxFormat) answerTime() int64 {
	if n := f.times.IntN(1000); n < 5 {
		return int64(20 + 50*n)
	}
	return int64(1 + f.times.IntN(5))
}

// ignored turns a request into a line beside it that does not count, as they are in captured logs: blobs, tries without
// credentials, the greeting of a protocol's version, and TLS on a plain port.
func (f *nginxFormat) ignored(e entry) entry {
	e.milliseconds = int64(f.noise.IntN(20))
	switch n := f.noise.IntN(100); {
	case n < 50:
		e.method, e.kind, e.reference = "GET", "blobs", e.digest
		e.size = int64(1000 + f.noise.IntN(30_000_000))
	case n < 65:
		e.status, e.user, e.digest, e.size = "401", "", "", 179
	case n < 82:
		e.method, e.name, e.user, e.digest, e.status, e.size = "GET", "", "", "", "401", 179
	case n < 90:
		e.method, e.reference, e.digest, e.status, e.size = "HEAD", "missing", "", "404", 0
	default:
		e = entry{at: e.at, addr: e.addr, status: "400", size: 157}
	}
	return e
}

// appendPath appends the path of a request.
func (e *entry) appendPath(to []byte) []byte {
	to = append(to, "/v2/"...)
	if e.name == "" {
		return to
	}
	for _, part := range [...]string{e.name, "/", e.kind, "/", e.reference} {
		to = append(to, part...)
	}
	return to
}

// jsonLine writes the log_format of the README: escape=json, every value a text.
type jsonLine struct {
	start int64 // milliseconds since 1970
	ids   *rand.Rand
}

func newJSONLine(o options) *jsonLine {
	return &jsonLine{start: o.start.UnixMilli(), ids: newRequestIDs(o)}
}

func (f *jsonLine) append(to []byte, e *entry) []byte {
	ended := f.start + e.at + e.milliseconds
	to = strconv.AppendInt(append(to, `{"time":"`...), ended/1000, 10)
	to = appendMillis(append(to, '.'), ended)
	to = appendID(append(to, `","request_id":"`...), f.ids)
	to = append(append(to, `","remote_addr":"`...), e.addr...)
	to = append(append(to, `","http_x_forwarded_for":"","method":"`...), e.method...)
	to = append(to, `","request_uri":"`...)
	if e.method != "" {
		to = e.appendPath(to)
	}
	to = append(append(to, `","status":"`...), e.status...)
	to = strconv.AppendInt(append(to, `","bytes_sent":"`...), e.size+headerBytes, 10)
	to = appendEscaped(append(to, `","user_agent":"`...), e.agent, `\\`)
	to = append(append(to, `","remote_user":"`...), e.user...)
	to = append(append(to, `","docker_content_digest":"`...), e.digest...)
	to = strconv.AppendInt(append(to, `","request_time":"`...), e.milliseconds/1000, 10)
	to = appendMillis(append(to, '.'), e.milliseconds)
	return append(to, "\"}\n"...)
}

// headerBytes are those of an answer without its body.
const headerBytes = 392

// combinedLine writes nginx's default format, with whole seconds, of the request's end.
type combinedLine struct {
	start  time.Time
	second secondText
}

func newCombinedLine(o options) *combinedLine {
	return &combinedLine{start: o.start, second: secondText{layout: "[02/Jan/2006:15:04:05 -0700]", second: -1}}
}

func (f *combinedLine) append(to []byte, e *entry) []byte {
	to = append(append(to, e.addr...), " - "...)
	to = append(append(to, orDash(e.user)...), ' ')
	to = append(to, f.second.of(f.start, e.at+e.milliseconds)...)
	if e.method == "" {
		to = append(to, ` "\x16\x03\x01\x05\xD4\x01\x00\x05\xD0\x03\x03" `...)
	} else {
		to = append(append(append(to, ` "`...), e.method...), ' ')
		to = append(e.appendPath(to), ` HTTP/1.1" `...)
	}
	to = append(append(to, e.status...), ' ')
	to = strconv.AppendInt(to, e.size, 10)
	to = append(to, ` "-" "`...)
	return append(appendEscaped(to, orDash(e.agent), `\x5C`), "\"\n"...)
}

func orDash(value string) string {
	if value == "" {
		return "-"
	}
	return value
}

// appendEscaped appends a text with its backslashes escaped; agents have nothing else that needs it.
func appendEscaped(to []byte, text, backslash string) []byte {
	for {
		before, after, found := strings.Cut(text, `\`)
		to = append(to, before...)
		if !found {
			return to
		}
		to, text = append(to, backslash...), after
	}
}
