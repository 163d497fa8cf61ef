package engine

import (
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Param is a value for $name in a query. It is bound, never pasted.
type Param struct {
	Name  string
	Value any
}

var paramName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ParseParam reads name=value. A value in single or double quotes is a text; otherwise whole
// numbers, numbers with a fraction, true and false, days and stamps are what they
// look like, and everything else is a text.
func ParseParam(text string) (Param, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || !paramName.MatchString(name) {
		return Param{}, &UsageError{fmt.Errorf("parameter %q is not like name=value; a query names it as $name", text)}
	}
	return Param{Name: name, Value: paramValue(value)}, nil
}

var decimalPattern = regexp.MustCompile(`^-?[0-9]+\.[0-9]+$`)

func paramValue(text string) any {
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		return n
	}
	if decimalPattern.MatchString(text) {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	for _, layout := range []string{time.DateOnly, time.DateTime, time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return text
}

func arguments(params []Param) []any {
	args := make([]any, len(params))
	for i, param := range params {
		args[i] = sql.Named(param.Name, param.Value)
	}
	return args
}
