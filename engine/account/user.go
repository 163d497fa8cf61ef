package account

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrUnknownUser is wrapped by the error about a name that no user has.
var ErrUnknownUser = errors.New("there is no such user")

// InvalidError says what is wrong with a value that was given.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }
func (e *InvalidError) Unwrap() error { return e.Err }

func invalid(format string, args ...any) error {
	return &InvalidError{Err: fmt.Errorf(format, args...)}
}

// Grants are what a user may see.
type Grants struct {
	// Admin may see every namespace.
	Admin bool `json:"admin"`
	// Publishers are ids of publishers: all of their namespaces, as the configuration has them.
	Publishers []string `json:"publishers"`
	// Namespaces are names of namespaces, whoever owns them.
	Namespaces []string `json:"namespaces"`
	// Repositories are namespace/repository, beyond the namespaces.
	Repositories []string `json:"repositories"`
}

// Empty reports whether nothing is granted.
func (g Grants) Empty() bool {
	return !g.Admin && len(g.Publishers)+len(g.Namespaces)+len(g.Repositories) == 0
}

// Validate returns an InvalidError about the first name that cannot be one.
func (g Grants) Validate() error {
	for _, id := range g.Publishers {
		if !isText(id, maxGrant) {
			return invalid("publisher %q is no id of a publisher; take one of the configuration", id)
		}
	}
	for _, namespace := range g.Namespaces {
		if !isText(namespace, maxGrant) || strings.ContainsAny(namespace, "/ ") {
			return invalid("namespace %q is no name of a namespace; write it as in acme", namespace)
		}
	}
	for _, repository := range g.Repositories {
		namespace, name, _ := strings.Cut(repository, "/")
		if !isText(repository, maxGrant) || namespace == "" || name == "" || strings.Contains(repository, " ") {
			return invalid("repository %q is no repository; write it as in acme/app", repository)
		}
	}
	return nil
}

// with returns what either grants.
func (g Grants) with(other Grants) Grants {
	return Grants{
		Admin:        g.Admin || other.Admin,
		Publishers:   slices.Concat(g.Publishers, other.Publishers),
		Namespaces:   slices.Concat(g.Namespaces, other.Namespaces),
		Repositories: slices.Concat(g.Repositories, other.Repositories),
	}.tidy()
}

// without returns what g grants and other does not name.
func (g Grants) without(other Grants) Grants {
	less := func(all, gone []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(gone, s) })
	}
	return Grants{
		Admin:        g.Admin && !other.Admin,
		Publishers:   less(g.Publishers, other.Publishers),
		Namespaces:   less(g.Namespaces, other.Namespaces),
		Repositories: less(g.Repositories, other.Repositories),
	}.tidy()
}

// tidy returns a copy with every list sorted, without repeats, and never nil.
func (g Grants) tidy() Grants {
	sorted := func(all []string) []string {
		return slices.Compact(slices.Sorted(slices.Values(slices.Concat([]string{}, all))))
	}
	return Grants{g.Admin, notNil(sorted(g.Publishers)), notNil(sorted(g.Namespaces)), notNil(sorted(g.Repositories))}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// User is somebody who may use the API, without secrets.
type User struct {
	// ID is random, and of this user for its whole life: one that is removed and added again has another.
	ID string `json:"id"`
	// Name is in lower case.
	Name string `json:"name"`
	Grants
	// HasPassword is false of users that have tokens only.
	HasPassword bool `json:"has_password"`
	// HasTOTP reports whether the password needs a second factor.
	HasTOTP bool `json:"has_totp"`
	// Tokens are the personal access tokens, oldest first, expired ones among them.
	Tokens    []Token   `json:"tokens"`
	CreatedAt time.Time `json:"created_at"`
}

// Token is a personal access token, without its secret.
type Token struct {
	ID        string    `json:"id"`
	Label     string    `json:"label"`
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is zero when the token holds until it is revoked.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Expired reports whether the token holds no longer.
func (t Token) Expired(now time.Time) bool { return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) }

// record is a user as the file has it.
type record struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Grants
	// Password is an argon2id hash, empty where there is no password.
	Password string `json:"password,omitempty"`
	// Epoch stands in sessions. It changes with the password and the second factor, which ends them.
	Epoch     string        `json:"epoch"`
	TOTP      *totpRecord   `json:"totp,omitempty"`
	Tokens    []tokenRecord `json:"tokens,omitempty"`
	CreatedAt time.Time     `json:"created_at"`
}

type tokenRecord struct {
	Token
	Hash string `json:"hash"`
}

func (r *record) token(id string) *tokenRecord {
	for i := range r.Tokens {
		if r.Tokens[i].ID == id {
			return &r.Tokens[i]
		}
	}
	return nil
}

// user is a copy that shares nothing with the record.
func (r *record) user() *User {
	user := &User{
		ID: r.ID, Name: r.Name, Grants: r.Grants.tidy(), HasPassword: r.Password != "", HasTOTP: r.TOTP != nil,
		Tokens: make([]Token, len(r.Tokens)), CreatedAt: r.CreatedAt,
	}
	for i, token := range r.Tokens {
		user.Tokens[i] = token.Token
	}
	return user
}

const (
	maxName  = 63
	maxGrant = 255
	maxLabel = 100
)

// normalName returns a name as it is stored. Letters beyond ASCII are no part of names, so that none
// becomes another name in lower case.
func normalName(name string) (normal string, ok bool) {
	if name == "" || len(name) > maxName {
		return "", false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i > 0 && strings.IndexByte("._-@+", c) >= 0:
		default:
			return "", false
		}
	}
	return strings.ToLower(name), true
}

func checkName(name string) (string, error) {
	normal, ok := normalName(name)
	if !ok {
		return "", invalid("user name %q cannot be one; take 1 to %d letters, digits and . _ - @ +, beginning with a letter or digit", cut(name), maxName)
	}
	return normal, nil
}

// isText reports whether s is a text of one line that may be shown.
func isText(s string, length int) bool {
	return s != "" && len(s) <= length && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// cut shortens what goes into a message.
func cut(s string) string {
	if len(s) > 2*maxName {
		return s[:2*maxName] + "…"
	}
	return s
}
