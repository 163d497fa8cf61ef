package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"
)

const (
	header = "timestamp,client_ip,method,image,reference\n"
	row    = "2024-09-25T10:00:00Z,192.0.2.1,GET,acme/app,latest\n"
)

// numbered makes n good rows, each at its own second.
func numbered(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "2024-09-25T%02d:%02d:%02dZ,192.0.2.%d,GET,acme/app,v%d\n", i/3600%24, i/60%60, i%60, i%200, i%7)
	}
	return out.String()
}

// TestBadFiles holds that a file which cannot be read as a log stops the run with
// a sentence that names it, that nothing is stored, and that the next run works.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	good := filepath.Join(dir, "good.csv")
	put(t, good, header+row)
	long := header + numbered(4000)
	parquet := filepath.Join(dir, "whole.parquet")
	if err := duckdb(fmt.Sprintf("copy (select timestamp '2024-09-25' + interval (i) second as timestamp, '192.0.2.1' as client_ip, 'GET' as method, 'acme/app' as image, 'v' || i as reference from range(5000) as r(i)) to '%s' (format parquet)", parquet)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(parquet)
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(dir, "columns.parquet")
	if err := duckdb(fmt.Sprintf("copy (select 1 as a, 2 as b) to '%s' (format parquet)", wrong)); err != nil {
		t.Fatal(err)
	}
	wrongColumns, err := os.ReadFile(wrong)
	if err != nil {
		t.Fatal(err)
	}
	gz, zst := string(gzipped(long)), string(zstded(long))

	for _, test := range []struct {
		name, content, format string
		want                  []string
	}{
		{"binary", strings.Repeat("\x00\x01\xfe\xff", 64), "auto", []string{"binary", "check that the file is a log"}},
		{"binary_as_csv", strings.Repeat("\x00\x01\xfe\xff", 64), "csv", []string{"binary"}},
		{"utf16.csv", utf16le(long), "auto", []string{"UTF-16", "iconv"}},
		{"prose", "Dear registry,\nhow are you?\n", "auto", []string{"name it with --format"}},
		{"cut10.gz", gz[:10], "auto", []string{"gzip", "cut off", "fetch it again"}},
		{"cut_half.gz", gz[:len(gz)/2], "auto", []string{"gzip", "cut off", "fetch it again"}},
		{"cut_sum.gz", gz[:len(gz)-3], "auto", []string{"gzip", "cut off", "fetch it again"}},
		{"garbage_behind.gz", gz + "and more of it", "auto", []string{"gzip", "damaged", "fetch the file again"}},
		{"changed.gz", gz[:len(gz)-20] + "XXXX" + gz[len(gz)-16:], "auto", []string{"gzip", "fetch"}},
		{"cut_half.zst", zst[:len(zst)/2], "auto", []string{"zstd", "cut off", "fetch it again"}},
		{"garbage_behind.zst", zst + "and more of it", "auto", []string{"zstd", "damaged"}},
		{"cut.parquet", string(whole[:len(whole)/2]), "auto", []string{"the Parquet file is cut off", "fetch it again"}},
		{"magic.parquet", "PAR1", "auto", []string{"the Parquet file is cut off"}},
		{"changed.parquet", string(whole[:100]) + strings.Repeat("X", 200) + string(whole[300:]), "auto", nil},
		{"columns.parquet", string(wrongColumns), "auto", []string{"the required columns timestamp, client_ip, method, image (or namespace and repository), reference are missing"}},
		{"packed.parquet", string(gzipped(string(whole))), "auto", []string{"a Parquet file inside gzip cannot be read; unpack it first"}},
		{"rows_only.csv", numbered(10), "csv", []string{"line 1: the required columns"}},
		{"wrong_header.csv", "when,who,what\n" + row, "csv", []string{"line 1: the required columns", "rename the columns, or map them with --format your.sql"}},
		{"twice.csv", "timestamp,client_ip,method,image,reference,image\n", "csv", []string{"names column image twice"}},
		{"wrong_format.csv", header + numbered(500), "combined", []string{"501 of 501 records are rejected", "line 1 (unreadable)", "taken as combined; --format sets it"}},
		{"mostly_bad.csv", header + numbered(200) + strings.Repeat("bad,,,,\n", 150), "auto", []string{"150 of 351 records are rejected", "line 202 (", "raise max_reject_ratio"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(dir, "junk", test.name)
			put(t, path, test.content)
			// The good file beside it is not stored, either.
			r := engineIn(t, "run", "--data", data, "--format", test.format, "--input", path, "--log-level", "error")
			checkFailure(t, r, append(test.want, path)...)
			if test.format == "auto" {
				r := engineIn(t, "run", "--data", data, "--input", good, "--input", path)
				checkFailure(t, r, append(test.want, path)...)
			}
			checkNothingStored(t, data)
		})
	}
	// After all these failures the good file is read as if nothing had been.
	mustEngine(t, "run", "--data", data, "--input", good)
	if got := queryCSV(t, data, "select count(*) from requests"); got[0] != "1" {
		t.Errorf("%s requests after the failures, want 1", got[0])
	}
	if got := queryCSV(t, data, "select count(*) from runs"); got[0] != "1" {
		t.Errorf("%s runs, want the one that succeeded", got[0])
	}
}

