package ingest

import (
	"bytes"
	"unicode/utf8"
)

// A column of a request's record, as an index into Fields.
const (
	FieldClient = iota
	FieldForwarded
	FieldMethod
	FieldPath
	FieldImage
	FieldNamespace
	FieldRepository
	FieldReference
	FieldDigest
	FieldStatus
	FieldAgent
	FieldUser
	FieldEmail
	FieldDomain
	FieldRequestID

	fieldTimestamp
	fieldRequestTime
	fieldOther // of no meaning
	fieldCount
)

// Fields are the values of one record; what it does not have is empty. The values are parts of a block.
type Fields struct {
	At     int64 // microseconds since 1970
	values [fieldCount][]byte
}

// Get is the value of a column.
func (f *Fields) Get(column int) []byte { return f.values[column] }

// Splitter takes records of the built-in formats apart that large logs come in. The SQL file of a
// format says what a record means; a splitter agrees with it on the records that it takes, and
// leaves every other one, with an unusual stamp or escaped text, to the SQL. It is for one goroutine.
type Splitter struct {
	hasPath   bool
	separator byte
	columns   []int // of a CSV file: what each of its fields is
	day       stampDay
	split     func(s *Splitter, text []byte, separator byte, f *Fields) bool
}

// Splitter returns a splitter for the records of the input, or nil when only SQL knows them.
func (in *Input) Splitter() *Splitter {
	if in.Schema != Requests {
		return nil
	}
	switch in.Format {
	case CSV:
		s := &Splitter{separator: in.Separator, split: (*Splitter).csv}
		for _, name := range in.Columns {
			column, ok := csvFields[name]
			if !ok {
				column = fieldOther
			}
			s.columns = append(s.columns, column)
		}
		return s
	case NginxJSON:
		return &Splitter{hasPath: true, split: (*Splitter).nginx}
	}
	return nil
}

// HasPath reports whether records name what was asked for by a path, not by image and reference.
func (s *Splitter) HasPath() bool { return s.hasPath }

var csvFields = map[string]int{
	"timestamp": fieldTimestamp, "client_ip": FieldClient, "method": FieldMethod,
	"image": FieldImage, "namespace": FieldNamespace, "repository": FieldRepository, "reference": FieldReference,
	"digest": FieldDigest, "status": FieldStatus, "user_agent": FieldAgent, "user_id": FieldUser,
	"user_email": FieldEmail, "user_domain": FieldDomain, "request_id": FieldRequestID,
}

// csv splits the values of a record.
func (s *Splitter) csv(text []byte, separator byte, f *Fields) bool {
	last := len(s.columns) - 1
	for i, column := range s.columns {
		end := bytes.IndexByte(text, separator)
		if i == last {
			if end >= 0 {
				return false
			}
			f.values[column] = text
			break
		}
		if end < 0 {
			return false
		}
		f.values[column] = text[:end]
		text = text[end+1:]
	}
	var ok bool
	f.At, ok = s.day.parse(bytes.Trim(f.values[fieldTimestamp], " \t\r\n"))
	return ok && s.agrees(f)
}

// agrees reports whether Go and SQL read the values of a record alike.
func (s *Splitter) agrees(f *Fields) bool {
	return isPlainStatus(f.values[FieldStatus]) &&
		// Letters that are not ASCII have other rules for upper and lower case.
		isASCII(f.values[FieldMethod]) && isASCII(f.values[FieldDomain]) && isASCII(f.values[FieldEmail])
}

func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isPlainStatus reports whether a status is none, or three digits.
func isPlainStatus(status []byte) bool {
	return len(status) == 0 || len(status) == 3 && isDigits(status)
}

// Take walks over the records of the block. It calls plain for each one that the splitter takes
// apart into fields, and row for the others, as Rows does.
func (b *Block) Take(s *Splitter, fields *Fields, plain func(line int64), row func(Row)) Tally {
	it := b.Iterate()
	allPlain := isPlain(b.Data, s.tabs())
	for len(it.rest) > 0 && !b.tooLong {
		line, ok := it.takePlain(s, fields, allPlain)
		if ok {
			plain(line)
			continue
		}
		if r, ok := it.step(); ok {
			it.Tally.Rows++
			if r.Defect == "" && b.Input.Format == CSV && s.split(s, r.Text, FieldSeparator, fields) {
				plain(r.Line) // it has quotes, and no more
				continue
			}
			row(r)
		}
	}
	for r, ok := it.Next(); ok; r, ok = it.Next() {
		row(r)
	}
	return it.Tally
}

// takePlain takes the next line if it is a record that the splitter knows.
func (it *Iterator) takePlain(s *Splitter, fields *Fields, allPlain bool) (line int64, ok bool) {
	end := bytes.IndexByte(it.rest, '\n')
	next := end + 1
	if end < 0 {
		end, next = len(it.rest), len(it.rest)
	}
	text := trimReturn(it.rest[:end])
	switch {
	case len(text) == 0, !allPlain && !isPlain(text, s.tabs()):
		return 0, false
	case s.hasPath:
		if bytes.IndexByte(text, '\\') >= 0 {
			return 0, false
		}
	case bytes.IndexByte(text, '"') >= 0:
		return 0, false
	}
	if !s.split(s, text, s.separator, fields) {
		return 0, false
	}
	line = it.line
	it.rest = it.rest[next:]
	it.line++
	it.Tally.Lines++
	it.Tally.Rows++
	return line, true
}

// tabs reports whether a tab is a character like others: in a text of JSON there is none.
func (s *Splitter) tabs() bool { return !s.hasPath }

// isPlain reports whether text is UTF-8 without control characters other than line ends, and perhaps tabs.
func isPlain(text []byte, tabs bool) bool {
	const high, blanks = 0x8080808080808080, 0x2020202020202020
	ascii := true
	at := 0
	for ; at+8 <= len(text); at += 8 {
		word := text[at : at+8 : at+8]
		x := uint64(word[0]) | uint64(word[1])<<8 | uint64(word[2])<<16 | uint64(word[3])<<24 |
			uint64(word[4])<<32 | uint64(word[5])<<40 | uint64(word[6])<<48 | uint64(word[7])<<56
		if x&high != 0 {
			ascii = false
		}
		// Exact in whether there is a byte below 0x20, not in where.
		if (x-blanks)&^x&high != 0 && hasControl(text, at, at+8, tabs) {
			return false
		}
	}
	if hasControl(text, at, len(text), tabs) {
		return false
	}
	for _, c := range text[at:] {
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(text)
}

// hasControl looks for control characters other than line ends.
func hasControl(text []byte, from, to int, tabs bool) bool {
	for i := from; i < to; i++ {
		if c := text[i]; c < ' ' && c != '\n' && (c != '\t' || !tabs) && (c != '\r' || i+1 < len(text) && text[i+1] != '\n') {
			return true
		}
	}
	return false
}
