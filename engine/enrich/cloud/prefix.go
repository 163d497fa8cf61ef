package cloud

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
)

// The widest prefixes that are believed. A /8 is the most IPv4 that one owner was
// ever given, and a /16 the most IPv6; anything wider is a typing error that would
// put a good part of the internet on one cloud.
const (
	widestIPv4 = 8
	widestIPv6 = 16
)

var providerID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// checkProvider says what is wrong with a provider id.
func checkProvider(id string) error {
	if !providerID.MatchString(id) {
		return fmt.Errorf("%q is no provider id; take up to 32 lower-case letters, digits and hyphens, such as aws", id)
	}
	return nil
}

// parsePrefix reads a CIDR prefix or an address, which stands for itself alone.
// Bits beyond the prefix are cleared; an IPv4-mapped prefix becomes the IPv4 one.
func parsePrefix(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is no address prefix such as 192.0.2.0/24", text)
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	// A mapped prefix shorter than /96 goes beyond IPv4; masked, it falls under the widest.
	if addr := prefix.Addr(); addr.Is4In6() {
		prefix = netip.PrefixFrom(addr.Unmap(), max(prefix.Bits()-96, 0))
	}
	widest := widestIPv6
	if prefix.Addr().Is4() {
		widest = widestIPv4
	}
	if prefix.Bits() < widest {
		return netip.Prefix{}, fmt.Errorf("%q is too wide to be one cloud's; the widest that is taken is /%d (IPv4) or /%d (IPv6)", text, widestIPv4, widestIPv6)
	}
	return prefix.Masked(), nil
}

// plainAddr returns an address in the form that the table holds.
func plainAddr(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

//go:embed special.csv
var specialText []byte

// specialBlocks are the blocks that no provider can own.
var specialBlocks = sync.OnceValue(func() []netip.Prefix {
	var blocks []netip.Prefix
	err := eachRecord("special.csv", bytes.NewReader(specialText), "prefix", func(_ int, fields []string) error {
		block, err := netip.ParsePrefix(fields[0])
		blocks = append(blocks, block)
		return err
	})
	if err != nil {
		panic(err) // the embedded table is tested
	}
	return blocks
})

// isSpecial reports whether a prefix lies in a block that no provider can own.
func isSpecial(prefix netip.Prefix) bool {
	for _, block := range specialBlocks() {
		if block.Bits() <= prefix.Bits() && block.Contains(prefix.Addr()) {
			return true
		}
	}
	return false
}
