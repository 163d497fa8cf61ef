package domain

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
	"go4.org/netipx"
)

// addressTable finds the narrowest range of addresses.csv that an address is in.
type addressTable struct {
	ranges []addressRange // in file order
	// prefixes holds the ranges cut into prefixes, as indexes of ranges. A range
	// is cut into many, so the longest prefix need not be of the narrowest range.
	prefixes bart.Table[int]
}

// addressRange is one line of addresses.csv.
type addressRange struct {
	netipx.IPRange
	text string // as written
	rule overrideRule
}

const expectedRange = "an address, a prefix such as 192.0.2.0/24 or a range such as 192.0.2.1-192.0.2.9"

// add adds a line of addresses.csv. Call check when all are added.
func (t *addressTable) add(rule overrideRule, text string) error {
	key, company, err := rule.readPair(text, "a range and a company, such as 192.0.2.0/24,example.com")
	if err != nil {
		return err
	}
	addresses, err := parseRange(key)
	if err != nil {
		return fmt.Errorf("%v: %q %w; give %s", rule, key, err, expectedRange)
	}
	rule.company = company
	t.ranges = append(t.ranges, addressRange{IPRange: addresses, text: key, rule: rule})
	return nil
}

// check refuses ranges of different companies where no one is the narrower, and
// prepares the look-up.
func (t *addressTable) check() error {
	order := make([]addressRange, len(t.ranges))
	copy(order, t.ranges)
	slices.SortStableFunc(order, func(a, b addressRange) int {
		if c := a.From().Compare(b.From()); c != 0 {
			return c
		}
		return b.To().Compare(a.To()) // the wider first
	})
	var open []addressRange // those that reach to the current one
	for _, current := range order {
		open = slices.DeleteFunc(open, func(r addressRange) bool { return r.To().Less(current.From()) })
		for _, other := range open {
			if other.rule.company != current.rule.company {
				if err := conflict(other, current); err != nil {
					return err
				}
			}
		}
		open = append(open, current)
	}
	for n, r := range t.ranges {
		for _, prefix := range r.Prefixes() {
			if other, ok := t.prefixes.Get(prefix); !ok || r.within(t.ranges[other]) {
				t.prefixes.Insert(prefix, n)
			}
		}
	}
	return nil
}

// conflict returns an error unless the second of two ranges that overlap lies
// inside the first, which begins no later.
func conflict(first, second addressRange) error {
	switch {
	case first.IPRange == second.IPRange:
		return fmt.Errorf("%v: %s has another company than the same addresses in %v; keep one of the two", second.rule, second.text, first.rule)
	case !second.within(first):
		return fmt.Errorf("%v: %s overlaps %s of another company in %v, and neither lies inside the other; split one of the two", second.rule, second.text, first.text, first.rule)
	}
	return nil
}

// within tells whether all addresses of a range are in another.
func (r addressRange) within(other addressRange) bool {
	return other.Contains(r.From()) && other.Contains(r.To())
}

// find returns the rule of the narrowest range that holds an address.
func (t *addressTable) find(addr netip.Addr) (overrideRule, bool) {
	found, ok := t.findRange(addr)
	return found.rule, ok
}

func (t *addressTable) findRange(addr netip.Addr) (found addressRange, ok bool) {
	if len(t.ranges) == 0 || !addr.IsValid() {
		return addressRange{}, false
	}
	addr = addr.Unmap().WithZone("")
	for _, n := range t.prefixes.Supernets(netip.PrefixFrom(addr, addr.BitLen())) {
		if candidate := t.ranges[n]; !ok || candidate.within(found) {
			found, ok = candidate, true
		}
	}
	return found, ok
}

// parseRange reads an address, a prefix or two addresses with a hyphen between
// them. IPv4-mapped IPv6 becomes IPv4. An error continues "<text> …".
func parseRange(text string) (netipx.IPRange, error) {
	if strings.Contains(text, "/") {
		return parsePrefix(text)
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err := parseAddr(first)
	if err != nil {
		return netipx.IPRange{}, err
	}
	to, err := parseAddr(last)
	if err != nil {
		return netipx.IPRange{}, err
	}
	addresses := netipx.IPRangeFrom(from, to)
	if !addresses.IsValid() {
		return netipx.IPRange{}, errors.New("does not go from a lower to a higher address of the same family")
	}
	return addresses, nil
}

func parseAddr(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, errors.New("is no range of addresses")
	}
	return addr.Unmap(), nil
}

func parsePrefix(text string) (netipx.IPRange, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netipx.IPRange{}, errors.New("is no range of addresses")
	}
	if addr := prefix.Addr(); addr.Is4In6() {
		if prefix.Bits() < 96 {
			return netipx.IPRange{}, errors.New("is wider than all of IPv4")
		}
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return netipx.RangeOfPrefix(prefix.Masked()), nil
}
