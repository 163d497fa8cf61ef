package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

const (
	minPassword = 10   // characters
	maxPassword = 1024 // bytes

	saltBytes = 16
	hashBytes = 32
)

// cost is what one argon2id hash takes.
type cost struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// defaultCost is a recommendation of OWASP for argon2id.
var defaultCost = cost{memory: 19456, time: 2, threads: 1}

// Hashes of a file that would take more are damage, or an attempt to stop the server.
const (
	maxMemory  = 128 << 10 // KiB
	maxTime    = 16
	maxThreads = 16
)

// phc is an argon2id hash in its parts. Its text is a PHC string:
// $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>, in base64 without padding.
type phc struct {
	cost
	salt, hash []byte
}

var phcBase64 = base64.RawStdEncoding.Strict()

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		phcBase64.EncodeToString(p.salt), phcBase64.EncodeToString(p.hash))
}

// errHash keeps the hash itself out of messages.
var errHash = errors.New("a hash is no argon2id PHC string with parameters in bounds")

func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errHash
	}
	values := strings.Split(parts[3], ",")
	if len(values) != 3 {
		return phc{}, errHash
	}
	var numbers [3]uint64
	for i, bound := range []struct {
		key string
		max uint64
	}{{"m=", maxMemory}, {"t=", maxTime}, {"p=", maxThreads}} {
		digits, ok := strings.CutPrefix(values[i], bound.key)
		number, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || number == 0 || number > bound.max {
			return phc{}, errHash
		}
		numbers[i] = number
	}
	salt, err := phcBase64.DecodeString(parts[4])
	if err != nil || len(salt) < 8 || len(salt) > 64 {
		return phc{}, errHash
	}
	hash, err := phcBase64.DecodeString(parts[5])
	if err != nil || len(hash) < 16 || len(hash) > 64 {
		return phc{}, errHash
	}
	p := phc{cost{uint32(numbers[0]), uint32(numbers[1]), uint8(numbers[2])}, salt, hash}
	if p.String() != text { // base64 is read with line ends in it
		return phc{}, errHash
	}
	return p, nil
}

// hasher evaluates argon2id, as many at once as there are processors: each takes 19 MiB, and a flood
// of log-ins would otherwise take all memory.
type hasher struct {
	cost  cost
	slots *semaphore.Weighted
	dummy phc
	// evaluated is how many hashes were computed.
	evaluated atomic.Int64
}

func newHasher(c cost) *hasher {
	h := &hasher{cost: c, slots: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	h.dummy = phc{c, random(saltBytes), random(hashBytes)}
	return h
}

func (h *hasher) evaluate(ctx context.Context, p phc, secret string) ([]byte, error) {
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for the check of a password: %w", err)
	}
	defer h.slots.Release(1)
	h.evaluated.Add(1)
	return argon2.IDKey([]byte(secret), p.salt, p.time, p.memory, p.threads, uint32(len(p.hash))), nil
}

// encode returns the PHC string of a new secret.
func (h *hasher) encode(ctx context.Context, secret string) (string, error) {
	p := phc{h.cost, random(saltBytes), make([]byte, hashBytes)}
	var err error
	if p.hash, err = h.evaluate(ctx, p, secret); err != nil {
		return "", err
	}
	return p.String(), nil
}

// matches reports whether the secret has this PHC string. An empty or damaged one matches nothing, and
// takes as long. Error: ctx has ended.
func (h *hasher) matches(ctx context.Context, encoded, secret string) (bool, error) {
	want, parseErr := parsePHC(encoded)
	if parseErr != nil {
		want = h.dummy
	}
	got, err := h.evaluate(ctx, want, secret)
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(got, want.hash) == 1
	return same && parseErr == nil, nil
}

// checkPassword returns an InvalidError when a new password of this user is no good one.
func checkPassword(name, password string) error {
	switch {
	case !utf8.ValidString(password) || strings.ContainsAny(password, "\x00\r\n"):
		return invalid("the password is no text of one line in UTF-8")
	case len(password) > maxPassword:
		return invalid("the password is longer than %d bytes; take a shorter one", maxPassword)
	case utf8.RuneCountInString(password) < minPassword:
		return invalid("the password is shorter than %d characters; take a longer one", minPassword)
	case strings.EqualFold(password, name):
		return invalid("the password is the user name; take another one")
	case strings.HasPrefix(password, tokenPrefix):
		return invalid("the password begins like a personal access token, with %s; take another one", tokenPrefix)
	}
	return nil
}

// GeneratePassword returns a random password of 25 letters and digits (125 bits) in groups of five.
func GeneratePassword() string {
	letters := randomText(25)
	groups := make([]string, 0, 5)
	for ; letters != ""; letters = letters[5:] {
		groups = append(groups, letters[:5])
	}
	return strings.Join(groups, "-")
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// alphabet has 32 letters, so that each random byte gives one without a bias.
const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

// randomText returns n random characters of 5 bits each.
func randomText(n int) string {
	b := random(n)
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b)
}
