package account

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"
)

// forge signs claims that say what a good session says, but for what change makes of them.
func (w *world) forge(user *User, method jwt.SigningMethod, key any, change func(header map[string]any, c jwt.MapClaims)) string {
	w.t.Helper()
	keys, err := w.keys()
	w.must(err)
	users, err := w.users()
	w.must(err)
	now := w.clock.now().Unix()
	c := jwt.MapClaims{
		"iss": "pullscope", "sub": user.ID, "aud": "api", "iat": now, "nbf": now, "exp": now + 12*60*60,
		"jti": "any", "epoch": users.byID[user.ID].Epoch,
	}
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"] = keys.active.id
	if change != nil {
		change(token.Header, c)
	}
	if key == nil {
		key = keys.active.session
	}
	signed, err := token.SignedString(key)
	w.must(err)
	return signed
}

func claim(name string, value any) func(map[string]any, jwt.MapClaims) {
	return func(_ map[string]any, c jwt.MapClaims) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
}

func header(name string, value any) func(map[string]any, jwt.MapClaims) {
	return func(h map[string]any, _ jwt.MapClaims) {
		if h[name] = value; value == nil {
			delete(h, name)
		}
	}
}

func TestSessionsThatDoNotHold(t *testing.T) {
	w := newWorld(t)
	jane := w.user("jane")
	token, _ := w.token("jane", 0)
	session := w.session("jane", token)
	keys, err := w.keys()
	w.must(err)
	active := keys.active
	now := w.clock.now().Unix()

	// The forger makes good ones, too.
	for what, change := range map[string]func(map[string]any, jwt.MapClaims){
		"unchanged": nil, "audience as a list": claim("aud", []string{"api"}), "shorter": claim("exp", now+1),
		"clock 5 s ahead": func(_ map[string]any, c jwt.MapClaims) { c["iat"], c["nbf"], c["exp"] = now+5, now+5, now+60 },
		"token":           claim("pat", w.mustNamed("jane").Tokens[0].ID),
		"no jti":          claim("jti", nil),
	} {
		if user, err := w.Authenticate(w.forge(jane, jwt.SigningMethodHS256, nil, change)); err != nil || user.ID != jane.ID {
			t.Errorf("%s: %v", what, err)
		}
	}

	for what, change := range map[string]func(map[string]any, jwt.MapClaims){
		"other issuer": claim("iss", "other"), "no issuer": claim("iss", nil),
		"other audience": claim("aud", "2fa"), "no audience": claim("aud", nil), "two audiences": claim("aud", []string{"api", "2fa"}), "audience in upper case": claim("aud", "API"),
		"expired": claim("exp", now-5), "no expiry": claim("exp", nil), "expiry is no number": claim("exp", "tomorrow"), "longer than a session": claim("exp", now+12*60*60+1),
		"for ever": claim("exp", 1e18), "not yet": claim("nbf", now+6), "no begin": claim("nbf", nil), "of the future": claim("iat", now+6), "no issue": claim("iat", nil),
		"unknown user": claim("sub", "nobody"), "name as user": claim("sub", "jane"), "no user": claim("sub", nil), "user is no text": claim("sub", 1),
		"other epoch": claim("epoch", "other"), "no epoch": claim("epoch", nil), "unknown token": claim("pat", "aaaaaaaaaa"),
		"unknown key": header("kid", "other"), "no key": header("kid", nil), "key is no text": header("kid", 7), "key is a path": header("kid", "../users.json"),
		"algorithm none in the header": header("alg", "none"), "HS512 in the header": header("alg", "HS512"), "no algorithm": header("alg", nil),
	} {
		_, err := w.Authenticate(w.forge(jane, jwt.SigningMethodHS256, nil, change))
		refused(t, what, err)
	}

	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	for what, forged := range map[string]string{
		"none":              w.forge(jane, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"HS384":             w.forge(jane, jwt.SigningMethodHS384, nil, nil),
		"HS512":             w.forge(jane, jwt.SigningMethodHS512, nil, nil),
		"RS256":             w.forge(jane, jwt.SigningMethodRS256, rsaKey, nil),
		"ES256":             w.forge(jane, jwt.SigningMethodES256, ecKey, nil),
		"foreign key":       w.forge(jane, jwt.SigningMethodHS256, random(keyBytes), nil),
		"key of URLs":       w.forge(jane, jwt.SigningMethodHS256, active.url, nil),
		"empty key":         w.forge(jane, jwt.SigningMethodHS256, []byte{}, nil),
		"id of the key":     w.forge(jane, jwt.SigningMethodHS256, []byte(active.id), nil),
		"empty":             "",
		"dots":              "..",
		"no signature":      session[:strings.LastIndex(session, ".")+1],
		"space behind":      session + " ",
		"padded":            session + "=",
		"line end":          session + "\n",
		"line end inside":   session[:len(session)-5] + "\r\n" + session[len(session)-5:],
		"four parts":        session + ".x",
		"Bearer before":     "Bearer " + session,
		"access token":      token,
		"a megabyte":        strings.Repeat("a.", 1<<19),
		"session and dots":  session + strings.Repeat(".", 5000),
		"signature of none": "eyJhbGciOiJub25lIn0" + session[strings.Index(session, "."):],
		"invalid UTF-8":     "\xff.\xfe.\xfd",
	} {
		_, err := w.Authenticate(forged)
		refused(t, what, err)
	}
	if user, err := w.Authenticate(session); err != nil || user.ID != jane.ID {
		t.Errorf("the session itself: %v", err)
	}
}

// A token for the second factor is no session, and the other way round.
func TestTokensOfBothKindsAreNotMixedUp(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	session := w.session("jane", goodPassword)
	secret := w.factor("jane")
	login, err := w.login("jane", goodPassword)
	w.must(err)
	_, err = w.Authenticate(login.SecondFactor)
	refused(t, "second factor as session", err)
	jane := w.mustNamed("jane")
	now := w.clock.now().Unix()
	for lifetime, holds := range map[int64]bool{5 * 60: true, 5*60 + 1: false} {
		_, _, err := w.verify(w.forge(jane, jwt.SigningMethodHS256, nil, func(_ map[string]any, c jwt.MapClaims) {
			c["aud"], c["exp"] = "2fa", now+lifetime
		}), audienceSecondFactor)
		if (err == nil) != holds {
			t.Errorf("a second factor of %d seconds: %v", lifetime, err)
		}
	}
	pat, _ := w.token("jane", 0)
	for what, token := range map[string]string{"session": session, "session of a token": w.session("jane", pat), "access token": pat, "nothing": "", "huge": strings.Repeat("x", 1<<20)} {
		_, err = w.SecondFactor(t.Context(), token, w.code(secret, 0), client)
		refused(t, what+" as second factor", err)
	}
}

// A session ends at its expiry and with its key, to the second, whatever the key says later.
func TestSessionEndsInTime(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	pat, _ := w.token("jane", 90*time.Minute)
	session, short := w.session("jane", goodPassword), w.session("jane", pat)
	var c jwt.RegisteredClaims
	for _, e := range []struct {
		token string
		want  time.Duration
	}{{session, 12 * time.Hour}, {short, 90 * time.Minute}} {
		if _, _, err := jwt.NewParser().ParseUnverified(e.token, &c); err != nil || !c.ExpiresAt.Equal(w.clock.now().Add(e.want)) {
			t.Errorf("expires at %v, want in %s; %v", c.ExpiresAt, e.want, err)
		}
	}
	w.clock.add(90*time.Minute - time.Second)
	if _, err := w.Authenticate(short); err != nil {
		t.Errorf("a second before the end of its token: %v", err)
	}
	w.clock.add(time.Second)
	_, err := w.Authenticate(short)
	refused(t, "at the end of its token", err)
	w.clock.add(12*time.Hour - 90*time.Minute - time.Second)
	if _, err := w.Authenticate(session); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	w.clock.add(time.Second + leeway)
	_, err = w.Authenticate(session)
	refused(t, "at its end", err)
}

// No change of any character makes another session that holds.
func TestChangedSessionsProperty(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	session := w.session("jane", goodPassword)
	rapid.Check(t, func(r *rapid.T) {
		changed := []byte(session)
		for range rapid.IntRange(1, 3).Draw(r, "changes") {
			at := rapid.IntRange(0, len(changed)-1).Draw(r, "at")
			switch rapid.SampledFrom([]string{"set", "cut", "insert", "swap"}).Draw(r, "change") {
			case "set":
				changed[at] = rapid.Byte().Draw(r, "to")
			case "cut":
				changed = append(changed[:at:at], changed[at+1:]...)
			case "insert":
				changed = append(changed[:at:at], append([]byte{rapid.SampledFrom([]byte("aZ0-_.=\x00\n ")).Draw(r, "new")}, changed[at:]...)...)
			case "swap":
				other := rapid.IntRange(0, len(changed)-1).Draw(r, "with")
				changed[at], changed[other] = changed[other], changed[at]
			}
		}
		if _, err := w.Authenticate(string(changed)); err == nil && string(changed) != session {
			r.Fatalf("%q holds, like %q", changed, session)
		}
	})
}

// Claims that were changed and not signed again do not hold, whatever they say.
func TestChangedClaimsProperty(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	other := w.user("john")
	session := strings.Split(w.session("jane", goodPassword), ".")
	payload, err := base64.RawURLEncoding.DecodeString(session[1])
	w.must(err)
	rapid.Check(t, func(r *rapid.T) {
		var c map[string]any
		if err := json.Unmarshal(payload, &c); err != nil {
			r.Fatal(err)
		}
		name := rapid.SampledFrom([]string{"sub", "aud", "iss", "exp", "iat", "nbf", "epoch", "pat", "jti", "new"}).Draw(r, "claim")
		c[name] = rapid.OneOf(rapid.Just[any](other.ID), rapid.Just[any](4e9), rapid.Just[any](nil), rapid.Map(rapid.String(), func(s string) any { return s })).Draw(r, "value")
		text, err := json.Marshal(c)
		if err != nil {
			r.Fatal(err)
		}
		if _, err := w.Authenticate(session[0] + "." + base64.RawURLEncoding.EncodeToString(text) + "." + session[2]); err == nil {
			r.Fatalf("%s holds with the signature of %s", text, payload)
		}
	})
}

// FuzzAuthenticate finds no text that is a session, nor one that ends the process.
func FuzzAuthenticate(f *testing.F) {
	w := newWorld(f)
	w.user("jane")
	session := w.session("jane", goodPassword)
	for _, seed := range []string{"", "..", session[:len(session)-1], "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqYW5lIn0.", "psp_aaaaaaaaaa_" + strings.Repeat("a", 32), "\xff\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := w.Authenticate(token); err == nil && token != session {
			t.Errorf("%q holds", token)
		}
		if id, ok := parseToken(token); ok && token != "psp_"+id+"_"+token[len(token)-tokenSecret:] {
			t.Errorf("%q has the id %q", token, id)
		}
		_, _ = w.SecondFactor(t.Context(), token, token, client)
		if w.Verify(token, token, token) {
			t.Errorf("%q is its own signature", token)
		}
	})
}
