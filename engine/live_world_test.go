package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// openLive opens the lake of an engine for the length of use, and its state as it is then.
func openLive(t rapid.TB, e *Engine, use func(*Live, *LiveState)) {
	t.Helper()
	live, err := e.OpenLive()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := live.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	live.fewDays = 0 // so that actions are read into memory; the tests of the API read them from the files
	state := stateNow(t, live)
	defer state.Release()
	use(live, state)
}

// stateNow is the state of the lake, looked for anew.
func stateNow(t rapid.TB, live *Live) *LiveState {
	t.Helper()
	live.look()
	state, err := live.State()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// pullLines are counts as texts: "2026-09-14..2026-09-20 acme/app [group]: 1 address, 2 by tag, 0 by digest, 3 checks".
func pullLines(counts []PullCount) []string {
	var lines []string
	for _, c := range counts {
		lines = append(lines, c.line())
	}
	return lines
}

func (c PullCount) line() string {
	image := c.Namespace
	if c.Repository != "" {
		image = c.Image.String()
	}
	open := ""
	if c.Open {
		open = " so far"
	}
	return fmt.Sprintf("%s..%s %s [%s]: %d %d %d %d%s", c.First, c.Last, image, c.Group, c.Addresses, c.PullsByTag, c.PullsByDigest, c.VersionChecks, open)
}

// mustPulls counts pulls twice, which must give the same in a total order.
func mustPulls(t rapid.TB, s *LiveState, request PullsRequest) []PullCount {
	t.Helper()
	counts, err := s.Pulls(context.Background(), request)
	if err != nil {
		t.Fatalf("pulls of %+v: %v", request, err)
	}
	again, err := s.Pulls(context.Background(), request)
	if err != nil || !slices.Equal(pullLines(again), pullLines(counts)) {
		t.Fatalf("pulls of %+v: first\n%s\nthen\n%s\n%v", request, strings.Join(pullLines(counts), "\n"), strings.Join(pullLines(again), "\n"), err)
	}
	for i := 1; i < len(counts); i++ {
		if a, b := counts[i-1].key(), counts[i].key(); slices.Compare(a, b) >= 0 {
			t.Fatalf("pulls of %+v: %q stands before %q", request, a, b)
		}
	}
	return counts
}

func (c PullCount) key() []string {
	return []string{c.Namespace, c.Repository, string(c.First), c.Group}
}

// liveAction is a stored action as far as the data API counts it.
type liveAction struct {
	at                                              time.Time
	image                                           Image
	tag, country, useCase, address, action, company string
}

func liveActions(t rapid.TB, e *Engine) []liveAction {
	t.Helper()
	var all []liveAction
	for _, row := range query(t, e, "select requested_at, namespace, repository, coalesce(tag, ''), coalesce(country, ''), coalesce(use_case, 'Unknown'), ip_key, action, coalesce(company, '') from actions") {
		at, err := time.Parse(time.DateTime, row[0][:19])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, liveAction{at, Image{row[1], row[2]}, row[3], row[4], row[5], row[6], row[7], row[8]})
	}
	return all
}

// naivePulls is what Pulls is to answer, counted action by action.
func naivePulls(actions []liveAction, request PullsRequest, closed time.Time) []string {
	counts, addresses := map[string]*PullCount{}, set{}
	var order []*PullCount
	for _, a := range actions {
		day := a.at.Truncate(aDay)
		var first, after time.Time
		switch request.Unit {
		case Days:
			first, after = day, day.AddDate(0, 0, 1)
		case Weeks:
			first = day
			for first.Weekday() != time.Monday {
				first = first.AddDate(0, 0, -1)
			}
			after = first.AddDate(0, 0, 7)
		case Months:
			first = time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
			after = time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		}
		open := after.After(closed)
		switch {
		case open && !request.Open, first.Before(request.From), !first.Before(request.To):
			continue
		case len(request.Images) > 0 && !slices.Contains(request.Images, a.image), len(request.Images) == 0 && a.image.Namespace != request.Namespace:
			continue
		}
		c := PullCount{First: period.DayOf(first), Last: period.DayOf(after.Add(-time.Second)), Image: a.image, Open: open}
		if len(request.Images) == 0 && request.By != ByRepository && request.By != ByTag {
			c.Repository = ""
		}
		c.Group = map[Grouping]string{ByCountry: a.country, ByTag: a.tag, ByUseCase: a.useCase}[request.By]
		key := strings.Join(c.key(), "\t")
		if counts[key] == nil {
			counts[key] = &c
			order = append(order, &c)
		}
		addresses.add(key, a.address)
		switch found := counts[key]; a.action {
		case "pull_by_tag":
			found.PullsByTag++
		case "pull_by_digest":
			found.PullsByDigest++
		case "version_check":
			found.VersionChecks++
		}
	}
	slices.SortFunc(order, func(a, b *PullCount) int { return slices.Compare(a.key(), b.key()) })
	var lines []string
	for _, c := range order {
		c.Addresses = int64(len(addresses[strings.Join(c.key(), "\t")]))
		lines = append(lines, c.line())
	}
	return lines
}

// ownedPulls are ways in which the namespaces of pulledImages may be owned. "acme" is an id, a namespace that somebody
// else owns, or one that nobody does.
var ownedPulls = [][]Publisher{
	nil,
	{{ID: "acme", Name: "Acme Corp", Namespaces: []string{"acme", "acme-labs"}}, {ID: "globex", Name: "Globex", Namespaces: []string{"globex"}}},
	{{ID: "acme", Name: "Acme Corp", Namespaces: []string{"globex", "acme-labs"}}},
	{{ID: "all", Name: "All", Namespaces: []string{"acme", "globex", "nobody", "acme-labs"}}},
}

// publisherDir is the folder of the reports on a namespace, as SEMANTICS.md has it: a namespace nobody owns is its
// own publisher.
func publisherDir(publishers []Publisher, namespace string) string {
	id := namespace
	for _, p := range publishers {
		if p.ID == namespace {
			id = "~" + namespace
		}
	}
	for _, p := range publishers {
		if slices.Contains(p.Namespaces, namespace) {
			id = p.ID
		}
	}
	return lake.SafeName(id)
}

func sameCounts(t rapid.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantPulls holds what is counted against lines worked out by hand.
func wantPulls(t *testing.T, s *LiveState, request PullsRequest, want ...string) {
	t.Helper()
	if got := pullLines(mustPulls(t, s, request)); !slices.Equal(got, want) {
		t.Errorf("pulls of %+v:\n%s\nwant\n%s", request, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func date(text string) time.Time { return period.Day(text).Time() }
