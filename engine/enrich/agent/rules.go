package agent

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

//go:embed agents.csv
var agentsCSV []byte

const agentsTitle = "user agents"

// Rules is a list of rules for user agents, of which the first that matches
// counts. It is safe for concurrent use.
type Rules struct {
	rules   []rule
	origins []origin.Origin
	// byProduct holds, in order, the rules that a user agent with that first
	// product can match; anyProduct those for all others.
	byProduct  map[string][]*rule
	anyProduct []*rule
}

var defaultRules = sync.OnceValues(func() (*Rules, error) {
	t, err := embeddedTable("agents.csv", agentsTitle, agentsCSV, agentColumns)
	if err != nil {
		return nil, err
	}
	return new(Rules).extend(t)
})

// Default returns the rules that come with the engine.
func Default() *Rules {
	rules, err := defaultRules()
	if err != nil {
		panic("embedded table: " + err.Error())
	}
	return rules
}

// Extend returns rules that begin with those of a user's table, which has the
// form of the embedded agents.csv. Errors name the file and the line.
func (r *Rules) Extend(path string) (*Rules, error) {
	t, err := userTable(path, agentsTitle, agentColumns)
	if err != nil {
		return nil, err
	}
	return r.extend(t)
}

func (r *Rules) extend(t table) (*Rules, error) {
	rules, err := readRules(t)
	if err != nil {
		return nil, err
	}
	extended := &Rules{
		rules:     append(rules, r.rules...),
		origins:   append(slices.Clone(r.origins), t.origin),
		byProduct: map[string][]*rule{},
	}
	for i := range extended.rules {
		if product := extended.rules[i].product; product != anyProduct {
			extended.byProduct[product] = nil
		}
	}
	for i := range extended.rules {
		next := &extended.rules[i]
		if next.product != anyProduct {
			extended.byProduct[next.product] = append(extended.byProduct[next.product], next)
			continue
		}
		extended.anyProduct = append(extended.anyProduct, next)
		for product, list := range extended.byProduct {
			extended.byProduct[product] = append(list, next)
		}
	}
	return extended, nil
}

// Origins lists the embedded table and those of the user.
func (r *Rules) Origins() []origin.Origin { return slices.Clone(r.origins) }

// Parse reads a user agent. It takes any text.
func (r *Rules) Parse(userAgent string) Agent { return r.decide(userAgent).agent }

// decision is an agent and what it rests on.
type decision struct {
	agent    Agent
	rule     *rule // nil when none matched
	platform platform
}

func (r *Rules) decide(userAgent string) decision {
	text := prepare(userAgent)
	if text == "" {
		return decision{agent: Agent{Role: generic}}
	}
	var whole, upstream agentText
	whole.split(text, false)
	if whole.hasUpstream {
		upstream.split(whole.upstream, whole.isCut)
	}
	d := decision{platform: platformOf(&whole, &upstream)}
	first, isProduct := whole.first()
	d.rule = r.find(first, isProduct, &whole)
	switch {
	case d.rule != nil:
		d.agent = Agent{Tool: d.rule.tool, Role: d.rule.role, Rule: d.rule.where}
		if d.agent.Tool == "" && isProduct {
			d.agent.Tool = strings.ToLower(first.name)
		}
		if d.agent.Tool != "" {
			d.agent.Version = d.rule.version(first, &whole, &upstream)
		}
	case isProduct && (!first.hasSlash || isVersion(first.value)):
		d.agent = Agent{Tool: strings.ToLower(first.name), Version: cleanVersion(first.value), Role: generic, Rule: firstProduct}
	default:
		d.agent = Agent{Role: generic}
	}
	d.agent.OS, d.agent.Arch = d.platform.os, d.platform.arch
	return d
}

// find returns the first rule that matches, or nil.
func (r *Rules) find(first part, isProduct bool, whole *agentText) *rule {
	rules := r.anyProduct
	if isProduct {
		if list, ok := r.byProduct[strings.ToLower(first.name)]; ok {
			rules = list
		}
	}
	for _, next := range rules {
		if next.matches(whole) {
			return next
		}
	}
	return nil
}
