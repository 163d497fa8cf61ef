package api

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// sessionKey is what the server signs sessions with, so that forged ones can be right but for one thing.
func (s *site) sessionKey(t *testing.T, purpose string) []byte {
	t.Helper()
	var file struct{ Keys []struct{ Secret string } }
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(s.dir, "access", "keys.json")))(t), &file); err != nil || len(file.Keys) != 1 {
		t.Fatalf("%d keys, %v", len(file.Keys), err)
	}
	secret := must(base64.RawURLEncoding.DecodeString(file.Keys[0].Secret))(t)
	return must(hkdf.Key(sha256.New, secret, nil, purpose, 32))(t)
}

// forge is ann's session with other claims, another header and another signature.
func (s *site) forge(t *testing.T, method jwt.SigningMethod, key any, change func(header map[string]any, claims jwt.MapClaims)) string {
	t.Helper()
	claims := jwt.MapClaims{}
	token, _, err := jwt.NewParser().ParseUnverified(s.tokens["ann"], claims)
	if err != nil {
		t.Fatal(err)
	}
	forged := jwt.NewWithClaims(method, maps.Clone(claims))
	forged.Header["kid"] = token.Header["kid"]
	if change != nil {
		change(forged.Header, forged.Claims.(jwt.MapClaims))
	}
	return must(forged.SignedString(key))(t)
}

func TestForgedTokens(t *testing.T) {
	s := demo(t)
	key := s.sessionKey(t, "pullscope session v1")
	hs := jwt.SigningMethodHS256
	s.get(t, "nobody", "/", with("Authorization", "Bearer "+s.forge(t, hs, key, nil))).says(t, 200, "acme")
	s.get(t, "nobody", "/", with("Authorization", "bEaReR "+s.tokens["ann"])).says(t, 200, "acme")

	set := func(name string, value any) func(map[string]any, jwt.MapClaims) {
		return func(_ map[string]any, claims jwt.MapClaims) { claims[name] = value }
	}
	unset := func(name string) func(map[string]any, jwt.MapClaims) {
		return func(_ map[string]any, claims jwt.MapClaims) { delete(claims, name) }
	}
	header := func(name string, value any) func(map[string]any, jwt.MapClaims) {
		return func(header map[string]any, _ jwt.MapClaims) { header[name] = value }
	}
	pair := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&pair.PublicKey))(t)})
	parts := strings.Split(s.tokens["ann"], ".")
	gil := strings.Split(s.tokens["gil"], ".")
	s.secondFactor(t, "gil") // ends the sessions of gil
	half := s.login(t, userNames["gil"], passwordOf("gil")).field(t, "login_2fa_token")
	bad := map[string]string{
		"expired":               s.forge(t, hs, key, set("exp", demoNow.Add(-6*time.Second).Unix())),
		"not yet valid":         s.forge(t, hs, key, set("nbf", demoNow.Add(6*time.Second).Unix())),
		"issued in the future":  s.forge(t, hs, key, set("iat", demoNow.Add(6*time.Second).Unix())),
		"for longer than ours":  s.forge(t, hs, key, set("exp", demoNow.Add(13*time.Hour).Unix())),
		"without end":           s.forge(t, hs, key, unset("exp")),
		"without begin":         s.forge(t, hs, key, unset("nbf")),
		"without issue":         s.forge(t, hs, key, unset("iat")),
		"of another issuer":     s.forge(t, hs, key, set("iss", "hub.docker.com")),
		"for another audience":  s.forge(t, hs, key, set("aud", "2fa")),
		"for two audiences":     s.forge(t, hs, key, set("aud", []string{"api", "2fa"})),
		"for nobody":            s.forge(t, hs, key, unset("aud")),
		"of nobody":             s.forge(t, hs, key, unset("sub")),
		"of a user's name":      s.forge(t, hs, key, set("sub", userNames["ann"])),
		"of a number":           s.forge(t, hs, key, set("sub", 1)),
		"of another epoch":      s.forge(t, hs, key, set("epoch", "aaaaaaaaaaaaaaaa")),
		"of a token not there":  s.forge(t, hs, key, set("pat", "aaaaaaaaaa")),
		"of another key":        s.forge(t, hs, key, header("kid", "aaaaaaaa")),
		"of a path as key":      s.forge(t, hs, key, header("kid", "../../../dev/null")),
		"of no key":             s.forge(t, hs, key, header("kid", nil)),
		"of a list of keys":     s.forge(t, hs, key, header("kid", []string{"a"})),
		"foreign key":           s.forge(t, hs, []byte(rand.Text()+rand.Text()), nil),
		"empty key":             s.forge(t, hs, []byte{}, nil),
		"the key of URLs":       s.forge(t, hs, s.sessionKey(t, "pullscope url v1"), nil),
		"alg none":              s.forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"HS512":                 s.forge(t, jwt.SigningMethodHS512, key, nil),
		"HS384":                 s.forge(t, jwt.SigningMethodHS384, key, nil),
		"RS256":                 s.forge(t, jwt.SigningMethodRS256, pair, nil),
		"RS256 taken for HS256": s.forge(t, hs, public, nil),
		"RS256 in the header":   s.forge(t, hs, key, header("alg", "RS256")),
		"none in the header":    s.forge(t, hs, key, header("alg", "none")),
		"nOnE in the header":    s.forge(t, hs, key, header("alg", "nOnE")),
		"first half of a login": half,
		"the claims of another": parts[0] + "." + gil[1] + "." + parts[2],
		"no signature":          parts[0] + "." + parts[1] + ".",
		"two parts":             parts[0] + "." + parts[1],
		"four parts":            s.tokens["ann"] + "." + parts[2],
		"padded":                s.tokens["ann"] + "=",
		"a session that ended":  s.tokens["gil"],
		"100 kB":                strings.Repeat("a", 100_000),
		"100 kB behind ours":    s.tokens["ann"] + strings.Repeat("A", 100_000),
		"dots":                  strings.Repeat(".", 4000),
		"a NUL":                 s.tokens["ann"] + "\x00",
		"a password":            passwordOf("ann"),
	}
	for part, text := range parts {
		for at := 0; at < len(text); at += max(1, len(text)/12) {
			altered := slices.Clone(parts)
			altered[part] = text[:at] + string(altered[part][at]^1) + text[at+1:]
			bad["altered in part "+string(rune('0'+part))+" at "+altered[part]] = strings.Join(altered, ".")
		}
		short := slices.Clone(parts)
		short[part] = text[1:]
		bad["shortened in part "+string(rune('0'+part))] = strings.Join(short, ".")
	}
	headers := map[string]string{"Bearer alone": "Bearer", "Bearer and a space": "Bearer ", "Basic": "Basic YW5uOnBhc3N3b3Jk", "no scheme": s.tokens["ann"], "two tokens": "Bearer " + s.tokens["ann"] + " " + s.tokens["ann"], "JWT": "JWT " + s.tokens["ann"]}
	for name, token := range bad {
		headers[name] = "Bearer " + token
	}
	for name, header := range headers {
		for _, path := range []string{"/", "/namespaces/acme/pulls", "/namespaces/acme/reports/summary"} {
			answer := s.get(t, "nobody", path, with("Authorization", header))
			if answer.StatusCode != http.StatusUnauthorized || strings.Contains(string(answer.body), "acme") {
				t.Errorf("%s: %s answers %d %.100q", name, path, answer.StatusCode, answer.body)
			}
		}
	}
	// Neither is one let in as anybody else where some namespaces are open to all.
	opened := demo(t, openedLabs)
	opened.get(t, "nobody", "/namespaces/acme-labs", with("Authorization", "Bearer "+bad["foreign key"])).want(t, 401)
	// What a session is not for: the second step of a log-in.
	s.second(t, s.tokens["ann"], "000000").want(t, 401)
}

