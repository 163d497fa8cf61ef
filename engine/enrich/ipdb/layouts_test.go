package ipdb

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
)

// layouts are a record of every supported layout, and what it tells.
var layouts = []struct {
	name, kind string
	record     map[string]any
	want       Facts
}{
	{"country", ipdbtest.CountryType, ipdbtest.Country("DE"), Facts{Country: "DE"}},
	{"country, lower case", "GeoIP2-Country", ipdbtest.Country("de"), Facts{Country: "DE"}},
	{"registered country", "GeoIP2-City", map[string]any{
		"registered_country": map[string]any{"iso_code": "FR"}}, Facts{Country: "FR"}},
	{"country before registered country", "GeoLite2-City", map[string]any{
		"country": map[string]any{"iso_code": "BT"}, "registered_country": map[string]any{"iso_code": "RO"}}, Facts{Country: "BT"}},
	{"country that is none, then registered country", "GeoLite2-City", map[string]any{
		"country": map[string]any{"iso_code": "--"}, "registered_country": map[string]any{"iso_code": "RO"}}, Facts{Country: "RO"}},
	{"represented country", "GeoIP2-City", map[string]any{
		"represented_country": map[string]any{"iso_code": "US"}}, Facts{}},
	{"asn", ipdbtest.ASNType, ipdbtest.ASN(64496, "Example"), Facts{ASN: 64496}},
	{"asn, largest", ipdbtest.ASNType, ipdbtest.ASN(4294967295, ""), Facts{ASN: 4294967295}},
	{"isp", ipdbtest.ISPType, ipdbtest.ISP(64496, "Example", "Example Net"), Facts{ASN: 64496}},
	{"isp without asn", ipdbtest.ISPType, ipdbtest.ISP(0, "", "Example Net"), Facts{}},
	{"domain", ipdbtest.DomainType, ipdbtest.Domain("Example.NET."), Facts{Domain: "example.net"}},
	{"reverse domain", ipdbtest.DomainType, ipdbtest.Domain("in-addr.arpa"), Facts{}},
	{"enterprise", ipdbtest.EnterpriseType, ipdbtest.Enterprise(ipdbtest.Facts{Country: "GB", Type: "government", Domain: "example.org", ASN: 64497}),
		Facts{"GB", "business", "example.org", 64497}},
	{"enterprise, redacted", "GeoIP-Enterprise-Redacted-US", ipdbtest.Enterprise(ipdbtest.Facts{Type: "college"}), Facts{Type: "education"}},
	{"enterprise, flag beside user type", ipdbtest.EnterpriseType, map[string]any{
		"traits": map[string]any{"user_type": "residential", "is_hosting_provider": true}}, Facts{Type: "isp"}},
	{"enterprise, flag beside unknown user type", ipdbtest.EnterpriseType, map[string]any{
		"traits": map[string]any{"user_type": "starship", "is_hosting_provider": true}}, Facts{Type: "hosting"}},
	{"anonymous", ipdbtest.AnonymousType, ipdbtest.Hosting(), Facts{Type: "hosting"}},
	{"anonymous, no host", ipdbtest.AnonymousType, map[string]any{"is_hosting_provider": false, "is_anonymous_vpn": true}, Facts{}},
	{"DB-IP country", "DBIP-Country-Lite", ipdbtest.Country("JP"), Facts{Country: "JP"}},
	{"DB-IP placeholder", "DBIP-City-Lite", ipdbtest.Country("ZZ"), Facts{}},
	{"DB-IP asn", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", ipdbtest.ASN(64498, "Example"), Facts{ASN: 64498}},
	{"DB-IP location and isp", "DBIP-Location-ISP (compat=Enterprise)", ipdbtest.Enterprise(ipdbtest.Facts{Country: "NL", Type: "cellular", ASN: 64499}),
		Facts{Country: "NL", Type: "isp", ASN: 64499}},
	{"IPinfo company", ipdbtest.IPinfoCompanyType, ipdbtest.IPinfoCompany(ipdbtest.Facts{Country: "CN", Type: "business", Domain: "example.cn", ASN: 64500}),
		Facts{"CN", "business", "example.cn", 64500}},
	{"IPinfo company, AS only", ipdbtest.IPinfoCompanyType, map[string]any{
		"type": "", "domain": "", "as_type": "education", "as_domain": "example.edu", "asn": "AS64501", "country": ""},
		Facts{Type: "education", Domain: "example.edu", ASN: 64501}},
	{"IPinfo lite", ipdbtest.IPinfoLiteType, ipdbtest.IPinfoLite(ipdbtest.Facts{Country: "SE", Domain: "example.se", ASN: 64502}),
		Facts{Country: "SE", Domain: "example.se", ASN: 64502}},
	{"IPinfo asn", ipdbtest.IPinfoASNType, ipdbtest.IPinfoASN(ipdbtest.Facts{Type: "hosting", Domain: "example.com", ASN: 64503}),
		Facts{Type: "hosting", Domain: "example.com", ASN: 64503}},
	{"IPinfo core", "ipinfo bundle_location_core.mmdb", map[string]any{
		"country": "Chad", "country_code": "TD", "is_hosting": true}, Facts{Country: "TD", Type: "hosting"}},
	{"IPinfo plus, flag as text", "ipinfo bundle_location_plus.mmdb", map[string]any{
		"country_code": "TD", "as_type": "isp", "is_hosting": "true"}, Facts{Country: "TD", Type: "isp"}},
	{"unknown type, MaxMind's layout", "Example-Offices", ipdbtest.Enterprise(ipdbtest.Facts{Country: "GB", Type: "business"}),
		Facts{Country: "GB", Type: "business"}},
	{"unknown type, IPinfo's layout", "example offices", ipdbtest.IPinfoCompany(ipdbtest.Facts{ASN: 64504}), Facts{ASN: 64504}},
}

func TestLayouts(t *testing.T) {
	for _, layout := range layouts {
		t.Run(layout.name, func(t *testing.T) {
			// A country elsewhere keeps the embedded countries out of the comparison.
			countries := write(t, ipdbtest.CountryType, ipdbtest.Network{Prefix: "233.252.0.0/24", Record: ipdbtest.Country("AT")})
			databases := open(t, Options{}, write(t, layout.kind,
				ipdbtest.Network{Prefix: "192.0.2.0/24", Record: layout.record},
				ipdbtest.Network{Prefix: "10.1.0.0/16", Record: layout.record},
				ipdbtest.Network{Prefix: "2001:db8:5::/48", Record: layout.record},
			), countries)
			expect(t, databases, "192.0.2.77", layout.want)
			expect(t, databases, "::ffff:192.0.2.77", layout.want)
			expect(t, databases, "10.1.2.3", layout.want)
			expect(t, databases, "2001:db8:5::1", layout.want)
			expect(t, databases, "fe80::1%eth0", Facts{})
			expect(t, databases, "192.0.3.0", Facts{})
			expect(t, databases, "10.2.0.0", Facts{})
			expect(t, databases, "127.0.0.1", Facts{})
			expect(t, databases, "2001:db8:6::1", Facts{})
			if got := databases.Failures(); got != 0 {
				t.Errorf("%d failures", got)
			}
		})
	}
}

func TestZeroAddress(t *testing.T) {
	databases := open(t, Options{}, write(t, ipdbtest.CountryType, ipdbtest.Network{Prefix: "0.0.0.0/0", Record: ipdbtest.Country("DE")}))
	if got := databases.Lookup(netip.Addr{}); got != (Facts{}) {
		t.Errorf("%+v", got)
	}
	if got := databases.Failures(); got != 0 {
		t.Errorf("%d failures", got)
	}
}

func TestIPv4Database(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v4.mmdb")
	networks := []ipdbtest.Network{{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("DE")}}
	if err := ipdbtest.Write(path, ipdbtest.CountryType, 4, built, networks); err != nil {
		t.Fatal(err)
	}
	databases := open(t, Options{}, path)
	expect(t, databases, "192.0.2.1", Facts{Country: "DE"})
	expect(t, databases, "::ffff:192.0.2.1", Facts{Country: "DE"})
	expect(t, databases, "2001:db8::1", Facts{})
	if got := databases.Failures(); got != 0 {
		t.Errorf("%d failures", got)
	}
}

// A field of a kind that does not belong there is a failed look-up, but the other
// fields are read; and a record says nothing about the next one.
func TestUnexpectedKinds(t *testing.T) {
	odd := func(prefix string, key string, content any) ipdbtest.Network {
		record := ipdbtest.Enterprise(ipdbtest.Facts{Country: "GB", Type: "business", Domain: "example.org", ASN: 64497})
		if inner, ok := record["traits"].(map[string]any)[key]; ok && inner != nil {
			record["traits"].(map[string]any)[key] = content
		} else {
			record[key] = content
		}
		return ipdbtest.Network{Prefix: prefix, Record: record}
	}
	databases := open(t, Options{}, write(t, ipdbtest.EnterpriseType,
		odd("192.0.2.0/32", "domain", 5),
		odd("192.0.2.1/32", "autonomous_system_number", map[string]any{"a": 1}),
		odd("192.0.2.2/32", "user_type", []any{"business"}),
		odd("192.0.2.3/32", "traits", "none"),
		odd("192.0.2.4/32", "country", 7),
		odd("192.0.2.5/32", "country", map[string]any{"iso_code": true}),
		ipdbtest.Network{Prefix: "192.0.2.6/32", Record: nil},
	))
	for n, want := range []Facts{
		{"GB", "business", "", 64497},
		{"GB", "business", "example.org", 0},
		{"GB", "", "example.org", 64497},
		{"GB", "", "", 0},
		{"GB", "business", "example.org", 64497}, // the registered country
		{"GB", "business", "example.org", 64497},
		{},
	} {
		addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
		for range 2 { // read, and from the cache
			if got := databases.Lookup(addr); got != want {
				t.Errorf("%s: %+v, want %+v", addr, got, want)
			}
		}
	}
	if got := databases.Failures(); got != 12 {
		t.Errorf("%d failures, want 12", got)
	}
}
