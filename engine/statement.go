package engine

import (
	"errors"
	"regexp"
	"strings"
)

var errReadOnly = errors.New("only one query is allowed: SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE, PIVOT or EXPLAIN of one. The data is read-only")

// statement is one SQL statement that begins like a query.
type statement struct {
	text     string // without a semicolon and what follows it
	explains bool
}

var (
	queryPattern   = regexp.MustCompile(`(?is)^(select|with|from|values|describe|desc|show|summarize|pivot|unpivot|table|\()`)
	explainPattern = regexp.MustCompile(`(?is)^explain(\s+analyze)?\s*(\([^()]*\)\s*)?`)
)

// parseStatement accepts exactly one statement that can only read. The driver
// runs the first ones of several while it prepares the last, so this is decided
// on the text, before the database sees it.
func parseStatement(query string) (statement, error) {
	parts := splitStatements(query)
	if len(parts) != 1 {
		return statement{}, errReadOnly
	}
	s := statement{text: parts[0]}
	bare := withoutComments(s.text)
	if prefix := explainPattern.FindString(bare); prefix != "" {
		s.explains = true
		bare = strings.TrimSpace(bare[len(prefix):])
	}
	if !queryPattern.MatchString(bare) {
		return statement{}, errReadOnly
	}
	return s, nil
}

// unexplained is the statement that an EXPLAIN is about, or the statement itself.
func (s statement) unexplained() string {
	if !s.explains {
		return s.text
	}
	return explainPattern.ReplaceAllString(withoutComments(s.text), "")
}

// splitStatements cuts at semicolons outside of quotes and comments, and leaves
// out what is empty or only a comment.
func splitStatements(query string) []string {
	var parts []string
	add := func(text string) {
		if withoutComments(text) != "" {
			parts = append(parts, strings.TrimSpace(text))
		}
	}
	begin := 0
	for at := 0; at < len(query); {
		if query[at] == ';' {
			add(query[begin:at])
			at++
			begin = at
			continue
		}
		at += tokenLength(query[at:])
	}
	add(query[begin:])
	return parts
}

// withoutComments is the text without comments and space around it.
func withoutComments(query string) string {
	var out strings.Builder
	for at := 0; at < len(query); {
		n := tokenLength(query[at:])
		if token := query[at : at+n]; strings.HasPrefix(token, "--") || strings.HasPrefix(token, "/*") {
			out.WriteByte(' ')
		} else {
			out.WriteString(token)
		}
		at += n
	}
	return strings.TrimSpace(out.String())
}

var dollarPattern = regexp.MustCompile(`^\$([A-Za-z_][A-Za-z0-9_]*)?\$`)

// tokenLength is the length of what begins a text: a quoted text, a comment, or
// one byte. What is opened and not closed reaches to the end.
func tokenLength(text string) int {
	until := func(from int, end string) int {
		if at := strings.Index(text[from:], end); at >= 0 {
			return from + at + len(end)
		}
		return len(text)
	}
	switch {
	case text[0] == '\'' || text[0] == '"':
		// A doubled quote ends one token and begins the next: that is the same here. In
		// an escape string the quote after a backslash does not end it.
		return until(1, text[:1])
	case (text[0] == 'e' || text[0] == 'E') && len(text) > 1 && text[1] == '\'':
		return escapeString(text)
	case strings.HasPrefix(text, "--"):
		return until(2, "\n")
	case strings.HasPrefix(text, "/*"):
		return blockComment(text)
	case text[0] == '$':
		if tag := dollarPattern.FindString(text); tag != "" {
			return until(len(tag), tag)
		}
	}
	return 1
}

func escapeString(text string) int {
	for at := 2; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '\'':
			return at + 1
		}
	}
	return len(text)
}

// blockComment is the length of a comment, which may hold others.
func blockComment(text string) int {
	depth := 0
	for at := 0; at+1 < len(text); at++ {
		switch text[at : at+2] {
		case "/*":
			depth++
			at++
		case "*/":
			depth--
			at++
			if depth == 0 {
				return at + 1
			}
		}
	}
	return len(text)
}
