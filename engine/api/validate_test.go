package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	validatePulls = "/api/publisher/analytics/v1/namespaces/acme/pulls"
	validateRow   = `{"start": "2026-09-01", "end": "2026-09-30", "namespace": "acme", "repo": "app", "pullCount": 3, "ipCount": 2,
		"dataDownloads": 2, "pullsByTag": 1, "pullsByDigest": 1, "versionChecks": 1`
)

// validateCase is an answer to a request.
type validateCase struct {
	method, target, body string
	status               int
	header               map[string]string
}

// check holds the answer against the document.
func (c validateCase) check() error {
	header := http.Header{"X-Request-Id": {"1"}}
	for name, value := range c.header {
		if header.Set(name, value); value == "" {
			header.Del(name)
		}
	}
	return validateAnswer(httptest.NewRequest(c.method, c.target, nil), &http.Response{StatusCode: c.status, Header: header}, []byte(c.body))
}

// validateJSON are the headers of an answer in JSON, and more.
func validateJSON(more ...string) map[string]string {
	header := map[string]string{"Content-Type": "application/json; charset=utf-8", "ETag": `W/"1"`}
	for i := 0; i < len(more); i += 2 {
		header[more[i]] = more[i+1]
	}
	return header
}

func TestValidateAllows(t *testing.T) {
	const base = "/api/publisher/analytics/v1"
	file := map[string]string{"Content-Type": "text/csv; charset=utf-8", "ETag": `"1"`, "Accept-Ranges": "bytes", "Content-Disposition": `attachment; filename="a.csv"`}
	for name, answer := range map[string]validateCase{
		"rows":                    {"GET", "https://elsewhere:8443" + validatePulls, `{"pulls": [` + validateRow + `}], "next": "x"}`, 200, validateJSON()},
		"no rows":                 {"GET", validatePulls, `{"pulls": []}`, 200, validateJSON()},
		"the running period":      {"GET", validatePulls, `{"pulls": [` + validateRow + `, "open": true, "country": "", "tag": "", "useCase": "CI/CD"}]}`, 200, validateJSON()},
		"not modified":            {"GET", validatePulls, "", 304, map[string]string{"ETag": `W/"1"`}},
		"HEAD":                    {"HEAD", validatePulls, "", 200, validateJSON()},
		"HEAD not found":          {"HEAD", validatePulls, "", 404, validateJSON()},
		"without the last slash":  {"GET", base, `{"namespaces": ["acme"]}`, 200, validateJSON()},
		"with the last slash":     {"GET", base + "/", `{"namespaces": []}`, 200, validateJSON()},
		"a name with slashes":     {"GET", base + "/namespaces/acme/repos/team%2Fapp/pulls", `{"pulls": []}`, 200, validateJSON()},
		"another method":          {"DELETE", validatePulls, `{"detail": "no"}`, 405, validateJSON("Allow", "GET, HEAD")},
		"GET where there is POST": {"GET", "/v2/users/login", `{"detail": "no"}`, 405, validateJSON("Allow", "POST")},
		"no second factor":        {"POST", "/v2/users/login", `{"detail": "no", "login_2fa_token": null}`, 401, validateJSON()},
		"a file":                  {"GET", base + "/downloads/a.csv?ref=1", "anything\x00", 200, file},
		"the end of a file":       {"GET", base + "/downloads/a.csv", `{"detail": "no"}`, 416, validateJSON("Content-Range", "bytes */9")},
		"a report of any values":  {"GET", base + "/namespaces/acme/reports/trends", `{"report": "trends", "namespace": "acme", "start": "2026-09-21", "end": "2026-09-27", "open": false, "rows": 1, "columns": [], "data": [{"A": "a", "B": 0.25, "C": null, "D": -3, "E": true}]}`, 200, validateJSON()},
		"a report as CSV":         {"GET", base + "/namespaces/acme/reports/trends?format=csv", "A\n1\n", 200, map[string]string{"Content-Type": "text/csv; charset=utf-8; header=present"}},
		"health":                  {"GET", "/healthz", "ok\n", 200, map[string]string{"Content-Type": "text/plain; charset=utf-8"}},
	} {
		if err := answer.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for name, refused := range map[string]struct {
		validateCase
		want string
	}{
		"an unknown path":          {validateCase{"GET", "/api/publisher/analytics/v2/namespaces", `[]`, 200, validateJSON()}, "no matching operation"},
		"a path in a path":         {validateCase{"GET", "/api/publisher/analytics/v1/namespaces/a/b/pulls", `{"pulls": []}`, 200, validateJSON()}, "no matching operation"},
		"a method that is done":    {validateCase{"DELETE", validatePulls, `{"pulls": []}`, 200, validateJSON()}, "method not allowed"},
		"an unknown status":        {validateCase{"GET", validatePulls, `{"pulls": []}`, 201, validateJSON()}, "has no status 201"},
		"a redirect":               {validateCase{"GET", validatePulls, "", 308, validateJSON()}, "has no status 308"},
		"an undocumented field":    {validateCase{"GET", validatePulls, `{"pulls": [` + validateRow + `, "ip": "192.0.2.1"}]}`, 200, validateJSON()}, `property "ip" is unsupported`},
		"an undocumented top":      {validateCase{"GET", validatePulls, `{"pulls": [], "total": 1}`, 200, validateJSON()}, `property "total" is unsupported`},
		"a missing field":          {validateCase{"GET", validatePulls, `{}`, 200, validateJSON()}, `property "pulls" is missing`},
		"null for a list":          {validateCase{"GET", validatePulls, `{"pulls": null}`, 200, validateJSON()}, "Value is not nullable"},
		"a text for a number":      {validateCase{"GET", validatePulls, `{"pulls": [` + strings.Replace(validateRow, `"pullCount": 3`, `"pullCount": "3"`, 1) + `}]}`, 200, validateJSON()}, "must be an integer"},
		"a fraction":               {validateCase{"GET", validatePulls, `{"pulls": [` + strings.Replace(validateRow, `"ipCount": 2`, `"ipCount": 2.5`, 1) + `}]}`, 200, validateJSON()}, "an integer"},
		"fewer than none":          {validateCase{"GET", validatePulls, `{"pulls": [` + strings.Replace(validateRow, `"ipCount": 2`, `"ipCount": -2`, 1) + `}]}`, 200, validateJSON()}, "at least 0"},
		"a closed period as open":  {validateCase{"GET", validatePulls, `{"pulls": [` + validateRow + `, "open": false}]}`, 200, validateJSON()}, "allowed values"},
		"no JSON":                  {validateCase{"GET", validatePulls, `{"pulls": []} {}`, 200, validateJSON()}, "not one value of JSON"},
		"an empty body":            {validateCase{"GET", validatePulls, ``, 200, validateJSON()}, "not one value of JSON"},
		"another type":             {validateCase{"GET", validatePulls, `{"pulls": []}`, 200, validateJSON("Content-Type", "text/plain")}, `"text/plain" is not one of application/json`},
		"no type":                  {validateCase{"GET", validatePulls, `{"pulls": []}`, 200, validateJSON("Content-Type", "")}, `"" is not one of application/json`},
		"a file as a page":         {validateCase{"GET", "/api/publisher/analytics/v1/downloads/a", ``, 200, validateJSON("Content-Type", "text/html", "ETag", `"1"`, "Accept-Ranges", "bytes", "Content-Disposition", "attachment; filename=a")}, `"text/html" is not one of`},
		"no request id":            {validateCase{"GET", validatePulls, `{"pulls": []}`, 200, validateJSON("X-Request-Id", "")}, "X-Request-Id is missing"},
		"no request id in a 304":   {validateCase{"GET", validatePulls, ``, 304, validateJSON("X-Request-Id", "")}, "X-Request-Id is missing"},
		"no ETag":                  {validateCase{"GET", validatePulls, `{"pulls": []}`, 200, validateJSON("ETag", "")}, "ETag is missing"},
		"a strong ETag of JSON":    {validateCase{"GET", validatePulls, `{"pulls": []}`, 200, validateJSON("ETag", `"1"`)}, `"ETag" doesn't match`},
		"a strong ETag in HEAD":    {validateCase{"HEAD", validatePulls, ``, 200, validateJSON("ETag", `"1"`)}, `"ETag" doesn't match`},
		"401 that asks for none":   {validateCase{"GET", validatePulls, `{"detail": "no"}`, 401, validateJSON()}, "WWW-Authenticate is missing"},
		"429 without a time":       {validateCase{"GET", validatePulls, `{"detail": "no"}`, 429, validateJSON()}, "Retry-After is missing"},
		"429 with a date":          {validateCase{"GET", validatePulls, `{"detail": "no"}`, 429, validateJSON("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")}, "Retry-After"},
		"405 without the methods":  {validateCase{"PUT", validatePulls, `{"detail": "no"}`, 405, validateJSON()}, "Allow is missing"},
		"405 of an unknown path":   {validateCase{"PUT", "/nowhere", `{"detail": "no"}`, 405, validateJSON("Allow", "GET")}, "no matching operation"},
		"an error as text":         {validateCase{"GET", validatePulls, "404 page not found\n", 404, validateJSON("Content-Type", "text/plain; charset=utf-8")}, "is not one of application/json"},
		"an error without a word":  {validateCase{"GET", validatePulls, `{"detail": ""}`, 404, validateJSON()}, "minimum string length"},
		"an error that says more":  {validateCase{"GET", validatePulls, `{"detail": "no", "path": "/data"}`, 500, validateJSON()}, `property "path" is unsupported`},
		"a body of HEAD":           {validateCase{"HEAD", validatePulls, `{"pulls": []}`, 200, validateJSON()}, "13 bytes of a body"},
		"a body of 304":            {validateCase{"GET", validatePulls, `{"pulls": []}`, 304, validateJSON()}, "13 bytes of a body"},
		"a value that is a list":   {validateCase{"GET", "/api/publisher/analytics/v1/namespaces/acme/reports/trends", `{"report": "trends", "namespace": "acme", "start": "2026-09-21", "end": "2026-09-27", "open": false, "rows": 1, "columns": [], "data": [{"A": []}]}`, 200, validateJSON()}, "doesn't match"},
		"neither months nor weeks": {validateCase{"GET", validatePulls + "/exports/years/2026/months", `{"days": []}`, 200, validateJSON()}, "doesn't match"},
	} {
		err := refused.check()
		if err == nil || !strings.Contains(err.Error(), refused.want) {
			t.Errorf("%s: %v, want %s", name, err, refused.want)
		}
	}
}

// TestValidateTellsTheTest sees that validateResponse fails the test that calls it.
func TestValidateTellsTheTest(t *testing.T) {
	answer := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/plain"}, "X-Request-Id": {"1"}}}
	for path, want := range map[string]bool{"/healthz": false, "/readyz": true} {
		told := &validateTest{TB: t}
		validateResponse(told, httptest.NewRequest("GET", path, nil), answer, []byte("ok"))
		if told.failed != want {
			t.Errorf("validateResponse of %s fails the test: %t", path, told.failed)
		}
	}
}

type validateTest struct {
	testing.TB
	failed bool
}

func (t *validateTest) Errorf(string, ...any) { t.failed = true }

func TestValidateRequests(t *testing.T) {
	for target, want := range map[string]string{
		validatePulls: "",
		validatePulls + "?timespan=days&from=2026-09-01&to=2026-09-30&group=use-case&open=true&limit=10000&cursor=x": "",
		validatePulls + "?timespan=years":              `parameter "timespan" in query has an error`,
		validatePulls + "?group=user":                  `parameter "group" in query has an error`,
		validatePulls + "?limit=0":                     `parameter "limit" in query has an error`,
		validatePulls + "?limit=10001":                 `parameter "limit" in query has an error`,
		validatePulls + "?open=perhaps":                `parameter "open" in query has an error`,
		validatePulls + "?from=2026-9-1":               `parameter "from" in query has an error`,
		validatePulls + "?form=2026-09-01":             `getNamespacePulls has no parameter "form"`,
		validatePulls + "/exports/years/x":             "no matching operation",
		validatePulls + "/exports/years":               "",
		validatePulls + "/exports/years/MMXXVI/months": `parameter "year" in path has an error`,
		"/api/publisher/analytics/v1/repos/pulls":      `parameter "repos" in query has an error`,
		"/api/publisher/analytics/v1/repos/pulls?repos=a/b" + strings.Repeat("&repos=a/b", 49):     "",
		"/api/publisher/analytics/v1/repos/pulls?repos=a/b" + strings.Repeat("&repos=a/b", 50):     `parameter "repos" in query has an error`,
		"/api/publisher/analytics/v1/namespaces/acme/reports/trends?period=2026-09-01..2026-09-17": "",
		"/api/publisher/analytics/v1/namespaces/acme/reports/trends?period=2026-09-25":             "",
		"/api/publisher/analytics/v1/namespaces/acme/reports/trends?period=last-week":              `parameter "period" in query has an error`,
	} {
		err := validateRequest(httptest.NewRequest("GET", target, nil))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", target, err, want)
		}
	}
	for body, want := range map[string]string{
		`{"username": "a", "password": "b"}`: "",
		`{"username": "a"}`:                  `property "password" is missing`,
		`{"username": 1, "password": "b"}`:   "value must be a string",
		``:                                   "required",
	} {
		request := httptest.NewRequest("POST", "/v2/users/login", strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		if err := validateRequest(request); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("the login %s: %v, want %q", body, err, want)
		}
		if left, err := io.ReadAll(request.Body); string(left) != body || err != nil {
			t.Errorf("of the login %s, %q is left to be sent, %v", body, left, err)
		}
	}
}
