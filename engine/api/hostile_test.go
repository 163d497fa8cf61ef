package api

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pullscope/pullscope/engine/account"
)

// hostile are values that lead elsewhere where they are taken for a path, a header, a number or SQL; escaped.
var hostile = []string{
	"..", ".", "%2e%2e", "%2e", "..%2f..%2f..%2fkey", "..%5c..%5ckey", "%2fetc%2fpasswd", "%252e%252e%252fkey", "....%2f%2fkey", "%c0%ae%c0%ae%2fkey",
	"C:%5cwindows%5cwin.ini", "~", "%00", "acme%00", "acme%00.csv", "%ff%fe", "%ed%a0%80", "acme%0d%0aX-Injected:%20yes", "%0aX-Injected:%20yes",
	"%e2%80%a8", "%F0%9F%92%A9", "acme%20", "%20acme", "acme%09", "ACME", "acme%2f", "acme%2fapi", "*", "%25", "%2a%27", "acme';drop%20table%20actions--",
	"%22", "{{.}}", "$(id)", "-1", "0", "+1", "1e3", "0x1", "00", "2026.0", "%d9%a3", "99999999999999999999", "2147483648", "9999-12-31", "0001-01-01", "10000-01-01",
	"2026-02-30", "0000-00-00", "9999-12", "9999-W52", "0001-W01", "2026-W54", "2026-09-01..2026-08-01", "0001-01-01..9999-12-31", "null", "true", "NaN", "Infinity",
	strings.Repeat("a", 5000), strings.Repeat("%2e%2e%2f", 500), strings.Repeat("acme/api,", 600), "a&a=b", "a;b", "%zz", "%",
}

// hostileTo puts the values into every place of every operation.
func hostileTo(t testing.TB) (targets []string) {
	document := must(documentLoad(documentJSON))(t)
	for path, item := range document.Paths.Map() {
		operation := item.Get
		if operation == nil {
			continue
		}
		fill := func(except, value string) string {
			filled := strings.NewReplacer("{"+except+"}", value).Replace(path)
			return strings.NewReplacer("{namespace}", "acme", "{repo}", "api", "{year}", "2026", "{timespantype}", "weeks", "{timespan}", "38",
				"{dataview}", "raw", "{report}", "tags", "{name}", "acme-raw-2026-W38.csv").Replace(filled)
		}
		for _, parameter := range operation.Parameters {
			for _, value := range hostile {
				switch parameter.Value.In {
				case openapi3.ParameterInPath:
					targets = append(targets, fill(parameter.Value.Name, value))
				case openapi3.ParameterInQuery:
					targets = append(targets, fill("", "")+"?"+parameter.Value.Name+"="+value)
				}
			}
		}
		targets = append(targets, fill("", "")+"/", fill("", "")+"//", "/"+fill("", ""), fill("", "")+"/..", fill("", "")+"?a=%", fill("", "")+"?;", fill("", "")+"?&&", fill("", "")+"?=", fill("", "")+"??")
	}
	return targets
}

// checkHarmless fails the test when an answer is an error of ours, or has more in it than it should.
func checkHarmless(t testing.TB, answer reply) {
	t.Helper()
	where := answer.Request.Method + " " + answer.Request.URL.RequestURI()
	if answer.StatusCode >= 500 {
		t.Errorf("%.200s answers %d %s", where, answer.StatusCode, answer.body)
	}
	for name := range answer.Header {
		if strings.Contains(strings.ToLower(name), "injected") {
			t.Errorf("%.200s put a header into the answer: %v", where, answer.Header)
		}
	}
	for _, values := range answer.Header {
		if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
			t.Errorf("%.200s put a line end into a header: %q", where, answer.Header)
		}
	}
	if location := answer.Header.Get("Location"); location != "" {
		t.Errorf("%.200s leads to %s", where, location)
	}
	for _, of := range []string{"root:x:", "argon2id", "[extensions]"} {
		if bytes.Contains(answer.body, []byte(of)) {
			t.Errorf("%.200s answers what is in another file: %.200q", where, answer.body)
		}
	}
}

func TestHostileValues(t *testing.T) {
	s := shared(t)
	key := must(os.ReadFile(filepath.Join(must(demoData())(t), "key")))(t)
	asked := 0
	for _, target := range hostileTo(t) {
		r, err := request(http.MethodGet, target, nil, s.as("ann"))
		if err != nil {
			continue // the server of Go does not let it in
		}
		answer := s.send(t, r)
		checkHarmless(t, answer)
		if bytes.Contains(answer.body, key) {
			t.Errorf("%.200s answers the key", target)
		}
		asked++
	}
	if asked < 2000 {
		t.Errorf("only %d requests were made", asked)
	}
}