// checkFailure wants exit code 1, a sentence on stderr with all of want, and no
// result.
func checkFailure(t *testing.T, r result, want ...string) {
	t.Helper()
	if r.code != exitFailed || r.stdout != "" {
		t.Errorf("exit code %d, stdout %q; want 1 and none", r.code, r.stdout)
	}
	if !strings.HasPrefix(r.stderr, "engine: ") || strings.Contains(r.stderr, "panic") {
		t.Errorf("stderr %q is no message", r.stderr)
	}
	for _, part := range want {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("stderr %q does not say %q", r.stderr, part)
		}
	}
}

// checkNothingStored wants a data directory without anything but its key, lock,
// what is said of the attempt, and empty directories.
func checkNothingStored(t *testing.T, data string) {
	t.Helper()
	for path := range treeOf(t, data) {
		if path != "key" && path != "lock" && path != "attempt.json" {
			t.Errorf("%s is left in the data directory", path)
		}
	}
}

// treeOf returns the files below a directory with their content.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, relErr := filepath.Rel(dir, path)
		if relErr != nil {
			return relErr
		}
		if info.Mode()&os.ModeSymlink != 0 {
			files[name], err = os.Readlink(path)
			return err
		}
		content, err := os.ReadFile(path)
		files[name] = string(content)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func utf16le(text string) string {
	var out []byte
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// TestBadInputs is about what --input names.
func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	put(t, filepath.Join(dir, "logs/a.csv"), header+row)
	if err := os.Symlink("gone.csv", filepath.Join(dir, "dangling.csv")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	put(t, filepath.Join(dir, "linked/a.csv"), header+row)
	if err := os.Symlink("gone.csv", filepath.Join(dir, "linked/b.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ input, want string }{
		{"nosuch.csv", "does not exist; check the path of --input"},
		{"dangling.csv", "is a link to gone.csv, which does not exist; restore the file or remove the link"},
		{"linked", "b.csv"},
		{"empty", "holds no file; check the path of --input"},
		{"*.zip", "matches no file; check the path of --input"},
		{"[", "malformed"},
		{"fifo", "not a regular file"},
		{"logs/a.csv/x", "logs/a.csv/x"},
	} {
		t.Run(test.input, func(t *testing.T) {
			checkFailure(t, engineIn(t, "run", "--data", data, "--input", filepath.Join(dir, test.input)), test.want, filepath.Join(dir, test.input))
			checkNothingStored(t, data)
		})
	}
	checkFailure(t, engineIn(t, "run", "--data", data, "--input", "/dev/null"), "/dev/null", "not a regular file")
	// One bad input beside a good one stores neither.
	checkFailure(t, engineIn(t, "run", "--data", data, "--input", filepath.Join(dir, "logs"), "--input", filepath.Join(dir, "nosuch.csv")), "nosuch.csv")
	checkNothingStored(t, data)
	t.Run("unreadable", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may read every file")
		}
		path := filepath.Join(dir, "secret.csv")
		put(t, path, header+row)
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		checkFailure(t, engineIn(t, "run", "--data", data, "--input", path), path, "permission denied")
	})
	mustEngine(t, "run", "--data", data, "--input", filepath.Join(dir, "logs"))
}

