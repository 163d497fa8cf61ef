package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts print into them")

// asEngine in the environment makes the test binary the engine itself.
const asEngine = "PULLSCOPE_TEST_AS_ENGINE"

func TestMain(m *testing.M) {
	if os.Getenv(asEngine) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"engine": main})
}

// TestScripts runs testdata/script/*.txtar. Besides the usual commands they have
//
//	exits CODE COMMAND…   run it and want this exit code
//	normal FROM TO        copy a file, or stdout, with times and versions made equal
//	pack KIND FROM TO     compress with gzip or zstd, or turn CSV into parquet
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "normal": scriptNormal, "pack": scriptPack,
		},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// What differs from run to run, and what it becomes.
var volatile = []struct {
	pattern *regexp.Regexp
	text    string
}{
	{regexp.MustCompile(`\b\d{6}-\d{8}T\d{6}Z\b`), "RUN"},
	{regexp.MustCompile(`done in .*`), "done in TIME"},
	{regexp.MustCompile(`("(?:started_at|ended_at|checked_at|last_good_at|published_at)": )"[^"]*"`), `$1"TIME"`},
	{regexp.MustCompile(`ended at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "ended at TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d UTC( +\d+\.\d\b)?`), "TIME"},
	{regexp.MustCompile(`TIME, took .*`), "TIME, took TIME"},
	{regexp.MustCompile(`(?m)^(load|merge|classify|check|store|commit|report) +\d+\.\d *$`), "$1 SECONDS"},
	{regexp.MustCompile(`(?m)^source +kind .*\n(.+\n)*`), "SOURCES\n"},
	{regexp.MustCompile(`\d+\.\d KiB`), "SIZE"},
	{regexp.MustCompile(`("extension_events": \d+,\s+"bytes": )\d+`), "${1}0"},
	{regexp.MustCompile(`("seconds": )[0-9.]+`), `${1}0`},
	{regexp.MustCompile(`("engine": "|engine )\d+\.\d+\.\d+[-a-z]*`), "${1}VERSION"},
	// Of a day file: its bytes are those of the Parquet writer.
	{regexp.MustCompile(`("actions": \d+,\s+"bytes": )\d+(,\s+"sha256": )"[0-9a-f]*"`), `${1}0${2}"SHA256"`},
	// The tables that are compiled in change with their data, and the lists of domains may be left out.
	{regexp.MustCompile(`("enrichment": )\[[^]]*\]`), `$1["SOURCES"]`},
	{regexp.MustCompile(`\((user agents|use cases|mail providers and universities|ASN table|countries), [^)]*\)`), "($1, DATE)"},
	{regexp.MustCompile(`\(golang.org/x/net [^)]*\)`), "(VERSION)"},
	{regexp.MustCompile(`(agents.csv|use_cases.csv|core.csv|asn.csv):\d+`), "$1:LINE"},
	{regexp.MustCompile(`DuckDB \S+`), "DuckDB VERSION"},
	{regexp.MustCompile(`go1\.\S+ \w+/\w+`), "GO"},
	{regexp.MustCompile(` +\n`), "\n"},
}

func normalise(text string) string {
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.text)
	}
	return text
}

func scriptNormal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: normal FROM TO")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(normalise(ts.ReadFile(args[0]))), 0o644))
}

func scriptPack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: pack gzip|zstd|parquet FROM TO")
	}
	from, to := ts.MkAbs(args[1]), ts.MkAbs(args[2])
	switch args[0] {
	case "gzip":
		ts.Check(os.WriteFile(to, gzipped(ts.ReadFile(args[1])), 0o644))
	case "zstd":
		ts.Check(os.WriteFile(to, zstded(ts.ReadFile(args[1])), 0o644))
	case "parquet":
		ts.Check(duckdb(fmt.Sprintf("copy (from read_csv('%s', all_varchar = true)) to '%s' (format parquet)", from, to)))
	default:
		ts.Fatalf("unknown kind %s", args[0])
	}
}

func gzipped(content string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(content)) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

func zstded(content string) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll([]byte(content), nil)
}

// duckdb runs statements in a database of its own.
func duckdb(query string) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(query)
	return err
}

// result is what a command line gave.
type result struct {
	code           int
	stdout, stderr string
}

// engineIn runs a command line in this process.
func engineIn(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := execute(context.Background(), append([]string{"engine"}, args...), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// mustEngine wants exit code 0 and no message.
func mustEngine(t *testing.T, args ...string) string {
	t.Helper()
	r := engineIn(t, args...)
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("engine %q: exit code %d\n%s%s", args, r.code, r.stderr, r.stdout)
	}
	return r.stdout
}

// queryCSV returns the rows of a query without its header.
func queryCSV(t *testing.T, data, query string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(mustEngine(t, "query", "--data", data, "--format", "csv", query), "\n"), "\n")
	return lines[1:]
}

// writeFile writes a file below a new directory and returns its path.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeKey gives a data directory a fixed key, so that its files are comparable.
func writeKey(t *testing.T, data string) {
	t.Helper()
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "key"), []byte(strings.Repeat("0123456789abcdef", 4)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func sha256Of(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}
