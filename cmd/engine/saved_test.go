package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine"
)

// saved runs a saved query and returns its rows without the header.
func saved(t *testing.T, data string, args ...string) string {
	t.Helper()
	out := mustEngine(t, append([]string{"query", "--data", data, "--format", "csv", "--saved"}, args...)...)
	_, rows, _ := strings.Cut(out, "\n")
	return rows
}

// TestSavedQueriesByHand compares saved queries with what fixtures/reports/README.md
// tells of its nine actions: by their numbers there, images 1–4, 8 and 9 are of acme/app,
// 5 and 6 of globex/web, 7 of acme-labs/tool.
func TestSavedQueriesByHand(t *testing.T) {
	data, _ := reportsData(t, "")
	for _, c := range []struct{ args, want string }{
		{"top_images", "acme/app,5,1,3,2,2026-09-21 09:00:00\nglobex/web,2,0,2,1,2026-09-16 12:00:00\nacme-labs/tool,0,1,1,0,\n"},
		{"top_images period=2026-W38 image=acme/* limit=1", "acme/app,4,1,3,2,2026-09-20 23:59:58\n"},
		{"top_images period=2026-09-15", "acme/app,2,0,2,1,2026-09-15 10:00:00\n"},
		// v1 is of the first day. v2 comes a day later and is pulled once; 4 is by digest.
		{"new_version_adoption min_downloads=1", "acme/app,v2,2026-09-15,2026-09-15,0,1,1,1.0\nacme/app,v2,2026-09-15,2026-09-20,5,0,1,0.0\nacme/app,v2,2026-09-15,2026-09-21,6,0,1,0.0\n"},
		{"new_version_adoption min_downloads=1 days=6", "acme/app,v2,2026-09-15,2026-09-15,0,1,1,1.0\nacme/app,v2,2026-09-15,2026-09-20,5,0,1,0.0\n"},
		{"new_version_adoption", ""},
		// Of initech.example alice pulls again, in 9.
		{"who_left before=2026-W38 after=2026-W39", "tyrell.example,1,1,2026-09-15 08:00:00,0\n"},
		{"who_left before=2026-09-15 after=2026-09-14 image=acme/app", "tyrell.example,1,1,2026-09-15 08:00:00,0\n"},
		{"checks_per_pull", "acme/app,1,5,0.2\nglobex/web,0,2,0.0\nacme-labs/tool,1,0,\n"},
		{"ci_share", "acme/app,5,0.0,0.4,0.6,0.0\nglobex/web,2,0.0,0.5,0.5,0.0\n"},
		// Monday 9:00 has 2 and 9, a week apart.
		{"busiest_hour limit=2", "Monday,9,2,2,1,1\nMonday,8,1,1,1,0\n"},
		{"tag_drift", ""},
		{"last_pulled", "acme-labs/tool,,,2026-09-17 01:02:03.999999,0,1\nglobex/web,5,2026-09-16 12:00:00,,2,0\nacme/app,0,2026-09-21 09:00:00,2026-09-14 09:00:00,5,1\n"},
		{"unique_users", "all of them,4,2,2,2\nacme/app,3,2,1,2\nglobex/web,2,1,1,1\nacme-labs/tool,1,0,1,0\n"},
		{"new_companies period=2026-W38", "initech.example,2026-09-14 08:00:00,acme/app,2,2,1,1\ntyrell.example,2026-09-15 08:00:00,acme/app,1,1,0,1\n"},
		{"new_companies period=2026-W39", ""},
		{"countries", "DE,4,0.5714,1,2,2\nIE,3,0.4286,0,1,0\n,0,0.0,1,1,0\n"},
		{"old_clients", "24.0.2,2,4,1,1.0,2026-09-21 09:00:00\n"},
		{"digest_pinning", "acme/app,5,1,0.2,1,3\nglobex/web,2,0,0.0,0,2\n"},
		// Of six actions five are at full hours, where by chance 6 × 60 s of 3600 s = 0.1 would be.
		{"midnight_cron min_actions=2", "globex/web,2,0,2,2,0.0,60.0,60.0\nacme/app,6,0,5,5,0.0,50.0,50.0\n"},
		{"daily_pulls period=2026-09-14..2026-09-16", "2026-09-14,Monday,1,1,1,1\n2026-09-15,Tuesday,2,0,2,1\n2026-09-16,Wednesday,2,0,2,1\n"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var args []string
			for i, field := range strings.Fields(c.args) {
				if i > 0 {
					args = append(args, "--param")
				}
				args = append(args, field)
			}
			if got := saved(t, data, args...); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
	// Keys differ from one data directory to the next. 203.0.113.9 checked once and never pulled.
	got := saved(t, data, "pollers", "--param", "min_checks=1", "--param", "min_ratio=1")
	if key, rest, _ := strings.Cut(got, ","); key == "" || rest != "false,,1,1,0,1.0\n" {
		t.Errorf("pollers: %s", got)
	}
	// Of the users of 2026-W38 bob does not come back, nor does 198.51.100.1 with its three pulls of two images.
	got = saved(t, data, "who_left", "--param", "before=2026-W38", "--param", "after=2026-W39", "--param", "who=user")
	var rows []string
	for row := range strings.Lines(got) {
		_, rest, _ := strings.Cut(row, ",")
		rows = append(rows, rest)
	}
	if want := "3,2,2026-09-20 23:59:58,0\n1,1,2026-09-15 08:00:00,0\n"; strings.Join(rows, "") != want {
		t.Errorf("users who left:\n%swant, after the keys,\n%s", got, want)
	}
}

// A tag that goes from digest a to b and back has two digests and two changes.
func TestTagDriftByHand(t *testing.T) {
	log := "timestamp,client_ip,method,image,reference,digest\n"
	for _, row := range [][3]string{{"10:00:00", "v1", "a"}, {"11:00:00", "v1", "b"}, {"12:00:00", "v1", "b"}, {"13:00:00", "v1", "a"}, {"14:00:00", "v2", "c"}} {
		log += fmt.Sprintf("2026-09-14T%sZ,192.0.2.1,GET,acme/app,%s,sha256:%s\n", row[0], row[1], strings.Repeat(row[2], 64))
	}
	data := filepath.Join(t.TempDir(), "data")
	mustEngine(t, "run", "--data", data, "--input", writeFile(t, "log.csv", log))
	want := "acme/app,v1,2,2,2026-09-14 11:00:00,2026-09-14 13:00:00,sha256:" + strings.Repeat("a", 64) + "\n"
	if got := saved(t, data, "tag_drift"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// demoData runs the demo into a data directory with a fixed key.
func demoData(t *testing.T) (data, config string) {
	t.Helper()
	demo := filepath.Join("..", "..", "fixtures", "demo")
	data, config = filepath.Join(t.TempDir(), "data"), filepath.Join(demo, "engine.toml")
	writeKey(t, data)
	mustEngine(t, "run", "--data", data, "--config", config,
		"--input", filepath.Join(demo, "registry-east.access.json.gz"), "--input", filepath.Join(demo, "registry-west.csv"),
		"--input", filepath.Join(demo, "mirror.access.log"), "--extensions", filepath.Join(demo, "extension-events.csv"))
	return data, config
}

// TestSavedQueriesOnDemo runs every saved query as it is and compares the result with
// testdata/saved/<name>.csv.
func TestSavedQueriesOnDemo(t *testing.T) {
	data, config := demoData(t)
	var all []engine.SavedQuery
	if err := json.Unmarshal([]byte(mustEngine(t, "query", "--data", data, "--list-saved", "--format", "json")), &all); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Join("..", "..", "sql", "queries"))
	if err != nil || len(all) != len(files) || len(all) < 14 {
		t.Fatalf("%d saved queries, %d files, %v", len(all), len(files), err)
	}
	for _, query := range all {
		got := mustEngine(t, "query", "--data", data, "--config", config, "--format", "csv", "--saved", query.Name)
		golden(t, []byte(got), filepath.Join("testdata", "saved", query.Name+".csv"))
		if query.Question == "" || !strings.HasSuffix(query.Question, "?") {
			t.Errorf("%s asks %q", query.Name, query.Question)
		}
	}
}
