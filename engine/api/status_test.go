package api

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pullscope/pullscope/engine"
)

// What each user sees of each namespace: "data", "nothing" where there are none, "-" where it is not for them.
var sights = []struct {
	namespace, repo          string
	ann, gil, lab, root, new string
}{
	{"acme", "agent", "data", "-", "-", "data", "-"},
	{"acme-labs", "sandbox", "data", "-", "data", "data", "-"},
	{"globex", "web", "-", "data", "-", "data", "-"},
	{"library", "nginx", "-", "-", "-", "data", "-"},
	{"nobody", "hello", "-", "-", "-", "data", "-"},
	{"fresh", "app", "-", "-", "-", "-", "nothing"},
	{"unheard-of", "app", "-", "-", "-", "-", "-"},
}

// The paths below a namespace, and how they are answered where there are data and where there are none.
var namespacePaths = []struct {
	path          string
	data, nothing int
}{
	{"", 200, 200},
	{"/pulls", 200, 200},
	{"/pulls?timespan=weeks&period=last-2-months&group=namespace", 200, 200},
	{"/pulls?timespan=days&from=2026-09-14&to=2026-09-20&group=country&open=true&limit=3", 200, 200},
	{"/pulls/exports/years", 200, 200},
	{"/pulls/exports/years/2026/weeks", 200, 200},
	{"/pulls/exports/years/2026/months", 200, 200},
	{"/pulls/exports/years/2025/months", 200, 200},
	{"/pulls/exports/years/2026/weeks/38", 200, 404},
	{"/pulls/exports/years/2026/months/9", 200, 404},
	{"/pulls/exports/years/2026/weeks/37", 404, 404},
	{"/pulls/exports/years/2025/weeks/38", 404, 404},
	{"/pulls/exports/years/2026/weeks/38/raw", 200, 404},
	{"/pulls/exports/years/2026/weeks/38/summary", 200, 404},
	{"/pulls/exports/years/2026/months/9/repo-summary", 200, 404},
	{"/pulls/exports/years/2026/months/9/namespace-summary", 200, 404},
	{"/pulls/exports/years/2026/months/10/raw", 404, 404},
	{"/reports", 200, 200},
	{"/reports?report=trends&timespan=weeks&from=2026-09-01&to=2026-09-30&limit=1", 200, 200},
	{"/reports/summary", 200, 200},
	{"/reports/technographic?period=2026-09", 200, 200},
	{"/reports/trends?period=2026-09-14..2026-09-17&limit=10", 200, 200},
	{"/reports/tags?from=2026-09-15&to=2026-09-15&format=csv", 200, 200},
	{"/reports/extensions_core?period=2026-W38&format=parquet", 200, 200},
	{"/reports/unheard_of", 404, 404},
	{"/badge", 200, 200},
	{"/badge?metric=addresses&timespan=weeks&label=users", 200, 200},
}

// The paths below a repository.
var repoPaths = []string{"/pulls", "/pulls?group=tag&timespan=weeks", "/badge", "/badge?metric=checks"}