// TestHostileNames lets names that are granted be hostile, as far as they can be.
func TestHostileNames(t *testing.T) {
	s := demo(t)
	names := []string{"..", `we"ird;na'me\`, "é%2e%2e<b>", strings.Repeat("n", 255)}
	if _, err := s.accounts.Grant(userNames["new"], account.Grants{Namespaces: names}); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		for _, p := range namespacePaths {
			if i > 1 && strings.HasPrefix(p.path, "/reports/") {
				continue // computing them takes long
			}
			answer := s.get(t, "new", "/namespaces/"+strings.ReplaceAll(url.PathEscape(name), ".", "%2e")+p.path).want(t, p.nothing)
			checkHarmless(t, answer)
			if file := answer.Header.Get("Content-Disposition"); strings.ContainsAny(strings.TrimSuffix(strings.TrimPrefix(file, "attachment; filename="), `"`), `/\;<'`) {
				t.Errorf("%s is saved as %s", name, file)
			}
		}
	}
	for _, name := range []string{"a/b", "a b", "a\r\nb", "a\x00", "", "\xff"} {
		if _, err := s.accounts.Grant(userNames["new"], account.Grants{Namespaces: []string{name}}); err == nil {
			t.Errorf("the namespace %q was granted", name)
		}
	}
}

func TestHostileHeaders(t *testing.T) {
	s := shared(t)
	path := rawOfAcme
	for _, host := range []string{"evil.example/x", "a b", "a\r\nX-Injected: yes", "evil.example@pulls.example.com", "pulls.example.com#", "pulls.example.com?", "a\x00", "", `"`, "<b>", ":80", "[::1", "[::1]:x", "é", strings.Repeat("a", 300)} {
		checkHarmless(t, s.get(t, "ann", path, func(r *http.Request) { r.Host = host }).says(t, 400, "Host"))
	}
	for host, begin := range map[string]string{"pulls.example.com": "http://pulls.example.com/", "localhost:8080": "http://localhost:8080/", "[::1]:80": "http://[::1]:80/"} {
		s.get(t, "ann", path, func(r *http.Request) { r.Host = host }).says(t, 200, `"url":"`+begin+"api/")
	}
	// Who is not trusted does not say how the server is reached.
	proto := with("X-Forwarded-Proto", "https")
	s.get(t, "ann", path, proto).says(t, 200, `"url":"http://`)
	s.get(t, "ann", path, proto, from("10.0.0.9")).says(t, 200, `"url":"https://`)
	s.get(t, "ann", path, with("X-Forwarded-Proto", "javascript"), from("10.0.0.9")).says(t, 200, `"url":"http://`)
	s.get(t, "ann", path, with("X-Forwarded-Host", "evil.example"), from("10.0.0.9")).says(t, 200, `"url":"http://pulls.`)

	for _, id := range []string{"", "a b", "a\r\nX-Injected: yes", "é", "a\x00", strings.Repeat("a", 65), "<b>", "a,b", "a/b"} {
		answer := s.get(t, "ann", "/", with("X-Request-Id", id)).want(t, 200)
		if got := answer.Header.Get("X-Request-Id"); got == id || got == "" {
			t.Errorf("the request id %q is answered as %q", id, got)
		}
		checkHarmless(t, answer)
	}
	for _, id := range []string{"a", "01JV6K3Q2M8X", "a-b_c.d", strings.Repeat("a", 64)} {
		if got := s.get(t, "ann", "/", with("X-Request-Id", id)).Header.Get("X-Request-Id"); got != id {
			t.Errorf("the request id %q is answered as %q", id, got)
		}
	}
	label := "a\r\nX-Injected: yes\x00\"<b>\u2028é"
	answer := s.get(t, "ann", "/namespaces/acme/badge?label="+url.QueryEscape(label)).want(t, 200)
	checkHarmless(t, answer)
	if got := answer.field(t, "label"); got != label {
		t.Errorf("the label %q is answered as %q", label, got)
	}
	for _, label := range []string{"", strings.Repeat("a", 101)} {
		s.get(t, "ann", "/namespaces/acme/badge?label="+label).says(t, 400, "label")
	}
}

// FuzzRequest asks for any path with any query, as one who sees a publisher: the answer is one that the document has.
func FuzzRequest(f *testing.F) {
	for _, path := range operations {
		f.Add(apiPath(path))
	}
	for _, p := range allPaths() {
		f.Add(apiPath(p))
	}
	for i, target := range hostileTo(f) {
		if i%7 == 0 { // all are in TestHostileValues
			f.Add(target)
		}
	}
	s := shared(f)
	f.Fuzz(func(t *testing.T, target string) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r, err := request(method, target, nil, s.as("ann"))
			if err != nil {
				return // the server of Go does not let it in
			}
			checkHarmless(t, s.send(t, r))
		}
	})
}
