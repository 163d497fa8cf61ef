package api

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
)

// documentJSON is the OpenAPI 3.0.3 document of the API. It is written by hand: tests hold
// the answers of the server, and the paths and schemas of Docker's API, against it.
//
//go:embed openapi.json
var documentJSON []byte

// documentHandler answers the document as JSON.
func documentHandler() http.HandlerFunc {
	return documentFile(documentJSON, "application/json")
}

// documentFile answers GET and HEAD with a fixed content, or with 304 where If-None-Match
// names it. The tag is weak because the content may be packed on its way.
func documentFile(content []byte, contentType string) http.HandlerFunc {
	hash := sha256.Sum256(content)
	opaque := `"` + hex.EncodeToString(hash[:16]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("ETag", "W/"+opaque)
		header.Set("Cache-Control", "public, max-age=300")
		header.Set("X-Content-Type-Options", "nosniff")
		if documentMatches(r.Header.Values("If-None-Match"), opaque) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		header.Set("Content-Type", contentType)
		_, _ = w.Write(content) // a client that is gone needs no answer
	}
}

// documentMatches compares weakly, as If-None-Match is to be compared (RFC 9110, 13.1.2):
// only what stands between the quotes counts.
func documentMatches(ifNoneMatch []string, opaque string) bool {
	for tag := range strings.SplitSeq(strings.Join(ifNoneMatch, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == opaque {
			return true
		}
	}
	return false
}
