package account

import (
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	issuer               = "pullscope"
	audienceSession      = "api"
	audienceSecondFactor = "2fa"

	// leeway is how far apart the clocks of two servers may be.
	leeway = 5 * time.Second
	// secondFactorLifetime is the time for finding the authenticator.
	secondFactorLifetime = 5 * time.Minute
	// maxSession is in bytes, several times what a session has.
	maxSession = 4096
)

// claims are what a session says, and a token for the second factor, which has another audience.
type claims struct {
	jwt.RegisteredClaims
	// Epoch is that of the user when it logged in.
	Epoch string `json:"epoch"`
	// Token is the id of the personal access token it came with.
	Token string `json:"pat,omitempty"`
}

func newParser(audience string, now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(now), jwt.WithStrictDecoding(),
	)
}

// issue signs a token for this user.
func (s *Store) issue(user *record, audience string, token *tokenRecord, lifetime time.Duration) (string, error) {
	key, err := s.activeKey()
	if err != nil {
		return "", err
	}
	now := s.now().UTC().Truncate(time.Second)
	expires := now.Add(lifetime)
	c := claims{Epoch: user.Epoch}
	if token != nil {
		c.Token = token.ID
		if !token.ExpiresAt.IsZero() && token.ExpiresAt.Before(expires) {
			expires = token.ExpiresAt
		}
	}
	c.RegisteredClaims = jwt.RegisteredClaims{
		Issuer: issuer, Subject: user.ID, Audience: jwt.ClaimStrings{audience}, ID: randomText(epochLength),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	unsigned.Header["kid"] = key.id
	return unsigned.SignedString(key.session)
}

// Authenticate verifies a session and returns its user as it is now. Error: ErrCredentials, whatever is
// wrong with the session, or one that wraps ErrUnavailable.
func (s *Store) Authenticate(token string) (*User, error) {
	_, user, err := s.verify(token, audienceSession)
	if err != nil {
		return nil, err
	}
	return user.user(), nil
}

// errSession never leaves the package.
var errSession = errors.New("the session does not hold")

// verify returns what a token says and whose it is. Errors as of Authenticate.
func (s *Store) verify(token, audience string) (*claims, *record, error) {
	users, err := s.users()
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.keys(); err != nil {
		return nil, nil, err
	}
	// Reading base64 lets line ends pass, so that one session would have many texts.
	if len(token) > maxSession || strings.ContainsAny(token, "\r\n") {
		return nil, nil, ErrCredentials
	}
	var c claims
	var signer *signingKey
	_, err = s.parsers[audience].ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		key, ok := s.key(id)
		if !ok {
			return nil, errSession
		}
		signer = key
		return key.session, nil
	})
	if err != nil || !s.holds(&c, audience, signer) {
		return nil, nil, ErrCredentials
	}
	user, ok := users.byID[c.Subject]
	if !ok || user.Epoch != c.Epoch {
		return nil, nil, ErrCredentials
	}
	if c.Token != "" {
		if source := user.token(c.Token); source == nil || source.Expired(s.now()) {
			return nil, nil, ErrCredentials
		}
	}
	return &c, user, nil
}

// holds checks what a stolen old key could be used for: a token that begins after the key was replaced,
// or lives longer than one that this store would sign.
func (s *Store) holds(c *claims, audience string, signer *signingKey) bool {
	if c.IssuedAt == nil || c.ExpiresAt == nil || len(c.Audience) != 1 {
		return false
	}
	lifetime := s.lifetime
	if audience == audienceSecondFactor {
		lifetime = secondFactorLifetime
	}
	if c.ExpiresAt.Sub(c.IssuedAt.Time) > lifetime {
		return false
	}
	return signer.retired.IsZero() || !c.IssuedAt.After(signer.retired.Add(leeway))
}
