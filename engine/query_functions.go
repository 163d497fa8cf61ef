package engine

import (
	"fmt"
	"strings"
)

// refusedFunctions change the database or write files although a SELECT may call them, or
// run SQL that is hidden in a text.
var refusedFunctions = map[string]bool{
	"enable_logging": true, "disable_logging": true, "truncate_duckdb_logs": true, "write_log": true,
	"enable_profiling": true, "disable_profiling": true,
	"checkpoint": true, "force_checkpoint": true,
	"enable_peg_parser": true, "disable_peg_parser": true,
	"arrow_scan": true, "arrow_scan_dumb": true,
	"query": true, "json_execute_serialized_sql": true,
}

// refusedOptions of functions make tables, which could take the place of views.
var refusedOptions = map[string]bool{"store_rejects": true, "rejects_table": true, "rejects_scan": true}

// checkFunctions refuses calls of these functions, and these options. Quotes and a schema before the name, space and
// comments behind it make no difference; there is no other way to write a name.
func checkFunctions(query string) error {
	for at := 0; at < len(query); {
		name, length := nameAt(query[at:])
		at += length
		name = strings.ToLower(name)
		if !refusedFunctions[name] && !refusedOptions[name] {
			continue
		}
		next := withoutComments(query[at:])
		if refusedFunctions[name] && strings.HasPrefix(next, "(") {
			return &UsageError{fmt.Errorf("the function %s is not allowed in queries: it may change more than it reads", name)}
		}
		if refusedOptions[name] && (strings.HasPrefix(next, "=") || strings.HasPrefix(next, ":=")) {
			return &UsageError{fmt.Errorf("the option %s is not allowed in queries: it makes tables", name)}
		}
	}
	return nil
}

// nameAt is the name that begins a text, without its quotes, and how long it is in the
// text; of other tokens only the length.
func nameAt(text string) (name string, length int) {
	if text[0] == '"' {
		length = 1
		for length < len(text) {
			if text[length] != '"' {
				length++
			} else if strings.HasPrefix(text[length:], `""`) {
				length += 2
			} else {
				return strings.ReplaceAll(text[1:length], `""`, `"`), length + 1
			}
		}
		return "", length
	}
	if length = tokenLength(text); length > 1 {
		return "", length
	}
	for length = 0; length < len(text) && isNameByte(text[length]); length++ {
	}
	return text[:length], max(length, 1)
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}
