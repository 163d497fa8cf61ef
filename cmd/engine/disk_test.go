package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// asNobody makes a command that runs without privileges.
func asNobody(t *testing.T, args ...string) result {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may become somebody else")
	}
	// The test binary lies where only its owner may look.
	dir, err := os.MkdirTemp("", "engine-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "engine")
	if err := os.Link(os.Args[0], binary); err != nil {
		t.Skip("the test binary cannot be linked: ", err)
	}
	cmd := child(args...)
	cmd.Path, cmd.Dir = binary, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Start(); err != nil {
		t.Skip("no process without privileges: ", err)
	}
	return wait(t, cmd)
}

// openDir is a directory that everybody may read.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestUnwritable: a data directory of somebody else is refused by name, and a log
// that may not be read, too.
func TestUnwritable(t *testing.T) {
	dir := openDir(t)
	log, secret := filepath.Join(dir, "log.csv"), filepath.Join(dir, "secret.csv")
	put(t, log, header+row)
	put(t, secret, header+row)
	if err := os.Chmod(secret, 0o600); err != nil {
		t.Fatal(err)
	}
	r := asNobody(t, "run", "--data", filepath.Join(dir, "data"), "--input", log)
	checkFailure(t, r, filepath.Join(dir, "data"), "permission denied", "choose a directory in which this user may write")

	data := filepath.Join(dir, "data")
	mustEngine(t, "run", "--data", data, "--input", log)
	before := treeOf(t, data)
	r = asNobody(t, "run", "--data", data, "--input", log)
	checkFailure(t, r, data, "permission denied", "run as its owner or choose another directory")
	r = asNobody(t, "check", "--data", data)
	checkFailure(t, r, data, "permission denied")
	checkSame(t, treeOf(t, data), before)

	own := filepath.Join(dir, "own")
	if err := os.Mkdir(own, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(own, 0o777); err != nil {
		t.Fatal(err)
	}
	r = asNobody(t, "run", "--data", own, "--input", secret)
	checkFailure(t, r, secret, "permission denied")
	if r := asNobody(t, "run", "--data", own, "--input", log); r.code != 0 {
		t.Errorf("in a directory of one's own: exit code %d: %s", r.code, r.stderr)
	}
}

// TestQueryOfSomebodyElse: reports and days are for readers; the quarantine, which
// holds addresses, is not, and does not keep them from the rest.
func TestQueryOfSomebodyElse(t *testing.T) {
	dir := openDir(t)
	log := filepath.Join(dir, "log.csv")
	put(t, log, header+row)
	data := filepath.Join(dir, "data")
	mustEngine(t, "run", "--data", data, "--input", log)
	r := asNobody(t, "query", "--data", data, "--format", "csv", "select count(*) as n from requests")
	if r.code != 0 || r.stdout != "n\n1\n" {
		t.Errorf("exit code %d, %q: %s", r.code, r.stdout, r.stderr)
	}
}

// TestCheckFindsChanges: a day file that something else wrote is refused, and one
// whose manifest was made to match is proved wrong.
func TestCheckFindsChanges(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	mustEngine(t, "run", "--data", data, "--input", writeFile(t, "log.csv", header+numbered(100)))
	day := filepath.Join(data, "requests/day=2024-09-25/requests.parquet")
	original, err := os.ReadFile(day)
	if err != nil {
		t.Fatal(err)
	}
	put(t, day, string(original)+" ")
	checkFailure(t, engineIn(t, "check", "--data", data), day, "is not the one that its run wrote", "Restore it, or load its logs into a new data directory")

	changed := filepath.Join(t.TempDir(), "changed.parquet")
	put(t, day, string(original))
	if err := duckdb(fmt.Sprintf("copy (select * replace (case when line = 50 then 'version_check' else action end as action) from read_parquet('%s', hive_partitioning = false)) to '%s' (format parquet)", day, changed)); err != nil {
		t.Fatal(err)
	}
	forged, err := os.ReadFile(changed)
	if err != nil {
		t.Fatal(err)
	}
	put(t, day, string(forged))
	forgeSHA256(t, data, day)
	r := engineIn(t, "check", "--data", data)
	if r.code != exitDifference {
		t.Fatalf("exit code %d, want 3: %s", r.code, r.stderr)
	}
	for _, part := range []string{"engine: the check found a difference: 1 of 100 stored requests", "the first on 2024-09-25"} {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("stderr %q does not say %q", r.stderr, part)
		}
	}
	if !strings.Contains(r.stdout, "expected pull_by_tag of 1 requests, found version_check of 1 requests") || strings.Contains(r.stdout, "check passed") {
		t.Errorf("stdout has no reproduction: %s", r.stdout)
	}

	put(t, day, string(original))
	forgeSHA256(t, data, day)
	mustEngine(t, "check", "--data", data)
}

// TestCheckFindsMissingDays: what is not there any more is found, too, even when
// nothing is left.
func TestCheckFindsMissingDays(t *testing.T) {
	for _, removed := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d of 2", removed), func(t *testing.T) {
			if removed == 2 {
			}
			data := filepath.Join(t.TempDir(), "data")
			mustEngine(t, "run", "--data", data, "--input", writeFile(t, "log.csv", header+row+strings.Replace(row, "-25T", "-26T", 1)))
			for _, day := range []string{"2024-09-25", "2024-09-26"}[:removed] {
				if err := os.RemoveAll(filepath.Join(data, "requests", "day="+day)); err != nil {
					t.Fatal(err)
				}
			}
			checkFailure(t, engineIn(t, "check", "--data", data), "day=2024-09-2", "is missing; restore it, or load its logs into a new data directory")
		})
	}
}

// forgeSHA256 writes the hash of a day file into the manifest of its run.
func forgeSHA256(t *testing.T, data, day string) {
	t.Helper()
	manifests, err := filepath.Glob(filepath.Join(data, "runs/*.json"))
	if err != nil || len(manifests) != 1 {
		t.Fatalf("manifests %q, %v", manifests, err)
	}
	text, err := os.ReadFile(manifests[0])
	if err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(`("day": "2024-09-25",[^}]*"sha256": ")[0-9a-f]+`)
	content, err := os.ReadFile(day)
	if err != nil {
		t.Fatal(err)
	}
	put(t, manifests[0], pattern.ReplaceAllString(string(text), "${1}"+sha256Of(string(content))))
}
