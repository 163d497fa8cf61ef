package account

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"
)

func (w *world) storedKeys() []keyRecord {
	w.t.Helper()
	content, err := os.ReadFile(w.path("keys.json"))
	w.must(err)
	var file keysFile
	w.must(json.Unmarshal(content, &file))
	return file.Keys
}

func TestSign(t *testing.T) {
	w := newWorld(t)
	key, signature, err := w.Sign("a message")
	w.must(err)
	// The signature is what the documentation says.
	secret, err := base64.RawURLEncoding.DecodeString(w.storedKeys()[0].Secret)
	w.must(err)
	derived, err := hkdf.Key(sha256.New, secret, nil, "pullscope url v1", 32)
	w.must(err)
	mac := hmac.New(sha256.New, derived)
	mac.Write([]byte("pullscope url v1\x00a message"))
	if want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)); signature != want {
		t.Errorf("signature %s, want %s", signature, want)
	}
	if !w.Verify("a message", key, signature) || !w.another().Verify("a message", key, signature) {
		t.Error("the signature does not hold")
	}
	mac = hmac.New(sha256.New, w.keyFile.value.active.session)
	mac.Write([]byte("pullscope url v1\x00a message"))
	for what, c := range map[string][3]string{
		"another message": {"a message ", key, signature}, "no message": {"", key, signature},
		"another key": {"a message", "other", signature}, "no key": {"a message", "", signature},
		"no signature": {"a message", key, ""}, "half a signature": {"a message", key, signature[:20]},
		"padded": {"a message", key, signature + "="}, "line end": {"a message", key, signature + "\n"},
		"signed with the key of sessions": {"a message", key, base64.RawURLEncoding.EncodeToString(mac.Sum(nil))},
		"no base64":                       {"a message", key, "\xff\x00"},
	} {
		if w.Verify(c[0], c[1], c[2]) {
			t.Errorf("%s: the signature holds", what)
		}
	}
}

func TestChangedSignaturesProperty(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		message := rapid.String().Draw(r, "message")
		key, signature, err := w.Sign(message)
		if err != nil || !w.Verify(message, key, signature) {
			r.Fatalf("the signature of %q does not hold, %v", message, err)
		}
		if other := rapid.String().Draw(r, "other"); other != message && w.Verify(other, key, signature) {
			r.Fatalf("the signature of %q holds for %q", message, other)
		}
		changed := []byte(signature)
		changed[rapid.IntRange(0, len(changed)-1).Draw(r, "at")] = rapid.Byte().Draw(r, "to")
		if string(changed) != signature && w.Verify(message, key, string(changed)) {
			r.Fatalf("%q holds, like %q", changed, signature)
		}
	})
}

// What an old key signed holds for the lifetime of a session after the key was replaced, and no longer;
// the key is dropped when no server can take it any more.
func TestRotateKeys(t *testing.T) {
	w := newWorld(t)
	jane := w.user("jane")
	session := w.session("jane", goodPassword)
	key, signature, err := w.Sign("m")
	w.must(err)
	old := w.keyFile.value.active
	w.must(w.RotateKeys(false))
	if next, _, err := w.Sign("m"); err != nil || next == key {
		t.Errorf("the old key signs, %v", err)
	}
	w.clock.add(12*time.Hour - time.Second)
	if _, err := w.Authenticate(session); err != nil || !w.Verify("m", key, signature) {
		t.Errorf("what the old key signed ended early: %v", err)
	}
	// Whoever stole the old key can make nothing of it that begins after its end.
	late := w.forge(jane, jwt.SigningMethodHS256, old.session, header("kid", old.id))
	_, err = w.Authenticate(late)
	refused(t, "a session that begins after the end of its key", err)
	w.clock.add(time.Second)
	if w.Verify("m", key, signature) {
		t.Error("a signature holds longer than a session after the end of its key")
	}
	_, err = w.Authenticate(session)
	refused(t, "a session after the end of its key", err)

	w.must(w.RotateKeys(false))
	if n := len(w.storedKeys()); n != 3 {
		t.Errorf("%d keys are stored, want 3", n)
	}
	w.clock.add(MaxSessionLifetime - 12*time.Hour)
	w.must(w.RotateKeys(false))
	if n := len(w.storedKeys()); n != 3 {
		t.Errorf("%d keys are stored, want 3: the oldest one is of no use", n)
	}
}

