package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pullscope/pullscope/engine/account"
)

// Where the dashboard logs in and out. Its session is a cookie that scripts cannot read and other sites cannot use.
const (
	sessionPath       = "/session"
	secondSessionPath = "/session/2fa"
	sessionCookie     = "pullscope_session"
)

// tokenOf is the session that a request carries: as Bearer, or as the cookie of the dashboard.
func tokenOf(r *http.Request) (token string, isCookie bool, err error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", false, unauthorized("the Authorization header is no Bearer token; log in at " + loginPath)
		}
		return strings.TrimSpace(token), false, nil
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		return cookie.Value, true, nil
	}
	return "", false, nil
}

type sessionUser struct {
	Name  string `json:"name"`
	Admin bool   `json:"admin"`
}

func (s *Server) openSession(w http.ResponseWriter, r *http.Request) error {
	return s.checkPassword(w, r, func(token string) error { return s.keepSession(w, r, token) })
}

func (s *Server) openSecondSession(w http.ResponseWriter, r *http.Request) error {
	return s.checkCode(w, r, func(token string) error { return s.keepSession(w, r, token) })
}

func (s *Server) keepSession(w http.ResponseWriter, r *http.Request, token string) error {
	user, err := s.accounts.Authenticate(token)
	if err != nil { // the user was changed in this moment
		return s.answerLogin(w, err)
	}
	if err := s.setCookie(w, r, token, 0); err != nil {
		return err
	}
	return send(w, http.StatusOK, sessionUser{user.Name, user.Admin})
}

// setCookie sets the cookie until the browser closes, or removes it where age is negative.
func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, value string, age int) error {
	live, _ := s.current()
	address, err := s.base(live, r)
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(address, "https:"),
	})
	return nil
}

func (s *Server) closeSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.setCookie(w, r, "", -1); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// OpenToAll lets everybody who reaches the server see everything, without log-in. It is for servers that only
// this machine reaches, and comes before the first request.
func (s *Server) OpenToAll() { s.openToAll = true }

// authenticate finds the user of a token. Of a cookie that does not hold any more nothing is said.
func (s *Server) authenticate(r *http.Request) (*account.User, error) {
	token, isCookie, err := tokenOf(r)
	if err != nil || token == "" && r.Header.Get("Authorization") == "" {
		return nil, err
	}
	user, err := s.accounts.Authenticate(token)
	switch {
	case err == nil || errors.Is(err, account.ErrUnavailable):
		return user, err
	case isCookie:
		return nil, nil
	}
	return nil, unauthorized("the token is not valid, or not any more; log in again at " + loginPath)
}
