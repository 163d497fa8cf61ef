package api

import (
	_ "embed"
	"net/http"
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

// documentFile answers GET and HEAD with a fixed content.
func documentFile(content []byte, contentType string) http.HandlerFunc {
	tag := digest(string(content))
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		serveText(w, r, contentType, tag, content)
	}
}