func TestRotateKeysAtOnce(t *testing.T) {
	w := newWorld(t)
	server := w.another()
	w.user("jane")
	session := w.session("jane", goodPassword)
	key, signature, err := server.Sign("m")
	w.must(err)
	w.must(w.RotateKeys(true))
	w.clock.add(time.Second)
	for name, store := range map[string]*Store{"this process": w.Store, "another": server} {
		if store.Verify("m", key, signature) {
			t.Errorf("%s: the signature holds", name)
		}
		_, err := store.Authenticate(session)
		refused(t, name, err)
	}
	if n := len(w.storedKeys()); n != 1 {
		t.Errorf("%d keys are stored, want 1", n)
	}
}

// A key that is older than 30 days is replaced when something is signed.
func TestKeysRotateByThemselves(t *testing.T) {
	w := newWorld(t)
	first, _, err := w.Sign("m")
	w.must(err)
	w.clock.add(30 * 24 * time.Hour)
	if key, _, err := w.Sign("m"); err != nil || key != first {
		t.Errorf("after 30 days the key is another one, %v", err)
	}
	other := w.another()
	w.clock.add(time.Second)
	second, _, err := w.Sign("m")
	if err != nil || second == first {
		t.Errorf("after more than 30 days the key is the same, %v", err)
	}
	// The other process still has the old one in mind, and takes the new one.
	if key, _, err := other.Sign("m"); err != nil || key != second {
		t.Errorf("two processes have two keys, %v", err)
	}
}

// The old key goes on when there is no place for a new one, and that is told once a minute.
func TestKeysOfAReadOnlyDirectory(t *testing.T) {
	w := newWorld(t)
	first, _, err := w.Sign("m")
	w.must(err)
	w.clock.add(31 * 24 * time.Hour)
	w.must(os.Remove(w.path("lock")))
	w.must(os.Mkdir(w.path("lock"), 0o700)) // for root may write everywhere
	for range 3 {
		if key, _, err := w.Sign("m"); err != nil || key != first {
			t.Fatalf("Sign = %s, %v; want the old key", key, err)
		}
	}
	if n := strings.Count(w.log.String(), "the old key goes on signing"); n != 1 {
		t.Errorf("it was told %d times", n)
	}
	w.must(os.Remove(w.path("lock")))
	w.clock.add(time.Minute)
	if key, _, err := w.Sign("m"); err != nil || key == first {
		t.Errorf("a minute later: the old key, %v", err)
	}
}

// Processes that sign for the first time, or after 30 days, at once agree on one key.
func TestProcessesAgreeOnKeys(t *testing.T) {
	w := newWorld(t)
	stores := make([]*Store, 8)
	for n := range stores {
		stores[n] = w.another()
	}
	for round := 1; round <= 2; round++ {
		keys, signatures := make([]string, len(stores)), make([]string, len(stores))
		var group sync.WaitGroup
		for n, store := range stores {
			group.Go(func() {
				var err error
				if keys[n], signatures[n], err = store.Sign("m"); err != nil {
					t.Errorf("process %d: %v", n, err)
				}
			})
		}
		group.Wait()
		for n := range stores {
			if keys[n] != keys[0] || !stores[(n+1)%len(stores)].Verify("m", keys[n], signatures[n]) {
				t.Errorf("round %d: process %d signs with %s, and process 0 with %s", round, n, keys[n], keys[0])
			}
		}
		if n := len(w.storedKeys()); n != round {
			t.Errorf("round %d: %d keys are stored", round, n)
		}
		w.clock.add(31 * 24 * time.Hour)
	}
}

// What one process signs with a new key holds in the others at once, before they look at the files again.
func TestNewKeyIsKnownAtOnce(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	server := w.another()
	session := w.session("jane", goodPassword) // makes the first key
	if _, err := server.Authenticate(session); err != nil {
		t.Error(err)
	}
	w.must(w.RotateKeys(false))
	key, signature, err := w.Sign("m")
	w.must(err)
	if !server.Verify("m", key, signature) {
		t.Error("the signature does not hold")
	}
}
