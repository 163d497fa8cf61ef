package cloud

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed cloud_sources.csv
var sourcesText []byte

// A Source is a file that a provider publishes.
type Source struct {
	// Provider is the id of the provider.
	Provider string
	// File is the name that the file gets in the folder.
	File string
	// URL is where it is: https, or http on this machine.
	URL string
	// Discover, when it is not empty, is a regular expression that finds the file's
	// address in the page at URL: its first group, else all that it matches.
	Discover string
}

// Sources returns what the providers publish themselves.
func Sources() []Source {
	sources, err := readSources("cloud_sources.csv", sourcesText)
	if err != nil {
		panic(err) // the embedded list is tested
	}
	return sources
}

// LoadSources reads a user's own list, such as that of a mirror: a CSV
// provider,file,url[,discover], with or without this header.
func LoadSources(path string) ([]Source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the list of sources: %w", err)
	}
	return readSources(path, text)
}

func readSources(path string, text []byte) ([]Source, error) {
	var sources []Source
	lines := map[string]int{}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	err := eachRecord(path, bytes.NewReader(text), "provider", func(line int, fields []string) error {
		if len(fields) != 3 && len(fields) != 4 {
			return fmt.Errorf("the row has %d fields; write provider,file,url or provider,file,url,discover", len(fields))
		}
		source := Source{Provider: fields[0], File: fields[1], URL: fields[2]}
		if len(fields) == 4 {
			source.Discover = fields[3]
		}
		if err := source.check(); err != nil {
			return err
		}
		if old, ok := lines[source.File]; ok {
			return fmt.Errorf("the file %s is in line %d already; give each its own name", source.File, old)
		}
		lines[source.File] = line
		sources = append(sources, source)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("%s: the list of sources is empty; add rows of provider,file,url", path)
	}
	return sources, nil
}

// check says what is wrong with a source.
func (s Source) check() error {
	if err := checkProvider(s.Provider); err != nil {
		return err
	}
	if s.File == "" || s.File != filepath.Base(s.File) || strings.ContainsAny(s.File, `/\`) || skipped(s.File) {
		return fmt.Errorf("the file name %q cannot be used; take a plain name such as %s.json", s.File, s.Provider)
	}
	address, err := url.Parse(s.URL)
	if err != nil {
		return errors.New("the address of the file is no URL; write one such as https://example.com/ranges.json")
	}
	if err := checkURL(address, isLoopback(address)); err != nil {
		return err
	}
	if _, err := regexp.Compile(s.Discover); err != nil {
		return fmt.Errorf("discover is no regular expression: %w", err)
	}
	return nil
}

// checkURL refuses an address that would be fetched without protection: anybody on
// the way could put networks on a cloud. This machine is only asked when the source
// itself is here, so that no answer from outside leads to a service of it.
func checkURL(address *url.URL, local bool) error {
	switch {
	case address.Hostname() == "" || address.Scheme != "https" && address.Scheme != "http":
		return refusal{fmt.Errorf("%q is no web address; write one such as https://example.com/ranges.json", address.Redacted())}
	case isLoopback(address) && !local:
		return refusal{fmt.Errorf("%s leads from another host to this one, which is not followed", address.Redacted())}
	case address.Scheme == "http" && !isLoopback(address):
		return refusal{fmt.Errorf("%s is not protected; use https", address.Redacted())}
	}
	return nil
}

func isLoopback(address *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(address.Hostname()), ".")
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
