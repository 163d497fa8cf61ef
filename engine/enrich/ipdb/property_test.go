package ipdb

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
)

// drawAddr draws addresses that lie close together, so that networks hold them.
func drawAddr(t *rapid.T, label string) netip.Addr {
	bytes := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	ending := rapid.Uint16().Draw(t, label)
	switch rapid.IntRange(0, 3).Draw(t, label+" kind") {
	case 0: // IPv6
		binary.BigEndian.PutUint16(bytes[4:], ending)
		return netip.AddrFrom16(bytes)
	case 1: // IPv6 at the other end
		binary.BigEndian.PutUint16(bytes[14:], ending)
		return netip.AddrFrom16(bytes)
	default:
		return netip.AddrFrom4([4]byte{10, 0, byte(ending >> 8), byte(ending)})
	}
}

func drawPrefix(t *rapid.T, label string) netip.Prefix {
	addr := drawAddr(t, label)
	prefix, err := addr.Prefix(rapid.IntRange(addr.BitLen()/4, addr.BitLen()).Draw(t, label+" bits"))
	if err != nil {
		t.Fatal(err)
	}
	return prefix
}

// longest is the search that the databases are compared with.
func longest(numbers map[netip.Prefix]uint32, addr netip.Addr) int64 {
	best, bits := int64(0), -1
	for prefix, number := range numbers {
		if prefix.Contains(addr) && prefix.Bits() > bits {
			best, bits = int64(number), prefix.Bits()
		}
	}
	return best
}

// embedded returns the IPv4 address in a 6to4 or Teredo address, which databases
// answer for it.
func embedded(addr netip.Addr, prefix string, at int) netip.Addr {
	bytes := netip.MustParsePrefix(prefix).Addr().As16()
	inner := addr.As4()
	copy(bytes[at:], inner[:])
	return netip.AddrFrom16(bytes)
}

func TestLookupIsTheLongestPrefix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.mmdb")
	rapid.Check(t, func(t *rapid.T) {
		numbers := make(map[netip.Prefix]uint32)
		var networks []ipdbtest.Network
		for n := range rapid.IntRange(1, 12).Draw(t, "networks") {
			prefix := drawPrefix(t, "prefix "+strconv.Itoa(n))
			if _, twice := numbers[prefix]; twice {
				continue
			}
			numbers[prefix] = rapid.Uint32Range(1, 5).Draw(t, "number")
			networks = append(networks, ipdbtest.Network{Prefix: prefix.String(), Record: ipdbtest.ASN(numbers[prefix], "")})
		}
		if err := ipdbtest.Write(path, ipdbtest.ASNType, 6, built, networks); err != nil {
			t.Fatal(err)
		}
		databases, err := Open([]string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			addr := drawAddr(t, "address")
			want := longest(numbers, addr)
			asked := []netip.Addr{addr}
			if addr.Is4() {
				asked = append(asked, netip.AddrFrom16(addr.As16()), embedded(addr, "2002::/16", 2), embedded(addr, "2001::/32", 4))
			}
			for _, addr := range asked {
				if got := databases.Lookup(addr).ASN; got != want {
					t.Fatalf("%s: %d, want %d", addr, got, want)
				}
			}
		}
		if got := databases.Failures(); got != 0 {
			t.Fatalf("%d failures", got)
		}
	})
}

func drawRecord(t *rapid.T, label string) map[string]any {
	return rapid.OneOf(
		rapid.Just(map[string]any{}),
		rapid.Just(ipdbtest.Hosting()),
		rapid.Custom(func(t *rapid.T) map[string]any {
			facts := ipdbtest.Facts{
				Country: rapid.SampledFrom([]string{"", "DE", "AT", "ZZ"}).Draw(t, "country"),
				Type:    rapid.SampledFrom([]string{"", "business", "residential", "starship"}).Draw(t, "type"),
				Domain:  rapid.SampledFrom([]string{"", "example.com", "ip6.arpa"}).Draw(t, "domain"),
				ASN:     rapid.Uint32Range(0, 2).Draw(t, "asn"),
			}
			if rapid.Bool().Draw(t, "vendor") {
				return ipdbtest.IPinfoCompany(facts)
			}
			return ipdbtest.Enterprise(facts)
		}),
	).Draw(t, label)
}

