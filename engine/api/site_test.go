package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
)

const fixtures = "../../fixtures/demo"

// demoNow is the time by the clocks of the tests: the week and the month of the demo data are closed.
var demoNow = time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)

// testTemp holds what several tests use; TestMain makes and removes it. atEnd is done before.
var (
	testTemp string
	atEnd    []func() error
)

func TestMain(m *testing.M) {
	var err error
	if testTemp, err = os.MkdirTemp("", "api-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	for _, end := range atEnd {
		if err := end(); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	if err := journal.check(); err != nil {
		fmt.Println("the log tells too much:", err)
		code = 1
	}
	if err := os.RemoveAll(testTemp); err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// newEngine is an engine with the configuration of the demo data.
func newEngine(dir string, now func() time.Time) (*engine.Engine, error) {
	config, err := engine.LoadConfig(filepath.Join(fixtures, "engine.toml"))
	config.Threads = 2
	return &engine.Engine{Dir: dir, Config: config, Now: now}, err
}

// demoData is a data directory with the demo data, loaded and published once for all tests, which only read it.
var demoData = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(testTemp, "data")
	e, err := newEngine(dir, func() time.Time { return demoNow })
	if err != nil {
		return "", err
	}
	request := engine.Request{Extensions: []string{filepath.Join(fixtures, "extension-events.csv")}}
	for _, name := range []string{"registry-east.access.json.gz", "registry-west.csv", "mirror.access.log"} {
		request.Inputs = append(request.Inputs, filepath.Join(fixtures, name))
	}
	_, err = e.Run(context.Background(), request)
	return dir, err
})

// The users of all tests, by what they are called here. Their names are such that the log can be searched for them.
var userNames = map[string]string{
	"ann": "ann.ackroyd", "gil": "gil.garibaldi", "lab": "lab.lindqvist", "root": "root.rossellini", "new": "new.nilsson",
}

var userGrants = map[string]account.Grants{
	"ann":  {Publishers: []string{"acme"}},
	"gil":  {Publishers: []string{"globex"}},
	"lab":  {Namespaces: []string{"acme-labs"}, Repositories: []string{"acme/api"}},
	"root": {Admin: true},
	"new":  {Namespaces: []string{"fresh"}}, // of which there are no data
}

// everyone is who asks in tests of all users; nobody has no token.
var everyone = []string{"ann", "gil", "lab", "root", "new", "nobody"}

func passwordOf(who string) string { return "correct horse of " + who }

// demoUsers is a data directory with the users and a session of each.
var demoUsers = sync.OnceValues(func() (made struct {
	dir    string
	tokens map[string]string
}, err error) {
	made.dir, made.tokens = filepath.Join(testTemp, "users"), map[string]string{}
	store, err := account.Open(made.dir, account.Options{Now: func() time.Time { return demoNow }})
	if err != nil {
		return made, err
	}
	defer store.Close()
	for i, who := range slices.Sorted(maps.Keys(userNames)) {
		if _, err := store.Add(context.Background(), userNames[who], passwordOf(who), userGrants[who]); err != nil {
			return made, err
		}
		login, err := store.Login(context.Background(), userNames[who], passwordOf(who), netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
		if err != nil {
			return made, err
		}
		made.tokens[who] = login.Token
		journal.hide(passwordOf(who), login.Token)
	}
	return made, nil
})

// site is a server with its users.
type site struct {
	*Server
	accounts *account.Store
	dir      string // of the users
	clock    *clock
	tokens   map[string]string // by what users are called here
}

// makeSite makes a server of a data directory, with copies of the users in dir. Its clock stands at demoNow.
func makeSite(dir, data string, change ...func(*engine.Config)) (*site, error) {
	users, err := demoUsers()
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir, clock: &clock{at: demoNow}, tokens: users.tokens}
	if err := os.CopyFS(dir, os.DirFS(users.dir)); err != nil {
		return nil, err
	}
	if s.accounts, err = account.Open(dir, account.Options{Now: s.clock.now, Log: journal.logger()}); err != nil {
		return nil, err
	}
	live, err := s.open(data, change...)
	if err != nil {
		return nil, err
	}
	s.Server = New(live, s.accounts, journal.logger())
	return s, nil
}

