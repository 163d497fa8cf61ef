package domain

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	maxName  = 253 // bytes of a domain name without its last dot (RFC 1035 §2.3.4)
	maxLabel = 63
	maxInput = 4 * maxName // bytes before conversion to ASCII; bounds the work on junk
)

// fullStops turns the full stops of East Asian scripts into dots, as IDNA does
// (RFC 3490 §3.1).
var fullStops = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// documentationTLD is in no list, because nobody can register below it. It is
// taken as a public suffix, so that made-up data reads like real data.
const documentationTLD = "example"

// specialTLDs are in the public suffix list, but what is below them belongs to
// the infrastructure or to nobody.
var specialTLDs = map[string]bool{"arpa": true, "onion": true}

// parsedName is a domain name with a registrable domain.
type parsedName struct {
	host        string // normalised
	registrable string
	suffix      string // the public suffix
}

// Registrable returns the registrable domain of a name: its public suffix plus
// one label. Only the ICANN section of the public suffix list counts, so
// "a.github.io" belongs to "github.io". The name may be an e-mail address. The
// result is false for addresses, single labels, public suffixes, names below
// arpa or a top-level domain that is not in the list, and texts that are no names.
func Registrable(name string) (string, bool) {
	parsed, problem := parse(name)
	return parsed.registrable, problem == ""
}

// Normalize returns a domain name in lower case and ASCII, without a last dot.
// Of an e-mail address it returns the part behind the last "@". It is false
// when that is no domain name; an IPv4 address reads like one.
func Normalize(name string) (string, bool) {
	host := strings.TrimSpace(name)
	host = host[strings.LastIndexByte(host, '@')+1:]
	if len(host) > maxInput {
		return "", false
	}
	host = strings.TrimSuffix(fullStops.Replace(strings.ToLower(host)), ".")
	if !isHostName(host) || strings.Contains(host, "xn--") {
		// The profile refuses hyphens in the third and fourth place of ASCII
		// labels too, which occur; those never come here.
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", false
		}
		host = ascii
	}
	return host, isHostName(host)
}

// isHostName tells whether a name consists of labels of letters, digits and
// inner hyphens (RFC 1123 §2.1), in lower case.
func isHostName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for n := range len(label) {
			if c := label[n]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// parse normalises a name and finds its registrable domain; problem says why
// there is none.
func parse(name string) (parsed parsedName, problem string) {
	host, ok := Normalize(name)
	if !ok {
		return parsedName{}, "is not a domain name"
	}
	suffix, icann := publicsuffix.PublicSuffix(host)
	for !icann && strings.Contains(suffix, ".") {
		suffix, icann = publicsuffix.PublicSuffix(parent(suffix))
	}
	tld := suffix[strings.LastIndexByte(suffix, '.')+1:]
	switch {
	case specialTLDs[tld]:
		return parsedName{}, "is a special-use name"
	case !icann && tld != documentationTLD:
		// Also every IPv4 address: no top-level domain is a number.
		return parsedName{}, "is below no known top-level domain"
	case host == suffix:
		return parsedName{}, "is a public suffix"
	}
	start := strings.LastIndexByte(host[:len(host)-len(suffix)-1], '.') + 1
	if start == 0 && isWildcard(host) {
		return parsedName{}, "is a public suffix"
	}
	return parsedName{host: host, registrable: host[start:], suffix: suffix}, ""
}

// isWildcard tells whether the list has the rule "*." and the name, so that all
// names directly below it are public suffixes. By the list alone it would be a
// registrable domain itself, to which no name below it belongs.
func isWildcard(name string) bool {
	below := "x." + name
	suffix, icann := publicsuffix.PublicSuffix(below)
	return icann && suffix == below
}

// parent drops the first label of a name; of a single label nothing is left.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// isAcademic tells whether a registrable domain is directly below edu, or below
// edu or ac of a country. Where a country's edu or ac is an ordinary domain, as
// edu.de is, that domain is the registrable one and its names do not match.
func isAcademic(registrable string) bool {
	suffix := parent(registrable)
	second, country, nested := strings.Cut(suffix, ".")
	if !nested {
		return suffix == "edu"
	}
	return (second == "edu" || second == "ac") && len(country) == 2
}
