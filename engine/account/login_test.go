package account

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every wrong attempt has one answer and costs one hash, whatever is wrong with it.
func TestLoginTellsNothingAboutWrongAttempts(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	w.user("second")
	w.factor("second")
	if _, err := w.Add(context.Background(), "tokens-only", "", Grants{Admin: true}); err != nil {
		t.Fatal(err)
	}
	janes, _ := w.token("jane", 0)
	expired, _ := w.token("jane", time.Hour)
	revoked, id := w.token("jane", 0)
	w.must(w.RevokeToken("jane", id))
	w.clock.add(time.Hour)
	last := janes[:len(janes)-1] + map[bool]string{true: "b", false: "a"}[strings.HasSuffix(janes, "a")]
	for _, c := range []struct{ what, name, password string }{
		{"wrong password", "jane", "wrong horse battery"},
		{"empty password", "jane", ""},
		{"unknown user", "john", goodPassword},
		{"empty name", "", goodPassword},
		{"nothing", "", ""},
		{"user without password", "tokens-only", goodPassword},
		{"user without password, empty password", "tokens-only", ""},
		{"wrong password before a second factor", "second", "wrong horse battery"},
		{"token of another user", "second", janes},
		{"token of an unknown user", "john", janes},
		{"token with another secret", "jane", last},
		{"token with an unknown id", "jane", "psp_aaaaaaaaaa_" + strings.Repeat("a", 32)},
		{"expired token", "jane", expired},
		{"revoked token", "jane", revoked},
		{"half a token", "jane", janes[:20]},
		{"token in upper case", "jane", strings.ToUpper(janes)},
		{"password with a space", "jane", goodPassword + " "},
		{"password with NUL", "jane", goodPassword + "\x00"},
		{"huge password", "jane", strings.Repeat("x", 1<<20)},
		{"huge name", strings.Repeat("j", 1<<20), goodPassword},
		{"name with NUL", "jane\x00", goodPassword},
		{"name with a space", "jane ", goodPassword},
		{"no UTF-8", "\xff\xfe", "\xff\xfe"},
		{"a letter that is k in lower case", "\u212Aane", goodPassword},
		{"the id as name", w.mustNamed("jane").ID, goodPassword},
	} {
		store := w.another() // with limits of its own
		login, err := store.Login(context.Background(), c.name, c.password, client)
		refused(t, c.what, err)
		if login != (Login{}) {
			t.Errorf("%s: %+v", c.what, login)
		}
		if n := store.hasher.evaluated.Load(); n != 1 {
			t.Errorf("%s: %d hashes were evaluated, want 1", c.what, n)
		}
	}
}

func (w *world) mustNamed(name string) *User {
	w.t.Helper()
	user, err := w.Named(name)
	w.must(err)
	return user
}

func TestLogin(t *testing.T) {
	w := newWorld(t)
	jane := w.user("Jane")
	token, id := w.token("jane", 0)
	for _, name := range []string{"jane", "JANE", "Jane"} {
		before := w.hasher.evaluated.Load()
		user, err := w.Authenticate(w.session(name, goodPassword))
		if err != nil || user.ID != jane.ID || user.Name != "jane" || user.Namespaces[0] != "acme" || len(user.Tokens) != 1 || user.Tokens[0].ID != id {
			t.Errorf("Authenticate = %+v, %v", user, err)
		}
		if n := w.hasher.evaluated.Load() - before; n != 1 {
			t.Errorf("%d hashes were evaluated, want 1", n)
		}
	}
	// A token comes without second factor, a password does not.
	secret := w.factor("jane")
	if user, err := w.Authenticate(w.session("jane", token)); err != nil || user.ID != jane.ID {
		t.Errorf("Authenticate = %+v, %v", user, err)
	}
	login, err := w.login("jane", goodPassword)
	if err != nil || login.Token != "" || login.SecondFactor == "" {
		t.Fatalf("Login = %+v, %v; want a token for the second factor", login, err)
	}
	session, err := w.SecondFactor(context.Background(), login.SecondFactor, w.code(secret, 0), client)
	if err != nil {
		t.Fatal(err)
	}
	if user, err := w.Authenticate(session); err != nil || user.ID != jane.ID || !user.HasTOTP {
		t.Errorf("Authenticate = %+v, %v", user, err)
	}
}

// What a user is given or loses holds in the sessions that it has.
func TestSessionFollowsTheUser(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	session := w.session("jane", goodPassword)
	if _, err := w.Grant("jane", Grants{Repositories: []string{"globex/app"}}); err != nil {
		t.Fatal(err)
	}
	if user, err := w.Authenticate(session); err != nil || len(user.Repositories) != 1 {
		t.Errorf("after a grant: %+v, %v", user, err)
	}
	if _, err := w.Revoke("jane", Grants{Namespaces: []string{"acme"}}); err != nil {
		t.Fatal(err)
	}
	if user, err := w.Authenticate(session); err != nil || len(user.Namespaces) != 0 {
		t.Errorf("after a revocation: %+v, %v", user, err)
	}
}

