package account

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

const (
	keyBytes = 32
	keyID    = 8 // characters

	// keyAge is when a key is replaced by itself.
	keyAge = 30 * 24 * time.Hour
	// rotateAgain is when that is tried again, after it failed.
	rotateAgain = time.Minute
)

// What a key signs; the keys of each are derived from the stored secret, so that no signature of one
// is one of the other.
const (
	purposeSession = "pullscope session v1"
	purposeURL     = "pullscope url v1"
)

// keysFile is the content of keys.json.
type keysFile struct {
	Version int         `json:"version"`
	Keys    []keyRecord `json:"keys"` // oldest first; the last one signs
}

type keyRecord struct {
	ID        string    `json:"id"`
	Secret    string    `json:"secret"` // 32 bytes in base64url
	CreatedAt time.Time `json:"created_at"`
}

// signingKey is a key ready for use.
type signingKey struct {
	id           string
	session, url []byte
	created      time.Time
	retired      time.Time // when the next one took its place; zero: it signs
}

// verifies reports whether something that was signed with the key may still hold.
func (k *signingKey) verifies(now time.Time, lifetime time.Duration) bool {
	return k.retired.IsZero() || now.Before(k.retired.Add(lifetime))
}

// keySet is all keys. It is never changed.
type keySet struct {
	file   keysFile
	byID   map[string]*signingKey
	active *signingKey // nil: there is none yet
}

// errKeys keeps the secrets out of messages: most of a damaged key may still be the key.
var errKeys = errors.New("it is damaged")

// parseKeys reads keys.json; nil is that without keys.
func parseKeys(content []byte) (*keySet, error) {
	set := &keySet{file: keysFile{Version: fileVersion}, byID: map[string]*signingKey{}}
	if content != nil {
		set.file.Version = 0
		if err := decode(content, &set.file); err != nil {
			return nil, errKeys
		}
	}
	if set.file.Version != fileVersion {
		return nil, fmt.Errorf("it is of version %d, and this engine knows version %d", set.file.Version, fileVersion)
	}
	for _, stored := range set.file.Keys {
		secret, err := urlBase64.DecodeString(stored.Secret)
		if err != nil || len(secret) != keyBytes || stored.ID == "" || set.byID[stored.ID] != nil {
			return nil, errKeys
		}
		key := &signingKey{id: stored.ID, created: stored.CreatedAt}
		if key.session, err = hkdf.Key(sha256.New, secret, nil, purposeSession, keyBytes); err != nil {
			return nil, err
		}
		if key.url, err = hkdf.Key(sha256.New, secret, nil, purposeURL, keyBytes); err != nil {
			return nil, err
		}
		if set.active != nil {
			set.active.retired = key.created
		}
		set.byID[key.id], set.active = key, key
	}
	return set, nil
}

var urlBase64 = base64.RawURLEncoding.Strict()

// RotateKeys makes a new key for sessions and signed URLs. What older keys signed holds until it expires;
// with atOnce they are forgotten, and everybody logs in anew.
func (s *Store) RotateKeys(atOnce bool) error {
	return s.editKeys(func(file *keysFile) (bool, error) {
		if atOnce {
			file.Keys = nil
		}
		s.addKey(file)
		return true, nil
	})
}

// addKey adds a new active key and drops those that can verify nothing any more. The lifetime of
// sessions is that of the server, which this process may not know, so the longest one counts.
func (s *Store) addKey(file *keysFile) {
	now := s.now().UTC().Truncate(time.Second)
	file.Keys = append(file.Keys, keyRecord{ID: randomText(keyID), Secret: urlBase64.EncodeToString(random(keyBytes)), CreatedAt: now})
	for len(file.Keys) > 1 && now.Sub(file.Keys[1].CreatedAt) >= MaxSessionLifetime {
		file.Keys = file.Keys[1:]
	}
}

// activeKey is the key that signs. It is made on first use and replaced when it is too old.
func (s *Store) activeKey() (*signingKey, error) {
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	tooOld := func(created time.Time) bool { return s.now().Sub(created) > keyAge }
	if keys.active != nil && (!tooOld(keys.active.created) || !s.mayRotate()) {
		return keys.active, nil
	}
	err = s.editKeys(func(file *keysFile) (bool, error) {
		if n := len(file.Keys); n > 0 && !tooOld(file.Keys[n-1].CreatedAt) {
			return false, nil // another process was faster
		}
		s.addKey(file)
		return true, nil
	})
	if err != nil && keys.active != nil {
		s.log.Warn("the old key goes on signing, since a new one could not be made", "error", err)
		s.mu.Lock()
		s.rotateAt = s.now().Add(rotateAgain)
		s.mu.Unlock()
		return keys.active, nil
	}
	if err != nil {
		return nil, err
	}
	if keys, err = s.keys(); err != nil {
		return nil, err
	}
	if keys.active == nil {
		return nil, fmt.Errorf("%w: the keys were removed while they were made; try again", ErrUnavailable)
	}
	return keys.active, nil
}

func (s *Store) mayRotate() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.now().Before(s.rotateAt)
}

// key is the key of this id, if what it signed may still hold. One that is unknown may be of another
// process, so the files are looked at once more.
func (s *Store) key(id string) (*signingKey, bool) {
	keys, err := s.keys()
	if err != nil {
		return nil, false
	}
	if keys.byID[id] == nil {
		s.mu.Lock()
		s.refresh()
		keys, err = s.keyFile.value, s.keyFile.err
		s.mu.Unlock()
		if err != nil {
			return nil, false
		}
	}
	key := keys.byID[id]
	return key, key != nil && key.verifies(s.now(), s.lifetime)
}

// Sign signs a message, such as the parts of a URL that carries its own permission, and returns the id of
// the key and the signature in base64url. The message must hold its own expiry, not later than
// SessionLifetime from now: a key that was replaced verifies no longer than that.
func (s *Store) Sign(message string) (key, signature string, err error) {
	active, err := s.activeKey()
	if err != nil {
		return "", "", err
	}
	return active.id, urlBase64.EncodeToString(active.sign(message)), nil
}

// Verify reports whether Sign returned this key and signature for this message.
func (s *Store) Verify(message, key, signature string) bool {
	signer, ok := s.key(key)
	if !ok {
		return false
	}
	// As texts: the decoder would pass over line ends.
	return hmac.Equal([]byte(signature), []byte(urlBase64.EncodeToString(signer.sign(message))))
}

func (k *signingKey) sign(message string) []byte {
	mac := hmac.New(sha256.New, k.url)
	mac.Write([]byte(purposeURL))
	mac.Write([]byte{0})
	mac.Write([]byte(message))
	return mac.Sum(nil)
}
