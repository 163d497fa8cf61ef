package api

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
)

const rawOfAcme = "/namespaces/acme/pulls/exports/years/2026/weeks/38/raw"

// published is a file that a run has published.
func published(t testing.TB, parts ...string) []byte {
	t.Helper()
	return must(os.ReadFile(filepath.Join(append([]string{must(demoData())(t), "reports"}, parts...)...)))(t)
}

func TestAlteredURLs(t *testing.T) {
	s := shared(t)
	good := s.files(t, "ann", rawOfAcme)[0].URL
	other := must(url.Parse(s.files(t, "gil", "/namespaces/globex/pulls/exports/years/2026/weeks/38/raw")[0].URL))(t)
	s.get(t, "nobody", good).want(t, 200)
	parsed := must(url.Parse(good))(t)
	alter := func(change func(q url.Values)) string {
		q := parsed.Query()
		change(q)
		return parsed.Path + "?" + q.Encode()
	}
	for _, name := range []string{"ref", "expires", "key", "signature"} {
		value := parsed.Query().Get(name)
		for _, altered := range []string{
			"", value + "x", value[1:], value + "=", " " + value, "+" + value, value + "\n", "0" + value, strings.ToUpper(value),
			string(value[0]^1) + value[1:], value[:len(value)-1], strings.Repeat(value, 50),
		} {
			if altered == value {
				continue
			}
			s.get(t, "nobody", alter(func(q url.Values) { q.Set(name, altered) })).want(t, 403)
		}
		s.get(t, "nobody", alter(func(q url.Values) { q.Del(name) })).want(t, 403)
		s.get(t, "nobody", alter(func(q url.Values) { q.Add(name, value) })).says(t, 400, name+" is given more than once")
		s.get(t, "nobody", alter(func(q url.Values) { q.Add(name, "x") })).want(t, 400)
		s.get(t, "nobody", alter(func(q url.Values) { q.Set(strings.ToUpper(name), value) })).want(t, 400)
		// A token gives an altered URL no more weight.
		s.get(t, "root", alter(func(q url.Values) { q.Del(name) })).want(t, 403)
		if name != "key" { // the same one signed both
			s.get(t, "nobody", alter(func(q url.Values) {
				if q.Set(name, other.Query().Get(name)); other.Query().Get(name) == value {
					q.Set(name, value+"0") // both expire in the same minute
				}
			})).want(t, 403)
		}
	}
	query := "?" + parsed.RawQuery
	for _, name := range []string{"acme-raw-2026-W37.csv", "ACME-raw-2026-W38.csv", "acme-raw-2026-W38.csv%00", "acme-raw-2026-W38.csv%0a", "..", "%2e%2e%2fkey", "%2fetc%2fpasswd", "acme-raw-2026-W38.csv%20"} {
		if answer := s.get(t, "nobody", "/downloads/"+name+query); answer.StatusCode != 403 && answer.StatusCode != 404 {
			t.Errorf("the name %s answers %d", name, answer.StatusCode)
		}
	}
	// A URL that we signed about something else is none of a download.
	key, signature, err := s.accounts.Sign(strings.Join([]string{parsed.Query().Get("ref"), parsed.Query().Get("expires")}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	s.get(t, "nobody", alter(func(q url.Values) { q.Set("key", key); q.Set("signature", signature) })).want(t, 403)
}

// TestSignedNonsense signs what the server never does, to see that a signature is not all that it looks at.
func TestSignedNonsense(t *testing.T) {
	s := shared(t)
	sign := func(name, ref, expires string) string {
		key, signature, err := s.accounts.Sign(signedMessage(name, ref, expires))
		if err != nil {
			t.Fatal(err)
		}
		return "/downloads/" + url.PathEscape(name) + "?" + url.Values{"ref": {ref}, "expires": {expires}, "key": {key}, "signature": {signature}}.Encode()
	}
	later := fmt.Sprint(demoNow.Add(time.Hour).Unix())
	for name, path := range map[string]string{
		"no end": sign("a", "e30", ""), "an end in words": sign("a", "e30", "never"), "too late an end": sign("a", "e30", "99999999999999999999"),
		"no base64": sign("a", "!", later), "no JSON": sign("a", "YQ", later), "no file": sign("a", "e30", later),
	} {
		if got := s.get(t, "nobody", path); got.StatusCode != 403 && got.StatusCode != 410 {
			t.Errorf("%s is answered %d %s", name, got.StatusCode, got.body)
		}
	}
	// Not even then is a file beyond the reports opened.
	live, _ := s.current()
	state := must(live.State())(t)
	defer state.Release()
	publications := must(state.Publications(t.Context(), "acme"))(t)
	for _, file := range []string{"../../../../key", "/etc/passwd", "..", "", "manifest.json", "../2026-09-14/raw.csv"} {
		if opened, err := publications[0].Open(file); err == nil {
			opened.Close()
			t.Errorf("the publication opens %q", file)
		}
		for _, namespace := range []string{"", "acme"} {
			ref := newFileRef(&publications[0], "raw", namespace, file, 0)
			signer := &signer{server: s.Server, user: must(s.accounts.Named(userNames["ann"]))(t).ID, expires: later}
			got := s.get(t, "nobody", must(signer.sign(ref))(t))
			if got.StatusCode != 410 {
				t.Errorf("the file %q of %q is answered %d %.60q", file, namespace, got.StatusCode, got.body)
			}
		}
	}
}

func TestURLsEnd(t *testing.T) {
	grants := account.Grants{Publishers: []string{"acme"}}
	end := map[string]func(s *site) error{
		"an hour":   func(s *site) error { s.clock.add(time.Hour - time.Second); return nil },
		"the user":  func(s *site) error { return s.accounts.Remove(userNames["ann"]) },
		"the grant": func(s *site) error { _, err := s.accounts.Revoke(userNames["ann"], grants); return err },
		"the key":   func(s *site) error { return s.accounts.RotateKeys(true) },
		"the namespace of the publisher": func(s *site) error {
			live, err := s.open(must(demoData())(t), func(c *engine.Config) { c.Publishers[0].Namespaces = []string{"acme-labs"} })
			if err != nil {
				return err
			}
			return s.Reload(live)
		},
	}
	for what, do := range end {
		s := demo(t)
		file := s.files(t, "ann", rawOfAcme)[0].URL
		whole := s.get(t, "ann", "/namespaces/acme/reports?report=trends&timespan=weeks").urls(t)[0]
		for range 2 {
			s.get(t, "nobody", file).want(t, 200)
			s.get(t, "nobody", whole).want(t, 200)
		}
		if err := do(s); err != nil {
			t.Fatal(err)
		}
		s.clock.add(time.Second)
		if got := s.get(t, "nobody", file); got.StatusCode != 403 {
			t.Errorf("without %s, the URL of an export is answered %d", what, got.StatusCode)
		}
		if got := s.get(t, "nobody", whole); got.StatusCode != 403 && got.StatusCode != 410 {
			t.Errorf("without %s, the URL of a report is answered %d", what, got.StatusCode)
		}
	}
	// What anyone may see needs nobody who may see it.
	s := demo(t, openedLabs)
	file := s.files(t, "nobody", "/namespaces/acme-labs/pulls/exports/years/2026/weeks/38/raw")[0].URL
	s.get(t, "nobody", file).want(t, 200)
	live := must(s.open(must(demoData())(t)))(t)
	if err := s.Reload(live); err != nil {
		t.Fatal(err)
	}
	s.get(t, "nobody", file).want(t, 403)
}

func TestRanges(t *testing.T) {
	s := shared(t)
	whole := published(t, "globex", "weekly", "2026-09-14", "raw.csv")
	size := len(whole)
	file := s.files(t, "gil", "/namespaces/globex/pulls/exports/years/2026/weeks/38/raw")[0]
	if file.Size != int64(size) {
		t.Errorf("the size is %d, want %d", file.Size, size)
	}
	answer := s.get(t, "nobody", file.URL).want(t, 200)
	etag := answer.Header.Get("Etag")
	if !bytes.Equal(answer.body, whole) || answer.Header.Get("Content-Disposition") != `attachment; filename=globex-raw-2026-W38.csv` {
		t.Errorf("the file is not as published, or called otherwise: %v", answer.Header)
	}
	for wanted, want := range map[string]struct{ from, to int }{
		"bytes=0-0": {0, 1}, "bytes=0-9": {0, 10}, "bytes=5-": {5, size}, "bytes=-7": {size - 7, size}, "bytes=-99999999": {0, size},
		fmt.Sprintf("bytes=%d-", size-1): {size - 1, size}, "bytes=100-999999999": {100, size},
	} {
		got := s.get(t, "nobody", file.URL, with("Range", wanted)).want(t, 206)
		if !bytes.Equal(got.body, whole[want.from:want.to]) {
			t.Errorf("%s gives %d bytes, want %d from %d", wanted, len(got.body), want.to-want.from, want.from)
		}
	}
	several := s.get(t, "nobody", file.URL, with("Range", "bytes=0-4, 10-14,-3")).want(t, 206)
	kind, params, err := mime.ParseMediaType(several.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		t.Fatalf("several ranges are %s, %v", kind, err)
	}
	parts := multipart.NewReader(bytes.NewReader(several.body), params["boundary"])
	for _, want := range [][]byte{whole[0:5], whole[10:15], whole[size-3:]} {
		if part := must(parts.NextPart())(t); !bytes.Equal(must(io.ReadAll(part))(t), want) {
			t.Errorf("a part of several ranges is not %q", want)
		}
	}
	for _, none := range []string{fmt.Sprintf("bytes=%d-", size), "bytes=9-5", "bytes=a-b", "bytes=-", "bytes=1", "lines=1-2", "bytes=--1", "bytes=1-2-3"} {
		got := s.get(t, "nobody", file.URL, with("Range", none)).want(t, 416)
		if want := fmt.Sprintf("bytes */%d", size); got.Header.Get("Content-Range") != want || got.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s is refused with %v", none, got.Header)
		}
	}
	// So many parts that they would be more than the file are answered as the file.
	if got := s.get(t, "nobody", file.URL, with("Range", "bytes=0-"+strings.Repeat(",0-", 1000))).want(t, 200); !bytes.Equal(got.body, whole) {
		t.Error("a thousand times the file is not the file")
	}
	s.get(t, "nobody", file.URL, with("Range", "bytes=0-4"), with("If-Range", etag)).want(t, 206)
	for _, other := range []string{`"other"`, "W/" + etag, "Mon, 05 Oct 2026 12:00:00 GMT"} {
		s.get(t, "nobody", file.URL, with("Range", "bytes=0-4"), with("If-Range", other)).want(t, 200)
	}
	s.get(t, "nobody", file.URL, with("If-None-Match", `"a", `+etag)).want(t, 304)
	s.get(t, "nobody", file.URL, with("If-None-Match", `"a"`)).want(t, 200)
	if head := s.do(t, http.MethodHead, file.URL, nil).want(t, 200); head.Header.Get("Content-Length") != fmt.Sprint(size) {
		t.Errorf("HEAD tells the length %q, want %d", head.Header.Get("Content-Length"), size)
	}
	s.do(t, http.MethodHead, file.URL, nil, with("Range", "bytes=0-4")).want(t, 206)
	if got := s.get(t, "nobody", file.URL, with("Accept-Encoding", "gzip")).want(t, 200); got.Header.Get("Content-Encoding") != "" {
		t.Error("a download is packed, which would make ranges others")
	}
}

// TestExportsOfTwoNamespaces says that of a publisher's file each namespace gets its own lines, in order.
func TestExportsOfTwoNamespaces(t *testing.T) {
	s := shared(t)
	small := demo(t, func(c *engine.Config) { c.Serve.ExportPartSize = 20_000 })
	for view, report := range map[string]string{"raw": "raw", "summary": "pulls_summary", "repo-summary": "pulls_repo_summary", "namespace-summary": "pulls_namespace_summary"} {
		at := 1
		if view != "raw" {
			at = 0
		}
		want := map[string]string{}
		head, lines, _ := strings.Cut(string(published(t, "acme", "monthly", "2026-09-01", report+".csv")), "\n")
		for line := range strings.Lines(lines) {
			want[strings.Split(line, ",")[at]] += line
		}
		for namespace, lines := range want {
			path := "/namespaces/" + namespace + "/pulls/exports/years/2026/months/9/" + view
			files := s.files(t, "ann", path)
			got := s.get(t, "nobody", files[0].URL).want(t, 200)
			if len(files) != 1 || string(got.body) != head+"\n"+lines || int64(len(got.body)) != files[0].Size {
				t.Errorf("%s has %d files and %d bytes, want one of %d", path, len(files), len(got.body), len(head)+1+len(lines))
			}
			var joined strings.Builder
			parts := small.files(t, "ann", path)
			for i, part := range parts {
				text := string(small.get(t, "nobody", part.URL).want(t, 200).body)
				if len(text) > 25_000 || int64(len(text)) != part.Size || !strings.HasPrefix(text, head+"\n") {
					t.Errorf("part %d of %s has %d bytes: %.100q", i+1, path, len(text), text)
				}
				joined.WriteString(strings.TrimPrefix(text, head+"\n"))
			}
			if joined.String() != lines || view == "raw" && namespace == "acme" && len(parts) < 10 {
				t.Errorf("the %d parts of %s are not the file", len(parts), path)
			}
		}
	}
}
