package engine

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/ingest"
)

// Each change of a file is seen, also one that keeps its size and its stamp.
func TestHashesFollowChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	old := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var h hashes
	read := func(content string, settling bool) (sha string, remembered bool) {
		if content != "" {
			writeFile(t, path, []byte("timestamp,client_ip,method,image,reference\n"+content))
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
		input, err := ingest.Open(path, ingest.Auto)
		if err != nil {
			t.Fatal(err)
		}
		defer input.Close()
		if sha, err = h.of(input, settling); err != nil {
			t.Fatal(err)
		}
		want, err := input.StoredSHA256()
		if err != nil || sha != want {
			t.Fatalf("%s, want %s (%v)", sha, want, err)
		}
		state, _ := stateOfFile(input.Info)
		state.bytes = input.FileBytes
		return sha, h.known[state] != ""
	}
	first, _ := read("1", false)
	h.forget()
	if again, remembered := read("", false); again != first || !remembered {
		t.Error("an unchanged file is not remembered")
	}
	time.Sleep(20 * time.Millisecond) // beyond the resolution of stamps
	if changed, _ := read("2", false); changed == first {
		t.Error("a change that keeps size and stamp is not seen")
	}
	h.forget()
	h.forget()
	if len(h.known) != 0 {
		t.Errorf("%d files are remembered that nobody asked for", len(h.known))
	}
	if read("3", true); len(h.used) != 0 {
		t.Error("a file that is settling is remembered")
	}
}
