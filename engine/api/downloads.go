package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
)

// fileRef says which file a signed URL is for.
type fileRef struct {
	Publisher string `json:"p"`
	Period    string `json:"t"` // 2026-W39 or 2026-09
	Report    string `json:"r"`
	// Namespace restricts the rows; empty for a file as it is published.
	Namespace string `json:"n,omitempty"`
	File      string `json:"f"`
	Size      int64  `json:"b"`
	// Rows is the hash of the rows that were published when the URL was made.
	Rows string `json:"s"`
	// User is the id of who was given the URL, and may see it as long as they may see the namespace; empty: anyone.
	User string `json:"u,omitempty"`
}

func newFileRef(p *engine.Publication, report, namespace, file string, size int64) fileRef {
	rows, _ := rowsHash(p, report)
	return fileRef{Publisher: p.Manifest.PublisherID, Period: p.Manifest.Period, Report: report, Namespace: namespace, File: file, Size: size, Rows: rows}
}

// rowsHash names the content of a report of a publication.
func rowsHash(p *engine.Publication, report string) (hash string, ok bool) {
	if report == workbook && p.Manifest.Workbook != nil {
		return p.Manifest.Workbook.SHA256, true
	}
	published, ok := p.Manifest.Find(report)
	return published.RowsSHA256, ok
}

// name is what the file is called by who downloads it: acme-raw-2026-W39-0001.csv.
func (f fileRef) name() string {
	of := f.Namespace
	if of == "" {
		of = f.Publisher
	}
	rest := strings.TrimPrefix(f.File, f.Report)
	if rest == f.File { // such as a workbook
		rest = filepath.Ext(f.File)
	}
	return unfriendly.ReplaceAllString(of, "_") + "-" + f.Report + "-" + f.Period + rest
}

// unfriendly is what file systems and headers may take for something else.
var unfriendly = regexp.MustCompile(`[^A-Za-z0-9._~-]+`)

// signer makes URLs that may be downloaded without a token until they expire.
type signer struct {
	server  *Server
	base    string
	user    string
	expires string // seconds since 1970
}

// signer makes those of one answer. They expire within the lifetime, at a full minute, so that answers of one
// minute are alike.
func (s *Server) signer(c *call) (*signer, error) {
	address, err := s.base(c.live, c.Request)
	if err != nil {
		return nil, err
	}
	expires := c.live.Now().Truncate(time.Minute).Add(c.live.Config().Serve.URLLifetime.Duration)
	made := &signer{server: s, base: address, expires: strconv.FormatInt(expires.Unix(), 10)}
	if c.access.user != nil {
		made.user = c.access.user.ID
	}
	return made, nil
}

func (u *signer) sign(file fileRef) (string, error) {
	file.User = u.user
	text, err := json.Marshal(file)
	if err != nil {
		return "", err
	}
	name, ref := file.name(), base64.RawURLEncoding.EncodeToString(text)
	key, signature, err := u.server.accounts.Sign(signedMessage(name, ref, u.expires))
	if err != nil {
		return "", err
	}
	query := url.Values{"ref": {ref}, "expires": {u.expires}, "key": {key}, "signature": {signature}}
	return u.base + base + "/downloads/" + url.PathEscape(name) + "?" + query.Encode(), nil
}

func signedMessage(name, ref, expires string) string {
	return strings.Join([]string{"download", name, ref, expires}, "\n")
}

// forbidden is the answer to URLs that are not ours, or not any more.
var forbidden = &problem{status: http.StatusForbidden, detail: "this URL was altered or has expired; list the files again"}

// verify reads what a signed URL is for.
func (s *Server) verify(c *call) (fileRef, error) {
	var file fileRef
	p := newParams(c.URL.RawQuery, "ref", "expires", "key", "signature")
	ref, expires, key, signature := p.text("ref", ""), p.text("expires", ""), p.text("key", ""), p.text("signature", "")
	if p.err != nil {
		return file, p.err
	}
	if !s.accounts.Verify(signedMessage(c.PathValue("name"), ref, expires), key, signature) {
		return file, forbidden
	}
	until, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || !c.live.Now().Before(time.Unix(until, 0)) {
		return file, forbidden
	}
	text, err := base64.RawURLEncoding.DecodeString(ref)
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		return file, forbidden
	}
	return file, nil
}

