package classify

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Scenario is a short log with the labels that it must get. [ParseScenario] tells its text format, which is also the
// form in which a difference is printed so that it can be kept as a test.
type Scenario struct {
	Name    string        // file stem
	Comment []string      // leading comment lines without "# "; the first says the rule
	Window  time.Duration // longest time between two requests of one action
	Files   []string      // names of the input files, by rank; a single file may have the empty name
	Rows    []ScenarioRow // in the order of files, then lines
}

// ScenarioRow is one request of a scenario and the label that it must get.
type ScenarioRow struct {
	At        time.Time // start, UTC, whole microseconds
	Client    string    // address
	Method    Method
	Image     string // as logged: with or without a namespace
	Reference string // tag, or digest in full
	Digest    string // as logged, in full; empty when the log does not tell
	File      int    // index in Scenario.Files
	Line      int    // 1 for the first row of its file

	Action         Action // None when an earlier request absorbed this one
	ActionRequests int    // requests in the action; 0 when absorbed
	ActionDigest   string // the action's digest, in full; empty when unknown or absorbed
}

// ByTag says whether the request's reference is a tag.
func (r ScenarioRow) ByTag() bool { return !strings.Contains(r.Reference, ":") }

// knownDigest is the logged digest, or the reference of a request by digest that logs none; empty when unknown.
func (r ScenarioRow) knownDigest() string {
	if r.Digest == "" && !r.ByTag() {
		return r.Reference
	}
	return r.Digest
}

// Requests reduces the rows to integers, in the order of the rows. No is 1 for the first row. Clients, repositories and
// digests are numbered as they appear, from 1.
func (s Scenario) Requests() []Request {
	clients, repositories, digests := dictionary{}, dictionary{}, s.digests()
	requests := make([]Request, len(s.Rows))
	for i, row := range s.Rows {
		requests[i] = Request{
			No:         int64(i + 1),
			Client:     int64(clients.id(clientOf(row.Client))),
			Repository: int64(repositories.id(repositoryOf(row.Image))),
			At:         row.At.UnixMicro(),
			Line:       int64(row.Line),
			Source:     int32(row.File),
			Digest:     digests.id(row.knownDigest()),
			Method:     row.Method,
			ByTag:      row.ByTag(),
		}
	}
	return requests
}

// Expected returns the label that each row must get, with the digest ids of Requests.
func (s Scenario) Expected() []Label {
	digests := s.digests()
	labels := make([]Label, len(s.Rows))
	for i, row := range s.Rows {
		labels[i] = Label{
			Action:   row.Action,
			Requests: uint8(row.ActionRequests),
			Digest:   digests.id(row.ActionDigest),
		}
	}
	return labels
}

// digests numbers the digests of the scenario, so that Requests and Expected agree.
func (s Scenario) digests() dictionary {
	digests := dictionary{}
	for _, row := range s.Rows {
		digests.id(row.knownDigest())
		digests.id(row.ActionDigest)
	}
	return digests
}

// dictionary numbers strings as they appear, from 1. The empty string is 0.
type dictionary map[string]int32

func (d dictionary) id(value string) int32 {
	if value == "" {
		return unknown
	}
	if _, ok := d[value]; !ok {
		d[value] = int32(len(d) + 1)
	}
	return d[value]
}

// clientOf is the one spelling of an address; ::ffff:a.b.c.d counts as IPv4.
func clientOf(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return parsed.Unmap().String()
}

// repositoryOf is namespace/repository; a name without a slash is in library.
func repositoryOf(image string) string {
	if !strings.Contains(image, "/") {
		return "library/" + image
	}
	return image
}

// DigestOf returns the digest that a symbol such as A stands for, the same at all times: sha256:<64 hex>.
func DigestOf(symbol string) string {
	sum := sha256.Sum256([]byte(symbol))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// symbols is the inverse of DigestOf, for the symbols of one and two letters.
var symbols = sync.OnceValue(func() map[string]string {
	inverse := make(map[string]string, maxSymbols)
	for i := range maxSymbols {
		inverse[DigestOf(symbolOf(i))] = symbolOf(i)
	}
	return inverse
})

const maxSymbols = 26 + 26*26

// symbolOf returns A for 0, B for 1, Z for 25, AA for 26, AAA for 702.
func symbolOf(i int) string {
	letter := string(rune('A' + i%26))
	if i < 26 {
		return letter
	}
	return symbolOf(i/26-1) + letter
}
