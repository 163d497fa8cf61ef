package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine"
)

// paged is a list of any kind, and the row that a page of it ends with.
type paged struct {
	Pulls   []pullModel
	Repos   map[string]*pullData
	Reports []struct{ Report, Period string }
	Data    []map[string]any
	Next    string
}

// rows are the rows of a page, as texts.
func (p paged) rows(names []string) (rows []string) {
	add := func(row any) { rows = append(rows, fmt.Sprintf("%+v", row)) }
	for _, row := range p.Pulls {
		add(row.readable())
	}
	for _, name := range names {
		if p.Repos[name] != nil {
			for _, row := range p.Repos[name].Pulls {
				add(row.readable())
			}
		}
	}
	for _, row := range p.Reports {
		add(row)
	}
	for _, row := range p.Data {
		add(row)
	}
	return rows
}

// readable has the values that pointers lead to.
func (m pullModel) readable() string {
	group := ""
	for _, value := range []*string{m.Country, m.Tag, m.UseCase} {
		if value != nil {
			group = *value
		}
	}
	m.Country, m.Tag, m.UseCase = nil, nil, nil
	return fmt.Sprintf("%+v %q", m, group)
}

func TestPagesAreTheList(t *testing.T) {
	s := shared(t)
	names := []string{"acme/agent", "acme/api", "acme/web", "acme-labs/sandbox"}
	for path, count := range map[string]int{
		"/namespaces/acme/pulls?timespan=weeks":                        8,
		"/namespaces/acme/pulls?group=country&timespan=months":         17,
		"/namespaces/acme/repos/api/pulls?timespan=days":               7,
		"/repos/pulls?timespan=days&repos=" + strings.Join(names, ","): 0,
		"/namespaces/acme/reports":                                     32,
		"/namespaces/acme/reports?timespan=weeks":                      16,
		"/namespaces/acme/reports?report=trends":                       2,
		"/namespaces/acme-labs/reports/pulls_repo_summary":             4,
		"/namespaces/acme/reports/daily?from=2026-09-19&to=2026-09-20": 0,
	} {
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		var whole paged
		s.get(t, "ann", path).want(t, 200).decode(t, &whole)
		want := whole.rows(names)
		if whole.Next != "" || count > 0 && len(want) != count || len(want) == 0 {
			t.Errorf("%s has %d rows and next %q, want %d", path, len(want), whole.Next, count)
		}
		for _, limit := range []int{1, 2, 7} {
			if limit == 1 && len(want) > 40 {
				continue // many pages tell no more
			}
			var got []string
			cursor := ""
			for page := 0; ; page++ {
				var part paged
				s.get(t, "ann", fmt.Sprintf("%s%slimit=%d%s", path, join, limit, cursor)).want(t, 200).decode(t, &part)
				rows := part.rows(names)
				if got = append(got, rows...); len(rows) > limit || len(rows) == 0 || page > len(want) {
					t.Fatalf("page %d of %s with limit %d has %d rows", page, path, limit, len(rows))
				}
				if part.Next == "" {
					break
				}
				if cursor = "&cursor=" + part.Next; len(rows) != limit {
					t.Errorf("page %d of %s with limit %d has %d rows and is not the last", page, path, limit, len(rows))
				}
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("the pages of %s with limit %d are\n%s\nwant\n%s", path, limit, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

// TestCursorsAreOfOneQuestion gives the cursor of one question with another.
func TestCursorsAreOfOneQuestion(t *testing.T) {
	s := shared(t)
	next := s.get(t, "ann", "/namespaces/acme/pulls?limit=2&timespan=weeks").want(t, 200).field(t, "next")
	for path, status := range map[string]int{
		"/namespaces/acme/pulls?limit=2&timespan=weeks": 200, "/namespaces/acme/pulls?limit=9&timespan=weeks": 200, "/namespaces/acme/pulls?timespan=weeks": 200,
		"/namespaces/acme/pulls?limit=2&timespan=months": 410, "/namespaces/acme/pulls?limit=2&timespan=weeks&group=tag": 410, "/namespaces/acme/pulls?limit=2&timespan=weeks&open=true": 410,
		"/namespaces/acme/pulls?limit=2&timespan=weeks&period=last-2-months": 410, "/namespaces/acme-labs/pulls?limit=2&timespan=weeks": 410,
		"/namespaces/acme/repos/api/pulls?limit=2&timespan=weeks": 410, "/namespaces/acme/reports?limit=2": 410, "/namespaces/acme/reports/tags?limit=2": 410,
	} {
		s.get(t, "ann", path+"&cursor="+next).want(t, status)
	}
	// Beyond the end there is nothing, whatever the cursor says.
	var at cursor
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(next))(t), &at); err != nil || at.Offset != 2 {
		t.Fatalf("the cursor is %+v, %v", at, err)
	}
	at.Offset = 1 << 60
	var beyond paged
	s.get(t, "ann", "/namespaces/acme/pulls?limit=2&timespan=weeks&cursor="+at.String()).want(t, 200).decode(t, &beyond)
	if len(beyond.Pulls) != 0 || beyond.Next != "" {
		t.Errorf("beyond the end there are %+v", beyond)
	}
}

// lateLog is one more pull of globex/web in the week of the demo data.
const lateLog = "timestamp,client_ip,method,image,reference\n2026-09-16T10:00:00Z,192.0.2.250,GET,globex/web,late-tag\n"

// TestAfterAnotherRun says what a run changes: cursors and URLs of what was replaced are gone, all else goes on.
func TestAfterAnotherRun(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(must(demoData())(t))); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, dir)
	var before pullData
	s.get(t, "gil", "/namespaces/globex/repos/web/pulls?timespan=weeks").want(t, 200).decode(t, &before)
	const pulls, list, rows = "/namespaces/globex/pulls?limit=1", "/namespaces/globex/reports?limit=1", "/namespaces/globex/reports/tags?limit=1"
	var next []string
	for _, path := range []string{pulls, list, rows} {
		next = append(next, s.get(t, "gil", path).want(t, 200).field(t, "next"))
		s.get(t, "gil", path+"&cursor="+next[len(next)-1]).want(t, 200)
	}
	replaced := s.files(t, "gil", "/namespaces/globex/pulls/exports/years/2026/weeks/38/raw")[0].URL
	same := s.files(t, "ann", rawOfAcme)[0].URL
	etag := s.get(t, "gil", pulls).Header.Get("Etag")

	log := filepath.Join(t.TempDir(), "late.csv")
	if err := os.WriteFile(log, []byte(lateLog), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(log, demoNow.Add(-time.Hour), demoNow.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	e := must(newEngine(dir, s.clock.now))(t)
	must(e.Run(context.Background(), engine.Request{Inputs: []string{log}}))(t)

	// What reads the lake anew, so that nothing has to wait until a server looks.
	later := &site{Server: New(must(s.open(dir))(t), s.accounts, journal.logger()), accounts: s.accounts, dir: s.dir, clock: s.clock, tokens: s.tokens}
	t.Cleanup(func() {
		if err := later.Close(); err != nil {
			t.Error(err)
		}
	})
	for i, path := range []string{pulls, list, rows} {
		later.get(t, "gil", path+"&cursor="+next[i]).says(t, 410, "begin again without it")
	}
	later.get(t, "gil", pulls, with("If-None-Match", etag)).want(t, 200)
	later.get(t, "nobody", replaced).says(t, 410, "list it again")
	later.get(t, "nobody", same).want(t, 200)
	later.get(t, "gil", "/namespaces/globex/reports?report=raw&timespan=weeks").says(t, 200, `"revision":2`)
	later.get(t, "ann", "/namespaces/acme/reports?report=raw&timespan=weeks").says(t, 200, `"revision":1`)
	fresh := later.files(t, "gil", "/namespaces/globex/pulls/exports/years/2026/weeks/38/raw")[0].URL
	later.get(t, "nobody", fresh).says(t, 200, "late-tag")
	var after pullData
	later.get(t, "gil", "/namespaces/globex/repos/web/pulls?timespan=weeks").want(t, 200).decode(t, &after)
	if len(before.Pulls) != 1 || len(after.Pulls) != 1 || after.Pulls[0].PullsByTag != before.Pulls[0].PullsByTag+1 || after.Pulls[0].IPCount != before.Pulls[0].IPCount+1 {
		t.Errorf("with one more pull by tag of another address, the counts are %+v, and were %+v", after.Pulls, before.Pulls)
	}
}
