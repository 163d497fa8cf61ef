package cloud

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawAddr draws from a few bits, so that prefixes lie in each other and addresses in them.
func drawAddr(t *rapid.T) netip.Addr {
	few := rapid.SampledFrom([]byte{0, 1, 127, 128, 255})
	if rapid.Bool().Draw(t, "v4") {
		return netip.AddrFrom4([4]byte{198, few.Draw(t, "b1"), few.Draw(t, "b2"), few.Draw(t, "b3")})
	}
	addr := [16]byte{0x26, 0x00, few.Draw(t, "b2"), few.Draw(t, "b3")}
	addr[15] = few.Draw(t, "b15")
	return netip.AddrFrom16(addr)
}

func drawPrefix(t *rapid.T) netip.Prefix {
	addr := drawAddr(t)
	widest := widestIPv6
	if addr.Is4() {
		widest = widestIPv4
	}
	return netip.PrefixFrom(addr, rapid.IntRange(widest, addr.BitLen()).Draw(t, "bits"))
}

// naive looks at all prefixes: the longest counts, of two equal ones the provider that is first by name.
func naive(rows map[string][]netip.Prefix, addr netip.Addr) string {
	longest, found := -1, ""
	for _, provider := range slices.Sorted(maps.Keys(rows)) {
		for _, prefix := range rows[provider] {
			if prefix.Contains(addr.Unmap()) && prefix.Bits() > longest {
				longest, found = prefix.Bits(), provider
			}
		}
	}
	return found
}

func TestProviderIsTheLongestPrefix(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		rows := map[string][]netip.Prefix{}
		for _, provider := range []string{"aaa", "bbb", "ccc"} {
			rows[provider] = rapid.SliceOfN(rapid.Custom(drawPrefix), 1, 12).Draw(t, provider)
			var text strings.Builder
			for _, prefix := range rows[provider] {
				fmt.Fprintf(&text, "%s,%s\n", prefix, provider)
			}
			if err := os.WriteFile(filepath.Join(dir, provider+".csv"), []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Open(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			addr := drawAddr(t)
			if addr.Is4() && rapid.Bool().Draw(t, "mapped") {
				addr = netip.AddrFrom16(addr.As16())
			}
			want := naive(rows, addr)
			if got := r.Provider(addr, 0); got != want {
				t.Fatalf("Provider(%s) = %q, want %q of %v", addr, got, want, rows)
			}
			if got := r.Explain(addr, 0)[0].Value; got != want {
				t.Fatalf("Explain(%s) = %q, want %q of %v", addr, got, want, rows)
			}
		}
	})
}

func TestUnionIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.SampledFrom([]string{"", "a", "b", "c"})).Draw(t, "names")
		want := slices.Clone(names)
		slices.Sort(want)
		want = slices.DeleteFunc(slices.Compact(want), func(name string) bool { return name == "" })
		if got := joined(names); got != strings.Join(want, "/") {
			t.Fatalf("joined(%q) = %q", names, got)
		}
	})
}

// checkList says what every list that was read must hold.
func checkList(t *testing.T, l *list) {
	t.Helper()
	if len(l.prefixes) == 0 || l.format == "" {
		t.Fatalf("%+v", l)
	}
	for prefix, d := range l.prefixes {
		widest := widestIPv6
		if prefix.Addr().Is4() {
			widest = widestIPv4
		}
		if prefix != prefix.Masked() || prefix.Addr().Is4In6() || prefix.Bits() < widest || checkProvider(d.provider) != nil {
			t.Fatalf("%s: %+v", prefix, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	paths, err := listFiles("testdata/all")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(filepath.Base(path), text)
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		if l, err := parse(name, text); err == nil {
			checkList(t, l)
		}
	})
}

func FuzzReadASNTable(f *testing.F) {
	f.Add(asnText)
	f.Add([]byte("AS64500,my-cloud\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := readASNTable("asn.csv", text)
		if err != nil {
			return
		}
		for asn, row := range table.systems {
			if asn < 1 || asn > 4294967295 || row.line < 1 || checkProvider(row.provider) != nil {
				t.Fatalf("AS%d: %+v", asn, row)
			}
		}
	})
}

func FuzzReadSources(f *testing.F) {
	f.Add(sourcesText)
	f.Fuzz(func(t *testing.T, text []byte) {
		sources, err := readSources("sources.csv", text)
		for _, source := range sources {
			if err != nil || source.check() != nil {
				t.Fatalf("%+v: %v", source, err)
			}
		}
	})
}
