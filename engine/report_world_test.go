package engine

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
	"github.com/pullscope/pullscope/engine/period"
)

// reportRows reads a published report as rows by column.
func reportRows(t rapid.TB, e *Engine, dir, report string) []map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.Dir, "reports", dir, report+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// joinedRows are the rows as texts of some columns, parted by tabs, which sort before all that names are made of.
func joinedRows(rows []map[string]string, columns ...string) []string {
	var lines []string
	for _, row := range rows {
		lines = append(lines, joinedRow(row, columns...))
	}
	return lines
}

func joinedRow(row map[string]string, columns ...string) string {
	values := make([]string, len(columns))
	for i, column := range columns {
		values[i] = row[column]
	}
	return strings.Join(values, "\t")
}

// puller is somebody who pulls: with or without a user id, a company and a known address.
type puller struct{ client, user, email, agent string }

var pullers = []puller{
	{"192.0.2.1", "alice", "", dockerAgent},                         // of the address' company
	{"192.0.2.130", "bob", "x@tyrell.example", buildkitAgent},       // of the mail's company
	{"198.51.100.7", "carol", "x@tyrell.example", containerdAgent},  // likewise, in a cloud
	{"192.0.2.2", "dave", "x@gmail.com", dockerAgent},               // personal mail, so of the address
	{"198.51.100.8", "erin", "x@hooli.example", trivyAgent},         // …
	{"192.0.2.1", "erin", "x@hooli.example", ""},                    // the same user from elsewhere
	{"192.0.2.1", "", "", dockerAgent},                              // alice's address without a user id
	{"192.0.2.131", "", "", containerdAgent},                        // nobody's
	{"2001:db8:1::1", "", "", buildkitAgent},                        // one client …
	{"2001:db8:1::2", "", "", buildkitAgent},                        // … of two addresses
	{"203.0.113.4", "", "", "own-tool/3"},                           //
	{"203.0.113.5", "", "x@initech.example", containerdAgent},       // a company without a user id
	{"203.0.113.6", "frank", "x@umbrella.example", containerdAgent}, //
}

var (
	pulledImages = []string{"acme/app", "acme/app-cli", "acme-labs/tool", "globex/web", "globex/team/api", "nobody/x"}
	// Where a week inside a month begins, and where months end: on a Monday, a Tuesday and a Thursday.
	periodEnds = []time.Time{
		monday, time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC), time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC),
	}
)

// drawPulls makes requests of five weeks: pulls and checks of all kinds by known and unknown pullers.
func drawPulls(t *rapid.T) []logRow {
	var rows []logRow
	// Reports are written per period: some of them a case.
	ends := []time.Time{monday, rapid.SampledFrom(periodEnds).Draw(t, "another end")}
	digests := []string{classify.DigestOf("A"), classify.DigestOf("B"), ""}
	for range rapid.IntRange(30, 120).Draw(t, "sessions") {
		at := rapid.SampledFrom(ends).Draw(t, "end").Add(rapid.SampledFrom([]time.Duration{
			-2 * time.Second, -time.Second, -time.Microsecond, 0, 9 * time.Hour, 9 * time.Hour, 57 * time.Hour,
		}).Draw(t, "from"))
		p := rapid.SampledFrom(pullers).Draw(t, "puller")
		row := logRow{
			at: at, client: p.client, user: p.user, email: p.email, agent: p.agent, method: "GET", image: rapid.SampledFrom(pulledImages).Draw(t, "image"),
			reference: rapid.SampledFrom([]string{"v1", "v2", "latest"}).Draw(t, "tag"), digest: rapid.SampledFrom(digests).Draw(t, "digest"),
		}
		head, child := row, row
		head.method = "HEAD"
		child.at, child.digest = at.Add(1500*time.Millisecond), classify.DigestOf("C")
		child.reference = child.digest
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			rows = append(rows, head)
		case 1:
			row.at = at.Add(time.Second)
			rows = append(rows, head, row)
		case 2:
			rows = append(rows, row)
		case 3:
			rows = append(rows, child)
		case 4:
			rows = append(rows, row, child)
		}
	}
	return rows
}

// reportAction is a stored action, as far as reports may count it; "" is unknown.
type reportAction struct {
	publisher, image, namespace, tag, digest, action string

	second  string // of its first request
	day     period.Day
	user    string // authenticated
	puller  string // the user, or else the client
	company string
}

func (a reportAction) download() bool { return a.action != "version_check" }

// storedActions reads the actions of the lake; owners say whose a namespace is.
func storedActions(t rapid.TB, e *Engine) []reportAction {
	t.Helper()
	owners := map[string]string{}
	for _, publisher := range e.Config.Publishers {
		for _, namespace := range publisher.Namespaces {
			owners[namespace] = publisher.ID
		}
	}
	var all []reportAction
	for _, row := range query(t, e, "select namespace, repository, tag, digest, action, requested_at, user_key, client_key, company from actions") {
		for i, value := range row {
			if value == "∅" {
				row[i] = ""
			}
		}
		a := reportAction{
			publisher: row[0], namespace: row[0], image: row[0] + "/" + row[1], tag: row[2], digest: row[3], action: row[4],
			second: row[5][:19], day: period.Day(row[5][:10]), user: row[6], puller: "user " + row[6], company: row[8],
		}
		if owner, ok := owners[a.namespace]; ok {
			a.publisher = owner
		}
		if a.user == "" {
			a.puller = "client " + row[7]
		}
		all = append(all, a)
	}
	return all
}

// pullDatabase knows the addresses of pullers.
func pullDatabase(t *testing.T) string {
	t.Helper()
	return ipDatabase(t, filepath.Join(t.TempDir(), "company.mmdb"), databaseBuilt, map[string]ipdbtest.Facts{
		"192.0.2.0/25":    {Country: "DE", Type: "business", Domain: "initech.example", ASN: 64500},
		"192.0.2.128/25":  {Country: "US", Type: "isp", Domain: "isp.example", ASN: 64501},
		"198.51.100.0/24": {Country: "IE", Type: "hosting", Domain: "amazonaws.com", ASN: 16509},
		"2001:db8:1::/48": {Country: "JP", Type: "education", Domain: "univ.ac.jp", ASN: 64503},
	})
}

// share is part / whole with four places, rounded half up.
func share(part, whole int) string {
	tenThousandths := (part*20000 + whole) / (2 * whole)
	return fmt.Sprintf("%d.%04d", tenThousandths/10000, tenThousandths%10000)
}

// set counts distinct values by key.
type set map[string]map[string]bool

func (s set) add(key, value string) {
	if s[key] == nil {
		s[key] = map[string]bool{}
	}
	s[key][value] = true
}

// common counts the values that two keys share.
func (s set) common(a, b string) int {
	n := 0
	for value := range s[a] {
		if s[b][value] {
			n++
		}
	}
	return n
}

func sortedLines(lines []string) []string {
	slices.Sort(lines)
	return lines
}
