// Package dashboard serves the dashboard in the browser. Its sources are in web/; make dashboard builds them into
// dist/, which is compiled in. An engine that was built without npm serves a page that says so instead.
//
// In web/src, pages/ and components/ show, api/ asks the data API, by the names that it uses, lib/ computes (and is
// tested in web/test), and state/ knows the address, the session and what is being loaded.
package dashboard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

//go:embed dist
var dist embed.FS

//go:embed absent.html
var absent []byte

// Path is what all paths of the dashboard begin with.
const Path = "/dashboard/"

const (
	assets = "assets/"
	index  = "index.html"
)

// policy lets the page load what this server has, and nothing else. No script and no style is in the page itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Built reports whether the dashboard is compiled in.
func Built() bool { return built(files()) }

// Handler answers GET and HEAD below Path: the assets, and one page for every other path, which shows what the
// path says. Without a built dashboard that page says how to get it.
func Handler() http.Handler { return newHandler(files()) }

func files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

func built(files fs.FS) bool {
	_, err := fs.Stat(files, index)
	return err == nil
}

// site is a dashboard that is built, or not.
type site struct {
	files fs.FS
	page  []byte
	etag  string // of the page
}

func newHandler(files fs.FS) http.Handler {
	s := &site{files: files, page: absent}
	if built(files) {
		page, err := fs.ReadFile(files, index)
		if err != nil {
			panic("embedded dashboard: " + err.Error())
		}
		s.page = page
	}
	sum := sha256.Sum256(s.page)
	s.etag = `W/"` + hex.EncodeToString(sum[:16]) + `"`
	pack, err := gzhttp.NewWrapper(gzhttp.MinSize(1200))
	if err != nil {
		panic(err) // the options are constants
	}
	return pack(s)
}

// ServeHTTP answers one request.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "the dashboard can be asked with GET and HEAD only", http.StatusMethodNotAllowed)
		return
	}
	name, below := strings.CutPrefix(r.URL.Path, Path)
	switch {
	case r.URL.Path+"/" == Path:
		http.Redirect(w, r, Path, http.StatusMovedPermanently)
	case !below:
		http.NotFound(w, r)
	case strings.HasPrefix(name, assets):
		s.serveAsset(w, r, name)
	default:
		s.servePage(w, r)
	}
}

// serveAsset answers a file whose name changes with its content, so that it may be kept for ever.
func (s *site) serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	content, err := fs.ReadFile(s.files, name) // refuses names with .. and the like
	if err != nil {
		w.Header().Set("Cache-Control", "no-cache")
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (s *site) servePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", contentType(index))
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Etag", s.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.page))
}

// contentType does not ask the machine, whose tables differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
