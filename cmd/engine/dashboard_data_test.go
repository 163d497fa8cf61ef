package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What would do something if a page took it for more than text.
const (
	hostileHTML = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`
	// The text after the mark is shown from right to left.
	hostileMark = "\u202egpj.exe</td></table><b>"
)

var hostileLong = strings.Repeat("long", 200)

// hostileImages are names that image names and tags may have, and that mean something to JavaScript or are as long
// as can be. Other characters than letters, digits, dots, dashes and underscores are rejected when a log is read.
var hostileImages = []struct{ image, tag string }{
	{"acme/constructor", "__proto__"},
	{"acme/hasownproperty", "constructor"},
	{"acme/" + strings.Repeat("very-long-name-", 14) + "end", strings.Repeat("T", 128)},
	{"acme/tostring", "__defineGetter__"},
}

// hostileAgents are user agents. The first product names the client where no rule knows it.
var hostileAgents = []string{
	hostileHTML, `"><svg/onload=window.pwned=1>/1.0`, "constructor/1.0", "__proto__/2.0", hostileMark + "/3.0",
	"docker/24.0 <script>window.pwned=1</script>", "x" + hostileLong + "/1.0", "javascript:window.pwned=1", "curl/8.<b>bold</b>",
}

// load writes a configuration and logs, runs the engine and returns the path of the configuration.
func (w *dashboardWorld) load(t *testing.T) (config string) {
	t.Helper()
	demo := filepath.Join("..", "..", "fixtures", "demo")
	dir := t.TempDir()
	for _, folder := range []string{"clouds", "enrichment", "overrides"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(demo, folder))); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(demo, "engine.toml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "hostile_report.sql"), "-- "+hostileHTML+" "+hostileMark+"?\n"+
		`select publisher_id, repository, count(*) as "<b>x</b>" from {{table "actions"}} where requested_at >= {{timestamp .From}} and requested_at < {{timestamp .To}} group by publisher_id, repository order by publisher_id, repository`+"\n")
	config = filepath.Join(dir, "engine.toml")
	write(t, config, strings.NewReplacer(
		`name = "Acme Corp"`, fmt.Sprintf("name = %q", "Acme "+hostileHTML+hostileMark),
		"[enrichment]", "[reports]\nfiles = [\"hostile_report.sql\"]\n\n[enrichment]").Replace(string(text)))
	hostile := filepath.Join(dir, "<img src=x onerror=window.pwned=1>.csv")
	write(t, hostile, hostileLog())
	// In order of the clock, one run after the other would set the demo data aside: they lie behind what is newest.
	mustEngine(t, "run", "--data", w.data, "--config", config,
		"--input", filepath.Join(demo, "registry-east.access.json.gz"), "--input", filepath.Join(demo, "registry-west.csv"),
		"--input", filepath.Join(demo, "mirror.access.log"), "--input", hostile, "--extensions", filepath.Join(demo, "extension-events.csv"))
	if err := os.Mkdir(filepath.Join(w.data, "queries"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(w.data, "queries", "hostile.sql"), "-- "+hostileHTML+hostileMark+"?\n-- param name = "+`"><b>x: `+hostileHTML+"\nselect $name as \"<b>x</b>\"\n")
	return config
}

// hostileLog has pulls of several weeks and months, and one of this day, whose week is open.
func hostileLog() string {
	var log strings.Builder
	log.WriteString("timestamp,client_ip,method,image,reference,user_agent\n")
	row := func(at, address, image, reference, agent string) {
		fmt.Fprintf(&log, "%s,%s,GET,%s,%s,\"%s\"\n", at, address, image, reference, strings.ReplaceAll(agent, `"`, `""`))
	}
	for at, agent := range hostileAgents {
		row(fmt.Sprintf("2026-09-23T10:%02d:00Z", at), fmt.Sprintf("198.18.0.%d", at+1), "acme/api", "v1", agent)
	}
	for at, image := range hostileImages {
		row(fmt.Sprintf("2026-09-23T11:%02d:00Z", at), "198.18.0.1", image.image, image.tag, "docker/24.0.1")
	}
	row("2026-08-20T09:00:00Z", "192.0.2.1", "acme/api", "v1", "docker/24.0.1")
	row("2026-08-20T09:10:00Z", "192.0.2.2", "acme/web", "v1", "docker/24.0.1")
	row("2026-09-02T09:00:00Z", "192.0.2.1", "acme/api", "v1", "docker/24.0.1")
	row(time.Now().UTC().Add(-time.Minute).Format(time.RFC3339), "192.0.2.1", "acme/api", "v1", "docker/24.0.1")
	row("2026-09-23T12:00:00Z", "192.0.2.1", "acme/<b>", "v1", "docker/24.0.1")
	row("2026-09-23T12:00:00Z", "192.0.2.1", "acme/api", "<script>", "docker/24.0.1")
	return log.String()
}
