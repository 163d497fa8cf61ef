package domain

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// The files of an overrides folder that this package reads.
const (
	addressesFile = "addresses.csv"
	domainsFile   = "domains.csv"
)

// classFiles lists domains of one class each.
var classFiles = []struct {
	name  string
	class Class
}{
	{"company.txt", Company},
	{"personal.txt", Personal},
	{"disposable.txt", Disposable},
	{"university.txt", University},
}

// Files returns the names of the files that Open reads in an overrides folder.
func Files() []string {
	names := []string{addressesFile, domainsFile}
	for _, file := range classFiles {
		names = append(names, file.name)
	}
	return names
}

// overrideRule is one line of an override file.
type overrideRule struct {
	path    string // of the file
	line    int
	class   Class  // of a class file
	company string // of the tables; "" is "-", none
}

// String names the place of a rule for error messages.
func (r overrideRule) String() string { return fmt.Sprintf("%s, line %d", r.path, r.line) }

// origin names the file of a rule for explanations.
func (r overrideRule) origin() string { return filepath.Base(r.path) }

// overrides are the files of the user.
type overrides struct {
	classes   map[string]overrideRule // by domain
	companies map[string]overrideRule // by domain
	addresses addressTable
	origins   []origin.Origin // of the files that are there
}

// readOverrides reads a folder. Files that are not there say nothing.
func readOverrides(folder string) (*overrides, error) {
	o := &overrides{classes: map[string]overrideRule{}, companies: map[string]overrideRule{}}
	if folder == "" {
		return o, nil
	}
	err := o.read(filepath.Join(folder, addressesFile), "range,company", func(rule overrideRule, text string) error {
		return o.addresses.add(rule, text)
	})
	if err == nil {
		err = o.addresses.check()
	}
	if err == nil {
		err = o.read(filepath.Join(folder, domainsFile), "domain,company", o.addCompany)
	}
	for _, file := range classFiles {
		if err != nil {
			break
		}
		err = o.read(filepath.Join(folder, file.name), "domain", func(rule overrideRule, text string) error {
			rule.class = file.class
			return o.addClass(rule, text)
		})
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

// read gives each line of a file to add, with its place. Comments, blank lines, a
// byte order mark and a header as the first line are skipped.
func (o *overrides) read(path, header string, add func(rule overrideRule, text string) error) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read overrides: %w", err)
	}
	entries, first := int64(0), true
	rule := overrideRule{path: path}
	for line := range bytes.Lines(bytes.TrimPrefix(content, []byte("\ufeff"))) {
		rule.line++
		if !utf8.Valid(line) {
			return fmt.Errorf("%v: the text is not UTF-8; save the file as UTF-8", rule)
		}
		// Neither domains nor addresses hold "#", so a comment may follow them.
		text, _, _ := strings.Cut(string(line), "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		isHeader := first && strings.EqualFold(strings.ReplaceAll(text, " ", ""), header)
		first = false
		if isHeader {
			continue
		}
		if err := add(rule, text); err != nil {
			return err
		}
		entries++
	}
	o.origins = append(o.origins, origin.Origin{
		Kind: origin.Override, Name: filepath.Base(path), SHA256: sum(content), Entries: entries,
	})
	return nil
}

// addClass adds a line of a class file.
func (o *overrides) addClass(rule overrideRule, text string) error {
	name, err := rule.readDomain(text)
	if err != nil {
		return err
	}
	if other, ok := o.classes[name]; ok && other.class != rule.class {
		return fmt.Errorf("%v: %s is also in %v; keep one of the two", rule, name, other)
	} else if !ok {
		o.classes[name] = rule
	}
	return nil
}

// addCompany adds a line of domains.csv.
func (o *overrides) addCompany(rule overrideRule, text string) error {
	domain, company, err := rule.readPair(text, "a domain and a company, such as example.com,parent.com")
	if err != nil {
		return err
	}
	name, err := rule.readDomain(domain)
	if err != nil {
		return err
	}
	rule.company = company
	if other, ok := o.companies[name]; ok && other.company != rule.company {
		return fmt.Errorf("%v: %s has another company in %v; keep one of the two", rule, name, other)
	} else if !ok {
		o.companies[name] = rule
	}
	return nil
}

// readDomain returns the domain of a line, normalised.
func (r overrideRule) readDomain(text string) (string, error) {
	if strings.LastIndexByte(text, '@') > 0 {
		return "", fmt.Errorf("%v: %q is an e-mail address; give only its domain, such as example.com", r, text)
	}
	parsed, problem := parse(text)
	if problem != "" {
		return "", fmt.Errorf("%v: %q %s; give a registered domain such as example.com, or a name below one", r, text, problem)
	}
	return parsed.host, nil
}

// readPair returns the key of a line of a table and its company: a registrable
// domain, or "" for "-". The expected line is told in errors.
func (r overrideRule) readPair(text, expected string) (key, company string, err error) {
	row := csv.NewReader(strings.NewReader(text))
	row.TrimLeadingSpace = true
	fields, err := row.Read()
	if err != nil || len(fields) != 2 {
		return "", "", fmt.Errorf("%v: %q is not two values with a comma between them; give %s", r, text, expected)
	}
	key, target := strings.TrimSpace(fields[0]), strings.TrimSpace(fields[1])
	if target == "-" {
		return key, "", nil
	}
	if strings.Contains(target, "@") {
		return "", "", fmt.Errorf("%v: company %q is an e-mail address; give the company's domain, such as example.com, or - for none", r, target)
	}
	parsed, problem := parse(target)
	if problem != "" {
		return "", "", fmt.Errorf("%v: company %q %s; give the company's domain, such as example.com, or - for none", r, target, problem)
	}
	return key, parsed.registrable, nil
}
