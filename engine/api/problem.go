package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
)

// problem is an error that is told to the client as it is.
type problem struct {
	status int
	detail string
	header http.Header
}

func (p *problem) Error() string { return p.detail }

func badRequest(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, detail: fmt.Sprintf(format, args...)}
}

// notFound is also the answer about what somebody may not see.
var notFound = &problem{status: http.StatusNotFound, detail: "there is nothing here, or you may not see it"}

func gone(format string, args ...any) error {
	return &problem{status: http.StatusGone, detail: fmt.Sprintf(format, args...)}
}

func unauthorized(detail string) error {
	return &problem{http.StatusUnauthorized, detail, http.Header{"Www-Authenticate": {`Bearer realm="pullscope"`}}}
}

func tooMany(wait time.Duration) error {
	seconds := strconv.Itoa(int(math.Ceil(max(wait, time.Second).Seconds())))
	return &problem{http.StatusTooManyRequests, "too many attempts; try again in " + seconds + " seconds", http.Header{"Retry-After": {seconds}}}
}

// explain turns an error into what the client is told. Of what went wrong here it learns nothing but where the
// log says more.
func (s *Server) explain(r *http.Request, err error) *problem {
	var told *problem
	var pruned *engine.PrunedError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &pruned):
		return &problem{status: http.StatusUnprocessableEntity, detail: fmt.Sprintf("the requests up to %s are not kept any more; ask from %s on, or take a published report", pruned.Until, pruned.Until.Next())}
	case errors.As(err, &large):
		return &problem{status: http.StatusRequestEntityTooLarge, detail: fmt.Sprintf("the body is larger than %d bytes", large.Limit)}
	case errors.Is(err, engine.ErrTooManyRows):
		return &problem{status: http.StatusBadRequest, detail: err.Error()}
	case errors.Is(err, engine.ErrReplaced):
		return &problem{status: http.StatusGone, detail: err.Error() + "; list it again"}
	case errors.Is(err, account.ErrUnavailable):
		s.log.Error("nobody is let in", "error", err)
		return &problem{status: http.StatusServiceUnavailable, detail: "log-ins cannot be checked; the log of the server says why"}
	case r.Context().Err() != nil:
		// Nobody listens any more.
		return &problem{status: http.StatusServiceUnavailable, detail: "the request has ended"}
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{status: http.StatusServiceUnavailable, detail: "the answer took too long; ask for less, or later", header: http.Header{"Retry-After": {"30"}}}
	}
	id := requestID(r.Context())
	s.log.Error("a request failed", "id", id, "route", r.Pattern, "error", err)
	return &problem{status: http.StatusInternalServerError, detail: "this could not be answered; the log of the server says why, under request id " + id}
}

// tell writes the error, unless the answer has begun.
func (s *Server) tell(w http.ResponseWriter, r *http.Request, err error) {
	p := s.explain(r, err)
	header := w.Header()
	for _, name := range []string{"Content-Disposition", "Etag", "Last-Modified", "Content-Length"} {
		header.Del(name) // of an answer that was meant to come
	}
	for name, values := range p.header {
		header[name] = values
	}
	header.Set("Content-Type", jsonType)
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(p.status)
	body, _ := json.Marshal(map[string]string{"detail": p.detail}) // never fails
	_, _ = w.Write(append(body, '\n'))                             // who has gone away does not read it
}
