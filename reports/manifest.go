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
	Revision int               `json:"revision"`
	Reports  []Published       `json:"reports"`
	Inputs   []string          `json:"inputs"` // ids of the logs that the rows come from
	Versions map[string]string `json:"versions"`
}

// Published is one report of a directory.
type Published struct {
	Report     string `json:"report"`
	Rows       int64  `json:"rows"`
	Suppressed int64  `json:"suppressed_rows"` // left out by a threshold
	Files      []File `json:"files"`
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
		if !sameContent(m.Reports, published.Reports) {
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

// sameContent compares the CSV files: they are what the numbers are published as.
func sameContent(a, b []Published) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Report != b[i].Report || csvSHA256(a[i].Files) != csvSHA256(b[i].Files) {
			return false
		}
	}
	return true
}

func csvSHA256(files []File) string {
	for _, file := range files {
		if filepath.Ext(file.Name) == ".csv" {
			return file.SHA256
		}
	}
	return ""
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
