package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	maxName   = 200 // bytes; file systems allow 255, and staging beside needs a few
	emptyName = "%empty"
	cutMark   = "%~"
)

// SafeName returns a name for s that is one safe element of a path, and never begins with a dot. Letters,
// digits, dot, underscore and hyphen stay, any other byte becomes %XX, as does a dot in front. Different
// strings have different names, and url.PathUnescape undoes them, with two exceptions: the empty string is
// %empty, and a name over 200 bytes is cut and ends in %~ and the SHA-256 of s.
func SafeName(s string) string {
	if s == "" {
		return emptyName
	}
	const upperHex = "0123456789ABCDEF"
	var name strings.Builder
	for i := range len(s) {
		b := s[i]
		if isSafe(b) && !(b == '.' && i == 0) {
			name.WriteByte(b)
			continue
		}
		name.WriteByte('%')
		name.WriteByte(upperHex[b>>4])
		name.WriteByte(upperHex[b&0xF])
	}
	if name.Len() <= maxName {
		return name.String()
	}
	hash := sha256.Sum256([]byte(s))
	suffix := cutMark + hex.EncodeToString(hash[:])
	return name.String()[:maxName-len(suffix)] + suffix
}

func isSafe(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '.' || b == '_' || b == '-'
}