func TestSessionsEnd(t *testing.T) {
	end := map[string]func(s *site) error{
		"user removed": func(s *site) error { return s.accounts.Remove(userNames["ann"]) },
		"password changed": func(s *site) error {
			return s.accounts.SetPassword(context.Background(), userNames["ann"], "another long password")
		},
		"second factor": func(s *site) error { s.secondFactor(t, "ann"); return nil },
		"keys rotated":  func(s *site) error { return s.accounts.RotateKeys(true) },
		"12 hours":      func(s *site) error { s.clock.add(12*time.Hour + 5*time.Second); return nil },
	}
	journal.hide("another long password")
	for name, do := range end {
		s := demo(t)
		s.get(t, "ann", "/").want(t, 200)
		if err := do(s); err != nil {
			t.Fatal(err)
		}
		s.clock.add(time.Second) // files are looked at every second
		if got := s.get(t, "ann", "/"); got.StatusCode != 401 {
			t.Errorf("after %s, a session is answered %d", name, got.StatusCode)
		}
	}
}

func TestPersonalAccessTokens(t *testing.T) {
	s := demo(t)
	secret, token, err := s.accounts.AddToken(context.Background(), userNames["ann"], "ci", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	journal.hide(secret)
	s.clock.add(time.Second)
	s.get(t, "nobody", "/", with("Authorization", "Bearer "+secret)).want(t, 401) // it is for log-ins
	s.login(t, userNames["gil"], secret).want(t, 401)
	session := "Bearer " + s.login(t, userNames["ann"], secret).field(t, "token")
	s.get(t, "nobody", "/", with("Authorization", session)).says(t, 200, "acme")
	s.clock.add(time.Hour - 2*time.Second)
	s.get(t, "nobody", "/", with("Authorization", session)).want(t, 200)
	s.clock.add(2 * time.Second) // the token has expired, and with it the session
	s.get(t, "nobody", "/", with("Authorization", session)).want(t, 401)
	s.login(t, userNames["ann"], secret).want(t, 401)
	if err := s.accounts.RevokeToken(userNames["ann"], token.ID); err != nil {
		t.Fatal(err)
	}
	s.get(t, "ann", "/").want(t, 200) // a session of the password lives on
}
