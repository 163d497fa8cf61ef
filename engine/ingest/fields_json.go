package ingest

import "bytes"

// nginx splits a line of an nginx JSON access log: one object of texts without escapes, and of plain numbers.
func (s *Splitter) nginx(text []byte, _ byte, f *Fields) bool {
	f.values = [fieldCount][]byte{}
	text = bytes.Trim(text, " ")
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return false
	}
	text = text[1 : len(text)-1]
	var seen [fieldCount]bool
	for {
		key, rest, ok := jsonText(text)
		if !ok {
			return false
		}
		rest = trimBlanks(rest)
		if len(rest) == 0 || rest[0] != ':' {
			return false
		}
		value, isNumber, rest, ok := jsonValue(trimBlanks(rest[1:]))
		if !ok {
			return false
		}
		if column := nginxField(key); column != fieldOther {
			if seen[column] || isNumber && !isNumberColumn(column) {
				return false
			}
			seen[column] = true
			f.values[column] = value
		}
		rest = trimBlanks(rest)
		if len(rest) == 0 {
			break
		}
		if rest[0] != ',' {
			return false
		}
		text = trimBlanks(rest[1:])
	}
	if !seen[FieldPath] || !seen[FieldMethod] || !seen[FieldClient] {
		return false
	}
	return nginxStart(f) && s.agrees(f)
}

// nginxStart computes when the request began: the log has the end and how long it took.
func nginxStart(f *Fields) bool {
	end, ok := parseSeconds(f.values[fieldTimestamp], 11)
	if !ok {
		return false
	}
	f.At = end
	if took := f.values[fieldRequestTime]; len(took) > 0 {
		us, ok := parseSeconds(took, 6)
		if !ok {
			return false
		}
		f.At -= us
	}
	return f.At >= 0 // SQL reads no stamp with a sign
}

func nginxField(key []byte) int {
	switch string(key) {
	case "time":
		return fieldTimestamp
	case "request_time":
		return fieldRequestTime
	case "request_id":
		return FieldRequestID
	case "remote_addr":
		return FieldClient
	case "http_x_forwarded_for":
		return FieldForwarded
	case "remote_user":
		return FieldUser
	case "method":
		return FieldMethod
	case "request_uri":
		return FieldPath
	case "status":
		return FieldStatus
	case "user_agent":
		return FieldAgent
	case "docker_content_digest":
		return FieldDigest
	}
	return fieldOther
}

// isNumberColumn reports whether the value of a column may be a number in JSON.
func isNumberColumn(column int) bool {
	return column == fieldTimestamp || column == fieldRequestTime || column == FieldStatus
}

// jsonText reads a text without escapes at the beginning of text.
func jsonText(text []byte) (value, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return nil, nil, false
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return nil, nil, false
	}
	return text[1 : end+1], text[end+2:], true
}

// jsonValue reads a text or a plain number.
func jsonValue(text []byte) (value []byte, isNumber bool, rest []byte, ok bool) {
	if len(text) > 0 && text[0] == '"' {
		value, rest, ok = jsonText(text)
		return value, false, rest, ok
	}
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.') {
		end++
	}
	whole, fraction, hasFraction := bytes.Cut(text[:end], []byte{'.'})
	// The database may write a number of more digits in another way.
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' || end > 16 ||
		hasFraction && (len(fraction) == 0 || !isDigits(fraction)) {
		return nil, false, nil, false
	}
	return text[:end], true, text[end:], true
}

func trimBlanks(text []byte) []byte {
	for len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	return text
}