// TestOddNames loads files whose names mean something to a shell, a glob, SQL or
// a terminal.
func TestOddNames(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	names := []string{
		"it's.csv", `say "hi".csv`, "a b.csv", "new\nline.csv", "star*.csv", "[ab].csv", "what?.csv", "semi;drop table requests;--.csv",
		"\u00fcml\u00e4ut.csv", "-dash.csv", "per%cent.csv", "back\\slash.csv", "dollar$x.csv", "curly{{.Source}}.csv", strings.Repeat("long", 60) + ".csv",
	}
	args := []string{"run", "--data", data}
	for i, name := range names {
		path := filepath.Join(dir, "in", name)
		put(t, path, header+strings.Replace(row, "192.0.2.1", fmt.Sprintf("192.0.2.%d", i+1), 1))
		args = append(args, "--input", path)
	}
	for i, name := range []string{"it's.parquet", "star*.parquet", "new\nline [a].parquet"} {
		path := filepath.Join(dir, "in", name)
		if err := duckdb(fmt.Sprintf("copy (select '2024-09-26T00:00:0%dZ' as timestamp, '192.0.2.1' as client_ip, 'GET' as method, 'acme/app' as image, 'v1' as reference) to '%s' (format parquet)", i, strings.ReplaceAll(path, "'", "''"))); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		args = append(args, "--input", path)
	}
	r := engineIn(t, args...)
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	if got := queryCSV(t, data, "select count(*) || ' ' || count(distinct source) from requests"); got[0] != fmt.Sprintf("%d %d", len(names), len(names)) {
		t.Errorf("requests and sources: %s, want %d of each", got[0], len(names))
	}
	files := queryCSV(t, data, "select count(distinct file) from runs")
	if files[0] != fmt.Sprint(len(names)) {
		t.Errorf("%s file names, want %d", files[0], len(names))
	}
	mustEngine(t, "check", "--data", data)
}

// A Parquet file is opened by the database, for which a star is a pattern.
func TestParquetNameThatIsAPattern(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"star*.parquet", "star1.parquet"} {
		if err := duckdb(fmt.Sprintf("copy (select '2024-09-26T00:00:0%dZ' as timestamp, '192.0.2.1' as client_ip, 'GET' as method, 'acme/app' as image, 'v1' as reference) to '%s' (format parquet)", i, filepath.Join(dir, "in", name))); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	mustEngine(t, "run", "--data", data, "--input", filepath.Join(dir, "in"))
	if got := queryCSV(t, data, "select count(*) from requests"); got[0] != "2" {
		t.Errorf("%s requests from two files of one row", got[0])
	}
}

// The flag library cuts values at commas unless it is told not to.
func TestNameWithComma(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a,b.csv")
	put(t, path, header+row)
	mustEngine(t, "run", "--data", filepath.Join(dir, "data"), "--input", path)
}

// record is a record, and what becomes of it: "accepted", or the reason why it is
// not; "" is whatever, but not the end of the run.
type record struct{ text, want string }

