package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve runs a server for one test.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// answer is a handler that always sends the same.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// awsText is a file of AWS with n prefixes from 198.18.0.0/24 on.
func awsText(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"ip_prefix":"198.18.%d.0/24","region":"here","service":"EC2"}`, i)
	}
	return `{"createDate":"2026-11-01-02-03-04","prefixes":[` + strings.Join(rows, ",") + `]}`
}

func awsAt(address string) Source { return Source{Provider: "aws", File: "aws.json", URL: address} }

// quick are options for servers of this machine.
var quick = UpdateOptions{retryWait: time.Millisecond}

// updateOne updates a single source and checks that report and error agree.
func updateOne(t *testing.T, dir string, source Source, options UpdateOptions) Updated {
	t.Helper()
	var reports []Updated
	err := Update(context.Background(), dir, []Source{source}, options, func(u Updated) { reports = append(reports, u) })
	if len(reports) != 1 || reports[0].Source != source {
		t.Fatalf("reports %+v, %v", reports, err)
	}
	if (err != nil) != (reports[0].Err != nil) || err != nil && !errors.Is(err, reports[0].Err) {
		t.Fatalf("error %v, but report %v", err, reports[0].Err)
	}
	return reports[0]
}

// checkFolder checks that a folder holds one file with a text, or nothing.
func checkFolder(t *testing.T, dir, name, text string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if text == "" {
		if len(entries) != 0 {
			t.Errorf("%v was left in the folder", entries)
		}
		return
	}
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || string(got) != text || len(entries) != 1 {
		t.Errorf("folder %v, file %q, %v", entries, got, err)
	}
}

func TestUpdate(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != "pullscope" {
			t.Errorf("user agent %q", r.UserAgent())
		}
		answer(http.StatusOK, awsText(3))(w, r)
	})
	dir := filepath.Join(t.TempDir(), "made", "here")
	got := updateOne(t, dir, awsAt(server.URL), quick)
	want := Updated{Source: awsAt(server.URL), Bytes: int64(len(awsText(3))), Prefixes: 3, Built: "2026-11-01-02-03-04", Changed: true}
	if got != want {
		t.Errorf("%+v", got)
	}
	checkFolder(t, dir, "aws.json", awsText(3))
	info, err := os.Stat(filepath.Join(dir, "aws.json"))
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got := open(t, dir, "").Provider(netip.MustParseAddr("198.18.2.1"), 0); got != "aws" {
		t.Errorf("got %q", got)
	}
}

func TestUpdateOfTheSameFile(t *testing.T) {
	server := serve(t, answer(http.StatusOK, awsText(2)))
	dir := folder(t, "aws.json", awsText(2))
	path := filepath.Join(dir, "aws.json")
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := updateOne(t, dir, awsAt(server.URL), quick); got.Err != nil || got.Changed || got.Prefixes != 2 {
		t.Errorf("%+v", got)
	}
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) || !after.ModTime().After(long) {
		t.Errorf("written anew or time not set: %v, %v", after.ModTime(), err)
	}
	checkFolder(t, dir, "aws.json", awsText(2))
}

// What fails leaves the old file as it is, and the folder without leftovers.
func TestUpdateThatFails(t *testing.T) {
	packed := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		fmt.Fprint(w, awsText(2))
	}
	cutOff := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, awsText(2))
	}
	streamed := func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			fmt.Fprint(w, strings.Repeat(" ", 100))
			w.(http.Flusher).Flush()
		}
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	small := quick
	small.MaxBytes = 1000
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		options UpdateOptions
		tries   int32
		message string
	}{
		{"not found", answer(404, "no"), quick, 1, "the server answers 404 Not Found"},
		{"no content", answer(204, ""), quick, 1, "the server answers 204 No Content"},
		{"always broken", answer(500, "no"), quick, 3, "the server answers 500 Internal Server Error"},
		{"never again", answer(500, "no"), UpdateOptions{Retries: -1}, 1, "the server answers 500"},
		{"cut off", cutOff, quick, 3, "unexpected EOF"},
		{"too large", answer(200, awsText(100)), small, 1, "larger than 1000 bytes"},
		{"too large, length unknown", streamed, small, 1, "larger than 1000 bytes"},
		{"packed", packed, quick, 1, "packed as br"},
		{"truncated", answer(200, awsText(2)[:50]), quick, 1, "aws.json: the file is no complete JSON"},
		{"web page", answer(200, "<html>sign in</html>"), quick, 1, "web page"},
		{"empty", answer(200, ""), quick, 1, "the file is empty"},
		{"no prefixes", answer(200, awsText(0)), quick, 1, "no address prefix"},
		{"of another", answer(200, `{"addresses":["192.0.2.0/24"],"ipv6_addresses":[]}`), quick, 1, "the ranges of fastly, not of aws"},
		{"shrunk", answer(200, awsText(1)), quick, 1, "has 1 prefixes and the old one 3"},
		{"loop", redirect("/"), quick, 6, "redirects more than 5 times"},
		{"unprotected", redirect("http://mirror.example/"), quick, 1, "not protected; use https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tries atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				c.handler(w, r)
			})
			for _, old := range []string{"", awsText(3)} {
				if c.name == "shrunk" && old == "" {
					continue
				}
				dir := t.TempDir()
				if old != "" {
					dir = folder(t, "aws.json", old)
				}
				tries.Store(0)
				got := updateOne(t, dir, awsAt(server.URL), c.options)
				if got.Err == nil || !strings.Contains(got.Err.Error(), c.message) || got.Changed {
					t.Errorf("got %+v\nwant %s", got, c.message)
				}
				if !strings.HasPrefix(got.Err.Error(), "update aws.json: ") {
					t.Errorf("the file is not named: %v", got.Err)
				}
				if tries.Load() != c.tries {
					t.Errorf("%d requests, want %d", tries.Load(), c.tries)
				}
				checkFolder(t, dir, "aws.json", old)
			}
		})
	}
}

func TestUpdateShrinksToHalf(t *testing.T) {
	for _, c := range []struct {
		old string
		new int
		ok  bool
	}{
		{awsText(4), 2, true},
		{awsText(5), 2, false},
		{awsText(1), 9, true},
		{"damaged", 1, true}, // no measure
	} {
		server := serve(t, answer(http.StatusOK, awsText(c.new)))
		dir := folder(t, "aws.json", c.old)
		if got := updateOne(t, dir, awsAt(server.URL), quick); (got.Err == nil) != c.ok || got.Changed != c.ok || got.Prefixes != int64(c.new) {
			t.Errorf("%.20s to %d: %+v", c.old, c.new, got)
		}
	}
}

func TestUpdateTimesOut(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "{")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	options := quick
	options.Timeout = 50 * time.Millisecond
	dir := folder(t, "aws.json", awsText(1))
	got := updateOne(t, dir, awsAt(server.URL), options)
	if got.Err == nil || !strings.Contains(got.Err.Error(), "no whole answer within 50ms") {
		t.Errorf("%+v", got)
	}
	checkFolder(t, dir, "aws.json", awsText(1))
}

func TestUpdateIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	dir := folder(t, "aws.json", awsText(1))
	next := Source{Provider: "fastly", File: "fastly.json", URL: server.URL}
	reports := 0
	err := Update(ctx, dir, []Source{awsAt(server.URL), next}, quick, func(Updated) { reports++ })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped before fastly.json") || reports != 1 {
		t.Errorf("%d reports, %v", reports, err)
	}
	checkFolder(t, dir, "aws.json", awsText(1))
}

func TestUpdateGoesOnAfterAFailure(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/aws":
			fmt.Fprint(w, awsText(1))
		case "/own":
			fmt.Fprint(w, "192.0.2.0/24,hetzner\n")
		default:
			http.NotFound(w, r)
		}
	})
	sources := []Source{
		{Provider: "gcp", File: "gcp.json", URL: server.URL + "/gcp"},
		awsAt(server.URL + "/aws"),
		{Provider: "oracle", File: "oracle.json", URL: server.URL + "/oracle"},
		{Provider: "hetzner", File: "hetzner.csv", URL: server.URL + "/own"},
	}
	dir := t.TempDir()
	err := Update(context.Background(), dir, sources, quick, nil)
	if err == nil || !strings.Contains(err.Error(), "update gcp.json") || !strings.Contains(err.Error(), "update oracle.json") {
		t.Errorf("%v", err)
	}
	files, err := Status(dir)
	if err != nil || len(files) != 2 || files[0].Name != "aws.json" || files[1].Name != "hetzner.csv" {
		t.Errorf("%+v, %v", files, err)
	}
}

// A list of sources that is wrong is refused before anything is fetched.
func TestUpdateChecksSources(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a file was asked for") })
	for _, sources := range [][]Source{
		{awsAt(server.URL), awsAt(server.URL)},
		{awsAt(server.URL), {Provider: "gcp", File: "../gcp.json", URL: server.URL}},
		{awsAt(server.URL), {Provider: "gcp", File: "gcp.json", URL: "http://mirror.example/"}},
	} {
		dir := t.TempDir()
		if err := Update(context.Background(), dir, sources, quick, nil); err == nil {
			t.Errorf("%+v was taken", sources)
		}
		checkFolder(t, dir, "", "")
	}
}
