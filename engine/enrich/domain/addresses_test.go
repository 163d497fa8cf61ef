package domain

import (
	"net/netip"
	"testing"
)

func TestCompanyOf(t *testing.T) {
	d := openCore(t, map[string]string{"addresses.csv": "range,company\n" +
		"# the whole, parts of it, one address\n" +
		"203.0.113.0/24,whole.example\n" +
		"203.0.113.64/26,-\n" +
		"203.0.113.70,www.one.example\n" +
		"203.0.113.1 - 203.0.113.62,range.example\n" +
		"203.0.113.16/30,inner.example\n" +
		"198.51.100.77/24,host-bits.example\n" +
		"::ffff:192.0.2.0/120,mapped.example\n" +
		"::ffff:192.0.2.9-192.0.2.10,-\n" +
		"2001:db8::/32,six.example\n" +
		"2001:db8:1::-2001:db8:1::ff,six-range.example\n" +
		"2001:db8:1::7,-\n"})
	for _, test := range []struct {
		addr, company string
		ok            bool
	}{
		{"203.0.113.0", "whole.example", true},
		{"203.0.113.63", "whole.example", true},
		{"203.0.113.255", "whole.example", true},
		{"203.0.112.255", "", false},
		{"203.0.114.0", "", false},
		{"203.0.113.64", "", true},
		{"203.0.113.127", "", true},
		{"203.0.113.128", "whole.example", true},
		{"203.0.113.70", "one.example", true},
		{"203.0.113.1", "range.example", true},
		{"203.0.113.62", "range.example", true},
		// The range holds the prefixes .16/28 and .1/32, which are narrower and
		// wider than .16/30; the narrower range decides.
		{"203.0.113.16", "inner.example", true},
		{"203.0.113.19", "inner.example", true},
		{"203.0.113.20", "range.example", true},
		{"198.51.100.1", "host-bits.example", true},
		{"192.0.2.8", "mapped.example", true},
		{"::ffff:192.0.2.8", "mapped.example", true},
		{"192.0.2.9", "", true},
		{"::ffff:203.0.113.70", "one.example", true},
		{"2001:db8::1", "six.example", true},
		{"2001:db8::1%eth0", "six.example", true},
		{"2001:db8:1::", "six-range.example", true},
		{"2001:db8:1::ff", "six-range.example", true},
		{"2001:db8:1::100", "six.example", true},
		{"2001:db8:1::7", "", true},
		{"2001:db9::", "", false},
	} {
		company, ok := d.CompanyOf(netip.MustParseAddr(test.addr))
		if company != test.company || ok != test.ok {
			t.Errorf("CompanyOf(%s) = %q, %t, want %q, %t", test.addr, company, ok, test.company, test.ok)
		}
	}
	if company, ok := d.CompanyOf(netip.Addr{}); company != "" || ok {
		t.Errorf("CompanyOf of no address = %q, %t", company, ok)
	}
}

// A wide range ends in long prefixes; a shorter prefix of a narrower range wins there.
func TestNarrowestRangeWins(t *testing.T) {
	d := openCore(t, map[string]string{"addresses.csv": "192.0.2.1-192.0.2.254,wide.example\n192.0.2.1-192.0.2.7,narrow.example\n192.0.2.252-192.0.2.254,narrow.example\n"})
	for addr, want := range map[string]string{
		"192.0.2.1": "narrow.example", "192.0.2.7": "narrow.example", "192.0.2.8": "wide.example", "192.0.2.251": "wide.example", "192.0.2.254": "narrow.example",
	} {
		if got, _ := d.CompanyOf(netip.MustParseAddr(addr)); got != want {
			t.Errorf("CompanyOf(%s) = %q, want %q", addr, got, want)
		}
	}
}

// Ranges of one company may be there twice and overlap.
func TestRangesOfOneCompany(t *testing.T) {
	d := openCore(t, map[string]string{"addresses.csv": "192.0.2.1-192.0.2.5,a.example\n192.0.2.5-192.0.2.9,www.a.example\n192.0.2.0/24,a.example\n192.0.2.0-192.0.2.255,a.example\n"})
	for _, addr := range []string{"192.0.2.0", "192.0.2.5", "192.0.2.9", "192.0.2.255"} {
		if got, ok := d.CompanyOf(netip.MustParseAddr(addr)); got != "a.example" || !ok {
			t.Errorf("CompanyOf(%s) = %q, %t", addr, got, ok)
		}
	}
}
