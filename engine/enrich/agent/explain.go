package agent

import (
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// fromText is the origin of facts that no table decides.
const fromText = "user agent"

// Explain tells the facts tool, version, os, arch and role of a user agent, each
// with the table and the rule it comes from. Unknown facts say why they are.
func (r *Rules) Explain(userAgent string) []origin.Fact {
	d := r.decide(userAgent)
	source, rule, version := fromText, d.agent.Rule, d.agent.Rule
	switch {
	case d.rule != nil:
		source, version = d.rule.table, rule+", version of "+d.rule.versionSource()
	case strings.TrimSpace(userAgent) == "":
		rule = "the user agent is empty"
		version = rule
	case rule == "":
		rule = "no rule matches and there is no first product token"
		version = rule
	}
	role := rule
	if d.rule == nil {
		role += ", without a rule the role is " + generic
	}
	return []origin.Fact{
		{Name: "tool", Value: d.agent.Tool, Origin: source, Rule: rule},
		{Name: "version", Value: d.agent.Version, Origin: source, Rule: version},
		{Name: "os", Value: d.agent.OS, Origin: fromText, Rule: orUnnamed(d.platform.osRule, "operating system")},
		{Name: "arch", Value: d.agent.Arch, Origin: fromText, Rule: orUnnamed(d.platform.archRule, "architecture")},
		{Name: "role", Value: d.agent.Role, Origin: source, Rule: role},
	}
}

// versionSource says for people what the version is taken from.
func (r *rule) versionSource() string {
	switch r.versionOf {
	case "":
		return "the first product"
	case versionNone:
		return "nothing, it tells none"
	case versionMatch:
		return "the match"
	case partUpstream:
		return "the upstream client"
	default:
		return r.versionOf
	}
}

func orUnnamed(rule, what string) string {
	if rule == "" {
		return "the user agent names no " + what
	}
	return rule
}
