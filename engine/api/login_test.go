package api

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestLogin(t *testing.T) {
	s := demo(t)
	answer := s.login(t, strings.ToUpper(userNames["ann"]), passwordOf("ann")).want(t, 200)
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a token may be kept: %v", answer.Header)
	}
	s.get(t, "nobody", "/", with("Authorization", "Bearer "+answer.field(t, "token"))).says(t, 200, "acme")
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "username=ann", "a list": `[]`, "a text": `"ann"`, "a number as password": `{"username": "x", "password": 1}`,
		"two objects": `{"username": "x", "password": "y"} {}`, "more behind": `{"username": "x", "password": "y"}}`, "half": `{"username": "x"`,
		"invalid UTF-8 outside": "\xff{}", "a NUL": "{}\x00",
	} {
		got := s.do(t, http.MethodPost, loginPath, strings.NewReader(body), with("Content-Type", "application/json"), from("198.51.100.9"))
		if got.StatusCode != 400 {
			t.Errorf("%s is answered %d %s", name, got.StatusCode, got.body)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json/x", ";"} {
		s.do(t, http.MethodPost, loginPath, strings.NewReader(`{}`), with("Content-Type", kind), from("198.51.100.9")).says(t, 400, "Content-Type: application/json")
	}
	s.do(t, http.MethodPost, loginPath, bytes.NewReader(bytes.Repeat([]byte(" "), 10<<20)), with("Content-Type", "application/json")).says(t, 413, "larger than 16384 bytes")
	s.do(t, http.MethodPost, secondLoginPath, bytes.NewReader(bytes.Repeat([]byte(" "), 10<<20)), with("Content-Type", "application/json")).want(t, 413)
	s.do(t, http.MethodPost, loginPath, strings.NewReader(`{}`), with("Content-Type", "application/json; charset=utf-8"), from("198.51.100.9")).want(t, 401)
}

func TestSecondFactor(t *testing.T) {
	s := demo(t)
	secret := s.secondFactor(t, "ann")
	first := s.login(t, userNames["ann"], passwordOf("ann"), from("198.51.100.1")).want(t, 401).field(t, "login_2fa_token")
	if wrong := s.login(t, userNames["ann"], "wrong password", from("198.51.100.2")).want(t, 401); strings.Contains(string(wrong.body), "login_2fa_token") {
		t.Errorf("a wrong password is told from a right one: %s", wrong.body)
	}
	code := s.code(t, secret)
	s.second(t, first, "00000", from("198.51.100.1")).want(t, 401)
	s.second(t, first[1:], code, from("198.51.100.1")).want(t, 401)
	s.get(t, "nobody", "/", with("Authorization", "Bearer "+first)).want(t, 401)
	session := s.second(t, first, code, from("198.51.100.1")).want(t, 200).field(t, "token")
	s.get(t, "nobody", "/", with("Authorization", "Bearer "+session)).says(t, 200, "acme")
	s.second(t, first, code, from("198.51.100.1")).want(t, 401) // neither works twice
	s.clock.add(30 * time.Second)
	s.second(t, first, s.code(t, secret), from("198.51.100.1")).want(t, 401)
	late := s.login(t, userNames["ann"], passwordOf("ann"), from("198.51.100.3")).field(t, "login_2fa_token")
	s.clock.add(5*time.Minute + 6*time.Second)
	s.second(t, late, s.code(t, secret), from("198.51.100.3")).want(t, 401)
}

// TestBruteForce guesses passwords. Whether the user is there makes no difference that can be seen.
func TestBruteForce(t *testing.T) {
	s := demo(t)
	guess := func(name, password, address string) []any {
		answer := s.login(t, name, password, from(address))
		answer.Header.Del("X-Request-Id")
		return []any{answer.StatusCode, string(answer.body), answer.Header}
	}
	journal.hide("guess of a password")
	for n := range 7 {
		there := guess(userNames["gil"], "guess of a password", "198.51.100.1")
		if unknown := guess("mallory.moretti", "guess of a password", "198.51.100.1"); !reflect.DeepEqual(there, unknown) {
			t.Errorf("attempt %d of a user is answered %v, of nobody %v", n+1, there, unknown)
		}
		status := 401
		if n >= 5 {
			status = 429
		}
		if there[0] != status || (status == 429) != (there[2].(http.Header).Get("Retry-After") == "60") {
			t.Errorf("attempt %d is answered %v, want %d", n+1, there, status)
		}
	}
	if right := guess(userNames["gil"], passwordOf("gil"), "198.51.100.1"); right[0] != 429 {
		t.Errorf("the right password of a locked user is answered %v", right)
	}
	if upper := guess(strings.ToUpper(userNames["gil"]), passwordOf("gil"), "198.51.100.1"); upper[0] != 429 {
		t.Errorf("another spelling of the name is answered %v", upper)
	}
	s.login(t, userNames["ann"], passwordOf("ann"), from("198.51.100.1")).want(t, 200) // another user
	s.login(t, userNames["gil"], passwordOf("gil"), from("198.51.100.2")).want(t, 200) // another address
	s.get(t, "gil", "/", from("198.51.100.1")).want(t, 200)                            // sessions go on
	s.clock.add(61 * time.Second)
	s.login(t, userNames["gil"], passwordOf("gil"), from("198.51.100.1")).want(t, 200)
	if lines := journal.lines("guess"); len(lines) > 0 {
		t.Errorf("the log has %q", lines)
	}
	// One address with many names.
	limited := 0
	for n := range 25 {
		if s.login(t, fmt.Sprintf("%d.guessed.name", n), "", from("203.0.113.9")).StatusCode == 429 {
			limited++
		}
	}
	if limited != 5 {
		t.Errorf("%d of 25 attempts of one address are refused, want 5", limited)
	}
	s.login(t, userNames["ann"], passwordOf("ann"), from("203.0.113.9")).want(t, 429)
}

