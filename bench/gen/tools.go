// Which tools pull, and how does each of them ask? After logs of real tools (fixtures/captures).

package main

import "math/rand/v2"

// tool is a kind of client: its agents, and how often it does what.
type tool struct {
	weight int
	agents []string
	does   [patterns]int // weights
}

// capturedTools are the tools of the captured logs. Their shares among clients are ours: the logs have one machine per tool.
var capturedTools = []tool{
	{ // asks for the tag by HEAD, then for what it does not have
		weight: 30,
		agents: []string{
			`docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0-28-amd64 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24+dfsg1 \(linux\))`,
			`docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0-28-amd64 os/linux arch/amd64 UpstreamClient(docker-compose/1.29.2 docker-py/5.0.3 Linux/6.1.0-28-amd64)`,
			`docker/28.2.2 go/go1.24.3 git-commit/45873be kernel/6.8.0-60-generic os/linux arch/arm64 containerd-client/2.0.5+unknown storage-driver/overlayfs UpstreamClient(Docker-Client/28.2.2 \(linux\))`,
			`docker/28.2.2 go/go1.24.3 git-commit/45873be kernel/6.10.14-linuxkit os/linux arch/arm64 UpstreamClient(Docker-Client/28.2.2 \(darwin\))`,
		},
		does: [patterns]int{headTag: 35, headGet: 34, headGetChild: 16, getDigest: 15},
	},
	{
		weight: 25,
		agents: []string{"containerd/1.6.20~ds1", "containerd/1.6.20+unknown", "containerd/v1.7.27", "containerd/2.0.5+unknown"},
		does:   [patterns]int{headTag: 26, headGet: 25, headGetChild: 26, headDigest: 23},
	},
	{ // ctr fetches every child
		weight: 3,
		agents: []string{"containerd/2.4.2+unknown"},
		does:   [patterns]int{headTag: 25, headGet: 20, headGetAll: 32, headDigest: 23},
	},
	{ // these never send HEAD
		weight: 14,
		agents: []string{"containers/5.23.1 (github.com/containers/image)", "containers/5.34.2 (github.com/containers/image)", "skopeo/1.9.3", "Buildah/1.28.2"},
		does:   [patterns]int{getTag: 72, getDigest: 23, getAll: 5},
	},
	{
		weight: 10,
		agents: []string{"crane/v0.22.1 go-containerregistry/v0.22.1", "regclient/regctl (v0.11.7)"},
		does:   [patterns]int{headTag: 17, getTag: 58, getDigest: 19, getAll: 6},
	},
	{ // update checkers
		weight: 10,
		agents: []string{"RenovateBot/39.99.0 (https://github.com/renovatebot/renovate)", "Watchtower/1.7.1"},
		does:   [patterns]int{headTag: 60, getThenHeads: 40},
	},
	{ // docker manifest inspect asks twice
		weight: 4,
		agents: []string{"Docker-Client/20.10.24+dfsg1 (linux)", "Docker-Client/28.2.2 (linux)", "cosign/v2.6.5 (linux; amd64) go-containerregistry/v0.20.7"},
		does:   [patterns]int{getTwice: 80, getTag: 20},
	},
	{
		weight: 4,
		agents: []string{"Helm/3.22", "Go-http-client/2.0", "curl/7.88.1"},
		does:   [patterns]int{getTag: 67, getDigest: 33},
	},
}

// drawTool draws a tool by weight.
func drawTool(r *rand.Rand) *tool {
	n := r.IntN(100)
	for i := range capturedTools {
		if n -= capturedTools[i].weight; n < 0 {
			return &capturedTools[i]
		}
	}
	return &capturedTools[0]
}
