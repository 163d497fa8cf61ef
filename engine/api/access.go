package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
)

// access is what one request may see.
type access struct {
	user        *account.User // nil: nobody logged in
	all         bool          // an administrator
	namespaces  []string      // in order; of an administrator those that are configured
	counts      []string      // further ones, of which only pulls may be counted
	images      []engine.Image
	fingerprint string // of everything above
}

// accessOf learns who asks, and what they may see now.
func (s *Server) accessOf(live *engine.Live, r *http.Request) (*access, error) {
	a := anonymous(live.Config())
	user, err := s.authenticate(r)
	switch {
	case err != nil:
		return nil, err
	case user != nil:
		a.grant(live.Config(), user)
	case s.openToAll && isLocal(r.Host):
		a.grant(live.Config(), &account.User{Grants: account.Grants{Admin: true}})
		a.user = nil
	}
	a.seal()
	return a, nil
}

// anonymous is what everybody may see.
func anonymous(config *engine.Config) *access {
	return &access{namespaces: slices.Clone(config.Serve.AnonymousReports), counts: slices.Clone(config.Serve.Anonymous)}
}

// isLocal reports whether a Host header means this machine. Other names that lead here are those of a web page
// that wants to read what it must not.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && address.IsLoopback()
}

// grant adds what a user may see.
func (a *access) grant(config *engine.Config, user *account.User) {
	a.user, a.all = user, user.Admin
	a.namespaces = append(a.namespaces, user.Namespaces...)
	for _, publisher := range user.Publishers {
		a.namespaces = append(a.namespaces, config.NamespacesOf(publisher)...)
	}
	for _, publisher := range config.Publishers {
		if a.all {
			a.namespaces = append(a.namespaces, publisher.Namespaces...)
		}
	}
	for _, name := range user.Repositories {
		if image, ok := parseImage(name); ok {
			a.images = append(a.images, image)
		}
	}
}

func (a *access) seal() {
	slices.Sort(a.namespaces)
	a.namespaces = slices.Compact(a.namespaces)
	a.counts = slices.DeleteFunc(a.counts, func(namespace string) bool { return slices.Contains(a.namespaces, namespace) })
	slices.Sort(a.counts)
	a.images = slices.DeleteFunc(a.images, func(image engine.Image) bool { return slices.Contains(a.namespaces, image.Namespace) })
	slices.SortFunc(a.images, func(x, y engine.Image) int { return strings.Compare(x.String(), y.String()) })
	a.images = slices.Compact(a.images)
	id := ""
	if a.user != nil {
		id = a.user.ID
	}
	names := append([]string{id, strings.Join(a.namespaces, "\x00"), strings.Join(a.counts, "\x00")}, "all")
	if !a.all {
		names[3] = "some"
	}
	for _, image := range a.images {
		names = append(names, image.String())
	}
	a.fingerprint = digest(names...)
}

// sees reports whether everything about a namespace may be seen.
func (a *access) sees(namespace string) bool {
	if a.all {
		return true
	}
	_, found := slices.BinarySearch(a.namespaces, namespace)
	return found
}

// counted reports whether the pulls of a namespace may be seen.
func (a *access) counted(namespace string) bool {
	return a.sees(namespace) || slices.Contains(a.counts, namespace)
}

// seesImage reports whether the pulls of a repository may be seen.
func (a *access) seesImage(image engine.Image) bool {
	return a.counted(image.Namespace) || slices.Contains(a.images, image)
}

// seesPublication reports whether everything that a publication tells may be seen.
func (a *access) seesPublication(p *engine.Publication) bool {
	if a.all {
		return true
	}
	unseen := func(namespace string) bool { return !a.sees(namespace) }
	return !p.Unsure && !slices.ContainsFunc(p.Namespaces, unseen) && !slices.ContainsFunc(p.Others, unseen)
}

// known are the namespaces that may be seen, those with actions and those that are granted, in order.
func (a *access) known(ctx context.Context, state *engine.LiveState) ([]string, error) {
	if !a.all {
		namespaces := slices.Concat(a.namespaces, a.counts)
		slices.Sort(namespaces)
		return namespaces, nil
	}
	images, err := state.Images(ctx)
	if err != nil {
		return nil, err
	}
	namespaces := slices.Clone(a.namespaces)
	for _, image := range images {
		namespaces = append(namespaces, image.Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces), nil
}

// parseImage reads namespace/repository; a repository may have further slashes.
func parseImage(name string) (engine.Image, bool) {
	namespace, repository, ok := strings.Cut(name, "/")
	return engine.Image{Namespace: namespace, Repository: repository}, ok && namespace != "" && repository != ""
}

// namespace is that of the path, about which everything may be seen.
func (c *call) namespace() (string, error) { return c.namespaceIf(c.access.sees) }

// countedNamespace is that of the path, whose pulls may be seen.
func (c *call) countedNamespace() (string, error) { return c.namespaceIf(c.access.counted) }

func (c *call) namespaceIf(may func(namespace string) bool) (string, error) {
	namespace := c.PathValue("namespace")
	if !may(namespace) {
		return "", c.refuse()
	}
	if !c.access.all {
		return namespace, nil
	}
	known, err := c.access.known(c.Context(), c.state)
	if err == nil && !slices.Contains(known, namespace) {
		err = c.refuse()
	}
	return namespace, err
}

// refuse is the answer about what may not be seen: who has not logged in may see it then.
func (c *call) refuse() error {
	if c.access.user == nil {
		return unauthorized("log in at " + loginPath + " and send the token as Authorization: Bearer")
	}
	return notFound
}

// image is the repository of the path, which must be one that may be seen and has been pulled.
func (c *call) image() (engine.Image, error) {
	image := engine.Image{Namespace: c.PathValue("namespace"), Repository: c.PathValue("repo")}
	return image, c.checkImage(image)
}

func (c *call) checkImage(image engine.Image) error {
	if !c.access.seesImage(image) {
		return c.refuse()
	}
	images, err := c.state.ImagesOf(c.Context(), image.Namespace)
	if err != nil {
		return err
	}
	for _, known := range images {
		if known == image {
			return nil
		}
	}
	return c.refuse()
}
