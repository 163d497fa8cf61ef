package cloud

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// object is the outermost level of a JSON file.
type object map[string]json.RawMessage

// jsonFormat is the format of one provider's JSON file.
type jsonFormat struct {
	name string
	// keys are on the outermost level of every such file.
	keys []string
	// proof tells the file from those of others that have the same keys; nil when
	// there are none. The name that Update gives the file is proof enough, too.
	proof func(object) bool
	// read adds all prefixes.
	read func(l *list, text []byte) error
}

var jsonFormats = []jsonFormat{
	{name: "aws", keys: []string{"prefixes", "createDate"}, read: readAWS},
	{name: "gcp", keys: []string{"prefixes", "creationTime"}, proof: isGoogle, read: readGoogle},
	{name: "azure", keys: []string{"values", "changeNumber"}, read: readAzure},
	{name: "oracle", keys: []string{"regions", "last_updated_timestamp"}, read: readOracle},
	{name: "vultr", keys: []string{"subnets"}, proof: isVultr, read: readVultr},
	{name: "fastly", keys: []string{"addresses", "ipv6_addresses"}, read: readFastly},
	{name: "atlassian", keys: []string{"items", "creationDate"}, read: readAtlassian},
	{name: "github", keys: []string{"verifiable_password_authentication"}, read: readGitHub},
	{name: "github", keys: []string{"hooks", "actions"}, read: readGitHub},
}

func (l *list) readJSON(path string, text []byte) error {
	var top object
	if err := json.Unmarshal(text, &top); err != nil {
		if !json.Valid(text) {
			return fmt.Errorf("%s: the file is no complete JSON (%w); download it again", path, err)
		}
		return fmt.Errorf("%s: the file is no provider's: its JSON is no object; %s", path, nameHint)
	}
	for _, format := range jsonFormats {
		if !format.matches(path, top) {
			continue
		}
		l.format = format.name
		if err := format.read(l, text); err != nil {
			return fmt.Errorf("%s: the file is not as %s publishes it: %w; download it again", path, format.name, err)
		}
		return nil
	}
	return fmt.Errorf("%s: the JSON is of no known provider; turn it into a CSV: %s", path, nameHint)
}

func (f jsonFormat) matches(path string, top object) bool {
	for _, key := range f.keys {
		if _, ok := top[key]; !ok {
			return false
		}
	}
	return f.proof == nil || f.proof(top) || called(path, f.name)
}

