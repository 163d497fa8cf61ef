package api

import (
	"testing"

	"github.com/pullscope/pullscope/engine"
)

// A namespace whose counts are open tells how often it is pulled, and nothing about single requests or companies.
func TestAnonymousSeesCountsOnly(t *testing.T) {
	s := demo(t, func(c *engine.Config) { c.Serve.Anonymous = []string{"acme"} })
	for path, status := range map[string]int{
		"/": 200, "/me": 200, "/namespaces": 200, "/namespaces/acme": 200, "/namespaces/acme/images": 200,
		"/namespaces/acme/pulls": 200, "/namespaces/acme/pulls?group=country": 200, "/namespaces/acme/repos/api/pulls": 200,
		"/namespaces/acme/badge": 200, "/namespaces/acme/repos/api/badge": 200, "/repos/pulls?repos=acme/api": 200,

		"/namespaces/acme/usage": 401, "/namespaces/acme/reports": 401, "/namespaces/acme/reports/raw": 401,
		"/namespaces/acme/pulls/exports/years": 401, "/namespaces/acme/pulls/exports/years/2026/weeks/38/raw": 401,
		"/namespaces/acme-labs/pulls": 401, "/namespaces/globex": 401, "/status": 401, "/query/saved": 401,
	} {
		s.get(t, "nobody", path).want(t, status)
	}
	s.get(t, "nobody", "/namespaces/acme").says(t, 200, `"datasets":[]`)
	s.get(t, "gil", "/namespaces/acme/reports").want(t, 404)
	s.get(t, "gil", "/namespaces/acme/badge").want(t, 200)
	s.get(t, "ann", "/namespaces/acme/reports").want(t, 200)
}
