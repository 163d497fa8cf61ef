package ipdb

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/phuslu/iploc"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// answer is what one database says about an address, with the record behind it.
type answer struct {
	database *database
	prefix   netip.Prefix
	entry    *entry
	record   record
	// missing is why there is no record; empty when there is one.
	missing string
}

// Explain returns country, ip type, ip domain, asn, as name and network of an
// address, always all of them and in this order, each with the database it comes
// from and with the network and the field that decided. The rule of an unknown
// fact says why it is unknown. Nothing is counted as failed.
func (d *Databases) Explain(addr netip.Addr) []origin.Fact {
	var answers []answer
	if addr.IsValid() {
		addr = plain(addr)
		for _, database := range d.databases {
			answers = append(answers, database.answer(addr))
		}
	}
	facts := make([]origin.Fact, 0, factCount+1)
	for of := range factCount {
		fact := origin.Fact{Name: factNames[of], Rule: "not an IP address"}
		if addr.IsValid() {
			fact = explain(of, answers)
		}
		if of == countryFact && d.table && addr.IsValid() && fact.Value == "" {
			fact = explainTable(addr)
		}
		facts = append(facts, fact)
	}
	return append(facts, explainNetwork(addr, answers))
}

func (d *database) answer(addr netip.Addr) answer {
	given := answer{database: d, entry: &entry{}}
	result, ok := d.find(addr)
	switch {
	case !ok:
		given.missing = "holds IPv4 addresses only"
	case result.Err() != nil:
		given.missing = "the look-up failed: " + result.Err().Error()
	case !result.Found():
		given.missing = "no network holds the address"
	default:
		given.prefix = result.Prefix()
		if err := result.Decode(&given.record); err != nil {
			given.record = record{}
			given.missing = fmt.Sprintf("the record of %s cannot be read: %s", given.prefix, err)
			return given
		}
		given.entry = given.record.choose()
	}
	return given
}

// explain names the answer that gave a fact, as Lookup chooses it.
func explain(of fact, answers []answer) origin.Fact {
	explained := origin.Fact{Name: factNames[of]}
	var chosen *answer
	for n := range answers {
		given := &answers[n]
		if given.entry.from[of] == 0 {
			continue
		}
		if chosen == nil || of == typeFact && chosen.entry.flagged && !given.entry.flagged {
			chosen = given
		}
	}
	if chosen == nil {
		explained.Rule = reasons(of, answers)
		return explained
	}
	from := chosen.entry.from[of] - 1
	explained.Value = chosen.entry.text(of)
	explained.Origin = chosen.database.origin().String()
	explained.Rule = fmt.Sprintf("%s: %s is %s", chosen.prefix, sources[from].path, chosen.record.values[from])
	return explained
}

// reasons says for each database why it does not tell a fact.
func reasons(of fact, answers []answer) string {
	if len(answers) == 0 {
		return "no database is given"
	}
	var texts []string
	for _, given := range answers {
		reason := given.missing
		if reason == "" {
			reason = given.unknown(of)
		}
		texts = append(texts, given.database.name+": "+reason)
	}
	return strings.Join(texts, "; ")
}

// unknown says why a record does not tell a fact.
func (a *answer) unknown(of fact) string {
	for n, source := range sources {
		if value := a.record.values[n]; source.of == of && value.kind != none {
			return fmt.Sprintf("%s: %s is %s, which tells no %s", a.prefix, source.path, value, factNames[of])
		}
	}
	return fmt.Sprintf("%s: the record has no %s", a.prefix, factNames[of])
}

func explainTable(addr netip.Addr) origin.Fact {
	code := iploc.IPCountry(addr)
	explained := origin.Fact{Name: factNames[countryFact], Value: country(code), Rule: "no database of countries is given"}
	if explained.Value != "" {
		explained.Origin = tableOrigin().String()
	} else {
		explained.Rule += fmt.Sprintf(", and the embedded table has %q, which is no country", code)
	}
	return explained
}

// explainNetwork returns the narrowest network that holds the address.
func explainNetwork(addr netip.Addr, answers []answer) origin.Fact {
	explained := origin.Fact{Name: "network"}
	if !addr.IsValid() {
		explained.Rule = "not an IP address"
		return explained
	}
	narrowest := addr.BitLen() + 1
	for _, given := range answers {
		width := given.prefix.Addr().BitLen() - given.prefix.Bits()
		if !given.prefix.IsValid() || width >= narrowest {
			continue
		}
		narrowest = width
		explained.Value = given.prefix.String()
		explained.Origin = given.database.origin().String()
		explained.Rule = "the narrowest network that holds the address"
	}
	if explained.Value == "" {
		explained.Rule = "no database has a network that holds the address"
	}
	return explained
}

// text returns a fact of the entry for people.
func (e *entry) text(of fact) string {
	switch of {
	case countryFact:
		return e.Country
	case typeFact:
		return e.Type
	case domainFact:
		return e.Domain
	case asnFact:
		return strconv.FormatInt(e.ASN, 10)
	default:
		return e.asName
	}
}

// String returns the value as it stands in the record.
func (v value) String() string {
	switch v.kind {
	case number:
		return strconv.FormatUint(v.number, 10)
	case boolean:
		return strconv.FormatBool(v.number == 1)
	default:
		return strconv.Quote(v.text)
	}
}