// TestBadLines loads one file per format with all kinds of records, and wants
// for each what the rules say. Lines that are not records (further lines of a
// quoted value, blank ones) have no entry of their own.
func TestBadLines(t *testing.T) {
	digest := "sha256:" + strings.Repeat("ab", 32)
	fields := func(image, reference, agent string) string {
		return fmt.Sprintf("2024-09-25T10:00:00Z,192.0.2.1,GET,%s,%s,%s", image, reference, agent)
	}
	client := func(ip string) string { return fmt.Sprintf("2024-09-25T10:00:00Z,%s,GET,acme/app,v1,x/1", ip) }
	for name, test := range map[string]struct {
		format, head string
		records      []record
	}{
		"csv": {"csv", "timestamp,client_ip,method,image,reference,user_agent", []record{
			{fields("acme/app", "latest", "docker/24.0.2"), "accepted"},
			{fields("acme/app", "latest", "dock\xff\xfeer/24.0.2"), "accepted"},
			{fields("acme/app", "latest", "a\x00b"), "accepted"},
			{fields("acme/app", "latest", "a\x1fb"), "accepted"},
			{fields("acme/app", "latest", `'; drop table requests; --`), "accepted"},
			{fields("acme/app", "latest", `"a ""quoted"" agent, with
a newline"`), "accepted"},
			{fields("acme/app", "latest", `stray "quotes" inside`), "accepted"},
			{fields("acme/app", "latest", "\u65e5\u672c\U0001f433"), "accepted"},
			{fields("acme/app", "latest", strings.Repeat("x", 100_000)), "accepted"},
			{fields("acme/app", "latest", "x") + "\r", "accepted"},
			{fields("acme/app", digest, ""), "accepted"},
			{fields("acme/app", strings.ToUpper(digest), ""), "accepted"},
			{fields("nginx", "latest", ""), "accepted"},
			{fields("a/b/c/d", "latest", ""), "accepted"},
			{fields("acme/app", "'; drop table requests; --", ""), "invalid_reference"},
			{fields("acme/app", `"la""test"`, ""), "invalid_reference"},
			{fields("acme/app", "\"la\ntest\"", ""), "invalid_reference"},
			{fields("acme/app", "", ""), "invalid_reference"},
			{fields("acme/app", "sha256:12", ""), "invalid_reference"},
			{fields("acme/app", strings.Repeat("x", 129), ""), "invalid_reference"},
			{fields("acme/app", "sha256-"+strings.Repeat("ab", 32)+".sig", ""), "fallback_reference"},
			{fields("", "latest", ""), "invalid_image_name"},
			{fields("../../etc", "latest", ""), "invalid_image_name"},
			{fields("acme/..", "latest", ""), "invalid_image_name"},
			{fields("Acme/App", "latest", ""), "invalid_image_name"},
			{fields("acme/"+strings.Repeat("x", 251), "latest", ""), "invalid_image_name"},
			{fields("acme/a\x00pp", "latest", ""), "invalid_image_name"},
			{fields("acme/a\xffpp", "latest", ""), "invalid_image_name"},
			{client("fe80::1%eth0"), "accepted"},
			{client("::ffff:192.0.2.1"), "accepted"},
			{client("192.0.2.1:5555"), "accepted"},
			{client("[2001:db8::1]:5555"), "accepted"},
			{client("2001:DB8::1"), "accepted"},
			{client(""), "invalid_client_ip"},
			{client("-"), "invalid_client_ip"},
			{client("192.0.2.300"), "invalid_client_ip"},
			{client("localhost"), "invalid_client_ip"},
			{client("192.0.2.1/24"), "invalid_client_ip"},
			{"2024-09-25T10:00:00Z,192.0.2.1,get,acme/app,v1,", "accepted"},
			{"2024-09-25T10:00:00Z,192.0.2.1,PUT,acme/app,v1,", "other_method"},
			{"2024-09-25T10:00:00Z,192.0.2.1,,acme/app,v1,", "invalid_method"},
			{"0001-01-01T00:00:00Z,192.0.2.1,GET,acme/app,v1,", "timestamp_out_of_range"},
			{",192.0.2.1,GET,acme/app,v1,", "invalid_timestamp"},
			{"timestamp,client_ip,method,image,reference,user_agent", "header"},
			{"2024-09-25T10:00:00Z,192.0.2.1,GET,acme/app,v1", "field_count"},
			{"2024-09-25T10:00:00Z,192.0.2.1,GET,acme/app,v1,,", "field_count"},
			{"2024-09-25T10:00:00Z;192.0.2.1;GET;acme/app;v1;", "field_count"},
			{"nonsense", "field_count"},
			{",,,,,", "invalid_method"},
			{"   ", "blank"},
			{"\ufeff", ""}, // whatever: it must not end the run
			{"\x00\x00\x00", "field_count"},
			{fields("acme/app", "v1", `"never closed`), "unterminated_quote"},
		}},
		"jsonl": {"jsonl", "", []record{
			{jsonLine(`"user_agent":"docker/24.0.2"`), "accepted"},
			{jsonLine(`"user_agent":"\u0000\ud83d\ude00"`), "accepted"},
			{jsonLine(`"user_agent":null`), "accepted"},
			{jsonLine(`"user_agent":17`), "accepted"},
			{jsonLine(`"extra":{"nested":[1,2,{"a":null}]}`), "accepted"},
			{jsonLine(`"status":"200"`), "accepted"},
			{jsonLine(`"status":200`), "accepted"},
			{jsonLine(`"status":404`), "status"},
			{jsonLine(`"status":"ok"`), "invalid_status"},
			{jsonLine(`"digest":"` + strings.ToUpper(digest) + `"`), "accepted"},
			{jsonLine(`"digest":"nonsense"`), "accepted"},
			{`{"timestamp":1727258400,"client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"v1"}`, "accepted"},
			{`{"timestamp":1727258400.25,"client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"v1"}`, "accepted"},
			{`{"timestamp":"2024-09-25T10:00:00Z","client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"'; drop table requests; --"}`, "invalid_reference"},
			{`{"timestamp":{"a":1},"client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"v1"}`, "invalid_timestamp"},
			{`{"timestamp":"2024-09-25T10:00:00Z","client_ip":["192.0.2.1"],"method":"GET","image":"acme/app","reference":"v1"}`, "invalid_client_ip"},
			{`{"timestamp":"2024-09-25T10:00:00Z","client_ip":"192.0.2.1","method":"GET","image":{"name":"acme/app"},"reference":"v1"}`, "invalid_image_name"},
			{`{"timestamp":null,"client_ip":null,"method":null,"image":null,"reference":null}`, "invalid_method"},
			{`{}`, "invalid_method"},
			{`{"timestamp":"2024-09-25T10:00:00Z"`, "unreadable"},
			{`{"timestamp":"2024-09-25T10:00:00Z",}`, "invalid_method"}, // DuckDB lets the comma pass
			{`nonsense`, "unreadable"},
			{`{'timestamp':'2024'}`, "unreadable"},
			{"\xff\xfe{}", "unreadable"},
			{`{"timestamp":"2024-09-25T10:00:00Z","client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"v1"} trailing`, "unreadable"},
			{"  " + jsonLine(`"user_agent":"x"`) + "\t\r", "accepted"},
			{" \t", "blank"},
		}},
		"nginx": {"nginx-json", "", []record{
			{nginxLine("GET", "/v2/acme/app/manifests/latest", "200"), "accepted"},
			{nginxLine("GET", "/v2/acme/app/manifests/sha256%3A"+digest[7:]+"?ns=docker.io", "200"), "accepted"},
			{nginxLine("HEAD", "/v2/acme/app/manifests/latest", "304"), "accepted"},
			{nginxLine("GET", "/v2/", "200"), "other_path"},
			{nginxLine("GET", "/v2/acme/app/blobs/"+digest, "200"), "other_path"},
			{nginxLine("GET", "/v2/acme/app/manifests/latest", "401"), "status"},
			{nginxLine("GET", "/v2/acme/app/manifests/latest", "199"), "status"},
			{nginxLine("PUT", "/v2/acme/app/manifests/latest", "201"), "other_method"},
			{nginxLine("", "", "400"), "not_http"},
			{nginxLine("GET", "/v2/../app/manifests/latest", "200"), "invalid_image_name"},
			{nginxLine("GET", "/v2/acme/app/manifests/a%20b", "200"), "invalid_reference"},
			{nginxLine("GET", "/v2/acme/app/manifests/latest", ""), "accepted"},
			{nginxLine("GET", "/v2/acme/app/manifests/latest", "abc"), "invalid_status"},
			{`{"time":"1727258400"}`, "unreadable"},
			{`{"request_uri":1`, "unreadable"},
			{`[]`, "unreadable"},
			{`17`, "unreadable"},
			{`null`, "unreadable"},
		}},
		"combined": {"combined", "", []record{
			{combinedLine(`GET /v2/acme/app/manifests/latest HTTP/1.1`, "200"), "accepted"},
			{combinedLine(`HEAD /v2/acme/app/manifests/latest?ns=x HTTP/2.0`, "200"), "accepted"},
			{combinedLine(`GET /healthz HTTP/1.1`, "200"), "other_path"},
			{combinedLine(`GET /v2/acme/app/manifests/latest HTTP/1.1`, "401"), "status"},
			{combinedLine(`POST /v2/acme/app/manifests/latest HTTP/1.1`, "200"), "other_method"},
			{combinedLine(`\x16\x03\x01\x02\x00`, "400"), "not_http"},
			{combinedLine(``, "400"), "not_http"},
			{combinedLine(`-`, "400"), "not_http"},
			{combinedLine(`GET /v2/acme/app/manifests/\x22quoted\x22 HTTP/1.1`, "200"), "invalid_reference"},
			{`192.0.2.1 - John "Q" Public [25/Sep/2024:10:00:00 +0000] "GET /v2/acme/app/manifests/v1 HTTP/1.1" 200 5 "-" "x"`, "accepted"},
			{`192.0.2.1 - - [25/Foo/2024:10:00:00 +0000] "GET /v2/acme/app/manifests/v1 HTTP/1.1" 200 5 "-" "x"`, "invalid_timestamp"},
			{`nohost - - [25/Sep/2024:10:00:00 +0000] "GET /v2/acme/app/manifests/v1 HTTP/1.1" 200 5 "-" "x"`, "invalid_client_ip"},
			{`192.0.2.1 - - [25/Sep/2024:10:00:00 +0000] "GET /v2/acme/app/manifests/v1 HTTP/1.1" 200`, "unreadable"},
			{`192.0.2.1 - - [25/Sep/2024:10:00:00 +0000] "GET /v2/acme/app/manifests/v1 HTTP/1.1" 200 5`, "accepted"},
			{`Sep 25 10:00:00 host nginx: started`, "unreadable"},
			{strings.Repeat(`"`, 1000), "unreadable"},
			{strings.Repeat(`[`, 1000), "unreadable"},
		}},
		"events": {"distribution-events", "", []record{
			{`{"events":[` + eventOf("a", `"method":"GET"`, `"tag":"latest"`) + `]}`, "accepted"},
			{`{"events":[` + eventOf("b", `"method":"HEAD"`, `"tag":"latest"`) + `]}`, "accepted"},
			{`{"events":[` + eventOf("c", `"method":"PUT"`, `"tag":"latest"`) + `]}`, "other_method"},
			{`{"events":[]}`, "no_event"},
			{`{"events":null}`, "unreadable"},
			{`{"events":{}}`, ""},
			{`{"events":"x"}`, ""},
			{`{}`, "unreadable"},
			{`[]`, ""},
			{`{"events":[null]}`, ""},
			{`{"events":[17]}`, ""},
			{`{"events":[{}]}`, ""},
			{`nonsense`, "unreadable"},
		}},
	} {
		t.Run(name, func(t *testing.T) { checkLines(t, name, test.format, test.head, test.records) })
	}
}

