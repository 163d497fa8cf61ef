package ipdb

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCountry(t *testing.T) {
	for code, want := range map[string]string{
		"DE": "DE", "de": "DE", " de ": "DE", "XK": "XK", "QA": "QA",
		"": "", "D": "", "DEU": "", "--": "", "D1": "", "Ä": "", "ZZ": "", "zz": "", "XX": "", "AA": "", "QM": "", "QZ": "", "XA": "", "EU": "", "AP": "",
	} {
		if got := country(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

func TestDomain(t *testing.T) {
	long := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"example.com": "example.com", "Example.COM.": "example.com", " example.com ": "example.com", "xn--bcher-kva.example": "xn--bcher-kva.example",
		"bücher.example": "xn--bcher-kva.example", "3com.com": "3com.com", long + ".de": long + ".de",
		"": "", ".": "", "example": "", "example..com": "", ".com": "", "-a.com": "", "a-.com": "", "a_b.com": "", "a b.com": "", "example.com/": "",
		"in-addr.arpa": "", "2.0.192.IN-ADDR.ARPA": "", "ip6.arpa.": "", "192.0.2.1": "", long + "a.de": "", "\xff.com": "",
		strings.Repeat(long+".", 4) + "de": "",
	} {
		if got := domain(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestASN(t *testing.T) {
	for value, want := range map[value]int64{
		{kind: text, text: "AS4134"}:         4134,
		{kind: text, text: "as4134"}:         4134,
		{kind: text, text: " 4134 "}:         4134,
		{kind: text, text: "AS4294967295"}:   4294967295,
		{kind: text, text: "AS4294967296"}:   0,
		{kind: text, text: "AS0"}:            0,
		{kind: text, text: "AS"}:             0,
		{kind: text, text: ""}:               0,
		{kind: text, text: "AS-1"}:           0,
		{kind: text, text: "AS 7"}:           0,
		{kind: number, number: 7}:            7,
		{kind: number}:                       0,
		{kind: number, number: 1 << 32}:      0,
		{kind: number, number: ^uint64(0)}:   0, // -1 as the reader gives it
		{kind: number, number: 4_294967_295}: 4294967295,
	} {
		if got := asn(value); got != want {
			t.Errorf("%v: %d, want %d", value, got, want)
		}
	}
}

func TestTypesTable(t *testing.T) {
	if len(types) != 18 {
		t.Errorf("%d rows", len(types))
	}
	for word, meaning := range types {
		if meaning != "business" && meaning != "isp" && meaning != "hosting" && meaning != "education" {
			t.Errorf("%s: %q", word, meaning)
		}
		if got := ipType(false, value{kind: text, text: " " + strings.ToUpper(word)}); got != meaning {
			t.Errorf("%s in upper case: %q", word, got)
		}
	}
}

// What is taken as a domain stays the same when it is read again.
func TestDomainIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9äß.-]{1,40}`)).Draw(t, "name")
		if got := domain(name); got != "" && domain(got) != got {
			t.Fatalf("%q: %q, then %q", name, got, domain(got))
		}
	})
}
