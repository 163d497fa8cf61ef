package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const captures = "../fixtures/captures"

// gunzip reads a packed file.
func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jsonLines reads a packed file of one JSON value a line.
func jsonLines[T any](t *testing.T, name string) []T {
	t.Helper()
	var all []T
	for line := range bytes.Lines(gunzip(t, filepath.Join(captures, name))) {
		var value T
		if err := json.Unmarshal(line, &value); err != nil {
			t.Fatalf("%s, line %d: %v", name, len(all)+1, err)
		}
		all = append(all, value)
	}
	return all
}

// capture loads one file of the captures into a lake of its own; it holds what every capture must: lines add up and the
// classifiers agree on each request.
func capture(t *testing.T, name string) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	path := filepath.Join(captures, name)
	result := mustRun(t, e, path)
	if len(result.Last().Inputs) != 1 {
		t.Fatalf("%d inputs", len(result.Last().Inputs))
	}
	input := result.Last().Inputs[0]
	lines := int64(bytes.Count(gunzip(t, path), []byte("\n")))
	if input.Lines != lines || input.Records != lines || input.Accepted+input.Rejected+input.Duplicates+input.IgnoredTotal() != lines {
		t.Errorf("%s has %d lines, but they became %+v", name, lines, input)
	}
	if input.Rejected != 0 || input.Duplicates != 0 {
		t.Errorf("%s: %d lines are rejected and %d duplicates, want none", name, input.Rejected, input.Duplicates)
	}
	if check := result.Last().Check; check.Requests != input.Accepted || check.Differences != 0 {
		t.Errorf("%s: the check is %+v, want %d requests", name, check, input.Accepted)
	}
	mustCheck(t, e, int(input.Accepted))
	return e
}

// byRepository counts actions: "acme/app version_check" and so on.
func byRepository(t *testing.T, e *Engine) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, row := range query(t, e, "select namespace || '/' || repository || ' ' || action, count(*) from actions group by all") {
		counts[row[0]], _ = strconv.Atoi(row[1])
	}
	return counts
}

// nginxLine is what the test reads of a line of the JSON log.
type nginxLine struct {
	RequestID string `json:"request_id"`
	Method    string `json:"method"`
	URI       string `json:"request_uri"`
	Status    string `json:"status"`
	Client    string `json:"remote_addr"`
	User      string `json:"remote_user"`
}

var (
	manifestPath = regexp.MustCompile(`^/v2/(.+)/manifests/([^/]+)$`)
	fallback     = regexp.MustCompile(`^sha256-[0-9a-f]{64}(\.sig|\.att|\.sbom)?$`)
)

// accepted applies the rules for accepted requests to a line, anew.
func (l nginxLine) accepted() bool {
	path, _, _ := strings.Cut(l.URI, "?")
	match := manifestPath.FindStringSubmatch(strings.ReplaceAll(path, "%3A", ":"))
	return match != nil && !fallback.MatchString(match[2]) && (l.Method == "GET" || l.Method == "HEAD") && l.Status >= "200" && l.Status < "400"
}

func TestCaptures(t *testing.T) {
	t.Parallel()
	nginx := jsonLines[nginxLine](t, "nginx-access.json.log.gz")
	accepted := map[string]bool{}
	for i, line := range nginx {
		if line.accepted() {
			accepted[strconv.Itoa(i+1)] = true
		}
	}
	if len(accepted) < 500 {
		t.Fatalf("only %d lines are requests", len(accepted))
	}

	fromJSON := capture(t, "nginx-access.json.log.gz")
	stored := map[string]bool{}
	for _, row := range query(t, fromJSON, "select line from requests") {
		stored[row[0]] = true
	}
	if !maps.Equal(stored, accepted) {
		t.Errorf("nginx-json: %d requests are stored, want %d", len(stored), len(accepted))
	}
	want := byRepository(t, fromJSON)

	// The combined log has the same requests, with whole seconds and without the digest of a request by tag. One client
	// shows it: ctr 1.6 pulls all platforms of an image with a HEAD by tag and three GETs by digest, of children that it
	// asks for at once. With digests the HEAD is a version check of its own, as the first GET is of another digest (1
	// version check, 2 pulls by digest of 2 and 1 requests). Without, the HEAD may be of that digest and takes two GETs
	// along (1 pull by tag of 3 requests, 1 pull by digest).
	combined := byRepository(t, capture(t, "nginx-access.combined.log.gz"))
	asCombined := maps.Clone(want)
	asCombined["acme/app version_check"]--
	asCombined["acme/app pull_by_tag"]++
	asCombined["acme/app pull_by_digest"]--
	if difference := countsDifference(combined, asCombined); difference != "" {
		t.Errorf("combined: %s", difference)
	}

	// The registry also tells of the requests that did not come through the proxy: those by which the images were put
	// there and by which the test bench looked at tags, all from loopback and all GETs by tag, which are a pull each
	// because a GET by tag continues nothing but a HEAD.
	notifications := byRepository(t, capture(t, "notifications.jsonl.gz"))
	asNotified, direct := maps.Clone(want), 0
	for _, envelope := range jsonLines[envelope](t, "notifications.jsonl.gz") {
		for _, event := range envelope.Events {
			uri := event.Target.URL[strings.Index(event.Target.URL, "/v2/"):]
			if line := (nginxLine{Method: event.Request.Method, URI: uri, Status: "200"}); !line.accepted() || !strings.HasPrefix(event.Request.Addr, "127.") {
				continue
			}
			if event.Request.Method != "GET" || event.Target.Tag == "" {
				t.Errorf("direct request %+v is no GET by tag", event)
			}
			if !fallback.MatchString(event.Target.Tag) {
				asNotified[event.Target.Repository+" pull_by_tag"]++
				direct++
			}
		}
	}
	if direct == 0 {
		t.Error("no direct request")
	}
	// And a notification has no status: docker 20.10 cannot read the OCI index that it is given by "manifest inspect", the
	// proxy logs eight answers 404, and the registry notifies eight pulls.
	asNotified["globex/web pull_by_tag"] += 8
	if difference := countsDifference(notifications, asNotified); difference != "" {
		t.Errorf("notifications: %s", difference)
	}
}

