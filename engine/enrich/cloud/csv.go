package cloud

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// eachRecord calls row for every record of a CSV text with its line number and its
// fields, trimmed. Lines that begin with # are comments, and the first record is
// skipped when its first field is header. Errors name the path and the line.
func eachRecord(path string, text io.Reader, header string, row func(line int, fields []string) error) error {
	reader := csv.NewReader(text)
	reader.Comment = '#'
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = true
	for first := true; ; {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			return fmt.Errorf("%s:%d: the line is no CSV: %w", path, malformed.Line, malformed.Err)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		line, _ := reader.FieldPos(0)
		for n, field := range fields {
			if strings.ContainsAny(field, "\r\n") {
				// A stray quote would swallow lines up to the next one.
				return fmt.Errorf("%s:%d: a quoted field goes over the end of the line; close the quote", path, line)
			}
			fields[n] = strings.TrimSpace(field)
		}
		if strings.HasPrefix(fields[0], "#") || strings.Join(fields, "") == "" {
			continue
		}
		isHeader := first && strings.EqualFold(fields[0], header)
		first = false
		if isHeader {
			continue
		}
		if err := row(line, fields); err != nil {
			return fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
}

var (
	dateComment     = regexp.MustCompile(`^#\s*([0-9]{4}-[0-9]{2}-[0-9]{2})\b`)
	modifiedComment = regexp.MustCompile(`(?im)^#\s*last[- ]?(?:modified|updated):?[ \t]*(\S[^\r\n]*)`)
)

// dateOf returns the date of a comment "# 2026-11-20" on the first line of a table.
func dateOf(text []byte) string {
	if found := dateComment.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

// modifiedOf returns the date of a comment "# Last modified: …" in a geofeed.
func modifiedOf(text []byte) string {
	if found := modifiedComment.FindSubmatch(text); found != nil {
		return strings.TrimSpace(string(found[1]))
	}
	return ""
}
