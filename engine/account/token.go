package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A personal access token is psp_<id>_<secret>: ten characters that name it, and 160 random bits.
const (
	tokenPrefix = "psp_"
	tokenID     = 10
	tokenSecret = 32

	// maxTokens keeps the file small.
	maxTokens = 100
)

// parseToken returns the id of a text that has the form of a personal access token.
func parseToken(text string) (id string, ok bool) {
	if len(text) != len(tokenPrefix)+tokenID+1+tokenSecret || !strings.HasPrefix(text, tokenPrefix) {
		return "", false
	}
	id, secret, _ := strings.Cut(text[len(tokenPrefix):], "_")
	if len(id) != tokenID || !isRandomText(id) || !isRandomText(secret) {
		return "", false
	}
	return id, true
}

func isRandomText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(alphabet, r) })
}

// AddToken makes a personal access token and returns it; only its hash is stored, so this is the one
// time that it can be shown. It expires after lifetime; 0: never.
func (s *Store) AddToken(ctx context.Context, name, label string, lifetime time.Duration) (secret string, token Token, err error) {
	if label != "" && !isText(label, maxLabel) {
		return "", Token{}, invalid("label %q is no text of one line of at most %d bytes", cut(label), maxLabel)
	}
	now := s.now().UTC().Truncate(time.Second)
	token = Token{ID: randomText(tokenID), Label: label, CreatedAt: now}
	if lifetime < 0 || lifetime > 0 && lifetime < time.Second || lifetime > maxTokenLifetime {
		return "", Token{}, invalid("a token cannot expire after %s; take 1s to %dd", lifetime, int(maxTokenLifetime.Hours()/24))
	}
	if lifetime > 0 {
		token.ExpiresAt = now.Add(lifetime)
	}
	secret = tokenPrefix + token.ID + "_" + randomText(tokenSecret)
	hash, err := s.hasher.encode(ctx, secret)
	if err != nil {
		return "", Token{}, err
	}
	err = s.editUser(name, func(user *record) error {
		if len(user.Tokens) >= maxTokens {
			return invalid("user %s has %d tokens; revoke some first", user.Name, len(user.Tokens))
		}
		user.Tokens = append(user.Tokens, tokenRecord{token, hash})
		return nil
	})
	if err != nil {
		return "", Token{}, err
	}
	return secret, token, nil
}

// maxTokenLifetime is ten years: what is to hold longer has no end.
const maxTokenLifetime = 3650 * 24 * time.Hour

// RevokeToken removes a token and so ends the sessions that came from it.
func (s *Store) RevokeToken(name, id string) error {
	return s.editUser(name, func(user *record) error {
		if user.token(id) == nil {
			return fmt.Errorf("user %s has no token %q; engine user list shows the ids", user.Name, cut(id))
		}
		user.Tokens = slices.DeleteFunc(user.Tokens, func(t tokenRecord) bool { return t.ID == id })
		return nil
	})
}
