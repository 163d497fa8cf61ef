package ingest

import (
	"fmt"
	"net/netip"
	"strings"
)

// DefaultTrustedProxies are the peers whose X-Forwarded-For is believed when the
// configuration names none: loopback, link-local and private ranges.
var DefaultTrustedProxies = []string{
	"127.0.0.0/8", "::1/128",
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
	"169.254.0.0/16", "fe80::/10",
}

// ParsePrefixes reads addresses and CIDR prefixes.
func ParsePrefixes(texts []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		// In an address a slash would be part of the zone.
		if addr, err := netip.ParseAddr(text); err == nil && !strings.Contains(text, "/") {
			addr = addr.Unmap().WithZone("")
			prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a prefix such as 10.0.0.0/8", text)
		}
		if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// ResolveClient returns the address a request came from: the first address of
// forwardedFor when peer is a trusted proxy and names one, else peer. Addresses
// may carry a port or brackets; IPv4-mapped IPv6 counts as IPv4, and an IPv6
// zone is dropped, because it means something on the logging host only.
func ResolveClient(peer, forwardedFor string, trusted []netip.Prefix) (netip.Addr, bool) {
	addr, ok := parseAddr(peer)
	if !ok {
		return netip.Addr{}, false
	}
	if forwardedFor == "" || !contains(trusted, addr) {
		return addr, true
	}
	first, _, _ := strings.Cut(forwardedFor, ",")
	if client, ok := parseAddr(first); ok {
		return client, true
	}
	// "unknown" and obfuscated names are allowed there: then the peer is all we know.
	return addr, true
}

// ClientNetwork is what counts as one client: the IPv4 address, or the network
// of the given prefix length for IPv6.
func ClientNetwork(addr netip.Addr, ipv6Prefix int) netip.Addr {
	if addr.Is4() {
		return addr
	}
	prefix, err := addr.Prefix(ipv6Prefix)
	if err != nil {
		return addr
	}
	return prefix.Addr()
}

func parseAddr(text string) (netip.Addr, bool) {
	text = strings.Trim(strings.TrimSpace(text), `"`)
	addr, err := netip.ParseAddr(text)
	if err != nil {
		withPort, errPort := netip.ParseAddrPort(text)
		if errPort == nil {
			addr = withPort.Addr()
		} else if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
			if addr, err = netip.ParseAddr(strings.TrimSuffix(inner, "]")); err != nil {
				return netip.Addr{}, false
			}
		} else {
			return netip.Addr{}, false
		}
	}
	return addr.WithZone("").Unmap(), true
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
