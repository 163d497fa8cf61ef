package ipdb

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/phuslu/iploc"

	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
	"github.com/pullscope/pullscope/engine/enrich/origin"
)

func TestFirstDatabaseWithAValueWins(t *testing.T) {
	lite := write(t, ipdbtest.IPinfoLiteType,
		ipdbtest.Network{Prefix: "192.0.2.0/25", Record: ipdbtest.IPinfoLite(ipdbtest.Facts{Country: "DE", ASN: 64496})})
	enterprise := write(t, ipdbtest.EnterpriseType,
		ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Enterprise(ipdbtest.Facts{Country: "AT", Type: "residential", Domain: "example.at", ASN: 64497})})
	anonymous := write(t, ipdbtest.AnonymousType,
		ipdbtest.Network{Prefix: "192.0.2.0/26", Record: ipdbtest.Hosting()},
		ipdbtest.Network{Prefix: "198.51.100.0/24", Record: ipdbtest.Hosting()})

	databases := open(t, Options{}, anonymous, lite, enterprise)
	expect(t, databases, "192.0.2.1", Facts{"DE", "isp", "example.at", 64496}) // the type is not the flag's
	expect(t, databases, "192.0.2.100", Facts{"DE", "isp", "example.at", 64496})
	expect(t, databases, "192.0.2.200", Facts{"AT", "isp", "example.at", 64497})
	expect(t, databases, "198.51.100.1", Facts{Type: "hosting"})

	databases = open(t, Options{}, enterprise, lite, anonymous)
	expect(t, databases, "192.0.2.1", Facts{"AT", "isp", "example.at", 64497})
}

func TestEmbeddedCountries(t *testing.T) {
	google, private := "8.8.8.8", "10.0.0.1"

	none := open(t, Options{})
	expect(t, none, google, Facts{Country: "US"})
	expect(t, none, "::ffff:8.8.8.8", Facts{Country: "US"})
	expect(t, none, "2001:4860:4860::8888", Facts{Country: "US"})
	for _, unknown := range []string{private, "127.0.0.1", "192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fe80::1", "2001:db8::1", "ffff::"} {
		expect(t, none, unknown, Facts{})
	}

	withASN := open(t, Options{}, write(t, ipdbtest.ASNType, ipdbtest.Network{Prefix: "8.8.8.0/24", Record: ipdbtest.ASN(64496, "")}))
	expect(t, withASN, google, Facts{Country: "US", ASN: 64496})

	// A database of networks that has countries, too.
	mixed := open(t, Options{}, write(t, ipdbtest.ASNType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("DE")}))
	expect(t, mixed, "192.0.2.1", Facts{Country: "DE"})
	expect(t, mixed, google, Facts{})

	// Databases of countries that do not know the address, by type and by content.
	for _, kind := range []string{ipdbtest.CountryType, "Example-Countries"} {
		withCountry := open(t, Options{}, write(t, kind, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("DE")}))
		expect(t, withCountry, google, Facts{})
	}
	companies := open(t, Options{}, write(t, ipdbtest.IPinfoASNType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.IPinfoASN(ipdbtest.Facts{ASN: 64496})}))
	expect(t, companies, google, Facts{Country: "US"})
}

func TestOrigins(t *testing.T) {
	path := write(t, ipdbtest.ASNType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.ASN(64496, "Example")})
	origins := open(t, Options{}, path).Origins()
	if len(origins) != 2 {
		t.Fatalf("%d origins", len(origins))
	}
	hash := origins[0].SHA256
	want := origin.Origin{Kind: origin.Database, Name: "GeoLite2-ASN.mmdb", Type: "GeoLite2-ASN", Built: "2026-11-02T03:04:05Z", SHA256: hash, Verified: true}
	if origins[0] != want || len(hash) != 64 {
		t.Errorf("%+v", origins[0])
	}
	if got := origins[1].String(); got != "iploc (countries, "+iploc.Version+")" || origins[1].Kind != origin.Table {
		t.Errorf("%+v", origins[1])
	}
}

