package ipdb

import (
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
)

// writeLarge makes a database of 64k networks of 256 addresses each.
func writeLarge(b *testing.B, kind string, record func(n int) map[string]any) string {
	networks := make([]ipdbtest.Network, 0, 1<<16)
	for n := range cap(networks) {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(n >> 8), byte(n), 0}), 24)
		networks = append(networks, ipdbtest.Network{Prefix: prefix.String(), Record: record(n)})
	}
	path := filepath.Join(b.TempDir(), kind+".mmdb")
	if err := ipdbtest.Write(path, kind, 6, built, networks); err != nil {
		b.Fatal(err)
	}
	return path
}

// A million distinct addresses in random order: country (200 records), ASN
// (20,000 records) and Enterprise (65,536 records, one for each network).
func BenchmarkLookup(b *testing.B) {
	code := func(n int) string { return string([]byte{'A' + byte(n%10), 'B' + byte(n/10%20)}) }
	paths := []string{
		writeLarge(b, ipdbtest.CountryType, func(n int) map[string]any { return ipdbtest.Country(code(n)) }),
		writeLarge(b, ipdbtest.ASNType, func(n int) map[string]any { return ipdbtest.ASN(uint32(n%20000+1), "Example "+strconv.Itoa(n%20000)) }),
		writeLarge(b, ipdbtest.EnterpriseType, func(n int) map[string]any {
			return ipdbtest.Enterprise(ipdbtest.Facts{Country: code(n), Type: "business", Domain: "example" + strconv.Itoa(n) + ".com", ASN: uint32(n%20000 + 1), ASName: "Example"})
		}),
	}
	source := rand.New(rand.NewPCG(1, 2))
	addrs := make([]netip.Addr, 1<<20)
	for n, m := range source.Perm(1 << 24)[:len(addrs)] {
		addrs[n] = netip.AddrFrom4([4]byte{11, byte(m >> 16), byte(m >> 8), byte(m)})
	}
	sorted := slices.Clone(addrs[:1_000_000])
	slices.SortFunc(sorted, netip.Addr.Compare)
	for name, asked := range map[string][]netip.Addr{"million": addrs[:1_000_000], "million, sorted": sorted} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				databases := open(b, Options{SkipVerify: true}, paths...)
				b.StartTimer()
				for _, addr := range asked {
					databases.Lookup(addr)
				}
			}
		})
	}
	b.Run("open and verify", func(b *testing.B) {
		for b.Loop() {
			open(b, Options{}, paths...)
		}
	})
	b.Run("countries of the table", func(b *testing.B) {
		databases := open(b, Options{})
		for n := 0; b.Loop(); n++ {
			databases.Lookup(addrs[n%len(addrs)])
		}
	})
}
