// Who pulls what: clients with an address, an agent and perhaps a user; repositories with tags and images.

package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
)

// client is one address. One in five hundred is a crawler.
type client struct {
	addr     string
	agent    string
	user     string
	platform int
	crawls   bool
	does     *[patterns]int // weights of what it does
}

// image is a single manifest, or an index and its children.
type image struct {
	digest   string
	children []string
}

// tag is a name for an image.
type tag struct {
	name  string
	image *image
}

// repository has a handful of tags, and a pool of further child digests for crawlers.
type repository struct {
	name string
	tags []tag
	pool []string
}

// poolSize is how many further digests a repository has; runs of child digests go round in it.
const poolSize = 96

// firstOctets are those of unicast addresses without private, loopback and link-local ones.
var firstOctets = func() []byte {
	var octets []byte
	for octet := 1; octet < 224; octet++ {
		switch octet {
		case 10, 100, 127, 169, 172, 192, 198, 203:
			continue
		}
		octets = append(octets, byte(octet))
	}
	return octets
}()

// newClients makes clients with distinct addresses, one in sixteen IPv6.
func newClients(r *rand.Rand, o options) []client {
	draw := newClientDraw(o.mix)
	clients := make([]client, o.clients)
	for i := range clients {
		c := draw(r, address(i))
		if r.IntN(100) < 30 {
			c.user = fmt.Sprintf("u%05d", r.IntN(o.clients/2+1))
		}
		clients[i] = c
	}
	return clients
}

// newClientDraw returns what draws clients of a mix.
func newClientDraw(mix string) func(r *rand.Rand, addr string) client {
	if mix == "captured" {
		return func(r *rand.Rand, addr string) client {
			t := drawTool(r)
			return client{addr: addr, agent: t.agents[r.IntN(len(t.agents))], platform: r.IntN(4), crawls: r.IntN(500) == 0, does: &t.does}
		}
	}
	agents := newAgents()
	return func(r *rand.Rand, addr string) client {
		return client{addr: addr, agent: agents[r.IntN(len(agents))], platform: r.IntN(4), crawls: r.IntN(500) == 0, does: &plainWeights}
	}
}

// address is the i-th address; the factor is odd, so that no two are alike.
func address(i int) string {
	if i%16 == 15 {
		return fmt.Sprintf("2001:db8:%x:%x::%x", i>>16, i&0xffff, i%9+1)
	}
	low := uint32(i/len(firstOctets)+1) * 0x9e3779b1
	return netip.AddrFrom4([4]byte{firstOctets[i%len(firstOctets)], byte(low >> 16), byte(low >> 8), byte(low)}).String()
}

// newRepositories makes repositories in namespaces of five.
func newRepositories(r *rand.Rand, n int) []repository {
	words := []string{"api", "web", "agent", "worker", "base", "proxy", "runner", "ingest", "scanner", "ledger", "cli", "sdk"}
	repositories := make([]repository, n)
	for i := range repositories {
		repo := repository{name: fmt.Sprintf("org%d/%s-%d", i%namespaces(n), words[i%len(words)], i)}
		platforms := []int{0, 0, 2, 3, 4}[r.IntN(5)]
		names := []string{"latest", fmt.Sprintf("%d.%d", 1+i%5, i%20), fmt.Sprintf("%d.%d.1", 1+i%5, i%20), "edge", "17-alpine", "v2.0.3"}
		for _, name := range names[:3+r.IntN(4)] {
			repo.tags = append(repo.tags, tag{name, newImage(r, platforms)})
		}
		for range poolSize {
			repo.pool = append(repo.pool, newDigest(r))
		}
		repositories[i] = repo
	}
	return repositories
}

// namespaces is how many there are: org0, org1 and so on.
func namespaces(repositories int) int { return repositories/5 + 1 }

// newImage makes an image for that many platforms, none for a single manifest.
func newImage(r *rand.Rand, platforms int) *image {
	made := &image{digest: newDigest(r)}
	for range platforms {
		made.children = append(made.children, newDigest(r))
	}
	return made
}

// newDigest draws a sha256 digest.
func newDigest(r *rand.Rand) string {
	var raw []byte
	for range 4 {
		raw = binary.BigEndian.AppendUint64(raw, r.Uint64())
	}
	return "sha256:" + hex.EncodeToString(raw)
}

// newAgents makes about two hundred user agents of moderate length.
func newAgents() []string {
	var agents []string
	for minor := range 24 {
		agents = append(agents,
			fmt.Sprintf("containerd/v1.7.%d", minor),
			fmt.Sprintf("containerd/v2.%d.%d", minor%3, minor/3),
			fmt.Sprintf("containerd/1.6.%d+unknown", minor),
			fmt.Sprintf("buildkit/v0.%d", minor+3),
			fmt.Sprintf("docker/27.%d.%d go/go1.22.%d os/linux arch/amd64", minor%6, minor/6, minor%9),
			fmt.Sprintf("skopeo/1.%d.%d", minor, minor%4),
			fmt.Sprintf("containers/5.%d.1 (github.com/containers/image)", minor+10),
			fmt.Sprintf("crane/v0.%d.2 go-containerregistry/v0.%d.2", minor, minor),
		)
	}
	return append(agents, "Watchtower/1.7.1", "Go-http-client/2.0", "curl/8.5.0", "harbor-registry-client", "trivy/0.58.1",
		"Buildah/1.37.3", "regclient/regctl (v0.8.3)", "RenovateBot/39.91.0 (https://github.com/renovatebot/renovate)")
}