// Explain tells the same facts as Lookup, and each with a reason.
func TestExplainAgreesWithLookup(t *testing.T) {
	directory := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		var paths []string
		for n := range rapid.IntRange(0, 3).Draw(t, "databases") {
			path := filepath.Join(directory, strconv.Itoa(n)+".mmdb")
			networks := []ipdbtest.Network{
				{Prefix: "10.0.0.0/8", Record: drawRecord(t, "wide")},
				{Prefix: "10.0.0.0/17", Record: drawRecord(t, "narrow")},
				{Prefix: "2001:db8::/33", Record: drawRecord(t, "IPv6")},
			}
			kind := rapid.SampledFrom([]string{ipdbtest.EnterpriseType, ipdbtest.AnonymousType, ipdbtest.ASNType}).Draw(t, "kind")
			if err := ipdbtest.Write(path, kind, 6, built, networks); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
		databases, err := Open(paths, Options{})
		if err != nil {
			t.Fatal(err)
		}
		addr := drawAddr(t, "address")
		facts := databases.Lookup(addr)
		number := ""
		if facts.ASN != 0 {
			number = strconv.FormatInt(facts.ASN, 10)
		}
		explained := databases.Explain(addr)
		for n, want := range []string{facts.Country, facts.Type, facts.Domain, number} {
			if got := explained[n]; got.Value != want || got.Rule == "" || (got.Origin == "") != (want == "") {
				t.Fatalf("%s: %+v, want %q", addr, got, want)
			}
		}
	})
}

func TestConcurrentLookups(t *testing.T) {
	var networks []ipdbtest.Network
	for n := range 64 {
		networks = append(networks, ipdbtest.Network{
			Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n), 0}), 24).String(),
			Record: ipdbtest.Enterprise(ipdbtest.Facts{Country: "DE", ASN: uint32(n + 1), Domain: "example" + strconv.Itoa(n) + ".com"}),
		})
	}
	databases := open(t, Options{}, write(t, ipdbtest.EnterpriseType, networks...))
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := range 4096 {
				last := byte(n*7 + worker)
				addr := netip.AddrFrom4([4]byte{10, 0, byte(n % 64), last})
				want := Facts{"DE", "", "example" + strconv.Itoa(n%64) + ".com", int64(n%64 + 1)}
				if got := databases.Lookup(addr); got != want {
					t.Errorf("%s: %+v", addr, got)
					return
				}
				if n%512 == 0 {
					databases.Explain(addr)
					databases.Origins()
				}
			}
		})
	}
	group.Wait()
}

// use opens a file in every way and looks addresses up; only that it ends counts.
func use(t testing.TB, content []byte) {
	path := filepath.Join(t.TempDir(), "x.mmdb")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, options := range []Options{{}, {SkipVerify: true}} {
		databases, err := Open([]string{path}, options)
		if err != nil {
			continue
		}
		for _, text := range []string{"192.0.2.1", "192.0.2.200", "10.0.0.1", "2001:db8::1", "2002:c000:201::", "::", "ffff::"} {
			addr := netip.MustParseAddr(text)
			databases.Lookup(addr)
			databases.Lookup(addr)
			databases.Explain(addr)
		}
		databases.Origins()
		if err := databases.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// small is a database that has all kinds of values.
func small(t testing.TB) []byte {
	path := write(t, "Example",
		ipdbtest.Network{Prefix: "192.0.2.0/25", Record: ipdbtest.Enterprise(ipdbtest.Facts{Country: "DE", Type: "business", Domain: "example.de", ASN: 64496, ASName: "Example"})},
		ipdbtest.Network{Prefix: "192.0.2.128/25", Record: ipdbtest.IPinfoCompany(ipdbtest.Facts{Country: "DE", Type: "business", Domain: "example.de", ASN: 64496, ASName: "Example"})},
		ipdbtest.Network{Prefix: "2001:db8::/32", Record: ipdbtest.Hosting()})
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestDamageNeverPanics(t *testing.T) {
	content := small(t)
	for at := range content {
		for _, flip := range []byte{0x01, 0x20, 0xff} {
			damaged := append([]byte(nil), content...)
			damaged[at] ^= flip
			use(t, damaged)
		}
	}
}

func FuzzDamage(f *testing.F) {
	content := small(f)
	f.Add(uint32(3), byte(1), uint32(900), byte(0x80))
	f.Add(uint32(len(content)-30), byte(0xff), uint32(len(content)-60), byte(7))
	f.Fuzz(func(t *testing.T, first uint32, flip byte, second uint32, other byte) {
		damaged := append([]byte(nil), content...)
		damaged[int(first)%len(damaged)] ^= flip
		damaged[int(second)%len(damaged)] ^= other
		use(t, damaged)
	})
}

func FuzzFile(f *testing.F) {
	f.Add(small(f))
	f.Add(append([]byte("text"), metadataMarker...))
	f.Fuzz(func(t *testing.T, content []byte) { use(t, content) })
}
