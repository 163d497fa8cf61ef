package ingest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{
		"logs/b.log", "logs/a.log", "logs/2026/c.log.gz", "logs/2026/.hidden.log", "logs/.git/d.log",
		"odd/[x] y.log", "odd/x y.log", "odd/it's \"quoted\"\n.log", "odd/*.log", "odd/ä.log", "single.log",
	} {
		write(t, filepath.Join(dir, path), "x")
	}
	link(t, "logs/a.log", filepath.Join(dir, "current.log"))
	link(t, "gone.log", filepath.Join(dir, "dangling.log"))
	mkdir(t, filepath.Join(dir, "empty"))
	write(t, filepath.Join(dir, "onlyhidden/.x"), "x")

	for _, test := range []struct {
		name     string
		patterns []string
		want     []string
		err      string
	}{
		{"a file", []string{"single.log"}, []string{"single.log"}, ""},
		{"a link to a file", []string{"current.log"}, []string{"current.log"}, ""},
		{"a directory, with those below it, without hidden ones", []string{"logs"}, []string{"logs/2026/c.log.gz", "logs/a.log", "logs/b.log"}, ""},
		{"a directory with a slash", []string{"logs/"}, []string{"logs/2026/c.log.gz", "logs/a.log", "logs/b.log"}, ""},
		{"a hidden file that is named", []string{"logs/2026/.hidden.log"}, []string{"logs/2026/.hidden.log"}, ""},
		{"a glob", []string{"logs/*.log"}, []string{"logs/a.log", "logs/b.log"}, ""},
		{"a glob over directories", []string{"lo*"}, []string{"logs/2026/c.log.gz", "logs/a.log", "logs/b.log"}, ""},
		{"the same file by several names", []string{"logs/a.log", "logs", "./logs/a.log", "logs/a*"}, []string{"logs/2026/c.log.gz", "logs/a.log", "logs/b.log"}, ""},
		{"several patterns are sorted", []string{"single.log", "logs/a.log"}, []string{"logs/a.log", "single.log"}, ""},
		{"a name that looks like a pattern", []string{"odd/[x] y.log"}, []string{"odd/[x] y.log"}, ""},
		{"a name that is a star", []string{"odd/*.log"}, []string{"odd/*.log"}, ""},
		{"odd names", []string{"odd"}, []string{"odd/*.log", "odd/[x] y.log", "odd/it's \"quoted\"\n.log", "odd/x y.log", "odd/ä.log"}, ""},

		{"no such file", []string{"nosuch.log"}, nil, "nosuch.log does not exist; check the path of --input"},
		{"no such file beside one that is there", []string{"single.log", "nosuch.log"}, nil, "nosuch.log does not exist"},
		{"a glob without match", []string{"logs/*.zip"}, nil, "logs/*.zip matches no file"},
		{"a malformed glob", []string{"logs/[a"}, nil, "is malformed"},
		{"an empty directory", []string{"empty"}, nil, "empty holds no file"},
		{"a directory of hidden files", []string{"onlyhidden"}, nil, "onlyhidden holds no file"},
		{"a dangling link", []string{"dangling.log"}, nil, "dangling.log is a link to gone.log, which does not exist; restore the file or remove the link"},
		{"a file as a directory", []string{"single.log/x"}, nil, "single.log/x"},
		{"nothing", []string{""}, nil, "does not exist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(dir)
			got, err := Discover("--input", test.patterns)
			checkError(t, err, test.err)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// What is skipped in a directory is skipped by a glob, too, as in a shell: rsync
// and editors keep their unfinished files under hidden names.
func TestDiscoverGlobSkipsHiddenFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.log"), "x")
	write(t, filepath.Join(dir, ".a.log.Xy12"), "x")
	files, err := Discover("--input", []string{filepath.Join(dir, "*")})
	checkError(t, err, "")
	if len(files) != 1 {
		t.Errorf("found %q, want a.log only", files)
	}
}

// A link in a directory that leads nowhere is found, so that opening it fails
// by name: left out, the log would be missed silently.
func TestDiscoverDanglingLinkInDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.log"), "x")
	link(t, "gone.log", filepath.Join(dir, "b.log"))
	files, err := Discover("--input", []string{dir})
	if err != nil {
		checkError(t, err, "b.log")
		return
	}
	if len(files) != 2 {
		t.Fatalf("found %q, want both", files)
	}
	_, err = Open(files[1], Auto)
	checkError(t, err, "b.log")
}

// A directory that is linked into a directory is a common layout of rotated logs.
func TestDiscoverLinkedDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "elsewhere/a.log"), "x")
	mkdir(t, filepath.Join(dir, "logs"))
	link(t, "../elsewhere", filepath.Join(dir, "logs/linked"))
	files, err := Discover("--input", []string{filepath.Join(dir, "logs")})
	if err != nil {
		return // refused by name: fine
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			_, err := Open(file, Auto)
			checkError(t, err, "linked")
		}
	}
	if len(files) == 0 {
		t.Error("neither found nor refused")
	}
}

func TestDiscoverUnreadableDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read every directory")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "logs/a.log"), "x")
	if err := os.Chmod(filepath.Join(dir, "logs"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "logs"), 0o755) })
	_, err := Discover("--input", []string{filepath.Join(dir, "logs")})
	checkError(t, err, "permission denied")
}

func write(t *testing.T, path, content string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
}

// checkError wants no error for "", else one that holds want.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case want != "" && err == nil:
		t.Errorf("no error, want one with %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("error %q does not say %q", err, want)
	}
}
