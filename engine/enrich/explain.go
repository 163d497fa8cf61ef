package enrich

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/domain"
	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// Kind says what a text is taken for.
type Kind string

// What can be explained.
const (
	IP        Kind = "ip"
	UserAgent Kind = "agent"
	Domain    Kind = "domain"
)

// ParseKind reads the name of a kind.
func ParseKind(name string) (Kind, error) {
	if kind := Kind(name); slices.Contains([]Kind{IP, UserAgent, Domain}, kind) {
		return kind, nil
	}
	return "", fmt.Errorf("kind %q is unknown; take ip, agent or domain", name)
}

// KindOf guesses what a text is: an address, a domain or e-mail address, or else
// a user agent.
func KindOf(text string) Kind {
	if _, err := parseAddr(text); err == nil {
		return IP
	}
	if _, ok := domain.Registrable(text); ok && !strings.ContainsAny(text, " /(") {
		return Domain
	}
	return UserAgent
}

// parseAddr reads an address, in brackets or not.
func parseAddr(text string) (netip.Addr, error) {
	return netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
}

// Explain tells what is derived from a text, each fact with its source and rule.
func (e *Enricher) Explain(kind Kind, text string) ([]origin.Fact, error) {
	switch kind {
	case IP:
		addr, err := parseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no IP address", text)
		}
		return e.explainAddress(addr), nil
	case Domain:
		return e.domains.Explain(text), nil
	default:
		return e.explainAgent(text), nil
	}
}

func (e *Enricher) explainAddress(addr netip.Addr) []origin.Fact {
	known := e.databases.Lookup(addr)
	facts := e.databases.Explain(addr)
	facts = append(facts, e.clouds.Explain(addr, known.ASN)...)
	if own := e.domains.ExplainAddress(addr); len(own) > 0 {
		return append(facts, own...)
	}
	_, overridden := e.domains.Override(known.Domain)
	switch {
	case known.Domain == "":
		return append(facts, origin.Fact{Name: "company", Rule: "the domain of the address is unknown"})
	case known.Type == business || overridden:
		return append(facts, e.domains.Explain(known.Domain)...)
	default:
		return append(facts, origin.Fact{Name: "company", Rule: fmt.Sprintf("the domain %s is of a network of type %s, not %s", known.Domain, orUnknown(known.Type), business)})
	}
}

func (e *Enricher) explainAgent(userAgent string) []origin.Fact {
	return append(e.agents.Explain(userAgent), e.useCases.Explain(e.agents.Parse(userAgent).Role)...)
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
