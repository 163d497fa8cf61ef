// How does a peer run, and what does it count?

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// counts are what all programs must agree on.
type counts struct {
	Requests, VersionChecks, PullsByTag, PullsByDigest int64
}

func (c counts) String() string {
	return fmt.Sprintf("%d requests: %d version_check, %d pull_by_tag, %d pull_by_digest",
		c.Requests, c.VersionChecks, c.PullsByTag, c.PullsByDigest)
}

// peer is a program that parses and classifies a CSV log; its script prints what peer.py describes.
type peer struct {
	name   string
	python string
	script string
}

// scripts are the peers by the names that -tools takes.
var scripts = []struct{ tool, name string }{
	{"clickhouse", "ClickHouse (chdb)"}, {"duckdb", "DuckDB"}, {"polars", "Polars"}, {"pandas", "pandas"},
}

// peersOf are the named ones. It also says whether GoAccess is among them.
func peersOf(tools []string, python string) (peers []peer, goaccess bool, err error) {
	known := []string{"goaccess"}
	for _, s := range scripts {
		known = append(known, s.tool)
		if slices.Contains(tools, s.tool) {
			peers = append(peers, peer{s.name, python, filepath.Join("bench", "peers", s.tool+"_peer.py")})
		}
	}
	for _, tool := range tools {
		if !slices.Contains(known, tool) {
			return nil, false, fmt.Errorf("-tools: %q is unknown; there are %s", tool, strings.Join(known, ", "))
		}
	}
	if len(peers) > 0 {
		if _, err := os.Stat(python); err != nil {
			return nil, false, fmt.Errorf("%s is not there: make bench-peers installs it, or name another with -python", python)
		}
	}
	return peers, slices.Contains(tools, "goaccess"), nil
}

// peerRun is one run of a peer.
type peerRun struct {
	cost
	counts   counts
	version  string
	parse    float64 // seconds until the requests are in memory
	classify float64 // seconds from there to the counts
}

// run runs the script on a log.
func (p peer) run(log string) (peerRun, error) {
	out, took, err := run(p.python, "-B", p.script, log)
	if err != nil {
		return peerRun{}, err
	}
	var printed struct {
		Version         string
		Requests        int64
		Actions         map[string]int64
		ParseSeconds    float64 `json:"parse_seconds"`
		ClassifySeconds float64 `json:"classify_seconds"`
	}
	if err := json.Unmarshal(out, &printed); err != nil {
		return peerRun{}, fmt.Errorf("read what %s printed: %w", p.script, err)
	}
	return peerRun{
		cost: took, version: printed.Version, parse: printed.ParseSeconds, classify: printed.ClassifySeconds,
		counts: counts{
			printed.Requests, printed.Actions["version_check"], printed.Actions["pull_by_tag"], printed.Actions["pull_by_digest"],
		},
	}, nil
}
