package ipdb

import (
	"math/bits"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// database is one opened file.
type database struct {
	reader *maxminddb.Reader
	name   string // base name of the file
	sha256 string
	// verified is whether every record was read, now or before.
	verified bool
	// hasCountries is whether it is a database of countries, so that an address
	// it does not know has none.
	hasCountries bool
	failures     atomic.Int64
	cache        []atomic.Pointer[entry]
	cacheShift   int
}

// entry is what one record of a database tells.
type entry struct {
	Facts
	asName string
	// from is the source of each fact, counted from 1; 0 where it is unknown.
	from [factCount]uint8
	// flagged is whether Type comes from a flag.
	flagged bool
	// failed is whether the record could not be read, or one of its values was of
	// a kind that does not belong there.
	failed bool
	// offset is where the record is in the file.
	offset uintptr
}

// Many addresses share a record, so what was read from it is kept. The cache has
// one place for each hash of an offset: what comes later takes the place.
const (
	smallestCache = 8  // bits
	largestCache  = 17 // bits
)

func (d *database) makeCache(size int) {
	// A record takes at least some 32 bytes of a file, its part of the tree included.
	width := min(max(bits.Len(uint(size/32)), smallestCache), largestCache)
	d.cache = make([]atomic.Pointer[entry], 1<<width)
	d.cacheShift = 64 - width
}

// lookup returns what the database tells of an address, or nil.
func (d *database) lookup(addr netip.Addr) *entry {
	result, ok := d.find(addr)
	if err := result.Err(); ok && err != nil {
		d.failures.Add(1)
		return nil
	}
	if !ok || !result.Found() {
		return nil
	}
	const spread = 0x9e3779b97f4a7c15 // 2⁶⁴ divided by the golden ratio
	offset := result.Offset()
	place := &d.cache[uint64(offset)*spread>>d.cacheShift]
	found := place.Load()
	if found == nil || found.offset != offset {
		found = read(result)
		place.Store(found)
	}
	if found.failed {
		d.failures.Add(1)
	}
	return found
}

// find looks an address up in the tree. It is not ok where the database has no
// addresses of that kind, which the reader would call an error.
func (d *database) find(addr netip.Addr) (result maxminddb.Result, ok bool) {
	if addr.Is6() && d.reader.Metadata.IPVersion == 4 {
		return maxminddb.Result{}, false
	}
	return d.reader.Lookup(addr), true
}

var records = sync.Pool{New: func() any { return new(record) }}

// read decodes the record of a result.
func read(result maxminddb.Result) *entry {
	values := records.Get().(*record)
	defer records.Put(values)
	*values = record{}
	if err := result.Decode(values); err != nil {
		return &entry{offset: result.Offset(), failed: true}
	}
	found := values.choose()
	found.offset = result.Offset()
	return found
}

func (d *database) origin() origin.Origin {
	return origin.Origin{
		Kind:     origin.Database,
		Name:     d.name,
		Type:     d.reader.Metadata.DatabaseType,
		Built:    builtText(d.reader.Metadata.BuildEpoch),
		SHA256:   d.sha256,
		Verified: d.verified,
		Failures: d.failures.Load(),
	}
}
