package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Format names an input format: one of the built-in ones, or the path of a
// user's own SQL file (it ends in ".sql").
type Format string

// The built-in formats; each is one file sql/ingest/<format>.sql.
const (
	Auto               Format = "auto"
	CSV                Format = "csv"
	JSONL              Format = "jsonl"
	Parquet            Format = "parquet"
	NginxJSON          Format = "nginx-json"
	Combined           Format = "combined"
	DistributionEvents Format = "distribution-events"
)

// Formats lists what --format takes, in the order of the documentation.
var Formats = []Format{Auto, CSV, JSONL, Parquet, NginxJSON, Combined, DistributionEvents}

// Own reports whether the format is a user's own SQL file.
func (f Format) Own() bool { return strings.HasSuffix(string(f), ".sql") }

// ParseFormat checks the value of --format.
func ParseFormat(text string) (Format, error) {
	format := Format(text)
	if format.Own() {
		return format, nil
	}
	for _, known := range Formats {
		if format == known {
			return format, nil
		}
	}
	names := make([]string, len(Formats))
	for i, known := range Formats {
		names[i] = string(known)
	}
	return "", fmt.Errorf("format %q is unknown; take one of %s, or the path of your own FILE.sql", text, strings.Join(names, ", "))
}

var combinedPattern = regexp.MustCompile(`^\S+ \S+ .*?\[\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}\] "`)

// sniff decides the format by the first bytes of the content. The error says
// why it cannot.
func (s *Schema) sniff(head []byte) (Format, error) {
	if bytes.HasPrefix(head, []byte("PAR1")) {
		return Parquet, nil
	}
	if err := checkText(head); err != nil {
		return "", err
	}
	head = bytes.TrimPrefix(head, []byte(byteOrderMark))
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if line[0] == '{' {
			if format, ok := s.sniffJSON(line); ok {
				return format, nil
			}
			continue // a damaged line says nothing of its neighbours
		}
		if s == Requests && combinedPattern.Match(line) {
			return Combined, nil
		}
		if _, _, err := s.parseHeader(line); err == nil {
			return CSV, nil
		}
	}
	return "", errors.New(s.unknown)
}

// sniffJSON tells the JSON formats apart by their keys.
func (s *Schema) sniffJSON(line []byte) (Format, bool) {
	var keys map[string]json.RawMessage
	if json.Unmarshal(line, &keys) != nil {
		return "", false
	}
	has := func(key string) bool { _, ok := keys[key]; return ok }
	switch {
	case s == Requests && has("events"):
		return DistributionEvents, true
	case s == Requests && has("request_uri") && has("remote_addr"):
		return NginxJSON, true
	}
	for _, key := range s.jsonl {
		if !has(key) {
			return "", false
		}
	}
	return JSONL, true
}

// checkText refuses what is no text: it would give millions of rejects.
func checkText(head []byte) error {
	if bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return fmt.Errorf("the file is UTF-16 text; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")
	}
	strange := 0
	for rest := head; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == 0 || r == utf8.RuneError && size == 1 || r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != 0x1b {
			strange++
		}
		rest = rest[size:]
	}
	if len(head) >= 16 && strange*10 > len(head)*3 {
		return fmt.Errorf("the content is binary, no text log; check that the file is a log, plain or compressed with gzip or zstd")
	}
	return nil
}
