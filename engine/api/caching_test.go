package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/account"
)

func TestETags(t *testing.T) {
	s := demo(t)
	for operation, path := range operations {
		if strings.HasPrefix(operation, "PostUsers") || slices.Contains([]string{"downloadFile", "getHealth"}, operation) {
			continue // those of downloads are in TestRanges
		}
		first := s.get(t, "ann", path).want(t, 200)
		etag := first.Header.Get("Etag")
		for _, same := range []string{etag, strings.TrimPrefix(etag, "W/"), `"a", ` + etag, "*"} {
			got := s.get(t, "ann", path, with("If-None-Match", same)).want(t, 304)
			if len(got.body) > 0 || got.Header.Get("Etag") != etag {
				t.Errorf("%s answers If-None-Match %s with %d bytes and %v", path, same, len(got.body), got.Header)
			}
		}
		for _, other := range []string{`"a"`, "W/", `W/"a"`} {
			s.get(t, "ann", path, with("If-None-Match", other)).want(t, 200)
		}
		// A part of a text is of no use.
		if got := s.get(t, "ann", path, with("Range", "bytes=0-3")).want(t, 200); !bytes.Equal(got.body, first.body) {
			t.Errorf("%s answers a range with another text", path)
		}
		head := s.do(t, http.MethodHead, apiPath(path), nil, s.as("ann")).want(t, 200)
		if head.Header.Get("Etag") != etag || head.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
			t.Errorf("HEAD of %s has other headers: %v", path, head.Header)
		}
		s.do(t, http.MethodHead, apiPath(path), nil, s.as("ann"), with("If-None-Match", etag)).want(t, 304)
	}
}

// TestETagsAreOfWhatIsSeen says that no answer to one user is taken for that to another.
func TestETagsAreOfWhatIsSeen(t *testing.T) {
	s := demo(t)
	seen := map[string]string{}
	for _, who := range everyone[:5] {
		etag := s.get(t, who, "/").want(t, 200).Header.Get("Etag")
		if other := seen[etag]; other != "" && !(who == "new" || other == "new") {
			t.Errorf("%s and %s have one ETag", who, other)
		}
		seen[etag] = who
		s.get(t, "nobody", "/", with("If-None-Match", etag)).want(t, 401)
	}
	// Grants change what is answered at once.
	before := s.get(t, "gil", "/").want(t, 200)
	if _, err := s.accounts.Grant(userNames["gil"], account.Grants{Repositories: []string{"acme/web"}}); err != nil {
		t.Fatal(err)
	}
	s.clock.add(time.Second) // files are looked at every second
	s.get(t, "gil", "/", with("If-None-Match", before.Header.Get("Etag"))).says(t, 200, `["globex","acme/web"]`)
	s.get(t, "gil", "/namespaces/acme/repos/web/pulls").want(t, 200)
	if _, err := s.accounts.Revoke(userNames["gil"], account.Grants{Repositories: []string{"acme/web"}}); err != nil {
		t.Fatal(err)
	}
	s.clock.add(time.Second)
	s.get(t, "gil", "/", with("If-None-Match", before.Header.Get("Etag"))).want(t, 304)
	s.get(t, "gil", "/namespaces/acme/repos/web/pulls").want(t, 404)
}

func TestCacheControl(t *testing.T) {
	s := demo(t, openedLabs)
	for who, want := range map[string]string{"ann": "private, no-cache", "nobody": "public, max-age=60"} {
		answer := s.get(t, who, "/namespaces/acme-labs/pulls").want(t, 200)
		vary := strings.Join(answer.Header.Values("Vary"), ", ")
		if answer.Header.Get("Cache-Control") != want || !strings.Contains(vary, "Authorization") || !strings.Contains(vary, "Accept-Encoding") {
			t.Errorf("the answer to %s may be kept: %v", who, answer.Header)
		}
	}
	for _, path := range []string{"/namespaces/acme/pulls", "/namespaces/acme-labs?a=b"} {
		answer := s.get(t, "nobody", path)
		if answer.Header.Get("Cache-Control") != "no-store" || answer.StatusCode/100 != 4 {
			t.Errorf("the refusal %d of %s may be kept: %v", answer.StatusCode, path, answer.Header)
		}
	}
	for _, header := range []string{"X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy"} {
		if s.get(t, "nobody", "/nowhere").Header.Get(header) == "" {
			t.Errorf("the header %s is missing", header)
		}
	}
}

func TestGzip(t *testing.T) {
	s := shared(t)
	for path, packs := range map[string]bool{
		"/namespaces/acme/pulls": true, "/namespaces/acme/reports": true, "/namespaces/acme/reports/summary": true, "/namespaces/acme/reports/tags?format=csv": true,
		"/openapi.json": true, "/docs": true, "/docs.css": true, "/": false, "/healthz": false, "/namespaces/globex": false,
	} {
		plain := s.get(t, "ann", path)
		r := must(request(http.MethodGet, apiPath(path), nil, s.as("ann"), with("Accept-Encoding", "gzip")))(t)
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, r)
		got := recorder.Result()
		body := recorder.Body.Bytes()
		if packed := got.Header.Get("Content-Encoding") == "gzip"; packed != packs {
			t.Errorf("%s is packed: %t, want %t", path, packed, packs)
		} else if packed {
			body = must(io.ReadAll(must(gzip.NewReader(recorder.Body))(t)))(t)
			if recorder.Body.Len() >= len(plain.body) || !strings.HasPrefix(got.Header.Get("Etag"), "W/") || got.Header.Get("Etag") != plain.Header.Get("Etag") {
				t.Errorf("%s is packed with the headers %v", path, got.Header)
			}
		}
		if !bytes.Equal(body, plain.body) || got.StatusCode != plain.StatusCode {
			t.Errorf("%s is another text when it is packed", path)
		}
		if packs && got.Header.Get("Etag") != "" {
			s.get(t, "ann", path, with("Accept-Encoding", "gzip"), with("If-None-Match", got.Header.Get("Etag"))).want(t, 304)
			s.do(t, http.MethodHead, apiPath(path), nil, s.as("ann"), with("Accept-Encoding", "gzip")).want(t, 200)
		}
		if packed := s.get(t, "ann", path, with("Accept-Encoding", "gzip;q=0")); packed.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s is packed for who does not take it", path)
		}
	}
}

func TestMethods(t *testing.T) {
	s := shared(t)
	for operation, path := range operations {
		allowed := "GET, HEAD"
		if operation == "downloadFile" {
			path = "/downloads/a"
		}
		if strings.HasPrefix(operation, "PostUsers") {
			allowed = "POST"
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"} {
			if slices.Contains(strings.Split(allowed, ", "), method) {
				continue
			}
			answer := s.do(t, method, apiPath(path), strings.NewReader("{}"), s.as("ann")).want(t, 405)
			if answer.Header.Get("Allow") != allowed {
				t.Errorf("%s %s is answered with Allow: %s, want %s", method, path, answer.Header.Get("Allow"), allowed)
			}
		}
	}
}
