package domain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	got := Files()
	slices.Sort(got)
	want := []string{"addresses.csv", "company.txt", "disposable.txt", "domains.csv", "personal.txt", "university.txt"}
	if !slices.Equal(got, want) {
		t.Errorf("Files() = %v, want %v", got, want)
	}
}

func TestOverrides(t *testing.T) {
	d := openCore(t, map[string]string{
		// A byte order mark, a header, CRLF, comments, blank lines, all ways to write a domain.
		"personal.txt":   "\ufeffdomain\r\n# free mail\r\n\r\nfreemail.example\r\n  Mail.Acme.Example.  # their customers\r\n@webmail.example",
		"disposable.txt": "throwaway.example\nthrowaway.example\n",
		"university.txt": "bücher.example\nstudents.acme.example\n",
		"company.txt":    "gmx.net\nstaff.freemail.example\nhospital.uni.edu\nusers.noreply.github.com\n",
		"domains.csv": "\ufeffDomain, Company\r\n" +
			"acme-mail.example,acme.example\r\n" +
			"sub.acme-mail.example , - \r\n" +
			"\"old.example\",\"WWW.New.Example.\"\r\n" +
			"freemail.example,acme.example # wins over personal.txt\r\n" +
			"old.example,new.example\r\n",
		"agents.csv": "of another package",
	})
	for _, test := range []struct {
		name    string
		class   Class
		company string
	}{
		{"freemail.example", Personal, "acme.example"},
		{"mail.acme.example", Personal, ""},
		{"x.mail.acme.example", Personal, ""},
		{"acme.example", Company, "acme.example"},
		{"www.acme.example", Company, "acme.example"},
		{"students.acme.example", University, ""},
		{"webmail.example", Personal, ""},
		{"throwaway.example", Disposable, ""},
		{"xn--bcher-kva.example", University, ""},

		// company.txt wins over the core, and the most specific name over its parents.
		{"gmx.net", Company, "gmx.net"},
		{"mail.gmx.net", Company, "gmx.net"},
		{"gmx.de", Personal, ""},
		{"staff.freemail.example", Company, "acme.example"}, // domains.csv always wins
		{"hospital.uni.edu", Company, "uni.edu"},
		{"uni.edu", University, ""},
		{"users.noreply.github.com", Company, "github.com"},

		{"acme-mail.example", Company, "acme.example"},
		{"x.acme-mail.example", Company, "acme.example"},
		{"sub.acme-mail.example", Company, ""},
		{"x.sub.acme-mail.example", Company, ""},
		{"user@old.example", Company, "new.example"},
		{"notold.example", Company, "notold.example"},
		{"example", "", ""},
	} {
		if got := d.Classify(test.name); got != test.class {
			t.Errorf("Classify(%q) = %q, want %q", test.name, got, test.class)
		}
		if got := d.Company(test.name); got != test.company {
			t.Errorf("Company(%q) = %q, want %q", test.name, got, test.company)
		}
	}
}

func TestOverride(t *testing.T) {
	d := openCore(t, map[string]string{"domains.csv": "a.example,b.example\nnone.example,-\n"})
	for _, test := range []struct {
		name, company string
		ok            bool
	}{
		{"a.example", "b.example", true},
		{"x.a.example", "b.example", true},
		{"none.example", "", true},
		{"b.example", "", false},
		{"", "", false},
		{"192.0.2.1", "", false},
	} {
		if company, ok := d.Override(test.name); company != test.company || ok != test.ok {
			t.Errorf("Override(%q) = %q, %t, want %q, %t", test.name, company, ok, test.company, test.ok)
		}
	}
}

func TestNoOverrides(t *testing.T) {
	core, err := readLists(coreTable, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"", t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		d, err := open(folder, core)
		if err != nil {
			t.Errorf("%q: %v", folder, err)
			continue
		}
		if got := d.Company("example.com"); got != "example.com" {
			t.Errorf("%q: Company = %q", folder, got)
		}
	}
}

func TestOverridesFolderIsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a file in place of the folder is no error")
	}
}

func TestOverrideErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string // parts of the message
	}{
		{"no domain", map[string]string{"personal.txt": "# a comment\n\nno domain\n"},
			[]string{"personal.txt, line 3", `"no domain" is not a domain name`, "such as example.com"}},
		{"single label", map[string]string{"company.txt": "acme\n"},
			[]string{"company.txt, line 1", `"acme" is below no known top-level domain`}},
		{"public suffix", map[string]string{"disposable.txt": "a.com\nco.uk\n"},
			[]string{"disposable.txt, line 2", `"co.uk" is a public suffix`}},
		{"address", map[string]string{"university.txt": "192.0.2.1\n"},
			[]string{"university.txt, line 1", `"192.0.2.1" is below no known top-level domain`}},
		{"special use", map[string]string{"personal.txt": "2.0.192.in-addr.arpa\n"},
			[]string{"personal.txt, line 1", "is a special-use name"}},
		{"e-mail address", map[string]string{"personal.txt": "joe@acme.com\n"},
			[]string{"personal.txt, line 1", `"joe@acme.com" is an e-mail address`}},
		{"header in the middle", map[string]string{"personal.txt": "a.com\ndomain\n"},
			[]string{"personal.txt, line 2"}},
		{"two columns in a list", map[string]string{"personal.txt": "a.com,personal\n"},
			[]string{"personal.txt, line 1"}},
		{"not UTF-8", map[string]string{"personal.txt": "a.com\nm\xfcnchen.de\n"},
			[]string{"personal.txt, line 2", "save the file as UTF-8"}},
		{"UTF-16", map[string]string{"personal.txt": "\xff\xfea\x00"},
			[]string{"personal.txt, line 1", "save the file as UTF-8"}},
		{"two classes", map[string]string{"company.txt": "b.com\nA.com\n", "personal.txt": "a.com.\n"},
			[]string{"personal.txt, line 1", "a.com is also in", "company.txt, line 2", "keep one of the two"}},

		{"one value", map[string]string{"domains.csv": "a.com\n"},
			[]string{"domains.csv, line 1", "such as example.com,parent.com"}},
		{"three values", map[string]string{"domains.csv": "a.com,b.com,c.com\n"},
			[]string{"domains.csv, line 1", "not two values"}},
		{"stray quote", map[string]string{"domains.csv": "a.com,\"b.com\n"},
			[]string{"domains.csv, line 1", "not two values"}},
		{"no key", map[string]string{"domains.csv": "domain,company\n,b.com\n"},
			[]string{"domains.csv, line 2", `"" is not a domain name`}},
		{"key is a suffix", map[string]string{"domains.csv": "com,b.com\n"},
			[]string{"domains.csv, line 1", `"com" is a public suffix`}},
		{"company is a name", map[string]string{"domains.csv": "a.com,Acme\n"},
			[]string{"domains.csv, line 1", `company "Acme" is below no known top-level domain`, "or - for none"}},
		{"company is missing", map[string]string{"domains.csv": "a.com,\n"},
			[]string{"domains.csv, line 1", `company "" is not a domain name`}},
		{"company is an e-mail address", map[string]string{"domains.csv": "a.com,joe@b.com\n"},
			[]string{"domains.csv, line 1", `company "joe@b.com" is an e-mail address`}},
		{"company is a suffix", map[string]string{"domains.csv": "a.com,co.uk\n"},
			[]string{"domains.csv, line 1", `company "co.uk" is a public suffix`}},
		{"two companies", map[string]string{"domains.csv": "a.com,b.com\n# again\nA.com,-\n"},
			[]string{"domains.csv, line 3", "a.com has another company in", "domains.csv, line 1"}},

		{"range is a domain", map[string]string{"addresses.csv": "range,company\nacme.com,acme.com\n"},
			[]string{"addresses.csv, line 2", `"acme.com" is no range of addresses`, "192.0.2.0/24"}},
		{"prefix too long", map[string]string{"addresses.csv": "192.0.2.0/33,acme.com\n"},
			[]string{"addresses.csv, line 1", "is no range of addresses"}},
		{"range of prefixes", map[string]string{"addresses.csv": "192.0.2.0/24-192.0.3.0/24,acme.com\n"},
			[]string{"addresses.csv, line 1", "is no range of addresses"}},
		{"open range", map[string]string{"addresses.csv": "192.0.2.1-,acme.com\n"},
			[]string{"addresses.csv, line 1", "is no range of addresses"}},
		{"backwards", map[string]string{"addresses.csv": "192.0.2.9-192.0.2.1,acme.com\n"},
			[]string{"addresses.csv, line 1", "from a lower to a higher address"}},
		{"two families", map[string]string{"addresses.csv": "192.0.2.9-2001:db8::,acme.com\n"},
			[]string{"addresses.csv, line 1", "of the same family"}},
		{"zone", map[string]string{"addresses.csv": "fe80::1%eth0,acme.com\n"},
			[]string{"addresses.csv, line 1", "is no range of addresses"}},
		{"wider than IPv4", map[string]string{"addresses.csv": "::ffff:0.0.0.0/90,acme.com\n"},
			[]string{"addresses.csv, line 1", "is wider than all of IPv4"}},
		{"address without company", map[string]string{"addresses.csv": "192.0.2.1\n"},
			[]string{"addresses.csv, line 1", "such as 192.0.2.0/24,example.com"}},
		{"address with a name", map[string]string{"addresses.csv": "192.0.2.1,Acme\n"},
			[]string{"addresses.csv, line 1", `company "Acme"`}},
		{"equal ranges", map[string]string{"addresses.csv": "192.0.2.0-192.0.2.255,a.com\n\n192.0.2.0/24,b.com\n"},
			[]string{"addresses.csv, line 3", "192.0.2.0/24 has another company than the same addresses in", "addresses.csv, line 1"}},
		{"equal range of none", map[string]string{"addresses.csv": "192.0.2.1,-\n::ffff:192.0.2.1,a.com\n"},
			[]string{"addresses.csv, line 2", "addresses.csv, line 1"}},
		{"overlap", map[string]string{"addresses.csv": "192.0.2.5-192.0.2.9,b.com\n192.0.2.1-192.0.2.5,a.com\n"},
			[]string{"addresses.csv, line 1", "192.0.2.5-192.0.2.9 overlaps 192.0.2.1-192.0.2.5", "addresses.csv, line 2", "split one"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := tryOpenCore(t, test.files)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %q, want it to hold %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is not one line", err)
			}
		})
	}
}
