package engine

import (
	"hash/maphash"
	"sync/atomic"
)

// textTable finds what stands for a text. Any number of goroutines may look up while one adds: a
// lookup that comes too early finds nothing, and asks again under the lock of whoever adds.
//
// It is a hash table with open addressing. A map would do, were it not asked five times for every
// request: here an entry fills one cache line, and a short text lies in it.
type textTable struct {
	seed    maphash.Seed
	slots   atomic.Pointer[[]atomic.Uint64] // half of the hash, and the number of the entry from 1; 0: free
	entries atomic.Pointer[[]*entryPage]
	size    int
}

// entryPage is some entries, which stay where they are.
type entryPage [1 << entryBits]textEntry

const entryBits = 10

// textEntry is a text and what stands for it, in 64 bytes.
type textEntry struct {
	code coded
	head [22]byte
	long uint16 // bytes of the text, or mostLong
	rest string // of a text longer than head
}

const mostLong = 1<<16 - 1

func newTextTable() *textTable {
	t := &textTable{seed: maphash.MakeSeed()}
	slots := make([]atomic.Uint64, 1<<entryBits)
	t.slots.Store(&slots)
	t.entries.Store(&[]*entryPage{})
	return t
}

// find looks a text up.
func (t *textTable) find(text []byte) (coded, bool) {
	slots := *t.slots.Load()
	hash := maphash.Bytes(t.seed, text)
	for at := hash; ; at++ {
		slot := slots[at&uint64(len(slots)-1)].Load()
		if slot == 0 {
			return coded{}, false
		}
		if slot>>32 == hash>>32 {
			if e := t.entry(uint32(slot) - 1); e.is(text) {
				return e.code, true
			}
		}
	}
}

func (t *textTable) entry(number uint32) *textEntry {
	return &(*t.entries.Load())[number>>entryBits][number&(1<<entryBits-1)]
}

func (e *textEntry) is(text []byte) bool {
	if int(e.long) != min(len(text), mostLong) {
		return false
	}
	if len(text) <= len(e.head) {
		return string(e.head[:len(text)]) == string(text)
	}
	return string(e.head[:]) == string(text[:len(e.head)]) && e.rest == string(text[len(e.head):])
}

// add adds a text that is not there; only one goroutine may at a time.
func (t *textTable) add(text string, code coded) {
	pages := *t.entries.Load()
	if t.size == len(pages)<<entryBits {
		pages = append(pages[:len(pages):len(pages)], new(entryPage))
		t.entries.Store(&pages)
	}
	e := t.entry(uint32(t.size))
	e.code, e.long = code, uint16(min(len(text), mostLong))
	if n := copy(e.head[:], text); n < len(text) {
		e.rest = text[n:]
	}
	t.size++
	slots := *t.slots.Load()
	if 2*t.size > len(slots) {
		t.grow(2 * len(slots))
		return
	}
	put(slots, maphash.String(t.seed, text), uint64(t.size))
}

// grow makes a larger table beside the one that others still look into.
func (t *textTable) grow(size int) {
	slots := make([]atomic.Uint64, size)
	for number := range t.size {
		e := t.entry(uint32(number))
		var hash maphash.Hash
		hash.SetSeed(t.seed)
		hash.Write(e.head[:min(int(e.long), len(e.head))])
		hash.WriteString(e.rest)
		put(slots, hash.Sum64(), uint64(number+1))
	}
	t.slots.Store(&slots)
}

func put(slots []atomic.Uint64, hash, number uint64) {
	for at := hash; ; at++ {
		slot := &slots[at&uint64(len(slots)-1)]
		if slot.Load() == 0 {
			slot.Store(hash>>32<<32 | number)
			return
		}
	}
}
