package agent

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// agentColumns are the columns of agents.csv; the table's comment says what they mean.
var agentColumns = []string{"product", "part", "match", "tool", "version_of", "role", "notes"}

// Words with a meaning of their own in agents.csv.
const (
	anyProduct   = "*"        // product: whatever the user agent begins with
	partUpstream = "upstream" // part and version_of: the nested user agent
	versionMatch = "match"    // version_of: the first group of match
	versionNone  = "none"     // version_of: there is no version
)

// toolPattern keeps names safe to publish: a spreadsheet takes no such name for a formula.
var toolPattern = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9 ._+-]{0,62}[a-z0-9+])?$`)

// rule is one row of agents.csv.
type rule struct {
	product   string         // name of the first product in lower case, or anyProduct
	part      string         // what match looks at: "" for all, partUpstream, or the name of a product
	match     *regexp.Regexp // nil: the part must only be there
	tool      string         // empty: the first product's name
	versionOf string
	role      string
	table     string // the origin, for people
	where     string // table and line
}

// readRules parses the rows of a table. A rule that can never be reached is an
// error, because its author expects something of it.
func readRules(t table) ([]rule, error) {
	rules := make([]rule, 0, len(t.rows))
	closedBy := map[string]int{} // line of the rule that takes all of a product
	type condition struct{ product, part, match string }
	seen := map[condition]int{}
	for _, row := range t.rows {
		r, err := readRule(t, row)
		if err != nil {
			return nil, err
		}
		same := condition{r.product, r.part, row.fields[2]}
		for _, line := range []int{seen[same], closedBy[r.product]} {
			if line > 0 {
				return nil, row.errorf(t.path, "the rule is never reached, because that of line %d takes all it would match; put it before or remove it", line)
			}
		}
		seen[same] = row.line
		if r.part == "" && r.match == nil {
			closedBy[r.product] = row.line
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func readRule(t table, row row) (rule, error) {
	match := row.fields[2]
	r := rule{
		product: row.fields[0], part: row.fields[1], tool: row.fields[3], versionOf: row.fields[4], role: row.fields[5],
		table: t.origin.String(), where: fmt.Sprintf("%s:%d", t.name, row.line),
	}
	switch {
	case r.product != anyProduct && !isLowerName(r.product):
		return rule{}, row.errorf(t.path, "product %q is no name; take that before the slash, in lower case, or *", r.product)
	case r.part != "" && !isLowerName(r.part):
		return rule{}, row.errorf(t.path, "part %q is unknown; take upstream or the lower-case name of a product, or leave it empty for all of the user agent", r.part)
	case r.product == anyProduct && r.part == "" && match == "":
		return rule{}, row.errorf(t.path, "the rule takes every user agent; write a product, a part or a match")
	case r.tool != "" && !toolPattern.MatchString(r.tool):
		return rule{}, row.errorf(t.path, "tool %q is not a name of at most 64 lower-case letters, digits, spaces and . _ + -", r.tool)
	case r.versionOf != "" && !isLowerName(r.versionOf):
		return rule{}, row.errorf(t.path, "version_of %q is unknown; take match, none, upstream or the lower-case name of a product, or leave it empty for the first one", r.versionOf)
	case !slices.Contains(roles, r.role):
		return rule{}, row.errorf(t.path, "role %q is unknown; take one of %s", r.role, strings.Join(roles, ", "))
	}
	if match != "" {
		var err error
		if r.match, err = regexp.Compile(match); err != nil {
			return rule{}, row.errorf(t.path, "match is no regular expression: %v", err)
		}
	}
	if r.versionOf == versionMatch && (r.match == nil || r.match.NumSubexp() == 0) {
		return rule{}, row.errorf(t.path, "version_of is match, but match %q has no group in parentheses for the version; add one", match)
	}
	return r, nil
}

func isLowerName(text string) bool { return isName(text) && text == strings.ToLower(text) }

func (r *rule) matches(whole *agentText) bool {
	text, ok := r.textOf(whole)
	return ok && (r.match == nil || r.match.MatchString(text))
}

// textOf returns what match looks at, and whether it is there at all.
func (r *rule) textOf(whole *agentText) (string, bool) {
	switch r.part {
	case "":
		return whole.text, true
	case partUpstream:
		return whole.upstream, whole.hasUpstream
	default:
		return whole.find(r.part)
	}
}

// version returns the version that the rule reports of a user agent it matches.
func (r *rule) version(first part, whole, upstream *agentText) string {
	switch r.versionOf {
	case "":
		return cleanVersion(first.value)
	case versionNone:
		return ""
	case versionMatch:
		text, _ := r.textOf(whole)
		at := r.match.FindStringSubmatchIndex(text)
		if at == nil || at[2] < 0 || r.part == partUpstream && whole.isCut && at[3] == len(text) {
			return "" // no group took part, or what it took may be incomplete
		}
		return cleanVersion(text[at[2]:at[3]])
	case partUpstream:
		return cleanVersion(upstream.parts[0].value)
	default:
		text, _ := whole.find(r.versionOf)
		return cleanVersion(text)
	}
}
