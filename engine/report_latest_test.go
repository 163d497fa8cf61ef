package engine

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/reports"
)

// latestOf is where the link of a publisher's weeks leads to; "" when there is none. A link that leads nowhere is an error.
func latestOf(t *testing.T, e *Engine, publisher string) string {
	t.Helper()
	link := filepath.Join(e.Dir, "reports", publisher, "weekly", latestLink)
	target, err := os.Readlink(link)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(link, reports.ManifestFile)); err != nil {
		t.Errorf("%s leads to %s: %v", link, target, err)
	}
	return target
}

func wantLatest(t *testing.T, e *Engine, publisher, want string) {
	t.Helper()
	if got := latestOf(t, e, publisher); got != want {
		t.Errorf("latest of %s is %q, want %q", publisher, got, want)
	}
}

func TestLatestIsTheNewestClosedPeriod(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), weekEnd.Add(30*time.Hour)) // the second week and the month are open
	e.Config.Reports.Publish = []string{"summary"}
	open := Request{Inputs: []string{inputFile(t, checkRow(monday, "acme/app"), checkRow(weekEnd, "acme/app"), checkRow(weekEnd, "globex/web"))}, IncludeOpen: true}
	if _, err := e.Run(context.Background(), open); err != nil {
		t.Fatal(err)
	}
	wantPublished(t, e, "acme/"+monthDir, "acme/"+weekDir, "acme/"+nextDir, "globex/"+monthDir, "globex/"+nextDir)
	wantLatest(t, e, "acme", "2026-09-14")
	wantLatest(t, e, "globex", "")
	// Once the week is closed, it is the newest.
	e.Now = func() time.Time { return weekEnd.AddDate(0, 0, 7).Add(time.Hour) }
	mustRun(t, e)
	wantLatest(t, e, "acme", "2026-09-21")
	wantLatest(t, e, "globex", "2026-09-21")
	// Late data of older weeks, published before and not, leave it there.
	mustRun(t, e, inputFile(t, checkRow(monday.Add(time.Hour), "acme/app"), checkRow(monday.Add(-time.Hour), "acme/app"), checkRow(monday.Add(-time.Hour), "initech/old")))
	if manifest := manifestOf(t, e, "acme/"+weekDir); manifest.Revision != 2 {
		t.Errorf("revision %d of the older week", manifest.Revision)
	}
	wantLatest(t, e, "acme", "2026-09-21")
	wantLatest(t, e, "initech", "2026-09-07")
	// A longer grace makes the newest week open again.
	e.Config.Grace.Duration = 72 * time.Hour
	if _, err := e.Run(context.Background(), Request{IncludeOpen: true}); err != nil {
		t.Fatal(err)
	}
	if !manifestOf(t, e, "acme/"+nextDir).Open {
		t.Error("the week is not open")
	}
	wantLatest(t, e, "acme", "2026-09-14")
	wantLatest(t, e, "globex", "")
}

// A publisher who loses the newest week, or all, keeps no link to what is gone.
func TestLatestOfRemovedReports(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.Publish = []string{"summary"}
	get := checkRow(weekEnd.Add(oneSecond), "acme/app")
	get.method = "GET"
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), get, checkRow(monday, "globex/web")))
	wantLatest(t, e, "acme", "2026-09-21")
	// The pull began in the week before.
	mustRun(t, e, inputFile(t, checkRow(weekEnd.Add(-oneSecond), "acme/app")))
	wantPublished(t, e, "acme/"+monthDir, "acme/"+weekDir, "globex/"+monthDir, "globex/"+weekDir)
	wantLatest(t, e, "acme", "2026-09-14")
	// Somebody else owns the namespace from now on.
	e.Config.Publishers = []Publisher{{ID: "initech", Name: "Initech", Namespaces: []string{"globex"}}}
	mustRun(t, e)
	wantLatest(t, e, "globex", "")
	wantLatest(t, e, "initech", "2026-09-21") // without actions
	if links, _ := filepath.Glob(filepath.Join(e.Dir, "reports", "globex", "*", "*")); len(links) != 0 {
		t.Errorf("left of globex: %q", links)
	}
	// Also when the reader of the reports has removed them already.
	if err := os.RemoveAll(filepath.Join(e.Dir, "reports", "initech")); err != nil {
		t.Fatal(err)
	}
	e.Config.Publishers[0].ID = "hooli"
	mustRun(t, e)
	wantLatest(t, e, "hooli", "2026-09-21")
}

