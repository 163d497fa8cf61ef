package cloud

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// Ranges answers which provider an address belongs to. It never changes once it
// is open, so it is safe for concurrent use.
type Ranges struct {
	// table maps a prefix to an index of owners.
	table   bart.Table[uint32]
	owners  []owner
	systems []asnTable
	files   []origin.Origin
}

// owner is what a file says about some of its prefixes.
type owner struct {
	detail
	file   int // index of files
	format string
}

// Open reads the ranges in a folder and the tables of AS numbers. Without a
// folder, dir empty or not existing, there are no ranges. asnTable is a user's CSV
// asn,provider that comes before the embedded table; empty: none. An error is one
// sentence that names the file, its line where there is one, and what to do.
func Open(dir string, asnTable string) (*Ranges, error) {
	r := &Ranges{}
	var err error
	if r.systems, err = openASNTables(asnTable); err != nil {
		return nil, err
	}
	paths, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, _, err := readFile(path)
		if err != nil {
			return nil, err
		}
		l, err := parse(path, text)
		if err != nil {
			return nil, err
		}
		r.files = append(r.files, rangesOrigin(path, text, l))
		r.insert(l)
	}
	return r, nil
}

// insert adds the prefixes of the file that was appended last.
func (r *Ranges) insert(l *list) {
	known := map[detail]uint32{}
	for prefix, d := range l.prefixes {
		index, ok := known[d]
		if !ok {
			index = uint32(len(r.owners))
			r.owners = append(r.owners, owner{detail: d, file: len(r.files) - 1, format: l.format})
			known[d] = index
		}
		if old, ok := r.table.Get(prefix); !ok || r.compare(r.owners[index], r.owners[old]) < 0 {
			r.table.Insert(prefix, index)
		}
	}
}

// services run on the clouds of others: what they publish says more about a client
// than what the cloud does. The first one wins.
var services = []string{"github", "atlassian", "fastly", "cloudflare"}

// compare orders owners of the same prefix, the one that counts first: the user's
// own files, then services, then clouds by name; then a known region, and at last
// the name of the file, so that no order of reading matters.
func (r *Ranges) compare(a, b owner) int {
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		cmp.Compare(a.provider, b.provider),
		-cmp.Compare(min(len(a.region), 1), min(len(b.region), 1)),
		cmp.Compare(r.files[a.file].Name, r.files[b.file].Name),
	)
}

func rank(o owner) int {
	if o.format == formatCSV {
		return -1
	}
	if at := slices.Index(services, o.provider); at >= 0 {
		return at
	}
	return len(services)
}

// Provider returns the id of the provider that an address belongs to: by the
// longest prefix that has it, else by its AS number, which is 0 when it is unknown.
// It is empty when no source knows one.
func (r *Ranges) Provider(addr netip.Addr, asn int64) string {
	if index, ok := r.table.Lookup(plainAddr(addr)); ok {
		return r.owners[index].provider
	}
	for _, table := range r.systems {
		if row, ok := table.systems[asn]; ok {
			return row.provider
		}
	}
	return ""
}

// Explain returns the fact "cloud" with what decided it, and the fact "cloud
// region" when the range has one. Without a provider, "cloud" is empty and says
// where it was looked for.
func (r *Ranges) Explain(addr netip.Addr, asn int64) []origin.Fact {
	addr = plainAddr(addr)
	if addr.IsValid() {
		if prefix, index, ok := r.table.LookupPrefixLPM(netip.PrefixFrom(addr, addr.BitLen())); ok {
			return r.explainRange(prefix, r.owners[index])
		}
	}
	for _, table := range r.systems {
		if row, ok := table.systems[asn]; ok {
			rule := fmt.Sprintf("AS%d in %s:%d", asn, table.origin.Name, row.line)
			return []origin.Fact{{Name: "cloud", Value: row.provider, Origin: table.origin.String(), Rule: rule}}
		}
	}
	rule := "the address is in no range, and its AS number is unknown"
	if asn > 0 {
		rule = fmt.Sprintf("the address is in no range, and AS%d is in no table", asn)
	}
	return []origin.Fact{{Name: "cloud", Rule: rule}}
}

func (r *Ranges) explainRange(prefix netip.Prefix, o owner) []origin.Fact {
	file := r.files[o.file].String()
	rule := "prefix " + prefix.String()
	if o.region != "" {
		rule += ", region " + o.region
	}
	if o.service != "" {
		rule += ", service " + o.service
	}
	facts := []origin.Fact{{Name: "cloud", Value: o.provider, Origin: file, Rule: rule}}
	if o.region != "" {
		facts = append(facts, origin.Fact{Name: "cloud region", Value: o.region, Origin: file, Rule: rule})
	}
	return facts
}

// Origins lists the files of ranges by name, then the user's table of AS numbers,
// if there is one, and the embedded table. Entries counts distinct prefixes
// without blocks that no provider can own, or AS numbers.
func (r *Ranges) Origins() []origin.Origin {
	all := slices.Clone(r.files)
	for _, table := range r.systems {
		all = append(all, table.origin)
	}
	return all
}