func readAWS(l *list, text []byte) error {
	type row struct {
		IPv4    string `json:"ip_prefix"`
		IPv6    string `json:"ipv6_prefix"`
		Region  string `json:"region"`
		Service string `json:"service"`
	}
	var file struct {
		Created string `json:"createDate"`
		IPv4    []row  `json:"prefixes"`
		IPv6    []row  `json:"ipv6_prefixes"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	l.built = file.Created
	for _, r := range file.IPv4 {
		if err := l.add(r.IPv4, r.Region, r.Service); err != nil {
			return err
		}
	}
	for _, r := range file.IPv6 {
		if err := l.add(r.IPv6, r.Region, r.Service); err != nil {
			return err
		}
	}
	return nil
}

type googleRow struct {
	IPv4    string `json:"ipv4Prefix"`
	IPv6    string `json:"ipv6Prefix"`
	Service string `json:"service"`
	Scope   string `json:"scope"`
}

// isGoogle tells Google's files of addresses from the lists of crawlers, Google's
// and others', which have the same keys but no token of synchronisation.
func isGoogle(top object) bool {
	if _, ok := top["syncToken"]; ok {
		return true
	}
	var rows []googleRow
	return json.Unmarshal(top["prefixes"], &rows) == nil && len(rows) > 0 && rows[0].Service == "Google Cloud"
}

func readGoogle(l *list, text []byte) error {
	var file struct {
		Created string      `json:"creationTime"`
		Rows    []googleRow `json:"prefixes"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	l.built = file.Created
	for _, r := range file.Rows {
		// A row has one of the two; a row without any is refused as no prefix.
		if err := l.add(cmp.Or(r.IPv4, r.IPv6), r.Scope, r.Service); err != nil {
			return err
		}
	}
	return nil
}

// readAzure takes the tags of the whole cloud and of its regions; all others are
// subsets of them.
func readAzure(l *list, text []byte) error {
	const cloud = "AzureCloud"
	var file struct {
		Change json.Number `json:"changeNumber"`
		Tags   []struct {
			Name       string `json:"name"`
			Properties struct {
				Region   string   `json:"region"`
				Prefixes []string `json:"addressPrefixes"`
			} `json:"properties"`
		} `json:"values"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	l.built = file.Change.String()
	for _, tag := range file.Tags {
		inName, regional := strings.CutPrefix(tag.Name, cloud+".")
		if !regional && tag.Name != cloud {
			continue
		}
		region := tag.Properties.Region
		if regional {
			region = cmp.Or(region, inName)
		}
		for _, prefix := range tag.Properties.Prefixes {
			if err := l.add(prefix, region, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func readOracle(l *list, text []byte) error {
	var file struct {
		Updated string `json:"last_updated_timestamp"`
		Regions []struct {
			Region string `json:"region"`
			CIDRs  []struct {
				CIDR string   `json:"cidr"`
				Tags []string `json:"tags"`
			} `json:"cidrs"`
		} `json:"regions"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	l.built = file.Updated
	for _, region := range file.Regions {
		for _, r := range region.CIDRs {
			if err := l.add(r.CIDR, region.Region, joined(r.Tags)); err != nil {
				return err
			}
		}
	}
	return nil
}

// isVultr tells Vultr's feed by its AS number, as a number or a text.
func isVultr(top object) bool {
	return strings.Trim(string(top["asn"]), `"AS`) == "20473"
}

func readVultr(l *list, text []byte) error {
	var file struct {
		Updated string `json:"updated"`
		Subnets []struct {
			Prefix  string `json:"ip_prefix"`
			Country string `json:"alpha2code"`
			Region  string `json:"region"`
		} `json:"subnets"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	l.built = file.Updated
	for _, r := range file.Subnets {
		if err := l.add(r.Prefix, cmp.Or(r.Region, r.Country), ""); err != nil {
			return err
		}
	}
	return nil
}

func readFastly(l *list, text []byte) error {
	var file struct {
		IPv4 []string `json:"addresses"`
		IPv6 []string `json:"ipv6_addresses"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	for _, prefix := range slices.Concat(file.IPv4, file.IPv6) {
		if err := l.add(prefix, "", ""); err != nil {
			return err
		}
	}
	return nil
}

func readAtlassian(l *list, text []byte) error {
	var file struct {
		Created string `json:"creationDate"`
		Items   []struct {
			CIDR     string   `json:"cidr"`
			Regions  []string `json:"region"`
			Products []string `json:"product"`
		} `json:"items"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	l.built = file.Created
	for _, r := range file.Items {
		if err := l.add(r.CIDR, joined(r.Regions), joined(r.Products)); err != nil {
			return err
		}
	}
	return nil
}

// readGitHub takes every list of addresses of the outermost level, and its key as
// the service. Other lists, such as keys of SSH, hold no address at all.
func readGitHub(l *list, text []byte) error {
	var top object
	if err := json.Unmarshal(text, &top); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		var texts []string
		if json.Unmarshal(top[key], &texts) != nil || !slices.ContainsFunc(texts, isPrefix) {
			continue
		}
		for _, prefix := range texts {
			if err := l.add(prefix, "", key); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	return nil
}

func isPrefix(text string) bool {
	_, err := netip.ParsePrefix(text)
	return err == nil
}

// joined returns names in the form of a detail.
func joined(names []string) string {
	all := ""
	for _, name := range names {
		all = union(all, name)
	}
	return all
}
