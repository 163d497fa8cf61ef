package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/duck"
)

// On a terminal long headers take several lines, so that more columns fit in one.
func TestReportTable(t *testing.T) {
	for narrow, want := range map[bool]string{
		false: "IMAGE_REPOSITORY  UNIQUE_USERS\nacme/app                    12\n(1 row)\n",
		true:  "IMAGE_      UNIQUE_\nREPOSITORY    USERS\nacme/app         12\n(1 row)\n",
	} {
		var out bytes.Buffer
		writer := &reportTable{tableWriter: tableWriter{w: &out}, narrow: narrow}
		if err := writer.begin([]duck.Column{{Name: "IMAGE_REPOSITORY", Type: "VARCHAR"}, {Name: "UNIQUE_USERS", Type: "BIGINT"}}); err != nil {
			t.Fatal(err)
		}
		image, users := "acme/app", "12"
		if err := errors.Join(writer.row([]*string{&image, &users}), writer.end()); err != nil {
			t.Fatal(err)
		}
		if got := normalise(out.String()); got != want {
			t.Errorf("narrow %t: got\n%swant\n%s", narrow, got, want)
		}
	}
}

// A file that cannot be written to its end leaves the older one as it was.
func TestWriteFileIsWholeOrNot(t *testing.T) {
	path := writeFile(t, "out.csv", "older")
	broken := errors.New("broken")
	err := engine.WriteFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, broken)
	})
	entries, _ := os.ReadDir(filepath.Dir(path))
	if text, _ := os.ReadFile(path); !errors.Is(err, broken) || string(text) != "older" || len(entries) != 1 {
		t.Errorf("%v, and the file has %q among %v", err, text, entries)
	}
	if err := engine.WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, "newer"); return err }); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "newer" {
		t.Errorf("the file has %q", text)
	}
	if err := engine.WriteFile(filepath.Join(path, "x"), func(io.Writer) error { return nil }); err == nil {
		t.Error("below a file: no error")
	}
}
