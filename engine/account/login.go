package account

import (
	"context"
	"errors"
	"net/netip"
)

// Login is the answer to a name and a password: exactly one of the two is set.
type Login struct {
	// Token is the session.
	Token string
	// SecondFactor is what SecondFactor takes together with a code, within five minutes.
	SecondFactor string
}

// Login takes a name with a password or a personal access token. The address of the client is held in
// memory only, for the limits. Errors: ErrCredentials, LimitedError, one that wraps ErrUnavailable, that of
// ctx when it ends in the queue for a processor, or that of a disk which is full.
func (s *Store) Login(ctx context.Context, name, password string, address netip.Addr) (Login, error) {
	users, err := s.users()
	if err != nil {
		return Login{}, err
	}
	if _, err := s.keys(); err != nil { // before the work of a hash
		return Login{}, err
	}
	known, _ := normalName(name)
	user := users.byName[known]
	try, err := s.begin(ctx, name, address)
	if err != nil {
		return Login{}, err
	}
	defer try.release()
	token, ok, err := s.check(ctx, user, password)
	if err != nil {
		return Login{}, err
	}
	if !ok {
		return Login{}, s.refuse(ctx, try, user)
	}
	if token == nil && user.TOTP != nil {
		// The failures stay counted until the second factor is right, too.
		second, err := s.issue(user, audienceSecondFactor, nil, secondFactorLifetime)
		return Login{SecondFactor: second}, err
	}
	session, err := s.issue(user, audienceSession, token, s.lifetime)
	if err != nil {
		return Login{}, err
	}
	try.succeed()
	return Login{Token: session}, nil
}

// check evaluates exactly one hash, whatever is wrong. The token is that which the password was.
func (s *Store) check(ctx context.Context, user *record, password string) (token *tokenRecord, ok bool, err error) {
	hash := "" // matches nothing
	id, isToken := parseToken(password)
	switch {
	case user == nil:
	case isToken:
		if token = user.token(id); token != nil && !token.Expired(s.now()) {
			hash = token.Hash
		}
	case len(password) <= maxPassword:
		hash = user.Password
	}
	if len(password) > maxPassword {
		password = "" // hashing megabytes would take longer
	}
	ok, err = s.hasher.matches(ctx, hash, password)
	return token, ok, err
}

// SecondFactor takes the token that Login gave and a code of the authenticator, and returns the session.
// A token allows five tries, and a code is taken once. Errors as of Login.
func (s *Store) SecondFactor(ctx context.Context, token, code string, address netip.Addr) (string, error) {
	_, usersErr := s.users()
	_, keysErr := s.keys()
	if err := errors.Join(usersErr, keysErr); err != nil {
		return "", err
	}
	if err := s.limits.admit(address); err != nil {
		s.logLimited(ctx)
		return "", err
	}
	said, user, err := s.verify(token, audienceSecondFactor)
	if err != nil {
		if errors.Is(err, ErrCredentials) {
			s.logFailed(ctx)
		}
		return "", err
	}
	try, err := s.limits.begin(user.Name, address)
	if err != nil {
		s.logLimited(ctx)
		return "", err
	}
	defer try.release()
	ok := s.limits.takeTry(said.ID)
	if ok {
		ok, err = s.useCode(user, code)
	}
	if err != nil {
		return "", err
	}
	if !ok {
		return "", s.refuse(ctx, try, user)
	}
	s.limits.endTries(said.ID)
	session, err := s.issue(user, audienceSession, nil, s.lifetime)
	if err != nil {
		return "", err
	}
	try.succeed()
	return session, nil
}

// begin asks the limits.
func (s *Store) begin(ctx context.Context, name string, address netip.Addr) (*attempt, error) {
	err := s.limits.admit(address)
	var try *attempt
	if err == nil {
		try, err = s.limits.begin(name, address)
	}
	if err != nil {
		s.logLimited(ctx)
		return nil, err
	}
	return try, nil
}

// refuse counts a failure and tells of it.
func (s *Store) refuse(ctx context.Context, try *attempt, user *record) error {
	s.logFailed(ctx)
	if locked := try.fail(); locked > 0 {
		if user != nil {
			s.log.WarnContext(ctx, "log-in locked after many failures", "user", user.Name, "for", locked)
		} else {
			s.log.WarnContext(ctx, "log-in locked after many failures of an unknown user", "for", locked)
		}
	}
	return ErrCredentials
}

func (s *Store) logFailed(ctx context.Context) {
	s.log.InfoContext(ctx, "log-in failed", "reason", "credentials")
}

func (s *Store) logLimited(ctx context.Context) {
	s.log.InfoContext(ctx, "log-in failed", "reason", "limited")
}
