package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ManifestFile is the name of the manifest in a directory of reports.
const ManifestFile = "manifest.json"

// Manifest says what a directory of reports holds and what it was made from. It
// has no time of writing, so that making it again gives the same bytes.
type Manifest struct {
	PublisherID   string `json:"publisher_id"`
	PublisherName string `json:"publisher_name"`
	Period        string `json:"period"`         // 2026-W39 or 2026-09
	Granularity   string `json:"granularity"`    // weekly or monthly
	DateReference string `json:"date_reference"` // first day, YYYY-MM-DD
	From          string `json:"from"`           // first day
	To            string `json:"to"`             // last day, included
	Open          bool   `json:"open"`           // published before the period was closed: more may come
	// Revision counts the contents that were published, from 1. Publishing the
	// same rows again keeps it.
	Revision int         `json:"revision"`
	Reports  []Published `json:"reports"`
	// Changes are the rows that differ from the revision before, by report.
	Changes  []Change          `json:"changes,omitempty"`
	Workbook *File             `json:"workbook,omitempty"`
	Inputs   []string          `json:"inputs"` // ids of the logs that the rows come from
	Versions map[string]string `json:"versions"`
}

// Published is one report of a directory.
type Published struct {
	Report string `json:"report"`
	Rows   int64  `json:"rows"`
	// Suppressed is how many rows a threshold leaves out.
	Suppressed int64 `json:"suppressed_rows"`
	// LeftOut is how many users or companies use too many images to be paired.
	LeftOut int64 `json:"left_out_users"`
	// RowsSHA256 is the hash of the CSV rows without headers, however they are packed and cut.
	RowsSHA256 string `json:"rows_sha256"`
	Files      []File `json:"files"`
}

// Change says how a report differs from the revision before.
type Change struct {
	Report  string `json:"report"`
	Added   int64  `json:"rows_added"`
	Removed int64  `json:"rows_removed"`
	Changed int64  `json:"rows_changed"`
	// Rows are the first MaxChangedRows of them, in the order of the report.
	Rows []ChangedRow `json:"rows"`
}

// MaxChangedRows is how many changed rows of a report a manifest lists.
const MaxChangedRows = 100

// ChangedRow is a row whose numbers changed: what it is about, and the columns
// that differ. Was is empty for a row that is new, Now for one that is gone.
type ChangedRow struct {
	Row map[string]string `json:"row"`
	Was map[string]string `json:"was,omitempty"`
	Now map[string]string `json:"now,omitempty"`
}

// File is one file of a report.
type File struct {
	Name   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// ReadManifest reads the manifest of a directory; nil when there is none.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read report manifest: %w", err)
	}
	var manifest Manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("report manifest %s is damaged (%w); remove its directory and run again", path, err)
	}
	return &manifest, nil
}

// Write writes the manifest into dir, after giving it the revision that follows
// from what is published: the same for the same rows, else the next.
func (m *Manifest) Write(dir string, published *Manifest) error {
	m.Revision = 1
	if published != nil {
		m.Revision = published.Revision
		if m.Same(published) {
			m.Changes = published.Changes
		} else {
			m.Revision++
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report manifest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, ManifestFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write report manifest: %w", err)
	}
	return nil
}

// Same reports whether another manifest is of the same reports with the same rows.
func (m *Manifest) Same(other *Manifest) bool {
	return slices.EqualFunc(m.Reports, other.Reports, func(a, b Published) bool {
		return a.Report == b.Report && a.RowsSHA256 == b.RowsSHA256
	})
}

// Find returns a report of the directory.
func (m *Manifest) Find(report string) (Published, bool) {
	at := slices.IndexFunc(m.Reports, func(p Published) bool { return p.Report == report })
	if at < 0 {
		return Published{}, false
	}
	return m.Reports[at], true
}

// Describe measures the files of a report in dir.
func Describe(dir string, names ...string) ([]File, error) {
	files := make([]File, len(names))
	for i, name := range names {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("measure report file: %w", err)
		}
		hash := sha256.New()
		size, err := io.Copy(hash, file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("measure report file: %w", err)
		}
		files[i] = File{Name: name, Bytes: size, SHA256: hex.EncodeToString(hash.Sum(nil))}
	}
	return files, nil
}
