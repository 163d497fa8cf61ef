// Package ipdb tells what is known of an IP address: its country, its type, its
// domain and its autonomous system, from IP databases in the MaxMind DB format
// (.mmdb) that the user names.
//
// The databases are asked in the order they are given, and for each fact the
// first one that has a value wins. There is one exception: a flag that says no
// more than "hosting" gives way to a database that tells the type itself, wherever
// that one stands. When no database is one of countries, the country comes from
// a table that is part of the program.
package ipdb

import (
	"errors"
	"net/netip"
	"time"

	"github.com/phuslu/iploc"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// Facts is what is known of an address; unknown is empty or 0.
type Facts struct {
	// Country is the ISO 3166-1 alpha-2 code in upper case.
	Country string
	// Type is business, isp, hosting or education.
	Type string
	// Domain is a host name in lower case without a dot at its end.
	Domain string
	// ASN is the number of the autonomous system.
	ASN int64
}

// Options say how databases are opened.
type Options struct {
	// Verified reports whether a file with this sha256 was found whole before, so
	// that the slow check of every record is skipped. May be nil.
	Verified func(sha256 string) bool
	// SkipVerify leaves the check out: damaged records are then counted as failed
	// look-ups.
	SkipVerify bool
}

// Databases are opened IP databases. Its methods may be called at the same time
// from several goroutines, except for Close.
type Databases struct {
	databases []*database
	// table is whether countries come from the embedded table.
	table bool
}

// Open reads the databases at paths, in the order of preference. With no paths
// there are only the embedded countries. A file that is missing, damaged or of a
// type that tells none of the facts is an error.
func Open(paths []string, options Options) (*Databases, error) {
	d := &Databases{table: true}
	for _, path := range paths {
		opened, err := openDatabase(path, options)
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		d.databases = append(d.databases, opened)
		d.table = d.table && !opened.hasCountries
	}
	return d, nil
}

// Lookup returns what is known of an address. An IPv4 address that is written as
// IPv6 counts as IPv4. A look-up that fails is counted, and the facts of that
// database stay unknown. Nothing is known of the zero address.
func (d *Databases) Lookup(addr netip.Addr) Facts {
	if !addr.IsValid() {
		return Facts{}
	}
	addr = plain(addr)
	var facts Facts
	flagged := false // the type comes from a flag
	for _, database := range d.databases {
		found := database.lookup(addr)
		if found == nil {
			continue
		}
		if facts.Country == "" {
			facts.Country = found.Country
		}
		if found.Type != "" && (facts.Type == "" || flagged && !found.flagged) {
			facts.Type, flagged = found.Type, found.flagged
		}
		if facts.Domain == "" {
			facts.Domain = found.Domain
		}
		if facts.ASN == 0 {
			facts.ASN = found.ASN
		}
	}
	if d.table && facts.Country == "" {
		facts.Country = country(iploc.IPCountry(addr))
	}
	return facts
}

// plain returns the address as databases know it.
func plain(addr netip.Addr) netip.Addr {
	return addr.Unmap().WithZone("")
}

// Origins returns the databases in the order of preference and, when it is used,
// the embedded table of countries after them.
func (d *Databases) Origins() []origin.Origin {
	var origins []origin.Origin
	for _, database := range d.databases {
		origins = append(origins, database.origin())
	}
	if d.table {
		origins = append(origins, tableOrigin())
	}
	return origins
}

// tableOrigin has no hash, because the module that carries the table keeps its
// bytes to itself; the version names them.
func tableOrigin() origin.Origin {
	return origin.Origin{Kind: origin.Table, Name: "iploc", Type: "countries", Built: iploc.Version}
}

// builtText returns a build time in RFC 3339, or nothing where the database does not say.
func builtText(epoch uint) string {
	const lastSecondOf9999 = 253402300799
	if epoch == 0 || epoch > lastSecondOf9999 {
		return ""
	}
	return time.Unix(int64(epoch), 0).UTC().Format(time.RFC3339)
}

// Failures is how many look-ups failed in all databases together.
func (d *Databases) Failures() int64 {
	var failures int64
	for _, database := range d.databases {
		failures += database.failures.Load()
	}
	return failures
}

// Close releases the databases, which must not be in use any more.
func (d *Databases) Close() error {
	var failed []error
	for _, database := range d.databases {
		failed = append(failed, database.reader.Close())
	}
	return errors.Join(failed...)
}