// holder is what who was given a URL may see now.
func (s *Server) holder(c *call, file fileRef) (*access, error) {
	a := anonymous(c.live.Config())
	if s.openToAll {
		a.all = true
	}
	if file.User != "" {
		user, ok := s.accounts.User(file.User)
		if !ok {
			return nil, forbidden
		}
		a.grant(c.live.Config(), user)
	}
	a.seal()
	return a, nil
}

// download serves the file of a signed URL.
func (s *Server) download(w http.ResponseWriter, c *call) error {
	file, err := s.verify(c)
	if err != nil {
		return err
	}
	access, err := s.holder(c, file)
	if err != nil {
		return err
	}
	publication, err := c.find(file)
	if err != nil {
		return err
	}
	opened, err := c.open(access, publication, file)
	if err != nil {
		return err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return fmt.Errorf("measure a file: %w", err)
	}
	if info.Size() != file.Size { // the same rows, cut or written in another way
		return engine.ErrReplaced
	}
	c.release() // it may take long, and the file is open
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.name()}))
	w.Header().Set("Content-Type", contentType(file.File))
	w.Header().Set("Etag", `"`+digest(file.Rows, file.Report, file.Namespace, file.File, fmt.Sprint(file.Size))+`"`)
	w.Header().Set("Cache-Control", "private, max-age=0")
	return s.serveFile(w, c.Request, opened)
}

// find is the publication that a URL is for, if it has the same rows still.
func (c *call) find(file fileRef) (*engine.Publication, error) {
	at, err := period.Parse(file.Period)
	if err != nil {
		return nil, forbidden
	}
	publications, err := c.state.Publications(c.Context(), file.Publisher)
	if err != nil {
		return nil, err
	}
	for i := range publications {
		rows, ok := rowsHash(&publications[i], file.Report)
		if ok && publications[i].Period == at && rows == file.Rows {
			return &publications[i], nil
		}
	}
	c.state.Forget(file.Publisher)
	return nil, engine.ErrReplaced
}

// open opens a file for who may see all that it tells.
func (c *call) open(access *access, p *engine.Publication, file fileRef) (*os.File, error) {
	if file.Namespace == "" {
		if !access.seesPublication(p) {
			return nil, forbidden
		}
		return p.Open(file.File)
	}
	if !access.sees(file.Namespace) {
		return nil, forbidden
	}
	export, err := c.state.Export(c.Context(), p, file.Report, file.Namespace)
	if err != nil {
		return nil, err
	}
	return export.Open(file.File)
}

func contentType(name string) string {
	switch filepath.Ext(name) {
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".parquet":
		return "application/vnd.apache.parquet"
	case ".xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case ".gz":
		return "application/gzip"
	}
	return "application/octet-stream"
}

// serveFile serves a file, or the range of it that is asked for.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("measure a file: %w", err)
	}
	p := &patient{ResponseWriter: w, control: http.NewResponseController(w), block: s.timeouts.block}
	http.ServeContent(p, r, "", time.Time{}, file)
	if p.refused {
		header := http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", info.Size())}}
		return &problem{http.StatusRequestedRangeNotSatisfiable, fmt.Sprintf("the file has no such range; it has %d bytes", info.Size()), header}
	}
	return nil
}

// patient gives each block of an answer its own time, so that large files may take long and clients that have
// stopped reading may not.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	block   time.Duration // for each
	refused bool          // the range, in words that are not ours
}

func (p *patient) WriteHeader(status int) {
	if p.refused = status == http.StatusRequestedRangeNotSatisfiable; !p.refused {
		p.ResponseWriter.WriteHeader(status)
	}
}

func (p *patient) Write(block []byte) (int, error) {
	if p.refused {
		return len(block), nil
	}
	if err := p.control.SetWriteDeadline(time.Now().Add(p.block)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.ResponseWriter.Write(block)
}
