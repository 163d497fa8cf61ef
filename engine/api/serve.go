package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	"github.com/pullscope/pullscope/engine"
)

const maxConnections = 1024

// timeouts are how long clients may take.
type timeouts struct {
	header, body time.Duration // of a request, each from its begin
	idle         time.Duration // between two requests
	block        time.Duration // to receive a block of a download
	last         time.Duration // for answers that have begun when the server ends
}

var defaultTimeouts = timeouts{
	header: 5 * time.Second, body: 15 * time.Second, idle: 10 * time.Second, block: time.Minute, last: 10 * time.Second,
}

// Listen takes the address at which the server will listen.
func Listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the API cannot be served at %s, another program has this address; give another one with --listen", address)
	case err != nil:
		return nil, fmt.Errorf("the API cannot be served at %s: %w; give an address such as 127.0.0.1:8080 or :8080 with --listen", address, err)
	}
	return netutil.LimitListener(listener, maxConnections), nil
}

// Serve answers until ctx ends, and lets answers end that have begun.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s,
		// Handlers that take longer set their own deadlines.
		ReadHeaderTimeout: s.timeouts.header, ReadTimeout: s.timeouts.body, WriteTimeout: answerTime + s.timeouts.block, IdleTimeout: s.timeouts.idle,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(quiet{s.log.Handler()}, slog.LevelDebug), // of what clients do
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the API: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.last)
	defer cancel()
	if server.Shutdown(last) != nil {
		_ = server.Close() // they had their time
	}
	return nil
}

// quiet drops what the HTTP server says of clients, which has their addresses.
type quiet struct{ slog.Handler }

func (quiet) Handle(context.Context, slog.Record) error { return nil }

var validHost = regexp.MustCompile(`^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)

// base is what URLs in answers begin with.
func (s *Server) base(live *engine.Live, r *http.Request) (string, error) {
	if configured := live.Config().Serve.PublicURL; configured != "" {
		return strings.TrimRight(configured, "/"), nil
	}
	if !validHost.MatchString(r.Host) {
		return "", badRequest("the Host header is no name of a host")
	}
	scheme := "http"
	if r.TLS != nil || live.Config().Trusts(peerOf(r)) && r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host, nil
}