func TestEveryPathForEveryUser(t *testing.T) {
	s, opened := shared(t), demo(t, openedLabs)
	for _, path := range []string{"/", "", "/namespaces", "/reports"} {
		for _, who := range everyone {
			status := 200
			if who == "nobody" {
				status = 401
			}
			s.get(t, who, path).want(t, status)
			opened.get(t, who, path).want(t, 200)
		}
	}
	for _, path := range []string{"/openapi.json", "/docs", "/docs.css", "/healthz"} {
		s.get(t, "nobody", path).want(t, 200)
		s.get(t, "nobody", path, with("Authorization", "Bearer none")).want(t, 200)
	}
	for _, of := range sights {
		seen := map[string]string{"ann": of.ann, "gil": of.gil, "lab": of.lab, "root": of.root, "new": of.new}
		expect := func(who string, data, nothing int) int {
			switch {
			case seen[who] == "data":
				return data
			case seen[who] == "nothing":
				return nothing
			case who == "nobody":
				return 401
			}
			return 404
		}
		for _, who := range everyone {
			for _, p := range namespacePaths {
				path := "/namespaces/" + of.namespace + p.path
				got := s.get(t, who, path).want(t, expect(who, p.data, p.nothing))
				if err := validateRequest(got.Request); err != nil {
					t.Errorf("the document does not allow %s: %v", path, err)
				}
				switch {
				case of.namespace == "acme-labs": // opened to everyone
					opened.get(t, who, path).want(t, p.data)
				case seen[who] != "data":
					opened.get(t, who, path).want(t, expect(who, p.data, p.nothing))
				}
			}
			for _, p := range repoPaths {
				s.get(t, who, "/namespaces/"+of.namespace+"/repos/"+of.repo+p).want(t, expect(who, 200, 404))
			}
			s.get(t, who, "/repos/pulls?repos="+of.namespace+"/"+of.repo).want(t, expect(who, 200, 404))
		}
	}
	// A repository that was granted by itself.
	for _, p := range repoPaths {
		s.get(t, "lab", "/namespaces/acme/repos/api"+p).want(t, 200)
	}
	s.get(t, "lab", "/repos/pulls?repos=acme/api,acme-labs/sandbox").want(t, 200)
	s.get(t, "lab", "/repos/pulls?repos=acme/api,acme/agent").want(t, 404)
}

// operations are a right request for each operation of the document, as ann.
var operations = map[string]string{
	"PostUsersLogin": loginPath, "PostUsers2FALogin": secondLoginPath,
	"getNamespaces": "/", "getUserNamespaces": "/namespaces", "getNamespace": "/namespaces/acme",
	"getNamespacePulls": "/namespaces/acme/pulls", "getRepoPulls": "/namespaces/acme/repos/api/pulls", "getManyReposPulls": "/repos/pulls?repos=acme/api",
	"getNamespaceYears":            "/namespaces/acme/pulls/exports/years",
	"getNamespaceTimespans":        "/namespaces/acme/pulls/exports/years/2026/weeks",
	"getNamespaceTimespanMetadata": "/namespaces/acme/pulls/exports/years/2026/weeks/38",
	"getNamespaceDataByTimespan":   "/namespaces/acme/pulls/exports/years/2026/weeks/38/summary",
	"downloadFile":                 "", // signed
	"getReports":                   "/reports", "getNamespaceReports": "/namespaces/acme/reports", "getNamespaceReport": "/namespaces/acme/reports/summary",
	"getNamespaceBadge": "/namespaces/acme/badge", "getRepoBadge": "/namespaces/acme/repos/api/badge",
	"getOpenAPI": "/openapi.json", "getDocs": "/docs", "getDocsStyle": "/docs.css", "getHealth": "/healthz",
}

// neverAnswered are statuses that the document has and no request can bring about here.
var neverAnswered = map[string][]int{
	"getOpenAPI": {429, 500, 503}, "getDocs": {429, 500, 503}, "getDocsStyle": {429, 500, 503},
	// While users cannot be looked up, nobody may see the file.
	"downloadFile": {503},
	// Of periods that were pruned and not published there are no rows.
	"getNamespacePulls": {422}, "getRepoPulls": {422}, "getManyReposPulls": {422},
}

