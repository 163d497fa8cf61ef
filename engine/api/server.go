package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
	"github.com/pullscope/pullscope/engine/dashboard"
)

// Where things are.
const (
	base            = "/api/publisher/analytics/v1"
	loginPath       = "/v2/users/login"
	secondLoginPath = "/v2/users/2fa-login"
)

// Server serves one data directory.
type Server struct {
	accounts  *account.Store
	log       *slog.Logger
	answers   *answers
	timeouts  timeouts
	handler   http.Handler
	querying  chan struct{} // holds who runs SQL
	openToAll bool

	mu         sync.RWMutex
	live       *engine.Live
	generation string // names configuration and version: with others, the same question has another answer
}

// New makes a server of what live reads for those whom accounts lets in. It closes live in the end.
func New(live *engine.Live, accounts *account.Store, log *slog.Logger) *Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		accounts: accounts, log: log, answers: newAnswers(), timeouts: defaultTimeouts, live: live,
		querying: make(chan struct{}, maxQueries), generation: generationOf(live),
	}
	s.handler = s.observe(s.router())
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Reload goes on with another configuration. Requests that have begun end with the one before.
func (s *Server) Reload(live *engine.Live) error {
	s.mu.Lock()
	before := s.live
	s.live, s.generation = live, generationOf(live)
	s.mu.Unlock()
	return before.Close()
}

// Close lets go of the lake, when no request is answered any more.
func (s *Server) Close() error {
	live, _ := s.current()
	return live.Close()
}

func generationOf(live *engine.Live) string {
	config, err := json.Marshal(live.Config())
	if err != nil {
		panic(err) // it came from a file of such values
	}
	return digest(string(config), engine.Version)
}

func (s *Server) current() (live *engine.Live, generation string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.live, s.generation
}

// newest is the state of the lake, and what it is read with.
func (s *Server) newest() (*engine.Live, string, *engine.LiveState, error) {
	for {
		live, generation := s.current()
		state, err := live.State()
		if now, _ := s.current(); err == nil || now == live {
			return live, generation, state, err
		} // else Reload closed it in this moment
	}
}

func (s *Server) router() http.Handler {
	mux, pages := http.NewServeMux(), dashboard.Handler()
	for pattern, handler := range map[string]http.Handler{
		"POST " + loginPath:       s.timed(s.login),
		"POST " + secondLoginPath: s.timed(s.secondLogin),

		"GET /{$}":                  http.RedirectHandler(dashboard.Path, http.StatusFound),
		"GET /dashboard":            pages,
		"GET " + dashboard.Path:     pages,
		"POST " + sessionPath:       s.timed(s.openSession),
		"POST " + secondSessionPath: s.timed(s.openSecondSession),
		"DELETE " + sessionPath:     s.plain(s.closeSession),

		"GET " + base + "/me":                            s.json(s.describeMe),
		"GET " + base + "/namespaces/{namespace}/images": s.json(s.listImages),
		"GET " + base + "/namespaces/{namespace}/usage":  s.json(s.usage),
		"POST " + base + "/query":                        s.gzip(s.handle(queryTime, s.query)),
		"GET " + base + "/query/schema":                  s.json(s.describeSchema),
		"GET " + base + "/query/saved":                   s.json(s.listSaved),
		"GET " + base + "/status":                        s.json(ofAdmin(s.status)),
		"GET " + base + "/runs":                          s.json(ofAdmin(s.runs)),
		"GET " + base + "/rejects":                       s.json(ofAdmin(s.rejects)),
		"GET " + base + "/gaps":                          s.json(ofAdmin(s.gaps)),

		"GET " + base:                             s.json(s.listNamespaces),
		"GET " + base + "/{$}":                    s.json(s.listNamespaces),
		"GET " + base + "/namespaces":             s.json(s.describeNamespaces),
		"GET " + base + "/namespaces/{namespace}": s.json(s.describeNamespace),

		"GET " + base + "/namespaces/{namespace}/pulls":              s.json(s.namespacePulls),
		"GET " + base + "/namespaces/{namespace}/repos/{repo}/pulls": s.json(s.repositoryPulls),
		"GET " + base + "/repos/pulls":                               s.json(s.repositoriesPulls),

		"GET " + base + "/namespaces/{namespace}/pulls/exports/years":                                             s.json(s.exportYears),
		"GET " + base + "/namespaces/{namespace}/pulls/exports/years/{year}/{timespantype}":                       s.json(s.exportTimespans),
		"GET " + base + "/namespaces/{namespace}/pulls/exports/years/{year}/{timespantype}/{timespan}":            s.json(s.exportTimespan),
		"GET " + base + "/namespaces/{namespace}/pulls/exports/years/{year}/{timespantype}/{timespan}/{dataview}": s.longJSON(s.exportFiles),
		"GET " + base + "/downloads/{name}":                                                                       s.handleAny(reportTime, s.download),

		"GET " + base + "/reports":                                   s.json(s.describeReports),
		"GET " + base + "/namespaces/{namespace}/reports":            s.json(s.listReports),
		"GET " + base + "/namespaces/{namespace}/reports/{report}":   s.gzip(s.handle(reportTime, s.computeReport)),
		"GET " + base + "/namespaces/{namespace}/badge":              s.json(s.badge),
		"GET " + base + "/namespaces/{namespace}/repos/{repo}/badge": s.json(s.badge),

		"GET /openapi.json": s.gzip(documentHandler()),
		"GET /docs":         s.gzip(docsHandler()),
		"GET /docs.css":     s.gzip(docsStyleHandler()),
		"GET /healthz":      s.plain(s.healthy),
	} {
		mux.Handle(pattern, handler)
	}
	return s.missing(mux)
}

