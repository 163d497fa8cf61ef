package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// maxSilence is how long the loop of a worker that is alive may take from one look at the clock to the next.
	maxSilence = 3 * maxPause
	// lastAnswers is how long answers may take when the worker ends.
	lastAnswers = 5 * time.Second
)

// health is what /healthz and /readyz tell.
type health struct {
	beat      time.Time // when the loop was seen last, with the monotonic clock
	next      time.Time // when the next run begins
	succeeded bool      // a run of this worker has
	failures  int       // since the last run that succeeded
}

func (h *health) ended(err error) {
	if err != nil {
		h.failures++
		return
	}
	h.succeeded, h.failures = true, 0
}

func (m *Metrics) beat() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.health.beat = time.Now()
}

func (m *Metrics) setNext(at time.Time) {
	if m == nil {
		return
	}
	m.nextDue.Set(seconds(at))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.health.next = at
}

// Handler serves /metrics, /healthz (200 while the worker looks at the clock) and /readyz (200 when a run has
// succeeded and the last one has not failed). Both say in one sentence why they answer 503.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", m.answer(func(h health) string {
		if silence := time.Since(h.beat); silence > maxSilence {
			return fmt.Sprintf("the worker has not looked at the clock for %s", silence.Round(time.Second))
		}
		return ""
	}))
	mux.HandleFunc("GET /readyz", m.answer(func(h health) string {
		switch {
		case h.failures > 0:
			return fmt.Sprintf("the last run failed (failures in a row: %d), the log says why; the next one begins at %s", h.failures, h.next.Format(time.RFC3339))
		case !h.succeeded:
			return "the first run has not ended yet"
		}
		return ""
	}))
	return mux
}

// answer is 200 where nothing is wrong, else 503 with what is.
func (m *Metrics) answer(wrong func(health) string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		m.mu.Lock()
		sentence := wrong(m.health)
		m.mu.Unlock()
		if sentence != "" {
			http.Error(w, sentence, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok") // who has gone away does not read it
	}
}

// server serves metrics until it is closed.
type server struct{ *http.Server }

// serve listens at an address. When it is taken, the error says so.
func serve(address string, metrics *Metrics, log *slog.Logger) (*server, error) {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("metrics cannot be served at %s, another program has this address; give another one with --metrics", address)
	case err != nil:
		return nil, fmt.Errorf("metrics cannot be served at %s: %w; give an address such as :9090 or 127.0.0.1:9090 with --metrics", address, err)
	}
	s := &server{&http.Server{
		Handler:           metrics.Handler(),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 1 << 16,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // of what clients do
	}}
	log.Info("serving metrics", "address", listener.Addr().String())
	go func() {
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served any more", "error", err)
		}
	}()
	return s, nil
}

// close lets answers end that have begun.
func (s *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close() // they had their time
	}
}