// TestEveryStatus brings about every status of every operation that the document has.
func TestEveryStatus(t *testing.T) {
	s := demo(t)
	file := s.files(t, "ann", "/namespaces/acme/pulls/exports/years/2026/weeks/38/raw")[0].URL
	broken := &site{Server: &Server{log: journal.logger()}, tokens: s.tokens} // it has no lake, which panics
	broken.handler = broken.observe(broken.router())
	for operation, path := range operations {
		method, bodies := http.MethodGet, []string{""}
		switch operation {
		case "downloadFile":
			path = file
		case "PostUsersLogin":
			method, bodies = http.MethodPost, []string{`{"username": "x", "password": "y"}`, `{}`, `{} {}`, `{"username": "` + strings.Repeat("x", maxLogin) + `"}`}
		case "PostUsers2FALogin":
			method, bodies = http.MethodPost, []string{`{"login_2fa_token": "x", "code": "1"}`, `[]`, `{"code": "` + strings.Repeat("x", maxLogin) + `"}`}
		}
		change := []func(*http.Request){s.as("ann"), with("Content-Type", "application/json")}
		for _, body := range bodies {
			answer := s.do(t, method, apiPath(path), strings.NewReader(body), change...)
			if method == http.MethodGet {
				if err := validateRequest(answer.Request); err != nil {
					t.Errorf("the document does not allow %s: %v", path, err)
				}
				s.do(t, method, apiPath(path), nil, s.as("ann"), with("If-None-Match", answer.Header.Get("Etag")))
				s.do(t, method, apiPath(path)+"?unheard-of=1", nil, s.as("ann"))
				s.do(t, method, apiPath(path)+"&unheard-of=1", nil, s.as("ann"))
				s.do(t, method, apiPath(path), nil)
			}
			if !slices.Contains(neverAnswered[operation], 500) {
				answer := broken.do(t, method, apiPath(path), strings.NewReader(body), change...)
				if status := answer.StatusCode; status != 500 && (status/100 != 4 || method == http.MethodGet) {
					t.Errorf("without a lake, %s answers %d", operation, status)
				}
			}
		}
		s.do(t, http.MethodDelete, apiPath(path), nil, s.as("ann")).want(t, 405)
	}
	for _, path := range []string{
		"/namespaces/acme/pulls?cursor=" + cursor{1, "another"}.String(), "/namespaces/acme/repos/api/pulls?cursor=" + cursor{1, "another"}.String(),
		"/repos/pulls?repos=acme/api&cursor=" + cursor{1, "another"}.String(), "/namespaces/acme/reports?cursor=" + cursor{1, "another"}.String(),
		"/namespaces/acme/reports/summary?cursor=" + cursor{1, "another"}.String(),
	} {
		s.get(t, "ann", path).want(t, 410)
	}
	s.get(t, "nobody", file, with("Range", "bytes=0-9")).want(t, 206)
	s.get(t, "nobody", file, with("Range", "bytes=99999999-")).want(t, 416)
	s.get(t, "nobody", strings.Replace(file, "ref=", "ref=x", 1)).want(t, 403)
	s.get(t, "nobody", "/downloads/..").want(t, 404)
	s.everyLogin(t)
	for _, of := range sights[4:] {
		for _, p := range append(namespacePaths, struct {
			path          string
			data, nothing int
		}{path: "/repos/app/pulls"}, struct {
			path          string
			data, nothing int
		}{path: "/repos/app/badge"}) {
			s.get(t, "ann", "/namespaces/"+of.namespace+p.path).want(t, 404)
		}
	}
	s.get(t, "ann", "/repos/pulls?repos=globex/web").want(t, 404)
	testUnavailable(t)
	testPruned(t)

	documentOperations(t, func(_, _ string, operation *openapi3.Operation) {
		id := operation.OperationID
		if _, known := operations[id]; !known {
			t.Errorf("no test asks for %s", id)
		}
		for text := range operation.Responses.Map() {
			status := must(strconv.Atoi(text))(t)
			limited := status == 429 && !strings.HasPrefix(id, "PostUsers") // only log-ins are
			if unreachable := limited || slices.Contains(neverAnswered[id], status); unreachable == answered.has(id, status) {
				t.Errorf("%s was answered %d: %t", id, status, !unreachable)
			}
		}
	})
}

// everyLogin brings about what is answered to log-ins.
func (s *site) everyLogin(t *testing.T) {
	secret := s.secondFactor(t, "gil")
	s.login(t, userNames["ann"], passwordOf("ann"), from("198.51.100.1")).want(t, 200)
	first := s.login(t, userNames["gil"], passwordOf("gil"), from("198.51.100.1")).want(t, 401)
	s.second(t, first.field(t, "login_2fa_token"), s.code(t, secret), from("198.51.100.1")).want(t, 200)
	for range 20 {
		s.second(t, "none", "000000", from("198.51.100.2")).want(t, 401)
	}
	s.second(t, "none", "000000", from("198.51.100.2")).want(t, 429)
	s.login(t, "mallory.moretti", "none", from("198.51.100.2")).want(t, 429)
}

