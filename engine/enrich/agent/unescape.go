package agent

import (
	"encoding/hex"
	"strings"
)

// maxLength is how much of a user agent is looked at, in bytes. Real ones are below 400.
const maxLength = 2048

// prepare returns the part of a user agent that counts, without the escapes of logs.
func prepare(userAgent string) string {
	if len(userAgent) > maxLength {
		userAgent = userAgent[:maxLength]
	}
	return strings.TrimSpace(unescape(userAgent))
}

// unescape undoes what logs do to a user agent: \xHH becomes its byte, and a run
// of backslashes one backslash, because each JSON encoding doubles them. What
// remains is Docker's own escape, one backslash before a parenthesis.
func unescape(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	plain := make([]byte, 0, len(text))
	inRun := false
	for i := 0; i < len(text); {
		char, size := text[i], 1
		if char == '\\' {
			if decoded, ok := hexByte(text[i+1:]); ok {
				char, size = decoded, len(`\xHH`)
			}
		}
		i += size
		if char != '\\' || !inRun {
			plain = append(plain, char)
		}
		inRun = char == '\\'
	}
	return string(plain)
}

// hexByte reads the byte that xHH at the start of a text stands for.
func hexByte(text string) (byte, bool) {
	if len(text) < 3 || text[0] != 'x' {
		return 0, false
	}
	var decoded [1]byte
	_, err := hex.Decode(decoded[:], []byte(text[1:3]))
	return decoded[0], err == nil
}
