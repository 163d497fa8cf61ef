package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strings"

	"github.com/pullscope/pullscope/engine/account"
)

// maxLogin is how large the body of a log-in may be, in bytes.
const maxLogin = 16 << 10

// What is said about credentials that are not right, whatever is wrong with them.
const wrongCredentials = "Incorrect authentication credentials"

type loginRequest struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type secondLoginRequest struct {
	Token string `json:"login_2fa_token"`
	Code  string `json:"code"`
}

type loginFailure struct {
	Detail string `json:"detail"`
	Token  string `json:"login_2fa_token,omitempty"`
}

type loginSuccess struct {
	Token string `json:"token"`
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	return s.checkPassword(w, r, func(token string) error { return send(w, http.StatusOK, loginSuccess{token}) })
}

func (s *Server) secondLogin(w http.ResponseWriter, r *http.Request) error {
	return s.checkCode(w, r, func(token string) error { return send(w, http.StatusOK, loginSuccess{token}) })
}

// checkPassword reads user name and password, and lets done answer with the token of a session.
func (s *Server) checkPassword(w http.ResponseWriter, r *http.Request, done func(token string) error) error {
	var body loginRequest
	if err := readJSON(w, r, &body, maxLogin); err != nil {
		return err
	}
	login, err := s.accounts.Login(r.Context(), body.Username, body.Password, s.clientOf(r))
	if err != nil {
		return s.answerLogin(w, err)
	}
	if login.SecondFactor != "" {
		return send(w, http.StatusUnauthorized, loginFailure{"a second factor is required: send its code and this token to " + secondLoginPath, login.SecondFactor})
	}
	return done(login.Token)
}

// checkCode reads the code of a second factor, likewise.
func (s *Server) checkCode(w http.ResponseWriter, r *http.Request, done func(token string) error) error {
	var body secondLoginRequest
	if err := readJSON(w, r, &body, maxLogin); err != nil {
		return err
	}
	token, err := s.accounts.SecondFactor(r.Context(), body.Token, body.Code, s.clientOf(r))
	if err != nil {
		return s.answerLogin(w, err)
	}
	return done(token)
}

// answerLogin answers a log-in that failed.
func (s *Server) answerLogin(w http.ResponseWriter, err error) error {
	var limited account.LimitedError
	switch {
	case errors.Is(err, account.ErrCredentials):
		return send(w, http.StatusUnauthorized, loginFailure{Detail: wrongCredentials})
	case errors.As(err, &limited):
		return tooMany(limited.RetryAfter)
	}
	return err
}

// readJSON reads the one JSON object of a body.
func readJSON(w http.ResponseWriter, r *http.Request, into any, limit int64) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != jsonType {
		return badRequest("the body must be JSON, sent with Content-Type: application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	err := decoder.Decode(into)
	if err == nil {
		if _, err = decoder.Token(); err == nil {
			err = errors.New("there is more than one value")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return err
	case err != nil:
		// The error may repeat what was sent.
		return badRequest("the body is not the JSON object that is expected here; see /docs")
	}
	return nil
}

// send answers with JSON that nobody may keep.
func send(w http.ResponseWriter, status int, value any) error {
	body, err := encode(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone away does not read it
	return nil
}

// clientOf is the address that attempts are counted by: the peer, or whom the trusted proxies before us name
// as theirs, read from the end, since the begin is what the client sent.
func (s *Server) clientOf(r *http.Request) netip.Addr {
	live, _ := s.current()
	peer := peerOf(r)
	if !live.Config().Trusts(peer) {
		return peer
	}
	names := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.TrimSpace(names[i])
		address, err := netip.ParseAddr(name)
		if err != nil { // some proxies add the port
			var withPort netip.AddrPort
			withPort, err = netip.ParseAddrPort(name)
			address = withPort.Addr()
		}
		if err != nil {
			break
		}
		if peer = address.Unmap(); !live.Config().Trusts(peer) {
			break
		}
	}
	return peer
}

func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}
