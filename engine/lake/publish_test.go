package lake

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// staged makes a staged directory beside target.
func staged(t *testing.T, target string, files map[string]string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(target), ".staging-*")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		put(t, filepath.Join(dir, name), content)
	}
	return dir
}

func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

// withoutExchange lets the file system refuse to exchange directories.
func withoutExchange(t *testing.T) {
	before := exchange
	exchange = func(a, b string) error { return errors.ErrUnsupported }
	t.Cleanup(func() { exchange = before })
}

func testPublishDir(t *testing.T) {
	big := strings.Repeat("0123456789", 20_000)
	target := filepath.Join(t.TempDir(), "acme", "weekly", "2026-09-21")
	for _, version := range []struct {
		name    string
		files   map[string]string
		changed bool
	}{
		{"first", map[string]string{"summary.csv": "1", "big": big}, true},
		{"same", map[string]string{"summary.csv": "1", "big": big}, false},
		{"one byte differs", map[string]string{"summary.csv": "1", "big": big[:len(big)-1] + "x"}, true},
		{"same size, first byte", map[string]string{"summary.csv": "2", "big": big[:len(big)-1] + "x"}, true},
		{"shorter", map[string]string{"summary.csv": "2", "big": big[:1<<16]}, true},
		{"same again", map[string]string{"summary.csv": "2", "big": big[:1<<16]}, false},
		{"file added", map[string]string{"summary.csv": "2", "big": big[:1<<16], "raw.csv": ""}, true},
		{"file renamed", map[string]string{"summary.csv": "2", "big": big[:1<<16], "row.csv": ""}, true},
		{"file removed", map[string]string{"summary.csv": "2"}, true},
	} {
		dir := staged(t, target, version.files)
		changed, err := PublishDir(dir, target)
		if err != nil || changed != version.changed {
			t.Errorf("%s: changed %t, %v; want %t", version.name, changed, err, version.changed)
		}
		if got := filesIn(t, target); !maps.Equal(got, version.files) {
			t.Errorf("%s: the published files differ", version.name)
		}
		entries, err := os.ReadDir(filepath.Dir(target))
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: beside the target there are %v, %v", version.name, entries, err)
		}
	}
	info, err := os.Stat(target)
	parent, parentErr := os.Stat(filepath.Dir(target))
	if err != nil || parentErr != nil || info.Mode() != parent.Mode() {
		t.Errorf("the published directory has mode %s, the one above %s", info.Mode(), parent.Mode())
	}
}

func TestPublishDir(t *testing.T) { testPublishDir(t) }

func TestPublishDirWithoutExchange(t *testing.T) {
	withoutExchange(t)
	testPublishDir(t)
}

func TestPublishDirRefuses(t *testing.T) {
	root := t.TempDir()
	target := filepath.Join(root, "2026-09-21")
	if _, err := PublishDir(filepath.Join(root, "missing"), target); err == nil {
		t.Error("published a missing directory")
	}
	nested := staged(t, target, map[string]string{"sub/file": "x"})
	if _, err := PublishDir(nested, target); err == nil || !strings.Contains(err.Error(), "not a plain file") {
		t.Errorf("published a nested directory: %v", err)
	}
	put(t, target, "a file")
	if _, err := PublishDir(staged(t, target, nil), target); err == nil || !strings.Contains(err.Error(), "in the way") {
		t.Errorf("published over a file: %v", err)
	}
}

func TestCleanStaging(t *testing.T) {
	if err := CleanStaging(filepath.Join(t.TempDir(), "missing")); err != nil {
		t.Errorf("clean up a missing directory: %v", err)
	}
	reports := t.TempDir()
	kept := filepath.Join(reports, "acme", "weekly", "2026-09-21", "summary.csv")
	put(t, kept, "kept")
	put(t, filepath.Join(reports, "acme", "weekly", ".staging-123", "summary.csv"), "unfinished")
	put(t, filepath.Join(reports, ".staging-456", "deep", "file"), "unfinished")
	put(t, filepath.Join(reports, "acme", "weekly", ".staging-old.2026-09-21", "summary.csv"), "replaced")
	put(t, filepath.Join(reports, "acme", "weekly", ".staging-old.2026-09-14", "summary.csv"), "aside")
	for range 2 {
		if err := CleanStaging(reports); err != nil {
			t.Fatal(err)
		}
		var found []string
		err := filepath.WalkDir(reports, func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				text, readErr := os.ReadFile(path)
				found = append(found, string(text))
				err = readErr
			}
			return err
		})
		if got := strings.Join(found, " "); err != nil || got != "aside kept" {
			t.Errorf("left are %s, %v; want what is published", got, err)
		}
	}
	if left, err := os.ReadDir(reports); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// A crash before any step of publishing leaves the old or the new reports after CleanStaging, whole.
func testPublishCrash(t *testing.T) {
	old := map[string]string{"summary.csv": "old", "raw.csv": "old"}
	fresh := map[string]string{"summary.csv": "new", "trends.csv": "new"}
	for _, published := range []bool{false, true} {
		for n := 0; ; n++ {
			reports := t.TempDir()
			target := filepath.Join(reports, "acme", "weekly", "2026-09-21")
			if published {
				if _, err := PublishDir(staged(t, target, old), target); err != nil {
					t.Fatal(err)
				}
			}
			dir := staged(t, target, fresh)
			steps := crashAt(t, n)
			_, err := PublishDir(dir, target)
			endCrash()
			if err == nil {
				break
			}
			if !errors.Is(err, errCrash) {
				t.Fatalf("crashing before step %d: %v", n, err)
			}
			if err := CleanStaging(reports); err != nil {
				t.Fatal(err)
			}
			there, err := exists(target)
			if err != nil || published && !there {
				t.Fatalf("crashed after %v: the published reports are gone, %v", *steps, err)
			}
			if there {
				if got := filesIn(t, target); !maps.Equal(got, fresh) && !(published && maps.Equal(got, old)) {
					t.Fatalf("crashed after %v: the reports are %v, neither old nor new", *steps, got)
				}
			}
			entries, err := os.ReadDir(filepath.Dir(target))
			if err != nil || len(entries) > 1 {
				t.Fatalf("crashed after %v: left are %v, %v", *steps, entries, err)
			}
		}
	}
}

func TestPublishCrash(t *testing.T) { testPublishCrash(t) }

func TestPublishCrashWithoutExchange(t *testing.T) {
	withoutExchange(t)
	testPublishCrash(t)
}
