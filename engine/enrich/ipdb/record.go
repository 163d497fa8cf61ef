package ipdb

import (
	"strings"

	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"
)

// fact is one of the things a record can tell.
type fact uint8

const (
	countryFact fact = iota
	typeFact
	domainFact
	asnFact
	asNameFact
	factCount
)

var factNames = [factCount]string{"country", "ip type", "ip domain", "asn", "as name"}

// source is a field of a record that tells a fact.
type source struct {
	// path is the keys from the top of the record, with dots between them.
	path string
	of   fact
	// flag is whether the field only says whether the address is a host's.
	flag bool
}

// sources are the fields of all layouts, for each fact in the order of preference
// within one record. The layouts do not contradict each other: a country that
// is a map is MaxMind's and DB-IP's, one that is a text is IPinfo's. The country
// that a base abroad belongs to (represented_country) says nothing about the place.
var sources = [...]source{
	{path: "country.iso_code", of: countryFact},
	{path: "country_code", of: countryFact},
	{path: "country", of: countryFact}, // a code or, in some databases, a name
	{path: "registered_country.iso_code", of: countryFact},
	{path: "traits.user_type", of: typeFact},
	{path: "type", of: typeFact},
	{path: "as_type", of: typeFact},
	{path: "is_hosting_provider", of: typeFact, flag: true},
	{path: "traits.is_hosting_provider", of: typeFact, flag: true},
	{path: "is_hosting", of: typeFact, flag: true},
	{path: "traits.domain", of: domainFact},
	{path: "domain", of: domainFact},
	{path: "as_domain", of: domainFact},
	{path: "autonomous_system_number", of: asnFact},
	{path: "traits.autonomous_system_number", of: asnFact},
	{path: "asn", of: asnFact},
	{path: "autonomous_system_organization", of: asNameFact},
	{path: "traits.autonomous_system_organization", of: asNameFact},
	{path: "as_name", of: asNameFact},
}

// value is a field as it stands in the record.
type value struct {
	kind   valueKind
	text   string
	number uint64
}

type valueKind uint8

const (
	none valueKind = iota
	text
	number
	boolean // number is 1 for true
)

// record is the values of the sources that one record of a database has. It is
// read field by field, so that a field of an unexpected kind costs no other field.
type record struct {
	values [len(sources)]value
	// odd is whether a field was of a kind that does not belong there.
	odd bool
}

// field is a key of a record that sources lie at or below.
type field struct {
	source int // -1: none here
	below  map[string]*field
}

var root = fields()

func fields() *field {
	top := &field{source: -1}
	for n, source := range sources {
		at := top
		for key := range strings.SplitSeq(source.path, ".") {
			if at.below == nil {
				at.below = make(map[string]*field)
			}
			if at.below[key] == nil {
				at.below[key] = &field{source: -1}
			}
			at = at.below[key]
		}
		at.source = n
	}
	return top
}

// UnmarshalMaxMindDBCursor reads the values of the sources. Its work is limited by
// the bytes of the record also when these are damaged: no map is entered twice.
func (r *record) UnmarshalMaxMindDBCursor(cursor mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	return r.field(cursor, root)
}

func (r *record) field(cursor mmdbdata.Cursor, at *field) (mmdbdata.Cursor, error) {
	kind, err := cursor.Kind()
	if err != nil {
		return mmdbdata.Cursor{}, err
	}
	if kind == mmdbdata.KindMap && at.below != nil {
		return r.below(cursor, at)
	}
	if at.source < 0 {
		r.odd = true
		return cursor.Skip()
	}
	var read value
	next := mmdbdata.Cursor{}
	switch kind {
	case mmdbdata.KindString:
		read.kind = text
		read.text, next, err = cursor.ReadString()
	case mmdbdata.KindBool:
		var set bool
		read.kind = boolean
		set, next, err = cursor.ReadBool()
		if set {
			read.number = 1
		}
	case mmdbdata.KindUint16, mmdbdata.KindUint32, mmdbdata.KindUint64, mmdbdata.KindInt32:
		read.kind = number
		read.number, _, next, err = cursor.ReadInteger()
	default:
		next, err = cursor.Skip()
	}
	if sources[at.source].takes(read.kind) {
		r.values[at.source] = read
	} else {
		r.odd = true
	}
	return next, err
}

func (r *record) below(cursor mmdbdata.Cursor, at *field) (mmdbdata.Cursor, error) {
	entries, err := cursor.Map()
	if err != nil {
		return mmdbdata.Cursor{}, err
	}
	var entered [4]*field // more maps than the sources have
	count := 0
	next := mmdbdata.Cursor{}
	for {
		key, content, more := entries.Next(next)
		if !more {
			return entries.End()
		}
		inner := at.below[string(key)]
		for _, before := range entered[:count] {
			if inner == before {
				inner = nil
			}
		}
		if inner == nil {
			next, err = content.Skip()
		} else {
			if inner.below != nil {
				entered[count] = inner
				count++
			}
			next, err = r.field(content, inner)
		}
		if err != nil {
			return mmdbdata.Cursor{}, err
		}
	}
}

// takes is whether a field may hold a value of that kind.
func (s source) takes(kind valueKind) bool {
	switch kind {
	case text:
		return true
	case number:
		return s.of == asnFact
	case boolean:
		return s.flag
	}
	return false
}

// choose takes for each fact the first source with a value that means something.
func (r *record) choose() *entry {
	chosen := &entry{failed: r.odd}
	for n, source := range sources {
		if value := r.values[n]; value.kind != none && chosen.from[source.of] == 0 && chosen.set(source, value) {
			chosen.from[source.of] = uint8(n + 1)
		}
	}
	return chosen
}

// set fills the fact that a source tells and returns whether the value means something.
func (e *entry) set(from source, value value) bool {
	switch from.of {
	case countryFact:
		e.Country = country(value.text)
		return e.Country != ""
	case typeFact:
		e.Type, e.flagged = ipType(from.flag, value), from.flag
		return e.Type != ""
	case domainFact:
		e.Domain = domain(value.text)
		return e.Domain != ""
	case asnFact:
		e.ASN = asn(value)
		return e.ASN != 0
	default:
		e.asName = strings.TrimSpace(strings.ToValidUTF8(value.text, "\uFFFD"))
		return e.asName != ""
	}
}