func TestTableVersionIsThatOfTheModule(t *testing.T) {
	text, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`github.com/phuslu/iploc (\S+)`).FindStringSubmatch(string(text))
	if match == nil || match[1] != tableOrigin().Built {
		t.Errorf("go.mod has %q, the table says %q", match, tableOrigin().Built)
	}
}

func TestExplain(t *testing.T) {
	databases := open(t, Options{},
		write(t, ipdbtest.AnonymousType, ipdbtest.Network{Prefix: "192.0.2.0/26", Record: ipdbtest.Hosting()}),
		write(t, ipdbtest.EnterpriseType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Enterprise(
			ipdbtest.Facts{Country: "AT", Type: "cafe", Domain: "in-addr.arpa", ASN: 64497, ASName: "Example"})}))
	from := "GeoIP2-Enterprise.mmdb (GeoIP2-Enterprise, 2026-11-02T03:04:05Z)"
	want := []origin.Fact{
		{Name: "country", Value: "AT", Origin: from, Rule: `192.0.2.0/24: country.iso_code is "AT"`},
		{Name: "ip type", Value: "business", Origin: from, Rule: `192.0.2.0/24: traits.user_type is "cafe"`},
		{Name: "ip domain", Rule: "GeoIP2-Anonymous-IP.mmdb: 192.0.2.0/26: the record has no ip domain; " +
			`GeoIP2-Enterprise.mmdb: 192.0.2.0/24: traits.domain is "in-addr.arpa", which tells no ip domain`},
		{Name: "asn", Value: "64497", Origin: from, Rule: "192.0.2.0/24: traits.autonomous_system_number is 64497"},
		{Name: "as name", Value: "Example", Origin: from, Rule: `192.0.2.0/24: traits.autonomous_system_organization is "Example"`},
		{Name: "network", Value: "192.0.2.0/26", Origin: "GeoIP2-Anonymous-IP.mmdb (GeoIP2-Anonymous-IP, 2026-11-02T03:04:05Z)",
			Rule: "the narrowest network that holds the address"},
	}
	for n, fact := range databases.Explain(netip.MustParseAddr("::ffff:192.0.2.1")) {
		if fact != want[n] {
			t.Errorf("\n got %+v\nwant %+v", fact, want[n])
		}
	}
}

func TestExplainUnknown(t *testing.T) {
	path := write(t, ipdbtest.CountryType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("DE")})
	for _, scenario := range []struct {
		name      string
		databases *Databases
		addr      netip.Addr
		country   origin.Fact
		asn       string
	}{
		{"no address", open(t, Options{}, path), netip.Addr{},
			origin.Fact{Rule: "not an IP address"}, "not an IP address"},
		{"not in the database", open(t, Options{}, path), netip.MustParseAddr("8.8.8.8"),
			origin.Fact{Rule: "GeoLite2-Country.mmdb: no network holds the address"}, "GeoLite2-Country.mmdb: no network holds the address"},
		{"table", open(t, Options{}), netip.MustParseAddr("8.8.8.8"),
			origin.Fact{Value: "US", Origin: tableOrigin().String(), Rule: "no database of countries is given"}, "no database is given"},
		{"not in the table", open(t, Options{}), netip.MustParseAddr("10.0.0.1"),
			origin.Fact{Rule: `no database of countries is given, and the embedded table has "ZZ", which is no country`}, "no database is given"},
	} {
		facts := scenario.databases.Explain(scenario.addr)
		scenario.country.Name = "country"
		if facts[0] != scenario.country {
			t.Errorf("%s: %+v", scenario.name, facts[0])
		}
		if facts[3].Value != "" || facts[3].Rule != scenario.asn {
			t.Errorf("%s: %+v", scenario.name, facts[3])
		}
		if last := facts[len(facts)-1]; last.Name != "network" || last.Value != "" || last.Rule == "" || !strings.Contains(last.Rule, "address") {
			t.Errorf("%s: %+v", scenario.name, last)
		}
	}
}
