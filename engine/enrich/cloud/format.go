package cloud

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// formatCSV is the format of the user's own files; every other format is called by
// the id of the provider that publishes it.
const formatCSV = "csv"

// detail is what a file says about a prefix. Region and service hold all values,
// sorted and joined by "/", when a file has a prefix more than once.
type detail struct {
	provider, region, service string
}

// list is what one file holds.
type list struct {
	format string
	// built is the date or version that the file says itself.
	built    string
	prefixes map[netip.Prefix]detail
}

// add takes a prefix of the provider that publishes the list.
func (l *list) add(text, region, service string) error {
	prefix, err := parsePrefix(text)
	if err != nil {
		return err
	}
	if !isSpecial(prefix) {
		l.put(prefix, detail{l.format, region, service})
	}
	return nil
}

func (l *list) put(prefix netip.Prefix, d detail) {
	if old, ok := l.prefixes[prefix]; ok {
		d.region, d.service = union(old.region, d.region), union(old.service, d.service)
	}
	l.prefixes[prefix] = d
}

// union joins two lists of names that are joined by "/".
func union(a, b string) string {
	if a == b || b == "" {
		return a
	}
	if a == "" {
		return b
	}
	names := append(strings.Split(a, "/"), strings.Split(b, "/")...)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "/")
}

// parse reads the text of a file. The path says what errors are about, and its
// last element names the provider of a list that does not. Nothing is left out
// but blocks that no provider can own: a file that is half understood would give
// wrong clouds, so it is refused.
func parse(path string, text []byte) (*list, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if err := checkText(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l := &list{prefixes: map[netip.Prefix]detail{}}
	var err error
	if strings.ContainsRune("{[", rune(bytes.TrimSpace(text)[0])) {
		err = l.readJSON(path, text)
	} else {
		err = l.readText(path, text)
	}
	if err != nil {
		return nil, err
	}
	if len(l.prefixes) == 0 {
		return nil, fmt.Errorf("%s: the file holds no address prefix of the public internet; download it again or remove it", path)
	}
	return l, nil
}

// checkText tells content that cannot be a list of any format.
func checkText(text []byte) error {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return errors.New("the file is empty; download it again or remove it")
	case bytes.HasPrefix(text, []byte{0x1f, 0x8b}) || bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return errors.New("the file is packed; unpack it first")
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return errors.New("the file is no UTF-8 text; save it as UTF-8 or download it again")
	case trimmed[0] == '<':
		return errors.New("the file is a web page or XML, not a list of address ranges; download the list itself")
	}
	return nil
}

// nameHint says how to make a file known that is not recognised.
const nameHint = "a list that does not name its provider must be called cloudflare-v4.txt, cloudflare-v6.txt, digitalocean.csv, linode.csv or vultr.csv, and an own list has rows of prefix,provider[,region]"

// called reports whether a file has the name that a provider's file is given:
// "linode.csv", "linode-2026.csv".
func called(path, provider string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(filepath.Base(path)), provider)
	return ok && rest != "" && strings.ContainsAny(rest[:1], "-_.")
}
