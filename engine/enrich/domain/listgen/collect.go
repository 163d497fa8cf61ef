package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/domain"
	"github.com/pullscope/pullscope/engine/enrich/domain/internal/listfile"
)

// collection gathers the domains of all packages.
type collection struct {
	kinds   map[string]listfile.Kind
	skipped int // entries that are no registered domains
}

// collect reads the packages below from. A domain that several lists have is of
// the first of: disposable, personal, university.
func collect(from string) (*collection, error) {
	c := &collection{kinds: make(map[string]listfile.Kind)}
	// The free list holds the disposable domains too, so those come first.
	disposable := filepath.Join(from, disposablePackage, "dist", "dict", "disposable_email_blocklist.json")
	if err := c.addJSON(disposable, listfile.Disposable); err != nil {
		return nil, err
	}
	if err := c.addJSON(filepath.Join(from, freePackage, "domains.json"), listfile.Personal); err != nil {
		return nil, err
	}
	if err := c.addUniversities(filepath.Join(from, universityPackage, "data", "lib", "domains")); err != nil {
		return nil, err
	}
	return c, nil
}

// add adds a domain unless another list has it already. What has no registrable
// domain is left out: a public suffix would take all domains below it along.
func (c *collection) add(text string, kind listfile.Kind) {
	name, _ := domain.Normalize(text)
	if _, ok := domain.Registrable(name); !ok {
		c.skipped++
		return
	}
	if _, ok := c.kinds[name]; !ok {
		c.kinds[name] = kind
	}
}

// addJSON adds the domains of a JSON array of strings.
func (c *collection) addJSON(path string, kind listfile.Kind) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read a list of domains: %w", err)
	}
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	for _, name := range names {
		c.add(name, kind)
	}
	return nil
}

// addUniversities adds what a swot tree holds: a file a domain, the labels as
// folders (uk/ac/strath.txt is strath.ac.uk), less the domains of stoplist.txt and
// abused.txt, and the suffixes of tlds.txt.
func (c *collection) addUniversities(root string) error {
	suffixes, err := readLines(filepath.Join(root, "tlds.txt"))
	if err != nil {
		return err
	}
	for _, text := range suffixes {
		c.addSuffix(text)
	}
	excluded := make(map[string]bool)
	for _, file := range []string{"stoplist.txt", "abused.txt"} {
		names, err := readLines(filepath.Join(root, file))
		if err != nil {
			return err
		}
		for _, text := range names {
			if name, ok := domain.Normalize(text); ok {
				excluded[name] = true
			}
		}
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the list of universities: %w", err)
		}
		name, isDomain := domainOfPath(root, path)
		if entry.IsDir() || !isDomain || excluded[name] {
			return nil
		}
		c.add(name, listfile.University)
		return nil
	})
}

// addSuffix adds an academic suffix. One that is no public suffix is a domain like others.
func (c *collection) addSuffix(text string) {
	name, ok := domain.Normalize(text)
	if _, registrable := domain.Registrable(name); registrable || !ok {
		c.add(text, listfile.University)
		return
	}
	c.kinds[name] = listfile.Suffix
}

// domainOfPath returns the domain that a file of a swot tree stands for. The files
// directly in the root are about the tree.
func domainOfPath(root, path string) (string, bool) {
	relative, err := filepath.Rel(root, path)
	if err != nil || filepath.Ext(relative) != ".txt" {
		return "", false
	}
	labels := strings.Split(strings.TrimSuffix(filepath.ToSlash(relative), ".txt"), "/")
	if len(labels) < 2 {
		return "", false
	}
	slices.Reverse(labels)
	return domain.Normalize(strings.Join(labels, "."))
}

// readLines returns the lines of a file that are not blank.
func readLines(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the list of universities: %w", err)
	}
	var lines []string
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, scanner.Err()
}
