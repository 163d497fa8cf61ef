package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pullscope/pullscope/engine"
)

func TestReload(t *testing.T) {
	s := demo(t)
	data := must(demoData())(t)
	s.get(t, "nobody", "/namespaces/acme-labs/pulls").want(t, 401)
	before := s.get(t, "ann", "/").says(t, 200, `["acme","acme-labs"]`)
	reload := func(change ...func(*engine.Config)) {
		t.Helper()
		if err := s.Reload(must(s.open(data, change...))(t)); err != nil {
			t.Fatal(err)
		}
	}
	next := s.get(t, "ann", "/namespaces/acme/pulls?limit=1").field(t, "next")
	reload(openedLabs, func(c *engine.Config) {
		c.Publishers[0].Namespaces = []string{"acme"}
		c.Publishers[1].Namespaces = []string{"globex", "library"}
	})
	s.get(t, "nobody", "/namespaces/acme-labs/pulls").want(t, 200)
	s.get(t, "gil", "/").says(t, 200, `["acme-labs","globex","library"]`)
	s.get(t, "gil", "/namespaces/library/pulls").says(t, 200, `"repo":"nginx"`)
	s.get(t, "ann", "/namespaces/acme/pulls?limit=1&cursor="+next).want(t, 410)
	// What was published for acme tells of acme-labs, too, which is not acme's any more, but open to all.
	s.get(t, "ann", "/namespaces/acme/reports").says(t, 200, `"report":"trends"`)
	reload(func(c *engine.Config) { c.Publishers[0].Namespaces = []string{"acme"} })
	s.get(t, "ann", "/").says(t, 200, `{"namespaces":["acme"]}`)
	s.get(t, "ann", "/namespaces/acme-labs/pulls").want(t, 404)
	s.get(t, "ann", "/namespaces/acme/reports").says(t, 200, `{"reports":[]}`)
	s.get(t, "nobody", "/namespaces/acme-labs/pulls").want(t, 401)
	s.get(t, "gil", "/namespaces/library/pulls").want(t, 404)
	reload()
	s.get(t, "ann", "/", with("If-None-Match", before.Header.Get("Etag"))).want(t, 304)
}

// TestReloadWhileAnswering says that no answer fails because the configuration is replaced.
func TestReloadWhileAnswering(t *testing.T) {
	s := demo(t)
	data := must(demoData())(t)
	var stop atomic.Bool
	var count atomic.Int64
	var asking sync.WaitGroup
	for range 4 {
		asking.Add(1)
		go func() {
			defer asking.Done()
			for !stop.Load() {
				for _, path := range []string{"/", "/namespaces/acme/pulls?group=country", "/healthz"} {
					r, err := request(http.MethodGet, apiPath(path), nil, s.as("ann"))
					if err != nil {
						t.Error(err)
						return
					}
					recorder := httptest.NewRecorder()
					if s.ServeHTTP(recorder, r); recorder.Code != 200 {
						t.Errorf("%s answers %d %s", path, recorder.Code, recorder.Body)
						return
					}
					count.Add(1)
				}
			}
		}()
	}
	for n := 0; n < 5 || count.Load() < 20 && !t.Failed(); n++ {
		if err := s.Reload(must(s.open(data))(t)); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	asking.Wait()
}

// TestReloadLetsAnswersEnd replaces the configuration while an answer is being written.
func TestReloadLetsAnswersEnd(t *testing.T) {
	s := demo(t)
	file := s.files(t, "gil", "/namespaces/globex/pulls/exports/years/2026/weeks/38/raw")[0].URL
	r := must(request(http.MethodGet, file, nil))(t)
	w := &haltingWriter{ResponseRecorder: httptest.NewRecorder(), begun: make(chan bool), goOn: make(chan bool)}
	answered := make(chan bool)
	go func() {
		s.ServeHTTP(w, r)
		close(answered)
	}()
	<-w.begun
	live := must(s.open(must(demoData())(t)))(t)
	reloaded := make(chan error, 1)
	go func() { reloaded <- s.Reload(live) }()
	for { // until the new one is there
		if now, _ := s.current(); now == live {
			break
		}
	}
	s.get(t, "gil", "/").want(t, 200)
	select {
	case err := <-reloaded:
		t.Errorf("the configuration was let go of while it was used: %v", err)
	default:
	}
	close(w.goOn)
	<-answered
	if err := <-reloaded; err != nil {
		t.Error(err)
	}
	if want := published(t, "globex", "weekly", "2026-09-14", "raw.csv"); w.Code != 200 || w.Body.String() != string(want) {
		t.Errorf("the answer is %d with %d bytes, want %d", w.Code, w.Body.Len(), len(want))
	}
}

// haltingWriter stops at the first block until it is let go on.
type haltingWriter struct {
	*httptest.ResponseRecorder
	once        sync.Once
	begun, goOn chan bool
}

func (w *haltingWriter) Write(block []byte) (int, error) {
	w.once.Do(func() {
		close(w.begun)
		<-w.goOn
	})
	return w.ResponseRecorder.Write(block)
}

func TestPanic(t *testing.T) {
	s := demo(t)
	panics := s.observe(s.gzip(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"half"`)
		if r.URL.Path == "/half" {
			w.WriteHeader(http.StatusOK)
			if _, err := w.Write([]byte(strings.Repeat("a", 10_000))); err != nil {
				t.Error(err)
			}
		}
		panic("something with psp_secret of " + r.URL.Query().Get("who"))
	})))
	for _, encoding := range []string{"", "gzip"} {
		r := must(request(http.MethodGet, "/whole", nil, with("X-Request-Id", "id-of-a-panic"), with("Accept-Encoding", encoding)))(t)
		recorder := httptest.NewRecorder()
		panics.ServeHTTP(recorder, r)
		body := recorder.Body.String()
		if recorder.Code != 500 || !strings.Contains(body, "id-of-a-panic") || strings.Contains(body, "psp_") || recorder.Header().Get("Etag") != "" || recorder.Header().Get("Content-Type") != jsonType {
			t.Errorf("with encoding %q a panic is answered %d %s %v", encoding, recorder.Code, body, recorder.Header())
		}
	}
	if lines := journal.lines("id-of-a-panic"); len(lines) != 4 || !strings.Contains(lines[0], "reload_test.go") || !strings.Contains(lines[1], "status=500") {
		t.Errorf("the log says %q", lines)
	}
	// Half an answer is cut off, so that it does not look whole.
	server := httptest.NewServer(panics)
	defer server.Close()
	answer, err := server.Client().Get(server.URL + "/half")
	if err == nil {
		var text []byte
		text, err = io.ReadAll(answer.Body)
		answer.Body.Close()
		if err == nil {
			t.Errorf("half an answer ends as if it were whole: %d bytes", len(text))
		}
	}
	s.get(t, "ann", "/").want(t, 200)
}
