package ipdb

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
)

var built = time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)

// write makes a database in a directory of its own and returns its path.
func write(t testing.TB, kind string, networks ...ipdbtest.Network) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), strings.Fields(kind)[0]+".mmdb")
	if err := ipdbtest.Write(path, kind, 6, built, networks); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, options Options, paths ...string) *Databases {
	t.Helper()
	databases, err := Open(paths, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := databases.Close(); err != nil {
			t.Error(err)
		}
	})
	return databases
}

func expect(t *testing.T, databases *Databases, addr string, want Facts) {
	t.Helper()
	if got := databases.Lookup(netip.MustParseAddr(addr)); got != want {
		t.Errorf("%s: %+v, want %+v", addr, got, want)
	}
}