// missing answers in our form where the router has no handler.
func (s *Server) missing(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if escaped := r.URL.EscapedPath(); strings.TrimSuffix(escaped, "/") != strings.TrimSuffix(path.Clean("/"+escaped), "/") {
			s.tell(w, r, notFound) // the router would send /a/../b on to another path
			return
		}
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := httptest.NewRecorder()
		handler.ServeHTTP(said, r)
		switch {
		case said.Code == http.StatusMethodNotAllowed:
			allow := said.Header().Get("Allow")
			s.tell(w, r, &problem{said.Code, "this can be asked with " + allow + " only", http.Header{"Allow": {allow}}})
		default:
			s.tell(w, r, notFound)
		}
	})
}

// plain makes a handler of one that needs neither access nor lake.
func (s *Server) plain(do func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(w, r); err != nil {
			s.tell(w, r, err)
		}
	})
}

// timed is plain for what may have to wait: log-ins queue for the hashes of those before them.
func (s *Server) timed(do func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return s.plain(func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		return do(w, r.WithContext(ctx))
	})
}

// handle makes a handler of one that asks the lake for somebody.
func (s *Server) handle(limit time.Duration, do func(w http.ResponseWriter, c *call) error) http.Handler {
	return s.handleAny(limit, func(w http.ResponseWriter, c *call) (err error) {
		if c.access, err = s.accessOf(c.live, c.Request); err != nil {
			return err
		}
		return do(w, c)
	})
}

// handleAny makes a handler of one that asks the lake, whoever sent the request.
func (s *Server) handleAny(limit time.Duration, do func(w http.ResponseWriter, c *call) error) http.Handler {
	return s.plain(func(w http.ResponseWriter, r *http.Request) error {
		live, generation, state, err := s.newest()
		if err != nil {
			return err
		}
		release := sync.OnceFunc(state.Release)
		defer release()
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		// Who reads slowly has no more time than who computes.
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + s.timeouts.block)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		c := &call{Request: r.WithContext(ctx), live: live, generation: generation, state: state, release: release}
		if err := do(w, c); err != nil {
			if r.Context().Err() == nil && ctx.Err() != nil {
				err = context.DeadlineExceeded
			}
			return err
		}
		return nil
	})
}

// gzip packs what is larger than a packet, for those who take it.
func (s *Server) gzip(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1200))
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap(next)
}
