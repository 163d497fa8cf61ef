// Package enrich tells what an address, a user agent and a domain say about a
// request: country, network type, domain, cloud provider, company, client
// program and use case (SEMANTICS §4). Its packages are pure look-ups; a run asks
// each distinct value once. What no source knows is empty, never guessed.
package enrich

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/agent"
	"github.com/pullscope/pullscope/engine/enrich/cloud"
	"github.com/pullscope/pullscope/engine/enrich/domain"
	"github.com/pullscope/pullscope/engine/enrich/ipdb"
	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// Options name the data that a user adds to what is embedded.
type Options struct {
	// Databases are the paths of IP databases; per fact the first that knows it counts.
	Databases []string
	// Verified reports whether a database with this SHA-256 was read whole before. May be nil.
	Verified func(sha256 string) bool
	// SkipVerify uses databases without reading all of their records first.
	SkipVerify bool
	// Clouds is the folder of the providers' published ranges; empty: none.
	Clouds string
	// Overrides is the folder of the user's own tables and lists; empty: none.
	Overrides string
}

// Files of the overrides folder that tables of this package's children extend.
const (
	agentsFile   = "agents.csv"
	useCasesFile = "use_cases.csv"
	asnFile      = "asn.csv"
)

// Enricher answers from one set of sources, which stay as they were when it was
// opened. It is safe for concurrent use.
type Enricher struct {
	databases *ipdb.Databases
	clouds    *cloud.Ranges
	agents    *agent.Rules
	useCases  *agent.UseCases
	domains   *domain.Domains
}

// Open reads all sources. An error is one sentence that names the file and what
// to do about it.
func Open(options Options) (*Enricher, error) {
	own, err := findOverrides(options.Overrides)
	if err != nil {
		return nil, err
	}
	e := &Enricher{agents: agent.Default(), useCases: agent.DefaultUseCases()}
	if path := own[agentsFile]; path != "" {
		if e.agents, err = e.agents.Extend(path); err != nil {
			return nil, err
		}
	}
	if path := own[useCasesFile]; path != "" {
		if e.useCases, err = e.useCases.Extend(path); err != nil {
			return nil, err
		}
	}
	if e.domains, err = domain.Open(options.Overrides); err != nil {
		return nil, err
	}
	if e.clouds, err = cloud.Open(options.Clouds, own[asnFile]); err != nil {
		return nil, err
	}
	e.databases, err = ipdb.Open(options.Databases, ipdb.Options{Verified: options.Verified, SkipVerify: options.SkipVerify})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Close releases the databases.
func (e *Enricher) Close() error { return e.databases.Close() }

// Address is what an address tells.
type Address struct {
	Country string // ISO 3166-1 alpha-2
	Type    string // business, isp, hosting or education
	Domain  string // registrable domain of the network
	Cloud   string // id of the cloud provider
	ASN     int64  // autonomous system; 0: unknown
	// Company is the company that the address stands for.
	Company string
	// CompanyWins says that the user wrote the company down for this address: it
	// counts whatever the request's user says, also when it is empty.
	CompanyWins bool
}

// Address looks up an address.
func (e *Enricher) Address(addr netip.Addr) Address {
	known := e.databases.Lookup(addr)
	a := Address{Country: known.Country, Type: known.Type, ASN: known.ASN, Cloud: e.clouds.Provider(addr, known.ASN)}
	a.Domain, _ = domain.Registrable(known.Domain)
	if company, ok := e.domains.CompanyOf(addr); ok {
		a.Company, a.CompanyWins = company, true
		return a
	}
	if company, ok := e.domains.Override(known.Domain); ok {
		a.Company = company
	} else if a.Type == business {
		a.Company = e.domains.Company(known.Domain)
	}
	return a
}

// business is the network type whose domain is that of a company.
const business = "business"

// Agent is what a user agent tells.
type Agent struct {
	agent.Agent
	// UseCase is the use case, and UseCaseOnCloud that on the address of a cloud provider.
	UseCase, UseCaseOnCloud string
}

// Agent parses a user agent.
func (e *Enricher) Agent(userAgent string) Agent {
	a := Agent{Agent: e.agents.Parse(userAgent)}
	a.UseCase, a.UseCaseOnCloud = e.useCases.Of(a.Role)
	return a
}

// Company returns the company of a user's e-mail domain; empty when it is none.
func (e *Enricher) Company(emailDomain string) string { return e.domains.Company(emailDomain) }

// Complete reports whether the full lists of domains are compiled in, not only
// the short core.
func (e *Enricher) Complete() bool { return e.domains.Complete() }

// Origins lists every file and table that is in use, and how many look-ups
// failed in it so far.
func (e *Enricher) Origins() []origin.Origin {
	var all []origin.Origin
	for _, origins := range [][]origin.Origin{e.databases.Origins(), e.clouds.Origins(), e.agents.Origins(), e.useCases.Origins(), e.domains.Origins()} {
		all = append(all, origins...)
	}
	return all
}

// findOverrides maps the file names of a folder to their paths. A name that no
// table has is an error: it would be taken for granted and do nothing.
func findOverrides(dir string) (map[string]string, error) {
	if dir == "" {
		return nil, nil
	}
	known := append(domain.Files(), agentsFile, useCasesFile, asnFile)
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder of overrides: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".md"):
		case entry.IsDir() || !slices.Contains(known, name):
			return nil, fmt.Errorf("overrides %s: the name is unknown; take one of %s", filepath.Join(dir, name), strings.Join(known, ", "))
		default:
			found[name] = filepath.Join(dir, name)
		}
	}
	return found, nil
}
