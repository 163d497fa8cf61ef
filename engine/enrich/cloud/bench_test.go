package cloud

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manyPrefixes makes a folder with a file of n distinct prefixes, a third of them IPv6.
func manyPrefixes(b *testing.B, n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[netip.Prefix]bool{}
	var text strings.Builder
	for len(seen) < n {
		addr := drawRandom(random, len(seen)%3 == 0)
		bits := 16 + random.IntN(13)
		if addr.Is6() {
			bits += 16
		}
		prefix := netip.PrefixFrom(addr, bits).Masked()
		if !seen[prefix] {
			seen[prefix] = true
			fmt.Fprintf(&text, "%s,provider-%d,region-%d\n", prefix, random.IntN(20), random.IntN(100))
		}
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "own.csv"), []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	return dir
}

func drawRandom(random *rand.Rand, v6 bool) netip.Addr {
	bits := random.Uint64()
	if v6 {
		return netip.AddrFrom16([16]byte{0x26, 0x00, byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
	}
	return netip.AddrFrom4([4]byte{byte(1 + bits%200), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
}

func BenchmarkOpen(b *testing.B) {
	dir := manyPrefixes(b, 130_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(dir, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProvider(b *testing.B) {
	r, err := Open(manyPrefixes(b, 130_000), "")
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	addrs := make([]netip.Addr, 1<<16)
	for i := range addrs {
		addrs[i] = drawRandom(random, i%3 == 0)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r.Provider(addrs[n&(len(addrs)-1)], 16509)
		n++
	}
}
