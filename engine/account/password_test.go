package account

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"
)

// The hashes of the reference implementation of argon2 (its test.c).
func TestReferenceHashes(t *testing.T) {
	h := newHasher(cost{8, 1, 1})
	for encoded, password := range map[string]string{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc": "password",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4":   "password",
	} {
		for given, want := range map[string]bool{password: true, "Password": false, "": false, password + "\x00": false} {
			if got, err := h.matches(context.Background(), encoded, given); err != nil || got != want {
				t.Errorf("%s matches %q: %v, %v; want %v", encoded, given, got, err, want)
			}
		}
	}
}

func TestHash(t *testing.T) {
	h := newHasher(defaultCost)
	encoded, err := h.encode(context.Background(), goodPassword)
	if err != nil || !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("encode = %s, %v", encoded, err)
	}
	p, err := parsePHC(encoded)
	if err != nil || len(p.salt) != 16 || len(p.hash) != 32 || p.String() != encoded {
		t.Errorf("%s is read as %+v, %v", encoded, p, err)
	}
	if h.dummy.cost != p.cost || len(h.dummy.salt) != len(p.salt) || len(h.dummy.hash) != len(p.hash) {
		t.Errorf("the hash of nobody has %+v, others %+v", h.dummy.cost, p.cost)
	}
	cheap := newHasher(cost{8, 1, 1})
	one, err1 := cheap.encode(context.Background(), goodPassword)
	two, err2 := cheap.encode(context.Background(), goodPassword)
	if one == two || err1 != nil || err2 != nil {
		t.Errorf("two users with one password have one hash, %v, %v", err1, err2)
	}
}

func TestParsePHC(t *testing.T) {
	salt, hash := "c29tc2FsdHNvbWVzYWx0", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	good := "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + hash
	if _, err := parsePHC(good); err != nil {
		t.Errorf("%s: %v", good, err)
	}
	for _, bad := range []string{
		"", "x", "$$$$$", good + "$", good[1:], strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "argon2id", "bcrypt", 1),
		strings.Replace(good, "v=19", "v=16", 1), strings.Replace(good, "m=19456", "m=131073", 1), strings.Replace(good, "m=19456", "m=4294967295", 1),
		strings.Replace(good, "m=19456", "m=0", 1), strings.Replace(good, "m=19456", "m=-1", 1), strings.Replace(good, "m=19456", "m=99999999999", 1),
		strings.Replace(good, "t=2", "t=17", 1), strings.Replace(good, "t=2", "t=0", 1), strings.Replace(good, "p=1", "p=17", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "m=19456,t=2", "t=2,m=19456", 1), strings.Replace(good, ",p=1", "", 1), strings.Replace(good, "p=1", "p=1,x=1", 1),
		strings.Replace(good, salt, "", 1), strings.Replace(good, salt, "c29t", 1), strings.Replace(good, salt, strings.Repeat("c29t", 30), 1),
		strings.Replace(good, hash, "", 1), strings.Replace(good, hash, "c29tc2FsdA", 1), good + "=", strings.Replace(good, salt, "!!!!!!!!!!!!", 1), good + "\n",
	} {
		if _, err := parsePHC(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		text := []byte(good)
		text[rapid.IntRange(0, len(text)-1).Draw(r, "at")] = rapid.Byte().Draw(r, "to")
		if p, err := parsePHC(string(text)); err == nil && (p.memory > maxMemory || p.time > maxTime || p.threads > maxThreads || argon2.Version != 19) {
			r.Fatalf("%q is read with %+v", text, p.cost)
		}
	})
}

func TestCheckPassword(t *testing.T) {
	for password, want := range map[string]string{
		"ten-chars!": "", strings.Repeat("é", 10): "", strings.Repeat("x", 1024): "", " spaces are fine ": "",
		"": "shorter than 10", "nine-char": "shorter than 10", strings.Repeat("é", 9): "shorter than 10",
		strings.Repeat("x", 1025): "longer than 1024 bytes", "Jane.Example": "is the user name",
		"ten-chars\x00": "no text of one line", "ten-chars\nx": "no text of one line", "ten-chars\xff": "no text of one line",
		"psp_anything": "personal access token",
	} {
		err := checkPassword("jane.example", password)
		if want == "" && err != nil {
			t.Errorf("%q: %v", password, err)
		}
		if want != "" {
			wantError(t, password, err, want)
			if password != "" && strings.Contains(err.Error(), password) {
				t.Errorf("the message tells the password: %v", err)
			}
		}
	}
}

func TestGeneratePassword(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		password := GeneratePassword()
		if err := checkPassword("jane", password); err != nil || len(password) != 29 || seen[password] {
			t.Fatalf("%q: %v", password, err)
		}
		seen[password] = true
	}
}

// No more hashes are evaluated at once than there are processors.
func TestHashesAtOnce(t *testing.T) {
	h := newHasher(cost{8, 1, 1})
	n := runtime.GOMAXPROCS(0)
	if !h.slots.TryAcquire(int64(n)) || h.slots.TryAcquire(1) {
		t.Errorf("there are not %d slots", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.matches(ctx, "", "x"); err == nil {
		t.Error("a hash was evaluated without a slot")
	}
	if _, err := h.encode(ctx, "x"); err == nil || h.evaluated.Load() != 0 {
		t.Errorf("a hash was made without a slot, %v", err)
	}
	h.slots.Release(int64(n))
	if got, err := h.matches(context.Background(), "", "x"); err != nil || got {
		t.Errorf("nothing matches: %v, %v", got, err)
	}
}

func TestRandomText(t *testing.T) {
	if len(alphabet) != 32 {
		t.Fatalf("the alphabet has %d letters", len(alphabet))
	}
	seen := map[rune]bool{}
	for _, r := range randomText(5000) {
		seen[r] = true
	}
	if len(seen) != 32 || !isRandomText(alphabet) || isRandomText("A") || isRandomText("a0") {
		t.Error(fmt.Sprint("letters: ", len(seen)))
	}
}
