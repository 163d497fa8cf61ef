package engine

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
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

// arguments are the values of the parameters that a query names, by the names that it
// gives them: the driver would bind a value of another name by its place.
func arguments(named []string, params []Param, ignoreUnused bool) ([]any, error) {
	var args []any
	used := map[int]bool{}
	for _, name := range named {
		at := slices.IndexFunc(params, func(param Param) bool { return strings.EqualFold(param.Name, name) })
		if at < 0 {
			if !paramName.MatchString(name) {
				return nil, &UsageError{errors.New("a parameter of the query has no name; write $name instead of ? or $1, and give it a value with --param name=value")}
			}
			return nil, &UsageError{fmt.Errorf("the query's parameter $%s has no value; give it one with --param %s=value", name, name)}
		}
		used[at] = true
		args = append(args, sql.Named(name, params[at].Value))
	}
	for at, param := range params {
		if !used[at] && !ignoreUnused {
			return nil, &UsageError{fmt.Errorf("the query does not name $%s, for which --param gives a value; %s", param.Name, namesOf(named))}
		}
	}
	return args, nil
}

func namesOf(params []string) string {
	if len(params) == 0 {
		return "it has no parameters"
	}
	return "it names $" + strings.Join(params, ", $")
}

// AddParam sets a parameter, in place of one of the same name. Names are alike in
// upper and lower case, as in SQL.
func AddParam(params []Param, param Param) []Param {
	params = slices.DeleteFunc(params, func(other Param) bool { return strings.EqualFold(other.Name, param.Name) })
	return append(params, param)
}
