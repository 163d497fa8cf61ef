package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/pquerna/otp/totp"
)

// login sends a name and a password.
func (s *site) login(t testing.TB, name, password string, change ...func(*http.Request)) reply {
	t.Helper()
	return s.post(t, loginPath, loginRequest{name, password}, change...)
}

// second sends the second step of a log-in.
func (s *site) second(t testing.TB, token, code string, change ...func(*http.Request)) reply {
	t.Helper()
	return s.post(t, secondLoginPath, secondLoginRequest{token, code}, change...)
}

func (s *site) post(t testing.TB, path string, body any, change ...func(*http.Request)) reply {
	t.Helper()
	text := must(json.Marshal(body))(t)
	answer := s.do(t, http.MethodPost, path, bytes.NewReader(text), append([]func(*http.Request){with("Content-Type", "application/json")}, change...)...)
	var said struct {
		Token  string
		Second string `json:"login_2fa_token"`
	}
	answer.decode(t, &said)
	journal.hide(said.Token, said.Second)
	return answer
}

// secondFactor gives a user one, and returns its secret. It ends the sessions of the user.
func (s *site) secondFactor(t testing.TB, who string) string {
	t.Helper()
	key := must(s.accounts.NewTOTP(userNames[who]))(t)
	if err := s.accounts.EnableTOTP(userNames[who], key.Secret, ""); err != nil {
		t.Fatal(err)
	}
	journal.hide(key.Secret)
	return key.Secret
}

func (s *site) code(t testing.TB, secret string) string {
	t.Helper()
	return must(totp.GenerateCode(secret, s.clock.now()))(t)
}

// files asks for the files of an export, whose URLs are no business of the log.
func (s *site) files(t testing.TB, who, path string) []responseDataFile {
	t.Helper()
	var list responseData
	s.get(t, who, path).want(t, http.StatusOK).decode(t, &list)
	if len(list.Data) == 0 {
		t.Fatalf("%s lists no files", path)
	}
	for _, file := range list.Data {
		_, signature, _ := strings.Cut(file.URL, "signature=")
		journal.hide(signature)
	}
	return list.Data
}

// decode reads the JSON of an answer.
func (r reply) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%s answers %.300q: %v", r.Request.URL.RequestURI(), r.body, err)
	}
}

// field is a text of an answer.
func (r reply) field(t testing.TB, name string) string {
	t.Helper()
	var fields map[string]any
	r.decode(t, &fields)
	text, _ := fields[name].(string)
	if text == "" {
		t.Fatalf("%s answers %.300q, want %s in it", r.Request.URL.RequestURI(), r.body, name)
	}
	return text
}
