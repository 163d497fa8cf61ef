package engine

import "strings"

// CompleteStatements cuts a text at the semicolons that end its statements, and
// returns what is left over, of which a statement is still being written. Semicolons
// in quotes and comments end nothing.
func CompleteStatements(text string) (complete []string, rest string) {
	begin := 0
	for at := 0; at < len(text); {
		if text[at] != ';' {
			at += tokenLength(text[at:])
			continue
		}
		if part := text[begin:at]; withoutComments(part) != "" {
			complete = append(complete, strings.TrimSpace(part))
		}
		at++
		begin = at
	}
	if rest = strings.TrimSpace(text[begin:]); withoutComments(rest) == "" {
		rest = ""
	}
	return complete, rest
}

// InsideText reports whether a text ends inside of quotes or a comment.
func InsideText(text string) bool {
	at := 0
	for at < len(text) {
		// What is open takes the semicolon, too.
		at += tokenLength(text[at:] + ";")
	}
	return at > len(text)
}
