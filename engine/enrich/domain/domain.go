// Package domain tells which company a domain or an address stands for (SEMANTICS
// §4): the registrable domain of a company, or none where the domain belongs to a
// provider of personal or disposable mail or to a university.
//
// What is no company comes from three layers, the first that knows the domain
// decides: files of the user (Files names them), the table core.csv with well-known
// providers and the academic suffixes, and the generated lists in the folder lists,
// which are compiled in when they are there. Within a layer the most specific name
// decides: users.noreply.github.com is personal, although github.com is a company.
package domain

import (
	"iter"
	"net/netip"

	"github.com/pullscope/pullscope/engine/enrich/domain/internal/listfile"
)

// Class says whose domain a domain is. It is empty for what has no registrable domain.
type Class string

// The classes. Every registrable domain in none of the others is a company's.
const (
	Company    Class = "company"
	Personal   Class = "personal"   // free mail and access providers
	Disposable Class = "disposable" // throw-away addresses
	University Class = "university" // schools and universities
)

// Domains answers from one set of lists and overrides, which stay as they were
// when it was opened. It is safe for concurrent use.
type Domains struct {
	lists     *lists
	overrides *overrides
}

// Open reads the lists that are compiled in and the files of the user in the
// folder overrides; "" or a missing folder means none. An error of a file names
// the file and the line.
func Open(overrides string) (*Domains, error) {
	lists, err := embedded()
	if err != nil {
		return nil, err
	}
	return open(overrides, lists)
}

func open(folder string, lists *lists) (*Domains, error) {
	own, err := readOverrides(folder)
	if err != nil {
		return nil, err
	}
	return &Domains{lists: lists, overrides: own}, nil
}

// Complete reports whether the generated lists are compiled in; else only the
// core table and the user's files are known.
func (d *Domains) Complete() bool { return d.lists.generated != nil }

// Classify returns the class of a domain or e-mail address. It does not depend on
// domains.csv, which says for whom a domain counts and not what it is.
func (d *Domains) Classify(name string) Class {
	parsed, problem := parse(name)
	if problem != "" {
		return ""
	}
	return d.classify(parsed).class
}

// Company returns the registrable domain of the company that a domain or e-mail
// address stands for: what domains.csv says, else its own when it is a company's,
// else "".
func (d *Domains) Company(name string) string {
	parsed, problem := parse(name)
	if problem != "" {
		return ""
	}
	if _, rule, ok := find(d.overrides.companies, parsed); ok {
		return rule.company
	}
	if d.classify(parsed).class == Company {
		return parsed.registrable
	}
	return ""
}

// Override returns the company that domains.csv names for a domain or e-mail
// address; ok with an empty company means: explicitly none.
func (d *Domains) Override(name string) (company string, ok bool) {
	parsed, problem := parse(name)
	if problem != "" {
		return "", false
	}
	_, rule, ok := find(d.overrides.companies, parsed)
	return rule.company, ok
}

// CompanyOf returns the company that addresses.csv names for an address; ok with
// an empty company means: explicitly none.
func (d *Domains) CompanyOf(addr netip.Addr) (company string, ok bool) {
	rule, ok := d.overrides.addresses.find(addr)
	return rule.company, ok
}

// match is why a domain has its class.
type match struct {
	class Class
	by    decider
	entry string       // what matched: a domain or a suffix; empty for byDefault
	rule  overrideRule // of byOverride
}

type decider int

const (
	byDefault   decider = iota // in no list
	byOverride                 // a file of the user
	byCore                     // a row of the core table
	byPattern                  // an academic suffix of the core
	byGenerated                // a domain of the generated lists
	bySuffix                   // an academic suffix of the generated lists
)

func (d *Domains) classify(name parsedName) match {
	if entry, rule, ok := find(d.overrides.classes, name); ok {
		return match{class: rule.class, by: byOverride, entry: entry, rule: rule}
	}
	return d.lists.classify(name)
}

func (l *lists) classify(name parsedName) match {
	for entry := range name.chain() {
		if class, ok := l.core[entry]; ok {
			return match{class: class, by: byCore, entry: entry}
		}
		if entry == name.registrable && isAcademic(entry) {
			return match{class: University, by: byPattern, entry: name.suffix}
		}
		switch l.generated[entry] {
		case listfile.Disposable:
			return match{class: Disposable, by: byGenerated, entry: entry}
		case listfile.Personal:
			return match{class: Personal, by: byGenerated, entry: entry}
		case listfile.University:
			return match{class: University, by: byGenerated, entry: entry}
		}
	}
	for entry := parent(name.registrable); entry != ""; entry = parent(entry) {
		if l.generated[entry] == listfile.Suffix {
			return match{class: University, by: bySuffix, entry: entry}
		}
	}
	return match{class: Company}
}

// chain yields a name and its parents, from the full name down to the
// registrable domain.
func (p parsedName) chain() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := p.host; yield(name) && name != p.registrable; {
			name = parent(name)
		}
	}
}

// find returns the entry of the most specific name that has one.
func find(rules map[string]overrideRule, name parsedName) (entry string, rule overrideRule, ok bool) {
	if len(rules) == 0 {
		return "", overrideRule{}, false
	}
	for entry := range name.chain() {
		if rule, ok := rules[entry]; ok {
			return entry, rule, true
		}
	}
	return "", overrideRule{}, false
}
