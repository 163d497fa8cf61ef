package dashboard

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var builtFiles = fstest.MapFS{
	"index.html":           {Data: []byte("<title>built</title>")},
	"assets/main-1A2B.js":  {Data: []byte("start()")},
	"assets/main-3C4D.css": {Data: []byte(strings.Repeat("body { margin: 0 }\n", 200))},
	"secret.txt":           {Data: []byte("not for browsers")},
}

var emptyFiles = fstest.MapFS{"placeholder.txt": {Data: []byte("not built")}}

func ask(t *testing.T, handler http.Handler, method, target string, header http.Header) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://host.example/", nil)
	r.URL.Path = target // as it is, also where a client would clean it
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestAnswers(t *testing.T) {
	const page, script, style = "text/html; charset=utf-8", "text/javascript; charset=utf-8", "text/css; charset=utf-8"
	const kept, asked = "public, max-age=31536000, immutable", "no-cache"
	for _, test := range []struct {
		path               string
		status             int
		kind, cache, holds string
	}{
		{"/dashboard/", 200, page, asked, "<title>built</title>"},
		{"/dashboard/query", 200, page, asked, "<title>built</title>"},
		{"/dashboard/no/such/page", 200, page, asked, "<title>built</title>"},
		{"/dashboard/assets/main-1A2B.js", 200, script, kept, "start()"},
		{"/dashboard/assets/main-3C4D.css", 200, style, kept, "margin"},
		{"/dashboard/assets/old.js", 404, "", asked, "not found"},
		{"/dashboard/assets/", 404, "", asked, "not found"},
		{"/dashboard/assets", 200, page, asked, "<title>built</title>"},
		{"/dashboard/assets/../secret.txt", 404, "", asked, "not found"},
		{"/dashboard/assets/../../absent.html", 404, "", asked, "not found"},
		{"/dashboard/assets//main-1A2B.js", 404, "", asked, "not found"},
		{"/dashboard/../dashboard/secret.txt", 200, page, asked, "<title>built</title>"},
		{"/dashboard/secret.txt", 200, page, asked, "<title>built</title>"},
		{"/dashboard/index.html", 200, page, asked, "<title>built</title>"},
		{"/elsewhere", 404, "", "", "not found"},
	} {
		t.Run(test.path, func(t *testing.T) {
			got, body := ask(t, newHandler(builtFiles), http.MethodGet, test.path, nil)
			if got.StatusCode != test.status || !strings.Contains(body, test.holds) {
				t.Errorf("status %d, %q; want %d, …%s…", got.StatusCode, body, test.status, test.holds)
			}
			if kind := got.Header.Get("Content-Type"); test.kind != "" && kind != test.kind {
				t.Errorf("Content-Type %q, want %q", kind, test.kind)
			}
			if cache := got.Header.Get("Cache-Control"); cache != test.cache {
				t.Errorf("Cache-Control %q, want %q", cache, test.cache)
			}
		})
	}
}

func TestWithoutBuiltFiles(t *testing.T) {
	for _, path := range []string{"/dashboard/", "/dashboard/reports"} {
		got, body := ask(t, newHandler(emptyFiles), http.MethodGet, path, nil)
		if got.StatusCode != http.StatusOK || !strings.Contains(body, "make dashboard") || !strings.Contains(body, `href="/docs"`) {
			t.Errorf("%s: status %d, %q", path, got.StatusCode, body)
		}
	}
	if got, _ := ask(t, newHandler(emptyFiles), http.MethodGet, "/dashboard/assets/main.js", nil); got.StatusCode != http.StatusNotFound {
		t.Errorf("an asset: status %d, want 404", got.StatusCode)
	}
	if built(emptyFiles) || !built(builtFiles) {
		t.Error("built does not tell the two apart")
	}
}

func TestHeaders(t *testing.T) {
	for _, path := range []string{"/dashboard/", "/dashboard", "/dashboard/assets/main-1A2B.js", "/dashboard/assets/old.js"} {
		got, _ := ask(t, newHandler(builtFiles), http.MethodGet, path, nil)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
		} {
			if value := got.Header.Get(name); value != want {
				t.Errorf("%s: %s is %q, want %q", path, name, value, want)
			}
		}
	}
}

func TestRedirectAndMethods(t *testing.T) {
	handler := newHandler(builtFiles)
	if got, _ := ask(t, handler, http.MethodGet, "/dashboard", nil); got.StatusCode != http.StatusMovedPermanently || got.Header.Get("Location") != "/dashboard/" {
		t.Errorf("/dashboard: status %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
	if got, _ := ask(t, handler, http.MethodPost, "/dashboard/", nil); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
	if got, body := ask(t, handler, http.MethodHead, "/dashboard/", nil); got.StatusCode != http.StatusOK || body != "" {
		t.Errorf("HEAD: status %d, body %q", got.StatusCode, body)
	}
}

func TestPageIsAskedForAgain(t *testing.T) {
	handler := newHandler(builtFiles)
	first, _ := ask(t, handler, http.MethodGet, "/dashboard/", nil)
	again, body := ask(t, handler, http.MethodGet, "/dashboard/", http.Header{"If-None-Match": {first.Header.Get("Etag")}})
	if again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("the same page: status %d, body %q", again.StatusCode, body)
	}
	other, _ := ask(t, newHandler(emptyFiles), http.MethodGet, "/dashboard/", http.Header{"If-None-Match": {first.Header.Get("Etag")}})
	if other.StatusCode != http.StatusOK {
		t.Errorf("another page: status %d", other.StatusCode)
	}
}

func TestLargeFilesArePacked(t *testing.T) {
	got, body := ask(t, newHandler(builtFiles), http.MethodGet, "/dashboard/assets/main-3C4D.css", http.Header{"Accept-Encoding": {"gzip"}})
	if got.Header.Get("Content-Encoding") != "gzip" || len(body) > 1000 {
		t.Errorf("Content-Encoding %q, %d bytes", got.Header.Get("Content-Encoding"), len(body))
	}
}

// The handler that is served is of one of the two kinds, whichever was built.
func TestEmbedded(t *testing.T) {
	got, body := ask(t, Handler(), http.MethodGet, "/dashboard/", nil)
	if got.StatusCode != http.StatusOK || strings.Contains(body, "not built in") == Built() {
		t.Errorf("status %d, built %v: %q", got.StatusCode, Built(), body)
	}
}