// Each of these ends sessions; those of a token only end with the token and the user.
func TestWhatEndsSessions(t *testing.T) {
	for _, c := range []struct {
		what              string
		end               func(w *world, token string) error
		password, byToken bool // whether the session still holds
	}{
		{"nothing", func(*world, string) error { return nil }, true, true},
		{"another token's end", func(w *world, _ string) error { _, id := w.token("jane", 0); return w.RevokeToken("jane", id) }, true, true},
		{"its token's end", func(w *world, id string) error { return w.RevokeToken("jane", id) }, true, false},
		{"the expiry of its token", func(w *world, _ string) error { w.clock.add(time.Hour); return nil }, true, false},
		{"the lifetime", func(w *world, _ string) error { w.clock.add(12*time.Hour + leeway); return nil }, false, false},
		{"another password", func(w *world, _ string) error {
			return w.SetPassword(context.Background(), "jane", "another password")
		}, false, false},
		{"the same password", func(w *world, _ string) error {
			return w.SetPassword(context.Background(), "jane", goodPassword)
		}, false, false},
		{"a second factor", func(w *world, _ string) error { w.factor("jane"); return nil }, false, false},
		{"removal", func(w *world, _ string) error { return w.Remove("jane") }, false, false},
		{"removal and return", func(w *world, _ string) error {
			err := w.Remove("jane")
			w.user("jane")
			return err
		}, false, false},
		{"new keys", func(w *world, _ string) error { return w.RotateKeys(false) }, true, true},
		{"new keys at once", func(w *world, _ string) error { return w.RotateKeys(true) }, false, false},
	} {
		w := newWorld(t)
		w.user("jane")
		secret, id := w.token("jane", time.Hour)
		password, byToken := w.session("jane", goodPassword), w.session("jane", secret)
		w.must(c.end(w, id))
		for _, session := range []struct {
			kind, token string
			holds       bool
		}{{"password", password, c.password}, {"token", byToken, c.byToken}} {
			_, err := w.Authenticate(session.token)
			if session.holds && err != nil {
				t.Errorf("%s ended the session of a %s: %v", c.what, session.kind, err)
			}
			if !session.holds {
				refused(t, c.what+", session of a "+session.kind, err)
			}
		}
	}
}

// The end of the context is the end of waiting, and no failure.
func TestLoginEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.must(w.hasher.slots.Acquire(context.Background(), 1)) // of many, or the only one
	for w.hasher.slots.TryAcquire(1) {
	}
	before := w.hasher.evaluated.Load()
	for range 2 * pairFailures {
		if _, err := w.Login(ctx, "jane", goodPassword, client); !errors.Is(err, context.Canceled) {
			t.Fatalf("Login = %v, want that of the context", err)
		}
	}
	if n := w.hasher.evaluated.Load(); n != before {
		t.Errorf("%d hashes were evaluated", n-before)
	}
	w.hasher.slots.Release(1)
	w.session("jane", goodPassword)
}

// No log has a secret, a name of nobody, or an address.
func TestLogsTellNoSecrets(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	secret := w.factor("jane")
	token, _ := w.token("jane", 0)
	address := netip.MustParseAddr("203.0.113.77")
	for range 30 {
		for _, c := range [][2]string{{"jane", "secret-secret"}, {"nobody-here", "secret-secret"}, {"jane", token + "x"}} {
			_, _ = w.Login(context.Background(), c[0], c[1], address)
		}
		w.clock.add(10 * time.Second)
	}
	w.clock.add(time.Hour)
	login, err := w.Login(context.Background(), "jane", goodPassword, address)
	w.must(err)
	code := w.code(secret, 5)
	_, err = w.SecondFactor(context.Background(), login.SecondFactor, code, address)
	refused(t, "code of the future", err)
	log := w.log.String()
	for _, text := range []string{goodPassword, "secret-secret", token, secret, code, login.SecondFactor, "203.0.113", "nobody-here"} {
		if strings.Contains(log, text) {
			t.Errorf("the log has %q", text)
		}
	}
	for _, text := range []string{
		`level=INFO msg="log-in failed" reason=credentials`, `level=INFO msg="log-in failed" reason=limited`,
		`level=WARN msg="log-in locked after many failures" user=jane for=1m0s`, `level=WARN msg="log-in locked after many failures of an unknown user" for=1m0s`,
	} {
		if !strings.Contains(log, text) {
			t.Errorf("the log has no %s\n%s", text, log)
		}
	}
}

// Whatever a client sends, only the name and the password that belong together let it in.
func TestLoginProperty(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	token, _ := w.token("jane", 0)
	secrets := []string{goodPassword, token, "wrong password", ""}
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.OneOf(rapid.Just("jane"), rapid.Just("JANE"), rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(r, "name")
		password := rapid.OneOf(rapid.SampledFrom(secrets), rapid.String()).Draw(r, "password")
		w.limits = newLimiter(w.clock.now)
		before := w.hasher.evaluated.Load()
		login, err := w.login(name, password)
		want := strings.EqualFold(name, "jane") && len(name) == 4 && (password == goodPassword || password == token)
		if want != (err == nil) || want != (login.Token != "") {
			r.Fatalf("Login(%q, %q) = %+v, %v", name, password, login, err)
		}
		if n := w.hasher.evaluated.Load() - before; n != 1 {
			r.Fatalf("%d hashes were evaluated, want 1", n)
		}
	})
}
