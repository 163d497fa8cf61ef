package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/turn"
)

const jsonType = "application/json"

// call is one request, with what its handler needs.
type call struct {
	*http.Request
	live       *engine.Live
	generation string // of its configuration
	state      *engine.LiveState
	release    func() // lets go of the state before the answer is sent
	access     *access
}

// How long an answer may take, and one for which a report is computed.
const (
	answerTime = 30 * time.Second
	reportTime = 5 * time.Minute
)

// json serves what compute returns, which is the same for all who may see the same of the same state of the lake.
func (s *Server) json(compute func(c *call) (any, error)) http.Handler {
	return s.jsonWithin(answerTime, compute)
}

// longJSON is json for what may have to compute files first.
func (s *Server) longJSON(compute func(c *call) (any, error)) http.Handler {
	return s.jsonWithin(reportTime, compute)
}

func (s *Server) jsonWithin(limit time.Duration, compute func(c *call) (any, error)) http.Handler {
	return s.gzip(s.handle(limit, func(w http.ResponseWriter, c *call) error {
		base, err := s.base(c.live, c.Request)
		if err != nil {
			return err
		}
		// Periods close as time goes by.
		minute := c.live.Now().Format("2006-01-02T15:04")
		key := digest(c.state.Mark(), s.accounts.Revision(), c.access.fingerprint, base, minute, c.generation, c.URL.EscapedPath(), c.URL.RawQuery)
		body, err := s.answers.get(c.Context(), key, func() ([]byte, error) {
			value, err := compute(c)
			if err != nil {
				return nil, err
			}
			return encode(value)
		})
		if err != nil {
			return err
		}
		cache := "private, no-cache"
		if c.access.user == nil && !c.access.all {
			cache = "public, max-age=60"
		}
		w.Header().Set("Cache-Control", cache)
		w.Header().Add("Vary", "Authorization, Cookie")
		serveText(w, c.Request, jsonType, digest(string(body)), body)
		return nil
	}))
}

// serveText answers with a text, or with 304 where the client has it. Its tag is weak, because it may be packed on
// its way.
func serveText(w http.ResponseWriter, r *http.Request, contentType, tag string, text []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Etag", `W/"`+tag+`"`)
	http.ServeContent(w, withoutRange(r), "", time.Time{}, bytes.NewReader(text))
}

// withoutRange is the request for the whole answer: a part of a text that is packed on its way is of no use.
func withoutRange(r *http.Request) *http.Request {
	if r.Header.Get("Range") == "" {
		return r
	}
	whole := r.Clone(r.Context())
	whole.Header.Del("Range")
	return whole
}

func encode(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return body.Bytes(), nil
}

// digest names a list of texts.
func digest(texts ...string) string {
	hash := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(hash, "%d:%s", len(text), text)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// answers keeps the bodies of answers, those that were asked for last.
type answers struct {
	turns turn.Keys

	mu     sync.Mutex
	bodies *simplelru.LRU[string, []byte]
	bytes  int
}

const (
	maxAnswers     = 20_000
	maxAnswerBytes = 64 << 20 // of all of them
)

func newAnswers() *answers {
	a := &answers{}
	// It fails for no size only.
	a.bodies, _ = simplelru.NewLRU(maxAnswers, func(_ string, body []byte) { a.bytes -= len(body) })
	return a
}

// get is the answer under a key, computed once for all who wait for it.
func (a *answers) get(ctx context.Context, key string, compute func() ([]byte, error)) ([]byte, error) {
	return turn.Once(ctx, &a.turns, key, func() ([]byte, bool) { return a.find(key) }, func() ([]byte, error) {
		body, err := compute()
		if err == nil {
			a.keep(key, body)
		}
		return body, err
	})
}

func (a *answers) find(key string) ([]byte, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bodies.Get(key)
}

func (a *answers) keep(key string, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(body) > maxAnswerBytes/4 {
		return
	}
	a.bodies.Remove(key)
	a.bodies.Add(key, body)
	for a.bytes += len(body); a.bytes > maxAnswerBytes; {
		a.bodies.RemoveOldest()
	}
}

// accepts reports whether a header such as Accept names a type.
func accepts(header http.Header, kind string) bool {
	for _, value := range header.Values("Accept") {
		for part := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(name), kind) {
				return true
			}
		}
	}
	return false
}
