package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// FieldSeparator stands between the values of one CSV record in Row.Text: a
// control character that no log value holds, so that splitting is exact.
const FieldSeparator = '\x1f'

// parseHeader reads a CSV header: the canonical name of each field ("" where we
// do not know it) and the separator.
func (s *Schema) parseHeader(line []byte) ([]string, byte, error) {
	best, separator := []string(nil), byte(',')
	for _, candidate := range []byte{',', ';', '\t'} {
		record, _, ok := cutRecord(append(slices.Clone(line), '\n'), candidate, true)
		if !ok {
			continue
		}
		fields := strings.Split(string(record.text), string(FieldSeparator))
		if len(fields) > len(best) {
			best, separator = fields, candidate
		}
	}
	columns := make([]string, len(best))
	for i, field := range best {
		name := strings.ToLower(strings.TrimSpace(field))
		if !slices.Contains(s.Columns, name) {
			continue
		}
		if slices.Contains(columns, name) {
			return nil, 0, fmt.Errorf("the header names column %s twice; rename one of them", name)
		}
		columns[i] = name
	}
	if err := s.Check(columns); err != nil {
		return nil, 0, err
	}
	return columns, separator, nil
}

// record is one CSV record: its values joined by FieldSeparator.
type record struct {
	text   []byte
	fields int
	lines  int  // physical lines it covers
	broken bool // an opened quote that is never closed: only its first line is taken
}

// cutRecord takes one record off data and returns the bytes it used. It answers
// false when the record goes on beyond data and more is to come. A quote opens
// a quoted value only at the start of a field (RFC 4180); elsewhere it is a
// character, since user agents hold stray quotes.
func cutRecord(data []byte, separator byte, last bool) (record, int, bool) {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		if !last {
			return record{}, 0, false
		}
		end = len(data)
	}
	if bytes.IndexByte(data[:end], '"') < 0 {
		line := trimReturn(data[:end])
		return record{
			text:   replaceSeparator(line, separator),
			fields: bytes.Count(line, []byte{separator}) + 1,
			lines:  1,
		}, min(end+1, len(data)), true
	}
	return cutQuotedRecord(data, end, separator, last)
}

// cutQuotedRecord is cutRecord for a record that holds a quote.
func cutQuotedRecord(data []byte, firstEnd int, separator byte, last bool) (record, int, bool) {
	rec := record{fields: 1, lines: 1}
	at, fieldStart := 0, true
	for at < len(data) {
		c := data[at]
		switch {
		case fieldStart && c == '"':
			value, used, closed := cutQuoted(data[at:])
			if !closed || used > MaxLine {
				if !last && len(data) <= MaxLine {
					return record{}, 0, false
				}
				return record{text: trimReturn(data[:firstEnd]), lines: 1, broken: true}, min(firstEnd+1, len(data)), true
			}
			rec.lines += bytes.Count(data[at:at+used], []byte{'\n'})
			rec.text = append(rec.text, replaceSeparatorOnly(value)...)
			at += used
			fieldStart = false
			continue
		case c == separator:
			rec.text = append(rec.text, FieldSeparator)
			rec.fields++
			fieldStart = true
		case c == '\n':
			if at > 0 && data[at-1] == '\r' {
				rec.text = trimReturn(rec.text)
			}
			return rec, at + 1, true
		default:
			rec.text = append(rec.text, cleanSeparator(c))
			fieldStart = false
		}
		at++
	}
	if !last {
		return record{}, 0, false
	}
	if data[at-1] == '\r' {
		rec.text = trimReturn(rec.text)
	}
	return rec, at, true
}

// cutQuoted reads a quoted value at the start of data: the value, and the bytes
// up to and with the closing quote.
func cutQuoted(data []byte) (value []byte, used int, closed bool) {
	at := 1
	for {
		quote := bytes.IndexByte(data[at:], '"')
		if quote < 0 {
			return nil, 0, false
		}
		value = append(value, data[at:at+quote]...)
		at += quote + 1
		if at < len(data) && data[at] == '"' {
			value = append(value, '"')
			at++
			continue
		}
		return value, at, true
	}
}

func replaceSeparator(line []byte, separator byte) []byte {
	line = replaceSeparatorOnly(line)
	if bytes.IndexByte(line, separator) < 0 {
		return line
	}
	out := make([]byte, len(line))
	for i, c := range line {
		if c == separator {
			c = FieldSeparator
		}
		out[i] = c
	}
	return out
}

// replaceSeparatorOnly keeps a FieldSeparator inside a value from splitting it.
func replaceSeparatorOnly(value []byte) []byte {
	if bytes.IndexByte(value, FieldSeparator) < 0 {
		return value
	}
	return bytes.ReplaceAll(value, []byte{FieldSeparator}, []byte{'?'})
}

func cleanSeparator(c byte) byte {
	if c == FieldSeparator {
		return '?'
	}
	return c
}

func trimReturn(line []byte) []byte {
	return bytes.TrimSuffix(line, []byte{'\r'})
}
