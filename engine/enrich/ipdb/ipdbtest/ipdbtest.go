// Package ipdbtest writes small IP databases in the MaxMind DB format, for tests
// and examples.
package ipdbtest

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"go4.org/netipx"
)

// Network is the record of one network.
type Network struct {
	// Prefix is an IPv4 or IPv6 network such as 192.0.2.0/24.
	Prefix string
	// Record is nested maps, lists, texts, booleans and numbers of 32 bits.
	Record map[string]any
}

// Write writes a database. Where networks overlap the narrower one counts,
// whatever the order they are given in. The same arguments give the same bytes.
//
// ipVersion is 4, for IPv4 networks only, or 6. As in published databases, 6to4
// and Teredo addresses are then answered with the record of the IPv4 address in
// them, so that 2002::/16 and 2001::/32 hold no networks of their own.
func Write(path, databaseType string, ipVersion int, built time.Time, networks []Network) error {
	// The writer takes the clock for a build time of 0.
	if built.Unix() <= 0 {
		return fmt.Errorf("write IP database %s: the build time %s is not after 1970", path, built)
	}
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:              built.Unix(),
		DatabaseType:            databaseType,
		Description:             map[string]string{"en": databaseType},
		IPVersion:               ipVersion,
		Languages:               []string{"en"},
		IncludeReservedNetworks: true, // documentation networks are among them
	})
	if err != nil {
		return fmt.Errorf("write IP database %s: %w", path, err)
	}
	if err := insert(tree, ipVersion, networks); err != nil {
		return fmt.Errorf("write IP database %s: %w", path, err)
	}
	var content bytes.Buffer
	if _, err := tree.WriteTo(&content); err != nil {
		return fmt.Errorf("write IP database %s: %w", path, err)
	}
	if err := os.WriteFile(path, content.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write IP database: %w", err)
	}
	return nil
}

type inserted struct {
	prefix netip.Prefix
	record mmdbtype.Map
}

// insert puts wide networks before narrow ones, because a network replaces what
// the tree holds within it.
func insert(tree *mmdbwriter.Tree, ipVersion int, networks []Network) error {
	ordered := make([]inserted, 0, len(networks))
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network.Prefix)
		if err != nil {
			return err
		}
		if ipVersion == 4 && !prefix.Addr().Is4() {
			return fmt.Errorf("%s does not fit into a database of IPv4 networks", prefix)
		}
		record, err := mapOf(network.Record)
		if err != nil {
			return fmt.Errorf("%s: %w", prefix, err)
		}
		ordered = append(ordered, inserted{prefix.Masked(), record})
	}
	slices.SortFunc(ordered, func(a, b inserted) int {
		return cmp.Or(cmp.Compare(a.prefix.Bits(), b.prefix.Bits()), a.prefix.Addr().Compare(b.prefix.Addr()))
	})
	for n, network := range ordered {
		if n > 0 && network.prefix == ordered[n-1].prefix {
			return fmt.Errorf("%s is given twice", network.prefix)
		}
		if err := tree.Insert(netipx.PrefixIPNet(network.prefix), network.record); err != nil {
			return fmt.Errorf("%s: %w", network.prefix, err)
		}
	}
	return nil
}

func mapOf(record map[string]any) (mmdbtype.Map, error) {
	converted := make(mmdbtype.Map, len(record))
	for key, content := range record {
		value, err := valueOf(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		converted[mmdbtype.String(key)] = value
	}
	return converted, nil
}

func valueOf(content any) (mmdbtype.DataType, error) {
	switch content := content.(type) {
	case map[string]any:
		return mapOf(content)
	case []any:
		list := make(mmdbtype.Slice, 0, len(content))
		for _, element := range content {
			value, err := valueOf(element)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case string:
		return mmdbtype.String(content), nil
	case bool:
		return mmdbtype.Bool(content), nil
	case uint32:
		return mmdbtype.Uint32(content), nil
	case int:
		if content < 0 || content > math.MaxUint32 {
			return nil, fmt.Errorf("%d does not fit into 32 bits", content)
		}
		return mmdbtype.Uint32(content), nil
	}
	return nil, fmt.Errorf("a value of type %T cannot be written", content)
}