// open reads a data directory with a changed configuration of the demo data.
func (s *site) open(data string, change ...func(*engine.Config)) (*engine.Live, error) {
	e, err := newEngine(data, s.clock.now)
	if err != nil {
		return nil, err
	}
	e.Log = journal.logger()
	for _, change := range change {
		change(&e.Config)
	}
	return e.OpenLive()
}

func (s *site) close() error {
	s.accounts.Close()
	return s.Close()
}

// newSite is makeSite for one test.
func newSite(t testing.TB, data string, change ...func(*engine.Config)) *site {
	t.Helper()
	s := must(makeSite(t.TempDir(), data, change...))(t)
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// demo is a new server of the demo data.
func demo(t testing.TB, change ...func(*engine.Config)) *site {
	t.Helper()
	return newSite(t, must(demoData())(t), change...)
}

// makeShared makes the server of the demo data for the tests that only read.
var makeShared = sync.OnceValues(func() (*site, error) {
	data, err := demoData()
	if err != nil {
		return nil, err
	}
	s, err := makeSite(filepath.Join(testTemp, "shared"), data)
	if err == nil {
		atEnd = append(atEnd, s.close)
	}
	return s, err
})

func shared(t testing.TB) *site {
	t.Helper()
	return must(makeShared())(t)
}

// openedLabs opens acme-labs to anyone.
func openedLabs(c *engine.Config) { c.Serve.AnonymousReports = []string{"acme-labs"} }

// must returns a value, or ends the test with the error.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// reply is what the server answered, as a client has it.
type reply struct {
	*http.Response
	body []byte
}

// as sends a user's token.
func (s *site) as(who string) func(*http.Request) {
	return func(r *http.Request) {
		if token := s.tokens[who]; token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
}

// with sets a header of a request.
func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// from sets the address of the peer.
func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(address), 40123).String() }
}

// request makes one as the server reads it from a connection. The target is of the request line: a path and a
// query, or a whole URL of ours.
func request(method, target string, body io.Reader, change ...func(*http.Request)) (*http.Request, error) {
	target = strings.TrimPrefix(target, "http://pulls.example.com")
	where, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(method, "/", body)
	if err != nil {
		return nil, err
	}
	r.URL, r.RequestURI, r.Host, r.RemoteAddr = where, target, "pulls.example.com", "192.0.2.1:40123"
	for _, change := range change {
		change(r)
	}
	return r, nil
}

// do asks the server, and holds the answer against the document.
func (s *site) do(t testing.TB, method, target string, body io.Reader, change ...func(*http.Request)) reply {
	t.Helper()
	r := must(request(method, target, body, change...))(t)
	return s.send(t, r)
}

func (s *site) send(t testing.TB, r *http.Request) reply {
	t.Helper()
	journal.ask(r)
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	answer := reply{recorder.Result(), recorder.Body.Bytes()}
	answer.Request = r
	if r.Method == http.MethodHead { // as on a connection
		answer.body = nil
	}
	answered.check(t, r, answer)
	return answer
}

// get asks for a path of the API as a user.
func (s *site) get(t testing.TB, who, path string, change ...func(*http.Request)) reply {
	t.Helper()
	return s.do(t, http.MethodGet, apiPath(path), nil, append([]func(*http.Request){s.as(who)}, change...)...)
}

// apiPath is a path below the base of the API, unless it is one of elsewhere.
func apiPath(path string) string {
	for _, elsewhere := range []string{"http", base, "/v2/", "/docs", "/openapi", "/healthz"} {
		if strings.HasPrefix(path, elsewhere) {
			return path
		}
	}
	return base + path
}

// want fails the test when the status is another one.
func (r reply) want(t testing.TB, status int) reply {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("%s %.200s answers %d %.200q, want %d", r.Request.Method, r.Request.URL.RequestURI(), r.StatusCode, r.body, status)
	}
	return r
}

// says fails the test when the answer has another status, or no such text in it.
func (r reply) says(t testing.TB, status int, text string) reply {
	t.Helper()
	if r.want(t, status); !bytes.Contains(r.body, []byte(text)) {
		t.Errorf("%s %s answers %.300q, want %q in it", r.Request.Method, r.Request.URL.RequestURI(), r.body, text)
	}
	return r
}
