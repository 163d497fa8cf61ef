package domain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/domain/internal/listfile"
)

// openCore opens the domains with the core table alone and the given override files.
func openCore(t testing.TB, files map[string]string) *Domains {
	t.Helper()
	d, err := tryOpenCore(t, files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func tryOpenCore(t testing.TB, files map[string]string) (*Domains, error) {
	t.Helper()
	core, err := readLists(coreTable, nil)
	if err != nil {
		t.Fatal(err)
	}
	return open(writeFolder(t, files), core)
}

// openComplete opens the domains with all that is compiled in.
func openComplete(t testing.TB) *Domains {
	t.Helper()
	d, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	if !d.Complete() {
		t.Skip(`the generated lists are not compiled in; run "make lists"`)
	}
	return d
}

// writeFolder writes files, by name, into a new folder; "" when there are none.
func writeFolder(t testing.TB, files map[string]string) string {
	t.Helper()
	if len(files) == 0 {
		return ""
	}
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// encodeLists packs lines of a kind and a domain as the generator does.
func encodeLists(t testing.TB, lines string) []byte {
	t.Helper()
	lists := listfile.Lists{Packages: "made-up 1.0.0", Kinds: map[string]listfile.Kind{}}
	for line := range strings.Lines(lines) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		lists.Kinds[name] = listfile.Kind(kind[0])
	}
	file, err := listfile.Encode(lists)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
