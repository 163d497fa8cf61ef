package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mountSmall mounts a file system of some megabytes, or skips the test.
func mountSmall(t *testing.T, megabytes int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount a small file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		t.Skip("no small file system: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all space but some kilobytes, and returns the file that took it.
func fill(t *testing.T, dir string, left int) string {
	t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "filler")
	put(t, path, strings.Repeat("x", max(0, int(stat.Bavail)*int(stat.Bsize)-left<<10)))
	return path
}

// TestDiskFull: without space a run fails, says why, and harms nothing.
func TestDiskFull(t *testing.T) {
	dir := mountSmall(t, 24)
	data := filepath.Join(dir, "data")
	first, second := writeFile(t, "first.csv", header+numbered(1000)), writeFile(t, "second.csv", header+numbered(40000))
	mustEngine(t, "run", "--data", data, "--input", first)
	before := published(t, data)
	// The smaller the rest, the earlier the run fails: from its first file to its reports.
	for _, left := range []int{0, 8, 60, 200, 500, 1000, 2000} {
		t.Run(fmt.Sprintf("%d kB left", left), func(t *testing.T) {
			filler := fill(t, dir, left)
			r := runChild(t, "run", "--data", data, "--input", second)
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			t.Logf("exit code %d: %s", r.code, r.stderr)
			stored := dayCounts(t, data)["2024-09-25"] != 1000
			if r.code == 0 && !stored {
				t.Error("exit code 0, but nothing is stored")
			}
			if r.code != 0 {
				checkFailure(t, r)
				if !strings.Contains(strings.ToLower(r.stderr), "no space left on device") {
					t.Errorf("stderr %q does not tell the reason", r.stderr)
				}
			}
			if !stored {
				checkSame(t, published(t, data), before)
			}
			mustEngine(t, "check", "--data", data)
		})
	}
	if r := runChild(t, "run", "--data", data, "--input", second); r.code != 0 {
		t.Fatalf("with space again: exit code %d: %s", r.code, r.stderr)
	}
	whole := filepath.Join(t.TempDir(), "data")
	key, err := os.ReadFile(filepath.Join(data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(whole, "key"), string(key))
	mustEngine(t, "run", "--data", whole, "--input", first)
	mustEngine(t, "run", "--data", whole, "--input", second)
	checkSame(t, published(t, data), published(t, whole))
}
