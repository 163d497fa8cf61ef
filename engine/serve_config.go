package engine

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/reports"
)

// ServeConfig says how the data API is served.
type ServeConfig struct {
	// Anonymous are namespaces whose counts of pulls anyone may read without log-in, for badges and the like.
	Anonymous []string `toml:"anonymous"`
	// AnonymousReports are namespaces of which anyone may also read reports, exports and usage, which tell of single
	// requests, companies, and what other images their users pull.
	AnonymousReports []string `toml:"anonymous_reports"`
	// PublicURL is how users reach the server, such as "https://analytics.example.com": URLs in
	// answers begin with it. Empty: what the request was addressed to.
	PublicURL string `toml:"public_url"`
	// Query says who may run SQL over HTTP, which sees all namespaces: administrators (the default) or everyone
	// who has logged in.
	Query string `toml:"query"`
	// ExportPartSize cuts larger exports into several files; 500 MB. 0: never.
	ExportPartSize ByteSize `toml:"export_part_size"`
	// URLLifetime is how long the URL of a download works; 1 h.
	URLLifetime Duration `toml:"url_lifetime"`
	// SessionLifetime is how long one log-in lasts; 12 h.
	SessionLifetime Duration `toml:"session_lifetime"`
	// CacheSize is how much disk space computed answers may take in the folder for temporary files; 2 GiB.
	CacheSize ByteSize `toml:"cache_size"`
}

// The values of serve.query.
const (
	QueryAdministrators = "administrators"
	QueryEveryone       = "everyone"
)

func defaultServe() ServeConfig {
	return ServeConfig{
		ExportPartSize: 500e6, URLLifetime: Duration{time.Hour}, SessionLifetime: Duration{12 * time.Hour}, CacheSize: 2 << 30,
	}
}

func (c *Config) validateServe() error {
	s := c.Serve
	const day = 24 * time.Hour
	switch {
	case slices.ContainsFunc(s.Anonymous, noNamespace):
		return badKey("serve.anonymous", "namespaces are the first part of an image's name, such as acme of acme/app")
	case slices.ContainsFunc(s.AnonymousReports, noNamespace):
		return badKey("serve.anonymous_reports", "namespaces are the first part of an image's name, such as acme of acme/app")
	case s.Query != "" && s.Query != QueryAdministrators && s.Query != QueryEveryone:
		return badKey("serve.query", "%q is unknown; take administrators or everyone", s.Query)
	case s.ExportPartSize != 0 && s.ExportPartSize < 1000:
		return badKey("serve.export_part_size", "%d bytes are less than 1KB", s.ExportPartSize)
	case s.SessionLifetime.Duration < 5*time.Minute || s.SessionLifetime.Duration > 7*day || s.SessionLifetime.Duration%time.Second != 0:
		return badKey("serve.session_lifetime", "%s is not between 5m and 7d, in whole seconds", s.SessionLifetime)
	case s.URLLifetime.Duration < 5*time.Minute || s.URLLifetime.Duration > s.SessionLifetime.Duration:
		return badKey("serve.url_lifetime", "%s is not between 5m and session_lifetime, which is %s", s.URLLifetime, s.SessionLifetime)
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
			return badKey("serve.public_url", "%q is no address such as \"https://analytics.example.com\"", s.PublicURL)
		}
	}
	return nil
}

func noNamespace(name string) bool { return name == "" || strings.Contains(name, "/") }

// PublisherOf tells whose a namespace is, as the reports do: one that nobody owns is its own publisher.
func (c *Config) PublisherOf(namespace string) Publisher {
	taken := false
	for _, publisher := range c.Publishers {
		if slices.Contains(publisher.Namespaces, namespace) {
			return publisher
		}
		taken = taken || publisher.ID == namespace
	}
	publisher := Publisher{ID: namespace, Name: namespace, Namespaces: []string{namespace}}
	if taken {
		publisher.ID = "~" + namespace
	}
	return publisher
}

// NamespacesOf are the namespaces of a publisher, by its id.
func (c *Config) NamespacesOf(publisher string) []string {
	for _, p := range c.Publishers {
		if p.ID == publisher {
			return p.Namespaces
		}
	}
	namespace := strings.TrimPrefix(publisher, "~")
	if c.PublisherOf(namespace).ID == publisher {
		return []string{namespace}
	}
	return nil
}

// ReportsOf are the reports that a publisher gets, by its id.
func (c *Config) ReportsOf(publisher string) ([]reports.Report, error) {
	all, err := c.allReports()
	if err != nil {
		return nil, err
	}
	wanted := c.reportsOf(publisher)
	return slices.DeleteFunc(all, func(report reports.Report) bool {
		return wanted != nil && !slices.Contains(wanted, report.Name)
	}), nil
}

// Trusts reports whether what an address says about its clients is believed: trusted_proxies.
func (c *Config) Trusts(address netip.Addr) bool {
	return slices.ContainsFunc(c.trusted, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}
