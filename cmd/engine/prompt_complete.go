package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine"
)

// candidate is a word that may be meant, of some kind.
type candidate struct{ text, kind string }

// The kinds of candidates, in the order in which they are shown.
const (
	ofColumns   = "columns"
	ofTables    = "tables"
	ofFunctions = "functions"
	ofKeywords  = "keywords"
	ofCommands  = "commands"
)

var sqlKeywords = strings.Fields(`all and as asc between by case cast cross date day desc describe distinct else end
	except exclude exists explain extract false filter from full group having hour ilike in inner intersect interval is join
	last lateral left like limit month not null nulls offset on or order outer over partition pivot qualify replace right
	rows sample select semi show similar summarize table then timestamp to true union unnest unpivot using values when
	where window with within year`)

var (
	wordBefore  = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*$`)
	tableBefore = regexp.MustCompile(`(?i)([a-z_][a-z0-9_]*)\.$`)
	wantsTable  = regexp.MustCompile(`(?i)\b(from|join|describe|summarize|table)\s+$|\bfrom\s[a-z0-9_ ]*,\s*$`)
	tableAlias  = regexp.MustCompile(`(?i)\b(?:from|join)\s+([a-z_][a-z0-9_]*)(?:\s*\([^()]*\))?\s+(?:as\s+)?([a-z_][a-z0-9_]*)`)
	anyWord     = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// complete lists the words that may stand at the cursor, between what is before and
// after it, and the part of them that is there already.
func complete(before, after string, names engine.QueryNames) (word string, found []candidate) {
	if strings.HasPrefix(strings.TrimLeft(before, " "), ".") {
		return completeCommand(strings.TrimLeft(before, " "), names)
	}
	if engine.InsideText(before) {
		return "", nil
	}
	word = wordBefore.FindString(before)
	lead := strings.TrimSuffix(before, word)
	var all []candidate
	switch match := tableBefore.FindStringSubmatch(lead); {
	case match != nil:
		all = candidates(ofColumns, names.Columns[realTable(match[1], before+after, names)])
	case wantsTable.MatchString(lead):
		all = append(candidates(ofTables, names.Tables), candidates(ofFunctions, reportFunctions(names))...)
	default:
		all = append(candidates(ofColumns, namedColumns(before+after, names)), candidates(ofTables, names.Tables)...)
		if word != "" { // there are too many to be listed
			all = append(all, candidates(ofFunctions, calls(names.Functions))...)
		}
		all = append(all, candidates(ofKeywords, keywordsLike(word))...)
	}
	return word, beginningWith(word, all)
}

// completeCommand completes a command of the prompt and what stands behind it.
func completeCommand(line string, names engine.QueryNames) (word string, found []candidate) {
	name, argument, spaced := strings.Cut(line, " ")
	if !spaced {
		return name, beginningWith(name, candidates(ofCommands, commandNames()))
	}
	argument = strings.TrimLeft(argument, " ")
	var values []string
	switch name {
	case ".format":
		values = queryFormats
	case ".timer":
		values = []string{"on", "off"}
	case ".schema":
		values = names.Tables
	}
	return argument, beginningWith(argument, candidates(ofCommands, values))
}

func candidates(kind string, texts []string) []candidate {
	all := make([]candidate, len(texts))
	for i, text := range texts {
		all[i] = candidate{text, kind}
	}
	return all
}

// beginningWith keeps those that begin with the word, in upper or lower case, each once.
func beginningWith(word string, all []candidate) []candidate {
	var found []candidate
	for _, c := range all {
		if len(c.text) >= len(word) && strings.EqualFold(c.text[:len(word)], word) &&
			!slices.ContainsFunc(found, func(other candidate) bool { return other.text == c.text }) {
			found = append(found, c)
		}
	}
	return found
}

// keywordsLike are the keywords, as large as the word is.
func keywordsLike(word string) []string {
	if word == "" || word != strings.ToUpper(word) {
		return sqlKeywords
	}
	upper := make([]string, len(sqlKeywords))
	for i, keyword := range sqlKeywords {
		upper[i] = strings.ToUpper(keyword)
	}
	return upper
}

func reportFunctions(names engine.QueryNames) []string {
	var functions []string
	for _, name := range names.Functions {
		if strings.HasPrefix(name, "report_") {
			functions = append(functions, name+"(")
		}
	}
	return functions
}

func calls(functions []string) []string {
	called := make([]string, len(functions))
	for i, name := range functions {
		called[i] = name + "("
	}
	return called
}

// realTable is the table behind a name, which may be an alias.
func realTable(name, text string, names engine.QueryNames) string {
	for _, match := range tableAlias.FindAllStringSubmatch(text, -1) {
		if strings.EqualFold(match[2], name) {
			return strings.ToLower(match[1])
		}
	}
	return strings.ToLower(name)
}

// namedColumns are the columns of the tables that a text names; of all, where it names none.
func namedColumns(text string, names engine.QueryNames) []string {
	var columns []string
	for _, word := range anyWord.FindAllString(text, -1) {
		columns = append(columns, names.Columns[strings.ToLower(word)]...)
	}
	if columns == nil {
		for _, table := range names.Tables {
			columns = append(columns, names.Columns[table]...)
		}
	}
	return columns
}

// listRows is how many lines the candidates take in a terminal of some width.
func listRows(found []candidate, width int) int {
	longest, number := map[string]int{}, map[string]int{}
	for _, c := range found {
		longest[c.kind] = max(longest[c.kind], len(c.text))
		number[c.kind]++
	}
	rows := 0
	for kind, n := range number {
		cells := max(1, width/(longest[kind]+columnGap))
		rows += 1 + (n+cells-1)/cells // and the name of the kind
	}
	return rows
}

// sharedPrefix is what all candidates begin with.
func sharedPrefix(found []candidate) string {
	if len(found) == 0 {
		return ""
	}
	shared := found[0].text
	for _, c := range found[1:] {
		for !strings.HasPrefix(c.text, shared) {
			shared = shared[:len(shared)-1]
		}
	}
	return shared
}
