package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"
)

type contextKey int

const requestIDKey contextKey = 0

// requestID is the id of the request that a context belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

var validRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// observe wraps all handlers. The log has the route, which names nobody, and neither address, user nor query.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := r.Header.Get("X-Request-Id") // a proxy may have given it one
		if !validRequestID.MatchString(id) {
			id = rand.Text()
		}
		header := w.Header()
		header.Set("X-Request-Id", id)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		recorder := &recorder{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey, id))
		defer func() {
			if failure := recover(); failure != nil {
				if failure == http.ErrAbortHandler {
					s.log.Warn("an answer was broken off", "id", id, "route", r.Pattern, "bytes", recorder.bytes)
					panic(failure)
				}
				s.log.Error("a request failed", "id", id, "route", r.Pattern, "error", fmt.Sprint(failure), "stack", string(debug.Stack()))
				if recorder.status != 0 {
					panic(http.ErrAbortHandler) // half an answer must not look whole
				}
				s.tell(recorder, r, &problem{status: http.StatusInternalServerError, detail: "this could not be answered; the log of the server says why, under request id " + id})
			}
			s.log.Info("request", "id", id, "method", method(r.Method), "route", r.Pattern, "status", recorder.status,
				"bytes", recorder.bytes, "ms", time.Since(began).Milliseconds())
		}()
		next.ServeHTTP(recorder, r)
	})
}

// method is a known method; others may be anything.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return name
	}
	return "other"
}

// recorder notes what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController find the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(text []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(text)
	r.bytes += int64(n)
	return n, err
}
