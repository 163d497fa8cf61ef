package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// keyring replaces addresses and user ids by 64-bit keys: the first bytes of
// HMAC-SHA256 under the secret of the data directory (SEMANTICS §6). Without the
// secret nobody can try all addresses to find the one behind a key.
type keyring []byte

// key hashes a value; kind keeps equal texts of different meaning apart.
func (k keyring) key(kind, value string) int64 {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return int64(binary.BigEndian.Uint64(mac.Sum(nil)))
}

func (k keyring) address(kind string, addr netip.Addr) int64 {
	return k.key(kind, string(addr.AsSlice()))
}
