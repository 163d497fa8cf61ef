package cloud

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestUpdateTriesAgain(t *testing.T) {
	broken := map[string]func(w http.ResponseWriter){
		"500": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"429": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"cut off": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "{")
		},
	}
	for name, fail := range broken {
		var tries atomic.Int32
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if tries.Add(1) < 3 {
				fail(w)
				return
			}
			answer(http.StatusOK, awsText(2))(w, r)
		})
		if got := updateOne(t, t.TempDir(), awsAt(server.URL), quick); got.Err != nil || tries.Load() != 3 {
			t.Errorf("%s: %+v after %d requests", name, got, tries.Load())
		}
	}
}

func TestRetryAfterIsBounded(t *testing.T) {
	for _, c := range []struct {
		after string
		want  time.Duration
	}{{"7", 7 * time.Second}, {"86400", maxWait}, {"", 2 * time.Second}} {
		response := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {c.after}}}
		if got := backoff(time.Second, maxWait, 1, response); got != c.want {
			t.Errorf("Retry-After %q: %s, want %s", c.after, got, c.want)
		}
	}
}

func TestUpdateUnpacksOnTheWay(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packer := gzip.NewWriter(w)
		fmt.Fprint(packer, awsText(50))
		packer.Close()
	})
	small := quick
	small.MaxBytes = 1000 // more than is sent, less than what it unpacks to
	if got := updateOne(t, t.TempDir(), awsAt(server.URL), small); got.Err == nil || !strings.Contains(got.Err.Error(), "larger than 1000 bytes") {
		t.Errorf("%+v", got)
	}
	dir := t.TempDir()
	if got := updateOne(t, dir, awsAt(server.URL), quick); got.Err != nil {
		t.Errorf("%+v", got)
	}
	checkFolder(t, dir, "aws.json", awsText(50))
}

func TestUpdateFollowsRedirects(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) <= 5 { // "/", "/x", … "/xxxx"
			http.Redirect(w, r, r.URL.Path+"x", http.StatusMovedPermanently)
			return
		}
		answer(http.StatusOK, awsText(1))(w, r)
	})
	if got := updateOne(t, t.TempDir(), awsAt(server.URL+"/"), quick); got.Err != nil {
		t.Errorf("%+v", got)
	}
}

const azureText = `{"changeNumber":232,"values":[{"name":"AzureCloud","properties":{"addressPrefixes":["192.0.2.0/24"]}}]}`

func TestUpdateDiscovers(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RequestURI() {
		case "/":
			http.Redirect(w, r, "/download/page", http.StatusFound)
		case "/download/page":
			fmt.Fprint(w, `<a href="Tags_2026.json?a=1&amp;b=2">here</a> <a href="http://mirror.example/Evil.json">`)
		case "/download/Tags_2026.json?a=1&b=2":
			fmt.Fprint(w, azureText)
		default:
			http.NotFound(w, r)
		}
	})
	azure := func(discover string) Source {
		return Source{Provider: "azure", File: "azure.json", URL: server.URL, Discover: discover}
	}
	dir := t.TempDir()
	for _, c := range []struct{ discover, message string }{
		{`[^"]+Tags_[0-9]+\.xml`, "has no link that matches"},
		{`[^"]+Evil\.json`, "not protected; use https"},
		{`href="(Tags)_[0-9]+`, "404"},
	} {
		got := updateOne(t, dir, azure(c.discover), quick)
		if got.Err == nil || !strings.Contains(got.Err.Error(), c.message) {
			t.Errorf("%s: %+v", c.discover, got)
		}
		checkFolder(t, dir, "", "")
	}
	for _, discover := range []string{`Tags_[0-9]+\.json[^"]*`, `href="(Tags[^"]+)"`} {
		got := updateOne(t, dir, azure(discover), quick)
		if got.Err != nil || got.Built != "232" {
			t.Errorf("%s: %+v", discover, got)
		}
	}
	checkFolder(t, dir, "azure.json", azureText)
}

// A link from outside to this machine is not followed, and a secret in an address is not shown.
func TestUpdateOverTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" {
			http.Redirect(w, r, "https://127.0.0.1/", http.StatusFound)
			return
		}
		answer(http.StatusOK, awsText(1))(w, r)
	}))
	t.Cleanup(server.Close)
	options := quick
	options.Client = server.Client() // which leads every name *.example.com to the server
	dir := t.TempDir()
	got := updateOne(t, dir, awsAt("https://user:secret@mirror.example.com/inside"), options)
	if got.Err == nil || !strings.Contains(got.Err.Error(), "leads from another host to this one") || strings.Contains(got.Err.Error(), "secret") {
		t.Errorf("%+v", got)
	}
	checkFolder(t, dir, "", "")
	if got := updateOne(t, dir, awsAt("https://mirror.example.com/aws"), options); got.Err != nil {
		t.Errorf("%+v", got)
	}
}