// testUnavailable asks a server whose users cannot be read, and one that is closed.
func testUnavailable(t *testing.T) {
	s := demo(t, openedLabs)
	file := s.files(t, "ann", "/namespaces/acme/pulls/exports/years/2026/weeks/38/raw")[0].URL
	if err := os.WriteFile(filepath.Join(s.dir, "access", "users.json"), []byte(`{"users"`), 0o600); err != nil {
		t.Fatal(err)
	}
	s.clock.add(2 * time.Second) // files are looked at every second
	for operation, path := range operations {
		switch operation {
		case "PostUsersLogin":
			s.login(t, userNames["ann"], passwordOf("ann")).want(t, 503)
		case "PostUsers2FALogin":
			s.second(t, "none", "000000").want(t, 503)
		case "downloadFile":
			s.get(t, "nobody", file).want(t, 403)
		case "getOpenAPI", "getDocs", "getDocsStyle", "getHealth":
			s.get(t, "ann", path).want(t, 200)
		default:
			s.get(t, "ann", path).want(t, 503)
		}
	}
	s.get(t, "nobody", "/namespaces/acme-labs/pulls").want(t, 200)
	closed := demo(t)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	closed.get(t, "nobody", "/healthz").want(t, 503)
	closed.get(t, "ann", "/namespaces").want(t, 500)
}

// testPruned asks for reports on days whose requests are not kept any more, and on a lake without any.
func testPruned(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(must(demoData())(t))); err != nil {
		t.Fatal(err)
	}
	e := must(newEngine(dir, func() time.Time { return demoNow }))(t)
	e.Config.LateDays, e.Config.RetainRequests.Duration = 1, 5*24*time.Hour
	must(e.Prune(context.Background(), engine.PruneRequest{}))(t)
	s := newSite(t, dir)
	s.get(t, "ann", "/namespaces/acme/reports/summary?period=2026-W38").says(t, 422, "the requests up to 2026-09-19 are not kept any more; ask from 2026-09-20 on")
	s.get(t, "ann", "/namespaces/acme/pulls/exports/years/2026/weeks/38/summary").says(t, 200, `"size":`)
	s.get(t, "ann", "/namespaces/acme/repos/agent/pulls?timespan=weeks").says(t, 200, `"start":"2026-09-14"`)
	for _, path := range []string{"/pulls?timespan=days&group=namespace", "/pulls?group=country", "/usage?by=tag"} {
		s.get(t, "ann", "/namespaces/acme"+path).says(t, 422, "ask from 2026-09-20 on")
	}
	s.get(t, "ann", "/namespaces/acme/pulls?timespan=days&group=namespace&from=2026-09-20&to=2026-10-01").says(t, 200, `{"pulls":[{"start":"2026-09-20"`)
	file := s.files(t, "gil", "/namespaces/globex/pulls/exports/years/2026/weeks/38/raw")[0].URL
	if err := os.Remove(filepath.Join(dir, "reports", "globex", "weekly", "2026-09-14", "raw.csv")); err != nil {
		t.Fatal(err)
	}
	s.get(t, "nobody", file).want(t, 410)
	empty := newSite(t, t.TempDir())
	empty.get(t, "ann", "/namespaces/acme/reports/summary").says(t, 422, "there are no requests to report on yet")
	empty.get(t, "ann", "/namespaces/acme/reports/summary?period=2026-W38").says(t, 200, `"data":[]`)
	empty.get(t, "ann", "/namespaces/acme/pulls").says(t, 200, `{"pulls":[]}`)
	empty.get(t, "ann", "/").says(t, 200, `{"namespaces":[]}`)
}

// TestNamespaceNamedAsAPublisher asks for a namespace that is nobody's, and has the id of another's publisher.
func TestNamespaceNamedAsAPublisher(t *testing.T) {
	s := demo(t, func(c *engine.Config) { c.Publishers[1].ID = "library" })
	s.get(t, "root", "/namespaces/library/pulls").says(t, 200, `"repo":"nginx"`)
	s.get(t, "root", "/namespaces/library/reports").want(t, 200)
	computed := s.get(t, "root", "/namespaces/library/reports/pulls_repo_summary").says(t, 200, `"repository":"nginx"`)
	if strings.Contains(string(computed.body), "globex") {
		t.Errorf("the report on library tells of globex: %s", computed.body)
	}
}
