package ipdbtest

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

var built = time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)

var networks = []Network{
	{"192.0.2.128/25", Enterprise(Facts{Country: "DE", Type: "business", Domain: "example.de", ASN: 64496, ASName: "Example"})},
	{"192.0.2.0/24", IPinfoLite(Facts{Country: "AT", Domain: "example.at", ASN: 64497})},
	{"2001:db8::/32", map[string]any{"list": []any{"a", 1, true}, "map": map[string]any{"b": "c"}}},
}

func write(t *testing.T, networks []Network) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.mmdb")
	if err := Write(path, "Example", 6, built, networks); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestWrite(t *testing.T) {
	content := write(t, networks)
	reader, err := maxminddb.OpenBytes(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Verify(); err != nil {
		t.Error(err)
	}
	if got := reader.Metadata.BuildTime(); !got.Equal(built) {
		t.Errorf("built %s", got)
	}
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.0/25", "192.0.2.200": "192.0.2.128/25", "2001:db8::1": "2001:db8::/32",
	} {
		result := reader.Lookup(netip.MustParseAddr(addr))
		if !result.Found() || result.Prefix().String() != want {
			t.Errorf("%s: %s, want %s", addr, result.Prefix(), want)
		}
	}
	if reader.Lookup(netip.MustParseAddr("192.0.3.1")).Found() {
		t.Error("192.0.3.1 is found")
	}
}

func TestSameBytes(t *testing.T) {
	first := write(t, networks)
	reversed := slices.Clone(networks)
	slices.Reverse(reversed)
	for range 5 {
		if !bytes.Equal(write(t, networks), first) || !bytes.Equal(write(t, reversed), first) {
			t.Fatal("the bytes differ")
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.mmdb")
	for _, scenario := range []struct {
		version int
		built   time.Time
		network Network
		want    string
	}{
		{6, time.Time{}, Network{"192.0.2.0/24", nil}, "is not after 1970"},
		{6, time.Unix(0, 0), Network{"192.0.2.0/24", nil}, "is not after 1970"},
		{5, built, Network{"192.0.2.0/24", nil}, "unsupported IPVersion: 5"},
		{4, built, Network{"2001:db8::/32", nil}, "does not fit into a database of IPv4 networks"},
		{6, built, Network{"192.0.2.0", nil}, "no '/'"},
		{6, built, Network{"2002::/16", nil}, "2002::/16: "},
		{6, built, Network{"192.0.2.0/24", map[string]any{"a": -1}}, "192.0.2.0/24: a: -1 does not fit into 32 bits"},
		{6, built, Network{"192.0.2.0/24", map[string]any{"a": map[string]any{"b": 1.5}}}, "a: b: a value of type float64 cannot be written"},
	} {
		err := Write(path, "Example", scenario.version, scenario.built, []Network{scenario.network})
		if err == nil || !strings.Contains(err.Error(), scenario.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want %s", err, scenario.want)
		}
	}
	twice := []Network{{"192.0.2.1/24", nil}, {"192.0.2.0/24", nil}}
	if err := Write(path, "Example", 6, built, twice); err == nil || !strings.Contains(err.Error(), "192.0.2.0/24 is given twice") {
		t.Errorf("%v", err)
	}
}