func checkLines(t *testing.T, name, format, head string, records []record) {
	data := filepath.Join(t.TempDir(), "data")
	var content strings.Builder
	line := 1
	if head != "" {
		content.WriteString(head + "\n")
		line++
	}
	want := map[int]record{}
	counts := map[string]int{}
	for _, r := range records {
		content.WriteString(r.text + "\n")
		want[line] = r
		line += 1 + strings.Count(r.text, "\n")
		counts[r.want]++
	}
	mustEngine(t, "run", "--data", data, "--format", format, "--input", writeFile(t, name+".log", content.String()))

	got := map[int]string{}
	for _, row := range queryCSV(t, data, "select line || ' accepted' from requests union all select line || ' ' || reason from rejects") {
		var number int
		var verdict string
		fmt.Sscan(row, &number, &verdict)
		got[number] = verdict
	}
	for number, r := range want {
		// Of ignored records only the numbers are kept.
		verdict, ok := got[number]
		kept := r.want == "accepted" || strings.HasPrefix(r.want, "invalid_") || slices.Contains([]string{"unreadable", "field_count", "unterminated_quote", "timestamp_out_of_range"}, r.want)
		switch {
		case r.want == "":
		case kept && verdict != r.want:
			t.Errorf("line %d, %.150q: %q, want %q", number, r.text, verdict, r.want)
		case !kept && ok:
			t.Errorf("line %d, %.150q: %q, want it ignored (%s)", number, r.text, verdict, r.want)
		}
	}
	for _, row := range queryCSV(t, data, "select unnest(map_keys(ignored)) || ' ' || unnest(map_values(ignored)) from runs") {
		var reason string
		var n int
		fmt.Sscan(row, &reason, &n)
		expected := counts[reason]
		if reason == "header" && head != "" {
			expected++
		}
		if reason != "continuation" && n != expected && counts[""] == 0 {
			t.Errorf("ignored as %s: %d, want %d", reason, n, expected)
		}
	}
	if got := queryCSV(t, data, "select lines || ' ' || (records >= lines) || ' ' || (records = accepted + duplicates + rejected + list_sum(map_values(ignored))) from runs where file is not null"); got[0] != fmt.Sprintf("%d true true", line-1) {
		t.Errorf("lines, and whether the counts add up: %s, want %d", got[0], line-1)
	}
	// The quarantine quotes the line, as far as it is text.
	for _, row := range queryCSV(t, data, "select line || ' ' || to_base64(encode(raw)) from rejects where raw is null or raw = ''") {
		t.Errorf("quarantined without text: line %s", row)
	}
	mustEngine(t, "check", "--data", data)
}