// The last stamp of a log that was loaded too early may be cut off, and so lie in another week and month, which nobody has in the end.
func TestPeriodThatLostItsLastDay(t *testing.T) {
	t.Parallel()
	head := "client_ip,method,image,reference,timestamp\n192.0.2.1,HEAD,acme/app,v1,2026-08-29T10:00:00Z\n"
	shorter := head + "192.0.2.1,HEAD,acme/app,v1,2026-09-01T00:30:00"
	longer := shorter + "+02:00\n192.0.2.1,HEAD,acme/app,v1,2026-08-28T10:00:00Z\n"
	load := func(e *Engine, text string) {
		mustRun(t, e, writeFile(t, filepath.Join(t.TempDir(), "access.csv"), []byte(text)))
	}
	e := newEngine(t.TempDir(), farAway)
	load(e, shorter)
	wantPublished(t, e, "acme/monthly/2026-08-01", "acme/"+monthDir, "acme/weekly/2026-08-24", "acme/weekly/2026-08-31")
	load(e, longer)
	wantPublished(t, e, "acme/monthly/2026-08-01", "acme/weekly/2026-08-24", "acme/weekly/2026-08-31")
	if target, err := os.Readlink(filepath.Join(e.Dir, "reports", "acme", "monthly", latestLink)); target != "2026-08-01" {
		t.Errorf("latest month %q, %v", target, err)
	}
	once := newEngine(t.TempDir(), farAway)
	load(once, longer)
	if difference := treeDifference(tree(t, e.Dir, []string{"reports"}, unstable...), tree(t, once.Dir, []string{"reports"}, unstable...)); difference != "" {
		t.Errorf("the reports are not those of the log as it is now:\n%s", difference)
	}
	// The month is published again when it has a request again; and deleted days leave their reports.
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app")))
	wantLatest(t, e, "acme", "2026-09-14")
	if err := os.RemoveAll(filepath.Join(e.Dir, "requests", "day=2026-09-14")); err != nil {
		t.Fatal(err)
	}
	mustRun(t, e)
	wantPublished(t, e, "acme/monthly/2026-08-01", "acme/"+monthDir, "acme/weekly/2026-08-24", "acme/weekly/2026-08-31", "acme/"+weekDir)
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// Whatever a publisher is called, its reports lie in a directory of their own.
func TestPublisherIDsThatAreNoPaths(t *testing.T) {
	t.Parallel()
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	e.Config.Reports.Publish = []string{"summary"}
	ids := map[string]string{ // the directory of each
		"../x": "%2E.%2Fx", "a/b": "a%2Fb", "..": "%2E.", "/etc": "%2Fetc", ".published": "%2Epublished", "ünï": "%C3%BCn%C3%AF", "a b": "a%20b", "latest": "latest", "a\\b": "a%5Cb", "CON:": "CON%3A",
		strings.Repeat("long/", 80): lake.SafeName(strings.Repeat("long/", 80)),
	}
	var rows []logRow
	for id := range ids {
		namespace := "ns" + string(rune('a'+len(rows)))
		e.Config.Publishers = append(e.Config.Publishers, Publisher{ID: id, Name: "Name of " + id, Namespaces: []string{namespace}})
		rows = append(rows, checkRow(monday, namespace+"/app"))
	}
	mustRun(t, e, inputFile(t, rows...))
	usual := newEngine(t.TempDir(), farAway)
	mustRun(t, usual, inputFile(t, checkRow(monday, "acme/app")))
	sameLines(t, "the data directory", namesIn(t, e.Dir), namesIn(t, usual.Dir))
	sameLines(t, "beside the data directory", namesIn(t, filepath.Dir(e.Dir)), []string{"data"})
	sameLines(t, "reports", namesIn(t, filepath.Join(e.Dir, "reports")), sortedLines(append(slices.Collect(maps.Values(ids)), ".published")))
	for id, dir := range ids {
		if manifest := manifestOf(t, e, dir+"/"+weekDir); manifest.PublisherID != id || manifest.PublisherName != "Name of "+id {
			t.Errorf("the manifest in %s is of %q, %q", dir, manifest.PublisherID, manifest.PublisherName)
		}
		if rows := reportRows(t, e, dir+"/"+weekDir, "summary"); len(rows) != 2 || rows[0]["PUBLISHER_NAME"] != "Name of "+id {
			t.Errorf("rows in %s: %v", dir, rows)
		}
		wantLatest(t, e, dir, "2026-09-14")
	}
	e.Config.Publishers[0].ID = ""
	var usage *UsageError
	if _, err := e.Run(context.Background(), Request{}); !errors.As(err, &usage) || !strings.Contains(err.Error(), `key "id" is missing`) {
		t.Errorf("without an id: %v", err)
	}
}

// A namespace of nobody is its own publisher, and not the one that happens to have its name as an id.
func TestPublisherNamedLikeANamespace(t *testing.T) {
	t.Parallel()
	e := newEventsEngine(t)
	e.Config.Publishers = []Publisher{{ID: "acme", Name: "Acme, Inc.", Namespaces: []string{"acme-labs"}}}
	request := Request{Inputs: []string{inputFile(t, checkRow(monday, "acme/app"), checkRow(monday, "acme-labs/tool"), checkRow(monday, "globex/web"))}, Extensions: []string{eventFile(t,
		event(monday, "acme/panel", "install", "alice"), event(monday, "acme-labs/panel", "install", "alice"), event(monday, "acme-labs/panel", "update", "alice"),
	)}}
	if _, err := e.Run(context.Background(), request); err != nil {
		t.Fatal(err)
	}
	nobody := lake.SafeName("~acme")
	wantPublished(t, e, nobody+"/"+monthDir, nobody+"/"+weekDir, "acme/"+monthDir, "acme/"+weekDir, "globex/"+monthDir, "globex/"+weekDir)
	for dir, want := range map[string]struct{ publisher, image, extension string }{
		"acme": {"Acme, Inc.", "acme-labs/tool", "acme-labs/panel 1 1 0 0 1"}, nobody: {"acme", "acme/app", "acme/panel 1 1 0 0 0"},
	} {
		sameLines(t, "summary of "+dir, joinedRows(reportRows(t, e, dir+"/"+weekDir, "summary"), "PUBLISHER_NAME", "REFERENCE"), []string{want.publisher + "\t" + want.image, want.publisher + "\tv1"})
		sameLines(t, "extensions of "+dir, coreRows(t, e, dir+"/"+weekDir), []string{want.extension})
	}
	if found, _ := filepath.Glob(filepath.Join(e.Dir, "reports", "*", "*", ".*")); len(found) != 0 {
		t.Errorf("left over: %q", found)
	}
}
