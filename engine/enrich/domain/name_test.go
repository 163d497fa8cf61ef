package domain

import (
	"strings"
	"testing"
)

func TestRegistrable(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	long := strings.Repeat(label63+".", 3) + strings.Repeat("b", 57) + ".com" // 253 bytes
	for _, test := range []struct{ name, want string }{
		{"example.com", "example.com"},
		{"www.example.com", "example.com"},
		{"a.b.c.d.example.com", "example.com"},
		{"Mail.Example.CO.UK.", "example.co.uk"},
		{"  example.com\t", "example.com"},
		{"x--y.example.com", "example.com"},
		{"r3---sn-4g5e.example.com", "example.com"},
		{"3com.com", "3com.com"},
		{"soylent.example", "soylent.example"},
		{"mail.soylent.example", "soylent.example"},
		{"www.nasa.gov", "nasa.gov"},

		// Of an e-mail address, what is behind the last "@".
		{"user@example.com", "example.com"},
		{"@example.com", "example.com"},
		{`"a@b.org"@mail.example.com`, "example.com"},

		// Private suffixes do not count.
		{"ec2-1-2-3-4.compute-1.amazonaws.com", "amazonaws.com"},
		{"bucket.s3.eu-west-1.amazonaws.com", "amazonaws.com"},
		{"a.github.io", "github.io"},
		{"github.io", "github.io"},
		{"shop.uk.com", "uk.com"},
		{"x.y.eu.org", "eu.org"},
		{"blog.blogspot.com", "blogspot.com"},
		{"app.herokuapp.com", "herokuapp.com"},
		{"x.azurewebsites.net", "azurewebsites.net"},

		// Public suffixes of several labels, wildcards and exceptions.
		{"a.b.example.com.au", "example.com.au"},
		{"x.y.kobe.jp", "x.y.kobe.jp"},
		{"w.x.y.kobe.jp", "x.y.kobe.jp"},
		{"www.city.kobe.jp", "city.kobe.jp"},
		{"a.www.ck", "www.ck"},
		{"school.k12.ma.us", "school.k12.ma.us"},
		{"x.edu.de", "edu.de"},

		// IDN: letters, punycode, full-width characters and full stops.
		{"post.MÜNCHEN.de", "xn--mnchen-3ya.de"},
		{"XN--mnchen-3ya.de", "xn--mnchen-3ya.de"},
		{"кто.пример.рф", "xn--e1afmkfd.xn--p1ai"},
		{"例え.jp", "xn--r8jz45g.jp"},
		{"www。example。com。", "example.com"},
		{"ｅｘａｍｐｌｅ．com", "example.com"},

		{label63 + ".com", label63 + ".com"},
		{long, strings.Repeat("b", 57) + ".com"},
		{long + ".", strings.Repeat("b", 57) + ".com"},
	} {
		got, ok := Registrable(test.name)
		if got != test.want || !ok {
			t.Errorf("Registrable(%q) = %q, %t, want %q", test.name, got, ok, test.want)
		}
	}
}

func TestNotRegistrable(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	for _, name := range []string{
		"", " ", ".", "..", "@", "user@", "-", "com", "com.", "co.uk", "CO.UK.", "kobe.jp", "y.kobe.jp", "xn--p1ai", "edu.cn", "ac.uk",
		"localhost", "intranet", "example", "user@localhost",
		"1.2.3.4", "1.2.3.4.", "user@1.2.3.4", "user@[1.2.3.4]", "[::1]", "::1", "2001:db8::1", "::ffff:1.2.3.4", "１.２.３.４", "10.0.0.256", "1.2.3",
		"4.3.2.1.in-addr.arpa", "in-addr.arpa", "arpa", "home.arpa", "x.home.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "facebookcorewwwi.onion",
		"printer.local", "host.lan", "dc1.corp", "a.test", "a.invalid", "localhost.localdomain", "mail.acme.internal",
		".example.com", "example..com", "example.com..", "-a.com", "a-.com", "a_b.com", "a b.com", "a/b.com", "example.com:443", "https://example.com/",
		"User <user@example.com>", "a,b.com", "*.example.com", "exa\x00mple.com", "exa\nmple.com", "\xff\xfe.com", "a.\xff", "xn--a.com", "xn--.com", "xn---.com", "a\u200b\u0300.com\u0300.",
		label63 + "a.com",
		strings.Repeat(label63+".", 3) + strings.Repeat("b", 58) + ".com", // 254 bytes
		strings.Repeat("a.", 127) + "com",
		strings.Repeat("a", 10_000), strings.Repeat("ü", 10_000) + ".de", strings.Repeat("a.", 1_000_000),
	} {
		if got, ok := Registrable(name); ok || got != "" {
			t.Errorf("Registrable(%.100q) = %q, %t, want none", name, got, ok)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"User@Mail.Example.COM.", "mail.example.com"},
		{"Bücher.example", "xn--bcher-kva.example"},
		{"com", "com"},
	} {
		if got, ok := Normalize(test.name); got != test.want || !ok {
			t.Errorf("Normalize(%q) = %q, %t, want %q", test.name, got, ok, test.want)
		}
	}
	if got, ok := Normalize("a b"); ok {
		t.Errorf(`Normalize("a b") = %q, want none`, got)
	}
}