func jsonLine(more string) string {
	return `{"timestamp":"2024-09-25T10:00:00Z","client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"v1",` + more + `}`
}

func nginxLine(method, uri, status string) string {
	return fmt.Sprintf(`{"time":"1727258400.5","request_time":"0.1","remote_addr":"192.0.2.1","http_x_forwarded_for":"","method":"%s","request_uri":"%s","status":"%s","user_agent":"x/1"}`, method, uri, status)
}

func combinedLine(request, status string) string {
	return `192.0.2.1 - - [25/Sep/2024:10:00:00 +0000] "` + request + `" ` + status + ` 5 "-" "x/1"`
}

func eventOf(id, request, target string) string {
	return `{"id":"` + id + `","timestamp":"2024-09-25T10:00:00Z","action":"pull","target":{"mediaType":"application/vnd.oci.image.index.v1+json","repository":"acme/app","url":"http://r/v2/acme/app/manifests/x",` + target + `},"request":{"addr":"192.0.2.1:5",` + request + `},"actor":{}}`
}

// TestOddFiles are files that are in order, if unusual.
func TestOddFiles(t *testing.T) {
	for _, test := range []struct {
		name, content  string
		lines, accepts int
	}{
		{"empty.log", "", 0, 0},
		{"blank.log", "\n\n \n", 3, 0},
		{"header.csv", header, 1, 0},
		{"no_newline.csv", header + strings.TrimSpace(row), 2, 1},
		{"crlf.csv", strings.ReplaceAll(header+row+row, "\n", "\r\n"), 3, 2},
		{"mark.csv", "\ufeff" + header + row, 2, 1},
		{"mark_crlf.csv", "\ufeff" + strings.ReplaceAll(header+row, "\n", "\r\n"), 2, 1},
		{"semicolon.csv", strings.ReplaceAll(header+row, ",", ";"), 2, 1},
		{"tab.csv", strings.ReplaceAll(header+row, ",", "\t"), 2, 1},
		{"upper.csv", strings.ToUpper(header) + row, 2, 1},
		{"concatenated.csv", header + row + header + row + header, 5, 2},
		{"order.csv", "reference,extra,image,method,client_ip,timestamp\nv1,x,acme/app,GET,192.0.2.1,2024-09-25T10:00:00Z\n", 2, 1},
		{"quoted.csv", "\"timestamp\",\"client_ip\",\"method\",\"image\",\"reference\"\n\"2024-09-25T10:00:00Z\",\"192.0.2.1\",\"GET\",\"acme/app\",\"v1\"\n", 2, 1},
		{"two_members.csv.gz", string(gzipped(header+row)) + string(gzipped(row)), 3, 2},
		{"misnamed.gz", header + row, 2, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			input := writeFile(t, test.name, test.content)
			settled := time.Now().Add(-time.Hour) // nobody writes it any more
			if err := os.Chtimes(input, settled, settled); err != nil {
				t.Fatal(err)
			}
			mustEngine(t, "run", "--data", data, "--input", input)
			want := fmt.Sprintf("%d %d 0", test.lines, test.accepts)
			if got := queryCSV(t, data, "select lines || ' ' || accepted || ' ' || rejected from runs"); got[0] != want {
				t.Errorf("lines, accepted and rejected: %s, want %s", got[0], want)
			}
		})
	}
}

