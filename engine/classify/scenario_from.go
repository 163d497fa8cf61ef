package classify

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FromRequests makes the scenario that shows these requests and the labels that they must get: want[i] belongs to
// requests[i]. Nothing in it but the times is real: clients become 192.0.2.1 and so on, repositories acme/app and
// acme/app2, tags v1, digests A and B, inputs 1.log and 2.log.
//
// A request by digest without one, which no log can hold, gets a digest of its own.
func FromRequests(name string, comment []string, requests []Request, want []Label, window time.Duration) Scenario {
	s := Scenario{Name: name, Window: window}
	for _, line := range comment {
		s.Comment = append(s.Comment, strings.Split(line, "\n")...)
	}
	order, files := linesOf(requests)
	clients, repositories, digests := aliases{}, aliases{}, aliases{}
	digestOf := func(id int32) string {
		if id == unknown {
			return ""
		}
		return DigestOf(symbolOf(digests.of(int64(id))))
	}
	for at, i := range order {
		request, label := requests[i], want[i]
		row := ScenarioRow{
			At:        time.UnixMicro(request.At).UTC(),
			Client:    exampleClient(clients.of(request.Client)),
			Method:    request.Method,
			Image:     exampleImage(repositories.of(request.Repository)),
			Reference: "v1",
			Digest:    digestOf(request.Digest),
			File:      files[at],
			Line:      1,

			Action:         label.Action,
			ActionRequests: int(label.Requests),
			ActionDigest:   digestOf(label.Digest),
		}
		if !request.ByTag {
			row.Reference = row.Digest
		}
		if row.Reference == "" {
			row.Reference = digestOf(-1 - i)
		}
		if at > 0 && files[at-1] == files[at] {
			row.Line = s.Rows[at-1].Line + 1
		}
		s.Rows = append(s.Rows, row)
	}
	s.Files = exampleFiles(files)
	return s
}

// linesOf puts requests into input files: the indexes of requests by file and line, and the file of each.
//
// Among the few requests of a scenario a file's earliest may be one that gives it another rank than it had. Then all go
// to one file, by their starts, which keeps their order and loses only where they were.
func linesOf(requests []Request) (order []int32, files []int) {
	for i := range requests {
		order = append(order, int32(i))
	}
	slices.SortFunc(order, func(i, j int32) int { return compareLines(&requests[i], &requests[j]) })
	sources := aliases{}
	earliest := map[int]int64{}
	for _, i := range order {
		file := sources.of(int64(requests[i].Source))
		files = append(files, file)
		if at, ok := earliest[file]; !ok || requests[i].At < at {
			earliest[file] = requests[i].At
		}
	}
	for file := 1; file < len(earliest); file++ {
		if earliest[file] <= earliest[file-1] {
			slices.SortFunc(order, func(i, j int32) int { return compareInSequence(&requests[i], &requests[j]) })
			return order, make([]int, len(order))
		}
	}
	return order, files
}

// aliases numbers keys as they appear, from 0.
type aliases map[int64]int

func (a aliases) of(key int64) int {
	if _, ok := a[key]; !ok {
		a[key] = len(a)
	}
	return a[key]
}

// exampleClient returns 192.0.2.1 for 0; addresses of the documentation's IPv6 block when IPv4's is used up.
func exampleClient(i int) string {
	if i < 254 {
		return "192.0.2." + strconv.Itoa(i+1)
	}
	address := netip.MustParseAddr("2001:db8::").As16()
	binary.BigEndian.PutUint32(address[12:], uint32(i))
	return netip.AddrFrom16(address).String()
}

// exampleImage returns acme/app for 0, acme/app2 for 1.
func exampleImage(i int) string {
	if i == 0 {
		return "acme/app"
	}
	return "acme/app" + strconv.Itoa(i+1)
}

// exampleFiles names the files: not at all when there is only one.
func exampleFiles(files []int) []string {
	if len(files) == 0 {
		return nil
	}
	if slices.Max(files) == 0 {
		return []string{""}
	}
	var names []string
	for file := range slices.Max(files) + 1 {
		names = append(names, strconv.Itoa(file+1)+".log")
	}
	return names
}
