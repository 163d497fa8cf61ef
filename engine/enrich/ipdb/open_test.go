package ipdb

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"go4.org/netipx"

	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
)

func TestOpenRefuses(t *testing.T) {
	whole, err := os.ReadFile(write(t, ipdbtest.CountryType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("DE")}))
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	if _, err := writer.Write(whole); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	tarred := append(make([]byte, 512), whole...)
	copy(tarred[257:], "ustar")

	for _, scenario := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", []byte{}, "is empty; get the file again"},
		{"gzip", zipped.Bytes(), "is packed (gzip); unpack it first and name the .mmdb file"},
		{"tar", tarred, "is packed (tar); unpack it first and name the .mmdb file"},
		{"text", []byte("network,country\n192.0.2.0/24,DE\n# für Prüfungen\n"), "is a text file; get the edition in mmdb format"},
		{"long text", []byte(strings.Repeat("ü", 2000)), "is a text file; get the edition in mmdb format"},
		{"cut off", whole[:len(whole)/2], "is cut off or not in mmdb format, because the description at its end is missing; get the file again"},
		{"cut off in the description", whole[:len(whole)-20], "is damaged: "},
		{"start missing", whole[100:], "is damaged: "},
	} {
		path := filepath.Join(t.TempDir(), "x.mmdb")
		if err := os.WriteFile(path, scenario.content, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, scenario.name, path, "IP database "+path+" "+scenario.want)
	}

	directory := t.TempDir()
	refused(t, "directory", directory, "IP database "+directory+" is a directory; name the .mmdb file in it")
	missing := filepath.Join(directory, "missing.mmdb")
	err = refused(t, "missing", missing, "IP database "+missing+" does not exist")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

func refused(t *testing.T, name, path, want string) error {
	t.Helper()
	databases, err := Open([]string{path}, Options{})
	if err == nil {
		t.Errorf("%s: opened", name)
		return databases.Close()
	}
	if !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v", name, err)
	}
	return err
}

func TestOpenRefusesTypes(t *testing.T) {
	for kind, record := range map[string]map[string]any{
		"GeoIP2-Connection-Type":                {"connection_type": "Corporate"},
		"ipinfo standard_privacy.mmdb":          {"vpn": "true", "service": "Example"},
		"ipinfo standard_abuse_mmdb_v4.mmdb":    {"country": "DE", "email": "abuse@example.de"},
		"ipinfo standard_carrier_mmdb.mmdb":     {"name": "Example", "country_code": "DE"},
		"ipinfo ip_rdns_domains_sample.mmdb":    {"domain": "example.com"},
		"Example-Names":                         {"country": "Germany", "domain": 3, "type": "office"},
		"Example-AS-Names":                      {"as_name": "Example"},
		"DBIP-ISP (compat=Enterprise), no type": {"traits": map[string]any{"isp": "Example"}},
	} {
		path := write(t, kind, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: record})
		refused(t, kind, path, "IP database "+path+" has the type \""+kind+"\", which is not supported; supported are Country,")
	}
}

func TestVerifiedFilesAreNotCheckedAgain(t *testing.T) {
	path := write(t, ipdbtest.CountryType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("DE")})
	damage(t, path)
	known := ""
	verified := func(sha256 string) bool { known = sha256; return true }
	databases := open(t, Options{Verified: verified}, path)
	if known == "" || known != databases.Origins()[0].SHA256 || !databases.Origins()[0].Verified {
		t.Errorf("asked for %q: %+v", known, databases.Origins()[0])
	}
	if unchecked := open(t, Options{SkipVerify: true}, path); unchecked.Origins()[0].Verified {
		t.Error("verified without a check")
	}
	if _, err := Open([]string{path}, Options{Verified: func(string) bool { return false }}); err == nil {
		t.Error("damage was not found")
	}
}

// damage makes the text "iso_code" a value of no kind.
func damage(t testing.TB, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte("\x48iso_code"))
	if at < 0 {
		t.Fatal("nothing to damage")
	}
	content[at] = 0x1f
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedRecord(t *testing.T) {
	path := write(t, ipdbtest.EnterpriseType,
		ipdbtest.Network{Prefix: "192.0.2.0/25", Record: ipdbtest.Enterprise(ipdbtest.Facts{Domain: "example.com", ASN: 64496})},
		ipdbtest.Network{Prefix: "192.0.2.128/25", Record: ipdbtest.Enterprise(ipdbtest.Facts{Country: "DE", Domain: "example.de", ASN: 64497})})
	damage(t, path)
	refused(t, "damaged", path, "IP database "+path+" is damaged: ")

	good := write(t, ipdbtest.DomainType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Domain("example.net")})
	databases := open(t, Options{SkipVerify: true}, path, good)
	for range 2 {
		expect(t, databases, "192.0.2.1", Facts{Domain: "example.com", ASN: 64496})
		expect(t, databases, "192.0.2.200", Facts{Domain: "example.net"})
	}
	if got := databases.Failures(); got != 2 {
		t.Errorf("%d failures, want 2", got)
	}
	explained := databases.Explain(netip.MustParseAddr("192.0.2.200"))[0]
	if !strings.Contains(explained.Rule, "GeoIP2-Enterprise.mmdb: the record of 192.0.2.128/25 cannot be read: ") {
		t.Errorf("%+v", explained)
	}
	if origins := databases.Origins(); origins[0].Failures != 2 || origins[1].Failures != 0 {
		t.Errorf("%+v", origins)
	}
}

func TestDatabaseWithoutDescription(t *testing.T) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-Country", BuildEpoch: 1, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	record := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("DE")}}
	if err := tree.Insert(netipx.PrefixIPNet(netip.MustParsePrefix("192.0.2.0/24")), record); err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := tree.WriteTo(&content); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.mmdb")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, open(t, Options{}, path), "192.0.2.1", Facts{Country: "DE"})
}

func TestReplacedFile(t *testing.T) {
	path := write(t, ipdbtest.CountryType, ipdbtest.Network{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("DE")})
	before := open(t, Options{}, path)
	networks := []ipdbtest.Network{{Prefix: "192.0.2.0/24", Record: ipdbtest.Country("AT")}}
	if err := ipdbtest.Write(path, ipdbtest.CountryType, 6, built, networks); err != nil {
		t.Fatal(err)
	}
	after := open(t, Options{}, path)
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	expect(t, before, "192.0.2.1", Facts{Country: "DE"})
	expect(t, after, "192.0.2.1", Facts{Country: "AT"})
	if before.Origins()[0].SHA256 == after.Origins()[0].SHA256 {
		t.Error("the hashes are the same")
	}
}