// TestLongLines: ten megabytes are a line like any other, more than 16 MiB are
// rejected, and neither costs its neighbours.
func TestLongLines(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	content := "timestamp,client_ip,method,image,reference,user_agent\n" +
		"2024-09-25T10:00:00Z,192.0.2.1,GET,acme/app,v1,short\n" +
		"2024-09-25T10:00:01Z,192.0.2.1,GET,acme/app,v2," + long(10_000_000) + "\n" +
		long(10_000_000) + "\n" +
		"2024-09-25T10:00:02Z,192.0.2.1,GET,acme/app,v3," + long(17<<20) + "\n" +
		"2024-09-25T10:00:03Z,192.0.2.1,GET,acme/app,v4,short\n"
	data := filepath.Join(t.TempDir(), "data")
	mustEngine(t, "run", "--data", data, "--input", writeFile(t, "long.csv", content))
	if got := queryCSV(t, data, "select string_agg(tag, ' ' order by line) from requests"); got[0] != "v1 v2 v4" {
		t.Errorf("accepted: %s, want v1 v2 v4", got[0])
	}
	want := []string{"4 field_count 10000000", "5 line_too_long 65536"}
	if got := queryCSV(t, data, "select line || ' ' || reason || ' ' || length(raw) from rejects order by line"); !slices.Equal(got, want) {
		t.Errorf("rejected: %q, want %q", got, want)
	}
}