func TestForwardedAddresses(t *testing.T) {
	s := shared(t)
	const proxy, client = "10.0.0.1", "198.51.100.7"
	for name, c := range map[string]struct{ peer, forwarded, want string }{
		"no proxy":                    {client, "", client},
		"an untrusted peer":           {client, "203.0.113.1", client},
		"an untrusted chain":          {client, "203.0.113.1, 10.0.0.1", client},
		"a proxy":                     {proxy, client, client},
		"a proxy without a word":      {proxy, "", proxy},
		"forged from the left":        {proxy, "203.0.113.1, " + client, client},
		"forged as a proxy":           {proxy, "10.9.9.9, " + client, client},
		"two proxies":                 {proxy, client + ",10.0.0.2", client},
		"two proxies, forged":         {proxy, "203.0.113.1," + client + ", 10.0.0.2", client},
		"proxies only":                {proxy, "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		"nonsense":                    {proxy, "x", proxy},
		"nonsense from the left":      {proxy, "x, " + client, client},
		"nonsense behind a proxy":     {proxy, "x, 10.0.0.2", "10.0.0.2"},
		"an IPv4 address in IPv6":     {proxy, "::ffff:" + client, client},
		"a proxy as IPv4 in IPv6":     {"::ffff:" + proxy, client, client},
		"IPv6":                        {"2001:db8::1", client, "2001:db8::1"},
		"with a port, as some add it": {proxy, client + ":80", client},
		"with a port that is none":    {proxy, client + ":x", proxy},
	} {
		r := must(request(http.MethodPost, loginPath, nil, from(c.peer)))(t)
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.clientOf(r); got.String() != c.want {
			t.Errorf("%s: %s, forwarded for %q, is %s, want %s", name, c.peer, c.forwarded, got, c.want)
		}
	}
	// Several headers are one list.
	r := must(request(http.MethodPost, loginPath, nil, from(proxy)))(t)
	r.Header["X-Forwarded-For"] = []string{"203.0.113.1", client, "10.0.0.2"}
	if got := s.clientOf(r); got.String() != client {
		t.Errorf("three headers are %s, want %s", got, client)
	}
	r.RemoteAddr = "@"
	if got := s.clientOf(r); got.IsValid() {
		t.Errorf("no address is %s", got)
	}
}

// TestForwardedAddressesCount says that the limits count as clientOf does.
func TestForwardedAddressesCount(t *testing.T) {
	s := demo(t)
	try := func(name, peer, forwarded string) int {
		return s.login(t, name, "", from(peer), with("X-Forwarded-For", forwarded)).StatusCode
	}
	for n := range 5 {
		if got := try("one", "198.51.100.1", fmt.Sprintf("203.0.113.%d", n)); got != 401 {
			t.Errorf("attempt %d is answered %d", n+1, got)
		}
		if got := try("two", "10.0.0.1", fmt.Sprintf("203.0.113.%d, 198.51.100.2", n)); got != 401 {
			t.Errorf("attempt %d through a proxy is answered %d", n+1, got)
		}
	}
	for what, got := range map[string][2]int{
		"an untrusted peer with another name of its own": {try("one", "198.51.100.1", "203.0.113.99"), 429},
		"a client behind a proxy with another left end":  {try("two", "10.0.0.1", "203.0.113.99, 198.51.100.2"), 429},
		"the same client behind another proxy":           {try("two", "10.0.0.2", "198.51.100.2"), 429},
		"another client behind the proxy":                {try("two", "10.0.0.1", "198.51.100.3"), 401},
		"the proxy itself":                               {try("two", "10.0.0.1", "nonsense"), 401},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is answered %d, want %d", what, got[0], got[1])
		}
	}
}
