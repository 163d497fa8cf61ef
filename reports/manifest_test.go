package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func reportOf(name, csvSum, parquetSum string) Published {
	return Published{Report: name, Rows: 1, RowsSHA256: csvSum, Files: []File{{name + ".csv", 1, csvSum}, {name + ".parquet", 1, parquetSum}}}
}

// TestRevision: the revision counts the contents of the rows, nothing else.
func TestRevision(t *testing.T) {
	was := &Manifest{Revision: 3, Reports: []Published{reportOf("summary", "a", "p"), reportOf("raw", "b", "q")}}
	for _, test := range []struct {
		name    string
		reports []Published
		was     *Manifest
		want    int
	}{
		{"first", []Published{reportOf("summary", "a", "p")}, nil, 1},
		{"the same", []Published{reportOf("summary", "a", "p"), reportOf("raw", "b", "q")}, was, 3},
		{"other Parquet bytes of the same rows", []Published{reportOf("summary", "a", "x"), reportOf("raw", "b", "y")}, was, 3},
		{"packed files of the same rows", []Published{{Report: "summary", RowsSHA256: "a"}, {Report: "raw", RowsSHA256: "b"}}, was, 3},
		{"other rows", []Published{reportOf("summary", "a", "p"), reportOf("raw", "c", "q")}, was, 4},
		{"one report more", append([]Published{reportOf("trends", "t", "t")}, was.Reports...), was, 4},
		{"one report less", was.Reports[:1], was, 4},
		{"another report", []Published{reportOf("summary", "a", "p"), reportOf("trends", "b", "q")}, was, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			m := Manifest{PublisherID: "acme", Revision: 99, Reports: test.reports}
			if err := m.Write(dir, test.was); err != nil {
				t.Fatal(err)
			}
			read, err := ReadManifest(dir)
			if err != nil {
				t.Fatal(err)
			}
			if m.Revision != test.want || !reflect.DeepEqual(*read, m) {
				t.Errorf("revision %d, want %d; read back %+v", m.Revision, test.want, read)
			}
		})
	}
}

// Writing the same again gives the same bytes: there is no time in them.
func TestManifestIsReproducible(t *testing.T) {
	write := func() string {
		dir := t.TempDir()
		m := Manifest{
			PublisherID: "acme", PublisherName: "Acme <& Co>", Period: "2024-W39", Granularity: "weekly", Inputs: []string{"b", "a"},
			Reports: []Published{reportOf("summary", "a", "p")}, Versions: map[string]string{"rules": "1", "engine": "2", "a": "3"},
		}
		if err := m.Write(dir, nil); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, ManifestFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := write()
	for range 5 {
		if again := write(); again != first {
			t.Fatalf("another text:\n%s\n%s", first, again)
		}
	}
	if !strings.HasSuffix(first, "}\n") {
		t.Errorf("the text ends with %q", first[len(first)-3:])
	}
}

func TestReadManifest(t *testing.T) {
	dir := t.TempDir()
	if m, err := ReadManifest(dir); m != nil || err != nil {
		t.Errorf("without a manifest: %v, %v", m, err)
	}
	if m, err := ReadManifest(filepath.Join(dir, "nosuch")); m != nil || err != nil {
		t.Errorf("without a directory: %v, %v", m, err)
	}
	for _, text := range []string{"", "{", "[]", `{"revision": "one"}`} {
		if err := os.WriteFile(filepath.Join(dir, ManifestFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadManifest(dir)
		if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "remove its directory and run again") {
			t.Errorf("damaged as %q: %v", text, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.csv"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("abc"))
	files, err := Describe(dir, "x.csv")
	if want := (File{"x.csv", 3, hex.EncodeToString(sum[:])}); err != nil || len(files) != 1 || files[0] != want {
		t.Errorf("got %+v, %v; want %+v", files, err, want)
	}
	if _, err := Describe(dir, "nosuch.csv"); err == nil || !strings.Contains(err.Error(), "nosuch.csv") {
		t.Errorf("of a missing file: %v", err)
	}
}
