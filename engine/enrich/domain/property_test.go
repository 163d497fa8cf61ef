package domain

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	drawLabel = rapid.OneOf(rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?`), rapid.SampledFrom([]string{"mail", "gmail", "edu", "ac", "München", "xn--mnchen-3ya"}))
	drawTLD   = rapid.SampledFrom([]string{"com", "co.uk", "de", "edu", "edu.cn", "ac.uk", "kobe.jp", "ck", "github.io", "amazonaws.com", "example", "рф", "local", "arpa"})
	drawName  = rapid.Custom(func(t *rapid.T) string {
		labels := rapid.SliceOfN(drawLabel, 0, 4).Draw(t, "labels")
		name := strings.Join(append(labels, drawTLD.Draw(t, "tld")), ".")
		return rapid.SampledFrom([]string{"", "@", "user@", " "}).Draw(t, "before") + name + rapid.SampledFrom([]string{"", "."}).Draw(t, "after")
	})
)

// checkName tests what holds for every text.
func checkName(t interface{ Fatalf(string, ...any) }, d *Domains, name string) {
	registrable, ok := Registrable(name)
	class := d.Classify(name)
	if ok != (registrable != "") || ok != (class != "") {
		t.Fatalf("%q: registrable %q, %t, class %q", name, registrable, ok, class)
	}
	if again, _ := Registrable(registrable); again != registrable {
		t.Fatalf("%q: registrable %q, and of that %q", name, registrable, again)
	}
	if host, _ := Normalize(name); ok && host != registrable && !strings.HasSuffix(host, "."+registrable) {
		t.Fatalf("%q: %q does not end in its registrable domain %q", name, host, registrable)
	}
	company := d.Company(name)
	if again, ok := Registrable(company); company != "" && (!ok || again != company) {
		t.Fatalf("%q: the company %q is not a registrable domain", name, company)
	}
	if _, overridden := d.Override(name); !overridden && (class == Company) != (company != "") {
		t.Fatalf("%q: class %q, company %q", name, class, company)
	}
	facts := d.Explain(name)
	if len(facts) != 3 || facts[0].Value != registrable || facts[1].Value != string(class) || facts[2].Value != company {
		t.Fatalf("%q: explained by %+v, but is %q, %q, %q", name, facts, registrable, class, company)
	}
}

func TestNamesProperty(t *testing.T) {
	d := openCore(t, map[string]string{"domains.csv": "mail.com,www.example.org\ngmail.de,-", "personal.txt": "mail.co.uk"})
	rapid.Check(t, func(t *rapid.T) { checkName(t, d, drawName.Draw(t, "name")) })
	rapid.Check(t, func(t *rapid.T) { checkName(t, d, rapid.String().Draw(t, "text")) })
}

// What holds for a registrable domain holds for names below that nobody lists.
func TestBelowProperty(t *testing.T) {
	d := openCore(t, map[string]string{"domains.csv": "mail.com,example.org\ngmail.de,-", "company.txt": "gmail.com"})
	rapid.Check(t, func(t *rapid.T) {
		registrable, ok := Registrable(drawName.Draw(t, "name"))
		if !ok {
			t.Skip("no registrable domain")
		}
		below := "zq9-unlisted." + registrable
		if d.Classify(below) != d.Classify(registrable) || d.Company(below) != d.Company(registrable) {
			t.Fatalf("%s is %q, %q, but %s is %q, %q", registrable, d.Classify(registrable), d.Company(registrable), below, d.Classify(below), d.Company(below))
		}
	})
}

// The look-up finds what a search through all lines finds: the narrowest range.
func TestAddressesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type span struct{ first, last int }
		var table addressTable
		var spans []span
		for n := range rapid.IntRange(0, 12).Draw(t, "ranges") {
			first := rapid.IntRange(0, 255).Draw(t, "first")
			s := span{first, rapid.IntRange(first, 255).Draw(t, "last")}
			text := fmt.Sprintf("192.0.2.%d-192.0.2.%d,c%d.example", s.first, s.last, n)
			if err := table.add(overrideRule{path: "addresses.csv", line: n + 1}, text); err != nil {
				t.Fatal(err)
			}
			spans = append(spans, s)
		}
		clash := false
		for n, a := range spans {
			for _, b := range spans[:n] {
				apart := a.last < b.first || b.last < a.first
				inside := a.first >= b.first && a.last <= b.last || b.first >= a.first && b.last <= a.last
				clash = clash || a == b || !apart && !inside
			}
		}
		if err := table.check(); (err != nil) != clash {
			t.Fatalf("%v: clash %t, error %v", spans, clash, err)
		}
		if clash {
			return
		}
		for last := range 256 {
			want, width := "", 1000
			for n, s := range spans {
				if s.first <= last && last <= s.last && s.last-s.first < width {
					want, width = fmt.Sprintf("c%d.example", n), s.last-s.first
				}
			}
			rule, ok := table.find(netip.AddrFrom4([4]byte{192, 0, 2, byte(last)}))
			if rule.company != want || ok != (want != "") {
				t.Fatalf("%v: address %d is %q, %t, want %q", spans, last, rule.company, ok, want)
			}
		}
	})
}

func FuzzName(f *testing.F) {
	for _, name := range []string{"user@Mail.Example.CO.UK.", "x.compute-1.amazonaws.com", "bücher.example", "xn--.com", "1.2.3.4", "[::1]", "a。b.рф", "..", "\xff.com"} {
		f.Add(name)
	}
	d := openCore(f, map[string]string{"domains.csv": "mail.com,www.example.org\ngmail.de,-"})
	f.Fuzz(func(t *testing.T, name string) { checkName(t, d, name) })
}

func FuzzOverrides(f *testing.F) {
	f.Add(uint8(0), []byte("range,company\n192.0.2.0/24,a.com\n192.0.2.1-192.0.2.9,b.com\n::ffff:192.0.2.1,-\n2001:db8::/32,c.com\n"))
	f.Add(uint8(1), []byte("domain,company\na.com,b.com\nc.com,-\n"))
	f.Add(uint8(2), []byte("\ufeffdomain\r\na.com # comment\n"))
	core := openCore(f, nil).lists
	f.Fuzz(func(t *testing.T, number uint8, text []byte) {
		file := Files()[int(number)%len(Files())]
		d, err := open(writeFolder(t, map[string]string{file: string(text)}), core)
		if err != nil {
			if !strings.Contains(err.Error(), file+", line ") {
				t.Fatalf("the error does not name file and line: %v", err)
			}
			return
		}
		for line := range bytes.Lines(text) {
			checkName(t, d, string(line))
		}
		if company, _ := d.CompanyOf(netip.MustParseAddr("192.0.2.1")); company != "" {
			checkName(t, d, company)
		}
	})
}
