package domain

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"golang.org/x/net/publicsuffix"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// netModule is the module that holds the public suffix list.
const netModule = "golang.org/x/net v0.62.0"

var suffixDate = regexp.MustCompile(`\((\d{4}-\d{2}-\d{2}T[^)]*)\)`)

// publicSuffixes is the origin of the public suffix list. Its bytes are hidden in
// the module, so there is no hash: the version says which they are.
var publicSuffixes = func() origin.Origin {
	o := origin.Origin{Kind: origin.Table, Name: "public suffixes", Type: netModule}
	if date := suffixDate.FindStringSubmatch(publicsuffix.List.String()); date != nil {
		o.Built = date[1]
	}
	return o
}()

// Origins returns the user's files that are there, the core table, the generated
// lists when they are compiled in, and the public suffix list.
func (d *Domains) Origins() []origin.Origin {
	origins := append(slices.Clone(d.overrides.origins), d.lists.coreOrigin)
	if d.Complete() {
		origins = append(origins, d.lists.generatedOrigin)
	}
	return append(origins, publicSuffixes)
}

// Explain returns the facts "registrable domain", "class" and "company" of a
// domain or e-mail address, each with the list and the rule that decided.
func (d *Domains) Explain(name string) []origin.Fact {
	parsed, problem := parse(name)
	if problem != "" {
		return []origin.Fact{
			{Name: "registrable domain", Origin: publicSuffixes.String(), Rule: fmt.Sprintf("%q %s", name, problem)},
			{Name: "class", Rule: "no registrable domain"},
			{Name: "company", Rule: "no registrable domain"},
		}
	}
	why := d.classify(parsed)
	return []origin.Fact{
		{Name: "registrable domain", Value: parsed.registrable, Origin: publicSuffixes.String(), Rule: "one label and the public suffix " + parsed.suffix},
		d.explainClass(why),
		d.explainCompany(parsed, why.class),
	}
}

func (d *Domains) explainClass(why match) origin.Fact {
	fact := origin.Fact{Name: "class", Value: string(why.class)}
	switch why.by {
	case byOverride:
		fact.Origin, fact.Rule = why.rule.origin(), fmt.Sprintf("line %d: %s", why.rule.line, why.entry)
	case byCore:
		fact.Origin, fact.Rule = d.lists.coreOrigin.String(), why.entry
	case byPattern:
		fact.Origin, fact.Rule = d.lists.coreOrigin.String(), "academic suffix "+why.entry
	case byGenerated:
		fact.Origin, fact.Rule = d.lists.generatedOrigin.String(), why.entry
	case bySuffix:
		fact.Origin, fact.Rule = d.lists.generatedOrigin.String(), "academic suffix "+why.entry
	default:
		fact.Rule = "in no list of personal, disposable or university domains"
		if !d.Complete() {
			fact.Rule += "; the generated lists are not compiled in"
		}
	}
	return fact
}

func (d *Domains) explainCompany(parsed parsedName, class Class) origin.Fact {
	fact := origin.Fact{Name: "company"}
	if entry, rule, ok := find(d.overrides.companies, parsed); ok {
		fact.Value, fact.Origin = rule.company, rule.origin()
		fact.Rule = fmt.Sprintf("line %d: %s", rule.line, entry)
		return fact
	}
	if class != Company {
		fact.Rule = fmt.Sprintf("a %s domain is no company", class)
		return fact
	}
	fact.Value, fact.Rule = parsed.registrable, "the registrable domain of a company"
	return fact
}

// ExplainAddress returns the fact "company" of an address that a range of
// addresses.csv covers, and nothing for others.
func (d *Domains) ExplainAddress(addr netip.Addr) []origin.Fact {
	found, ok := d.overrides.addresses.findRange(addr)
	if !ok {
		return nil
	}
	return []origin.Fact{{
		Name: "company", Value: found.rule.company, Origin: found.rule.origin(),
		Rule: fmt.Sprintf("line %d: %s", found.rule.line, found.text),
	}}
}
