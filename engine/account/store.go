package account

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrCredentials is the answer to every name, password, token, code and session that does not hold,
// whatever the reason.
var ErrCredentials = errors.New("incorrect authentication credentials")

// ErrUnavailable is wrapped by the error about a file that cannot be read. Nobody is let in then.
var ErrUnavailable = errors.New("users cannot be looked up")

// LimitedError is the answer to too many attempts; the password was not looked at.
type LimitedError struct {
	// RetryAfter is when the next attempt makes sense, more than 0.
	RetryAfter time.Duration
}

func (e LimitedError) Error() string {
	return fmt.Sprintf("too many attempts to log in; try again in %s", (e.RetryAfter + time.Second - 1).Truncate(time.Second))
}

// Options are those of Open; the zero value is for production.
type Options struct {
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Log gets log-ins that failed, lockouts, and files that cannot be read; default none.
	Log *slog.Logger
	// SessionLifetime is how long a session and a signature hold at most, in whole seconds from a
	// minute to MaxSessionLifetime; default 12 hours.
	SessionLifetime time.Duration

	cost cost // tests take a lower one
}

const (
	defaultSessionLifetime = 12 * time.Hour
	// MaxSessionLifetime bounds Options.SessionLifetime.
	MaxSessionLifetime = 7 * 24 * time.Hour

	// lookAgain is how often the files are looked at.
	lookAgain = time.Second
	// fileVersion is that of both files.
	fileVersion = 1
)

// Store is the users of one data directory. Its methods may be called at the same time.
type Store struct {
	dir      string // access/ of the data directory
	now      func() time.Time
	log      *slog.Logger
	lifetime time.Duration
	hasher   *hasher
	limits   *limiter
	parsers  map[string]*jwt.Parser // by audience

	writing sync.Mutex // one of this process at the lock; taken before mu

	mu       sync.Mutex
	looked   time.Time
	userFile followed[*directory]
	keyFile  followed[*keySet]
	told     string    // the error that was logged last
	rotateAt time.Time // no automatic rotation is tried before, after one failed
}

// Open reads the users and keys of a data directory, which need not exist: then there are no users. It
// writes nothing. Error: wrong options, or files that cannot be read.
func Open(dataDir string, options Options) (*Store, error) {
	s := &Store{
		dir: filepath.Join(dataDir, "access"), now: options.Now, log: options.Log, lifetime: options.SessionLifetime,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.lifetime == 0 {
		s.lifetime = defaultSessionLifetime
	}
	if s.lifetime < time.Minute || s.lifetime > MaxSessionLifetime || s.lifetime%time.Second != 0 {
		return nil, invalid("the session lifetime %s is not between 1m and %s, in whole seconds", s.lifetime, MaxSessionLifetime)
	}
	if options.cost == (cost{}) {
		options.cost = defaultCost
	}
	s.hasher = newHasher(options.cost)
	s.limits = newLimiter(s.now)
	s.parsers = map[string]*jwt.Parser{audienceSession: newParser(audienceSession, s.now), audienceSecondFactor: newParser(audienceSecondFactor, s.now)}
	s.userFile = followed[*directory]{path: filepath.Join(s.dir, usersName), parse: parseUsers}
	s.keyFile = followed[*keySet]{path: filepath.Join(s.dir, keysName), parse: parseKeys}
	_, usersErr := s.users()
	_, keysErr := s.keys()
	if err := errors.Join(usersErr, keysErr); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close lets go of the files. The store must not be used any more.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.userFile.close()
	s.keyFile.close()
}

// users are the users as the file has them now, or had them within the last second.
func (s *Store) users() (*directory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.userFile.value, s.userFile.err
}

func (s *Store) keys() (*keySet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.keyFile.value, s.keyFile.err
}

// look looks at the files when that is a second ago.
func (s *Store) look() {
	if since := s.now().Sub(s.looked); since >= 0 && since < lookAgain {
		return
	}
	s.refresh()
}

// refresh looks at the files now, and tells once what is wrong with them.
func (s *Store) refresh() {
	s.looked = s.now()
	s.userFile.refresh()
	s.keyFile.refresh()
	err := errors.Join(s.userFile.err, s.keyFile.err)
	if err == nil {
		s.told = ""
		return
	}
	if text := err.Error(); text != s.told {
		s.told = text
		s.log.Error("nobody can log in", "error", err)
	}
}

// usersFile is the content of users.json.
type usersFile struct {
	Version int       `json:"version"`
	Users   []*record `json:"users"` // by name
}

func (f *usersFile) named(name string) *record {
	for _, user := range f.Users {
		if user.Name == name {
			return user
		}
	}
	return nil
}

// mustNamed takes a name as it was given.
func (f *usersFile) mustNamed(name string) (*record, error) {
	if normal, ok := normalName(name); ok {
		if user := f.named(normal); user != nil {
			return user, nil
		}
	}
	return nil, fmt.Errorf("%w: %q; engine user list shows all", ErrUnknownUser, cut(name))
}

// directory is the users ready for look-ups. It is never changed.
type directory struct {
	file     usersFile
	byID     map[string]*record
	byName   map[string]*record
	revision string
}

// parseUsers reads users.json; nil is that of nobody.
func parseUsers(content []byte) (*directory, error) {
	d := &directory{file: usersFile{Version: fileVersion}, byID: map[string]*record{}, byName: map[string]*record{}}
	if content != nil {
		d.file.Version = 0
		if err := decode(content, &d.file); err != nil {
			return nil, err
		}
	}
	if d.file.Version != fileVersion {
		return nil, fmt.Errorf("it is of version %d, and this engine knows version %d", d.file.Version, fileVersion)
	}
	seen := sha256.New()
	for i, user := range d.file.Users {
		if user == nil {
			return nil, fmt.Errorf("user %d is null", i+1)
		}
		if err := user.check(); err != nil {
			return nil, fmt.Errorf("user %d: %w", i+1, err)
		}
		if d.byID[user.ID] != nil || d.byName[user.Name] != nil {
			return nil, fmt.Errorf("user %d is there twice", i+1)
		}
		d.byID[user.ID], d.byName[user.Name] = user, user
		// JSON has no two texts for one value, so that no two lists of users have one hash.
		if err := json.NewEncoder(seen).Encode([]any{user.ID, user.Name, user.Grants.tidy()}); err != nil {
			return nil, err
		}
	}
	d.revision = hex.EncodeToString(seen.Sum(nil)[:12])
	return d, nil
}

// decode reads one JSON value with known keys only: a key of a newer engine may restrict somebody.
func decode(content []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("it is damaged: there is text behind its end")
	}
	return nil
}

// check finds what could not have been written.
func (r *record) check() error {
	if normal, ok := normalName(r.Name); !ok || normal != r.Name {
		return errors.New("its name is none")
	}
	if r.ID == "" || r.Epoch == "" {
		return errors.New("it has no id or no epoch")
	}
	if err := r.Grants.Validate(); err != nil {
		return err
	}
	hashes := []string{}
	if r.Password != "" {
		hashes = append(hashes, r.Password)
	}
	ids := map[string]bool{}
	for _, token := range r.Tokens {
		if token.ID == "" || ids[token.ID] {
			return errors.New("two of its tokens have one id, or one has none")
		}
		ids[token.ID] = true
		hashes = append(hashes, token.Hash)
	}
	for _, hash := range hashes {
		if _, err := parsePHC(hash); err != nil {
			return err
		}
	}
	return r.TOTP.check()
}