type envelope struct {
	Events []struct {
		Target  struct{ Repository, URL, Tag string }
		Request struct{ Addr, Method string }
	}
}

func countsDifference(got, want map[string]int) string {
	texts := func(counts map[string]int) map[string]string {
		texts := map[string]string{}
		for name, count := range counts {
			if count != 0 {
				texts[name] = strconv.Itoa(count)
			}
		}
		return texts
	}
	return treeDifference(texts(got), texts(want))
}

// command is a line of the truth: what a client was told to do, and what that was by content.
type command struct {
	ID     string
	Client string
	Expect string
	Head   int `json:"manifest_head"`
	Get    int `json:"manifest_get"`
}

// TestCapturesAgainstTruth compares the stored actions with what the commands did. Requests tell what was asked, not why:
// each command whose actions are not as expected is in a class that says what its requests lack.
func TestCapturesAgainstTruth(t *testing.T) {
	t.Parallel()
	scenarios := map[string]string{}
	for _, line := range jsonLines[struct {
		RequestID string `json:"request_id"`
		Scenario  string
	}](t, "request_scenario.jsonl.gz") {
		scenarios[line.RequestID] = line.Scenario
	}
	nginx := jsonLines[nginxLine](t, "nginx-access.json.log.gz")
	actions := map[string]map[string]int{}
	for _, row := range query(t, capture(t, "nginx-access.json.log.gz"), "select line, action from actions") {
		line, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		id := scenarios[nginx[line-1].RequestID]
		if actions[id] == nil {
			actions[id] = map[string]int{}
		}
		actions[id][row[1]]++
	}
	classes := map[string]int{}
	for _, command := range jsonLines[command](t, "truth.jsonl.gz") {
		class := command.class(actions[command.ID])
		if class == "other" {
			t.Logf("%s, %s: expected %s with %d HEADs and %d GETs, found %v", command.ID, command.Client, command.Expect, command.Head, command.Get, actions[command.ID])
		}
		classes[class]++
	}
	want := map[string]int{
		"as expected": 313,
		// Failed commands and lists of tags: nothing that counts, and nothing is counted.
		"nothing, as expected": 49 + 8,
		// Pushes, copies and inspections are none of the three actions, whatever manifests they read on the way.
		"another purpose": 30 + 12 + 11,
		// podman, buildah, skopeo, regctl and renovate look for a newer image with a GET by tag; by requests it is a pull.
		"a check by GET": 62,
		// The client had it all, or the answer was the same as a moment ago.
		"nothing asked": 13,
		// docker had the content under another tag already: its HEAD is all there is.
		"a pull without GET": 6,
		// ctr 2.4 and those who want all platforms fetch more children than one: every further pair is a pull by digest.
		"more children than one": 15,
		// docker pulls all tags, of which it had the content of six; ctr 1.6 goes by HEAD of the index and GETs of its children.
		"other": 2,
	}
	if difference := countsDifference(classes, want); difference != "" {
		t.Errorf("classes of commands:\n%s", difference)
	}
}

func (c command) class(actions map[string]int) string {
	total := actions["version_check"] + actions["pull_by_tag"] + actions["pull_by_digest"]
	switch {
	case c.Expect == "failed" || c.Expect == "none":
		if total == 0 {
			return "nothing, as expected"
		}
		return fmt.Sprintf("%s, but %d actions", c.Expect, total)
	case c.Expect != "version_check" && c.Expect != "pull_by_tag" && c.Expect != "pull_by_digest":
		return "another purpose"
	case total > 0 && actions[c.Expect] == total:
		return "as expected"
	case c.Head+c.Get == 0:
		return "nothing asked"
	case c.Expect == "version_check" && c.Get > 0:
		return "a check by GET"
	case c.Expect != "version_check" && c.Get == 0:
		return "a pull without GET"
	case c.Expect == "pull_by_tag" && actions["pull_by_tag"] > 0 && actions["version_check"] == 0:
		return "more children than one"
	}
	return "other"
}