// TestRejectLimit: more than 100 lines and more than one in a hundred are too many.
func TestRejectLimit(t *testing.T) {
	bad := "2024-09-25T10:00:00Z,nobody,GET,acme/app,v1\n"
	for _, test := range []struct {
		name      string
		good, bad int
		fails     bool
	}{
		{"all of a small file", 0, 100, false},
		{"one more", 0, 101, true},
		{"100 of few", 50, 100, false},
		{"101 of few", 50, 101, true},
		{"one in a hundred", 11879, 120, false}, // with the header 12000 records
		{"a little more", 11878, 121, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			path := writeFile(t, "log.csv", header+numbered(test.good)+strings.Repeat(bad, test.bad))
			r := engineIn(t, "run", "--data", data, "--input", path)
			if !test.fails {
				if r.code != 0 {
					t.Fatalf("exit code %d: %s", r.code, r.stderr)
				}
				return
			}
			checkFailure(t, r, path, fmt.Sprintf("%d of %d records are rejected, more than max_reject_ratio = 0.01 allows", test.bad, test.good+test.bad+1),
				fmt.Sprintf("the first is line %d (invalid_client_ip)", test.good+2))
			checkNothingStored(t, data)
			// The remedy that the message names works.
			config := writeFile(t, "engine.toml", "max_reject_ratio = 1.0\n")
			mustEngine(t, "run", "--data", data, "--input", path, "--config", config)
		})
	}
}

// TestFilesOfTheOwner: raw lines hold addresses, so only the owner reads them.
func TestFilesOfTheOwner(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	mustEngine(t, "run", "--data", data, "--input", writeFile(t, "log.csv", header+row+"nonsense\n"))
	for name, want := range map[string]os.FileMode{"key": 0o600, "rejects": 0o700, "scratch": 0o700} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
}

// A file of the wrong format is told soon, however long it is.
func TestWrongFormatIsToldSoon(t *testing.T) {
	path := writeFile(t, "log.csv", header+numbered(100_000))
	begun := time.Now()
	checkFailure(t, engineIn(t, "run", "--data", filepath.Join(t.TempDir(), "data"), "--format", "jsonl", "--input", path), "max_reject_ratio")
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s for 5 MB", took)
	}
}

// An image may come in two columns.
func TestNamespaceAndRepository(t *testing.T) {
	for name, content := range map[string]string{
		"log.csv":   "timestamp,client_ip,method,namespace,repository,reference\n2024-09-25T10:00:00Z,192.0.2.1,GET,acme,team/app,v1\n",
		"log.jsonl": `{"timestamp":"2024-09-25T10:00:00Z","client_ip":"192.0.2.1","method":"GET","namespace":"acme","repository":"team/app","reference":"v1"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			if name == "log.jsonl" {
			}
			data := filepath.Join(t.TempDir(), "data")
			mustEngine(t, "run", "--data", data, "--input", writeFile(t, name, content))
			if got := queryCSV(t, data, "select namespace || ' ' || repository from requests"); len(got) != 1 || got[0] != "acme team/app" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// An empty name of a data directory would be the current one.
func TestEmptyDataDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	r := engineIn(t, "run", "--data", "", "--input", writeFile(t, "log.csv", header+row))
	if files := treeOf(t, "."); r.code == 0 || len(files) > 0 {
		t.Errorf("exit code %d, %d files in the current directory", r.code, len(files))
	}
}
