package account

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// The limits of attempts to log in.
const (
	// A name from an address: after these failures each one more locks for 1, 2, 4 … minutes.
	pairFailures = 5
	pairLock     = time.Minute
	pairLongest  = 30 * time.Minute
	pairForget   = 24 * time.Hour // after the last failure

	// A name from everywhere: so many failures within the window lock it.
	nameFailures = 20
	nameWindow   = 15 * time.Minute
	nameLock     = 5 * time.Minute

	// An address: so many attempts at once, then one every few seconds.
	addressBurst = 20
	addressEvery = 3 * time.Second

	// A token for the second factor.
	codeTries = 5

	// limiterSize is how many names, addresses and tokens each are remembered, the latest ones.
	limiterSize = 1 << 16
	// whileChecking is the answer while as many attempts are being checked as may still fail.
	whileChecking = time.Second
)

// limiter counts attempts, in memory. Names that do not exist count like others. Attempts that are
// being checked count as failures, so that many at once are no way around.
type limiter struct {
	now  func() time.Time
	seed []byte

	mu        sync.Mutex
	pairs     *simplelru.LRU[pairKey, *pairState]
	names     *simplelru.LRU[nameHash, *nameState]
	addresses *simplelru.LRU[netip.Prefix, *rate.Limiter]
	tries     *simplelru.LRU[string, int]
}

// nameHash stands for a name, so that a long one takes no more memory.
type nameHash [sha256.Size]byte

type pairKey struct {
	name    nameHash
	network netip.Prefix
}

// pairState is a name from an address.
type pairState struct {
	checking    int
	failures    int
	last        time.Time
	lockedUntil time.Time
}

// nameState is a name from everywhere.
type nameState struct {
	checking    int
	failures    []time.Time // within the window, oldest first
	lockedUntil time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{
		now: now, seed: random(keyBytes),
		pairs: newLRU[pairKey, *pairState](), names: newLRU[nameHash, *nameState](),
		addresses: newLRU[netip.Prefix, *rate.Limiter](), tries: newLRU[string, int](),
	}
}

func newLRU[K comparable, V any]() *simplelru.LRU[K, V] {
	lru, err := simplelru.NewLRU[K, V](limiterSize, nil)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return lru
}

// network is what counts as one address: an IPv4 address, or the /64 of an IPv6 address.
func network(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // of no address; they count as one
	}
	return prefix
}

// hash makes one key of all writings of a name.
func (l *limiter) hash(name string) nameHash {
	if normal, ok := normalName(name); ok {
		name = normal
	} else {
		name = "\x00" + name[:min(len(name), 4*maxName)]
	}
	return sha256.Sum256(append(l.seed[:len(l.seed):len(l.seed)], name...))
}

// admit counts an attempt of an address. Error: LimitedError.
func (l *limiter) admit(address netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, now := network(address), l.now()
	bucket, ok := l.addresses.Get(key)
	if !ok {
		bucket = rate.NewLimiter(rate.Every(addressEvery), addressBurst)
		l.addresses.Add(key, bucket)
	}
	if bucket.AllowN(now, 1) {
		return nil
	}
	missing := 1 - bucket.TokensAt(now)
	return LimitedError{max(time.Duration(missing*float64(addressEvery)), time.Millisecond)}
}

// attempt is one that is being checked. It ends with succeed, fail or release.
type attempt struct {
	l     *limiter
	pair  *pairState
	name  *nameState
	ended bool
}

// begin lets an attempt in, unless too many failed or are being checked. Error: LimitedError.
func (l *limiter) begin(userName string, address netip.Addr) (*attempt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	hash := l.hash(userName)
	key := pairKey{hash, network(address)}
	p, knownPair := l.pairs.Get(key)
	if !knownPair {
		p = &pairState{}
	}
	n, knownName := l.names.Get(hash)
	if !knownName {
		n = &nameState{}
	}
	p.forget(now)
	n.forget(now)
	if wait := max(p.lockedUntil.Sub(now), n.lockedUntil.Sub(now)); wait > 0 {
		return nil, LimitedError{wait}
	}
	if p.checking >= max(1, pairFailures-p.failures) || n.checking >= nameFailures-len(n.failures) {
		return nil, LimitedError{whileChecking}
	}
	p.checking++
	n.checking++
	// What is let in is remembered, and what is not costs no memory.
	l.pairs.Add(key, p)
	l.names.Add(hash, n)
	return &attempt{l: l, pair: p, name: n}, nil
}

func (p *pairState) forget(now time.Time) {
	if p.failures > 0 && now.Sub(p.last) >= pairForget {
		p.failures, p.lockedUntil = 0, time.Time{}
	}
}

func (n *nameState) forget(now time.Time) {
	for len(n.failures) > 0 && now.Sub(n.failures[0]) >= nameWindow {
		n.failures = n.failures[1:]
	}
}

// end reports whether it is the first one, with the lock held.
func (a *attempt) end() bool {
	if a.ended {
		return false
	}
	a.ended = true
	a.pair.checking--
	a.name.checking--
	return true
}

// release ends an attempt that is neither a success nor a failure; nothing when it has ended.
func (a *attempt) release() {
	a.l.mu.Lock()
	defer a.l.mu.Unlock()
	a.end()
}

// succeed ends an attempt and forgets the failures of the name from this address.
func (a *attempt) succeed() {
	a.l.mu.Lock()
	defer a.l.mu.Unlock()
	if a.end() {
		a.pair.failures, a.pair.lockedUntil = 0, time.Time{}
	}
}

// fail ends an attempt and returns for how long it locks, 0: not at all.
func (a *attempt) fail() (locked time.Duration) {
	a.l.mu.Lock()
	defer a.l.mu.Unlock()
	if !a.end() {
		return 0
	}
	now := a.l.now()
	a.pair.failures++
	a.pair.last = now
	if over := a.pair.failures - pairFailures; over >= 0 {
		locked = min(pairLock<<min(over, 5), pairLongest)
		a.pair.lockedUntil = now.Add(locked)
	}
	a.name.failures = append(a.name.failures, now)
	if len(a.name.failures) >= nameFailures {
		a.name.failures = nil
		a.name.lockedUntil = now.Add(nameLock)
		locked = max(locked, nameLock)
	}
	return locked
}

// takeTry counts a code for a token, and reports whether it may be looked at.
func (l *limiter) takeTry(token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken, _ := l.tries.Get(token)
	l.tries.Add(token, taken+1)
	return taken < codeTries
}

// endTries lets no more codes be tried for a token.
func (l *limiter) endTries(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries.Add(token, codeTries)
}
