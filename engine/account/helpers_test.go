package account

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const goodPassword = "correct horse battery"

var client = netip.MustParseAddr("192.0.2.1")

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 9, 25, 10, 0, 0, 0, time.UTC)} }

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

// world is a data directory with a store on it.
type world struct {
	*Store
	t     testing.TB
	data  string
	clock *clock
	log   *bytes.Buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, data: filepath.Join(t.TempDir(), "data"), clock: newClock(), log: &bytes.Buffer{}}
	w.Store = w.another()
	return w
}

// another is a store as another process would have it.
func (w *world) another() *Store {
	w.t.Helper()
	s, err := w.open()
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) open() (*Store, error) {
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := Open(w.data, Options{Now: w.clock.now, Log: log, cost: cost{memory: 8, time: 1, threads: 1}})
	if err == nil {
		w.t.Cleanup(s.Close)
	}
	return s, err
}

func (w *world) path(name string) string { return filepath.Join(w.data, "access", name) }

// user adds one who may see acme.
func (w *world) user(name string) *User {
	w.t.Helper()
	user, err := w.Add(context.Background(), name, goodPassword, Grants{Namespaces: []string{"acme"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}

func (w *world) token(name string, lifetime time.Duration) (secret, id string) {
	w.t.Helper()
	secret, token, err := w.AddToken(context.Background(), name, "ci", lifetime)
	if err != nil {
		w.t.Fatal(err)
	}
	return secret, token.ID
}

// factor gives a user a second factor and returns its secret.
func (w *world) factor(name string) string {
	w.t.Helper()
	key, err := w.NewTOTP(name)
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(w.EnableTOTP(name, key.Secret, ""))
	return key.Secret
}

// code is that of some steps from now.
func (w *world) code(secret string, steps int64) string {
	w.t.Helper()
	code, err := hotp.GenerateCodeCustom(secret, uint64(w.clock.now().Unix()/30+steps), hotp.ValidateOpts{Digits: otp.DigitsSix})
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) login(name, password string) (Login, error) {
	return w.Login(context.Background(), name, password, client)
}

// session logs in without second factor.
func (w *world) session(name, password string) string {
	w.t.Helper()
	login, err := w.login(name, password)
	if err != nil || login.Token == "" || login.SecondFactor != "" {
		w.t.Fatalf("Login(%q) = %+v, %v; want a session", name, login, err)
	}
	return login.Token
}

// refused wants ErrCredentials.
func refused(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrCredentials) {
		t.Errorf("%s: error %v, want %v", what, err, ErrCredentials)
	}
}

// limited wants a LimitedError, and returns after which time.
func limited(t testing.TB, what string, err error) time.Duration {
	t.Helper()
	var limit LimitedError
	if !errors.As(err, &limit) {
		t.Fatalf("%s: error %v, want a LimitedError", what, err)
	}
	return limit.RetryAfter
}

func wantError(t testing.TB, what string, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: error %v, want one with %q", what, err, text)
	}
}
