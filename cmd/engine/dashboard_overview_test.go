package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The caption of the table of the overview begins like this.
func (v overviewView) caption() string {
	title := map[string]string{"pulls": "Pulls", "downloads": "Downloads", "checks": "Version checks", "users": "Unique users", "addresses": "Unique addresses"}[v.metric]
	of := "acme"
	if len(v.repos) > 0 {
		of = "acme/" + strings.Join(v.repos, ", acme/")
	}
	return fmt.Sprintf("%s of %s by %s:", title, of, strings.TrimSuffix(v.timespan, "s"))
}

// expectOverview waits until the page lists what the API answers.
func (b *dashboardTab) expectOverview(v overviewView) {
	b.t.Helper()
	expect(b, v.caption(), v.table(b.t, b.w, dashboardAnn), func() [][]string { return b.table(v.caption()) })
	b.settle()
}

// Every control changes the table to what the API answers, and the address with it.
func testDashboardOverview(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	v := overviewView{timespan: "weeks", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "total"}
	b.open(v.address())
	b.expectOverview(v)
	// The demo week's number is that of the reports that the demo is published with.
	if got, want := b.table(v.caption())[3][3], demoPulls(t); got != want {
		t.Errorf("the week of the demo has %s pulls, want %s", got, want)
	}
	for _, step := range []struct {
		do     func()
		change func(*overviewView)
	}{
		{func() { b.choose("By", "days") }, func(v *overviewView) { v.timespan = "days" }},
		{func() { b.setDay("From", "2026-09-13") }, func(v *overviewView) { v.from = "2026-09-13" }},
		{func() { b.setDay("To", "2026-09-24") }, func(v *overviewView) { v.to = "2026-09-24" }},
		{func() { b.choose("Numbers", "downloads") }, func(v *overviewView) { v.metric = "downloads" }},
		{func() { b.choose("Show", "repo") }, func(v *overviewView) { v.by = "repo" }},
		{func() { b.choose("Chart", "bar") }, func(v *overviewView) { v.stacked = true }},
		{func() { b.choose("Numbers", "checks") }, func(v *overviewView) { v.metric = "checks" }},
		{func() { b.chooseRepositories("api", "web", "worker") }, func(v *overviewView) { v.repos = []string{"api", "web", "worker"} }},
		{func() { b.choose("Numbers", "users") }, func(v *overviewView) { v.metric = "users" }},
		{func() { b.choose("Show", "total") }, func(v *overviewView) { v.by = "total" }},
		{func() { b.choose("Numbers", "addresses") }, func(v *overviewView) { v.metric = "addresses" }},
		{func() { b.choose("By", "months") }, func(v *overviewView) { v.timespan, v.from, v.to = "months", "2026-09-01", "2026-09-30" }},
		{func() { b.setDay("From", "2026-07-15") }, func(v *overviewView) { v.from = "2026-07-01" }},
		{func() { b.chooseRepositories("web", "worker") }, func(v *overviewView) { v.repos = []string{"api"} }},
	} {
		step.do()
		step.change(&v)
		b.expectOverview(v)
	}
	if address := b.location(); !strings.Contains(address, "repo=api&timespan=months&from=2026-07-15&to=2026-09-24&metric=addresses&chart=bar&by=total") {
		t.Errorf("the address %s does not say what was chosen", address)
	}
	b.click("button", "Repositories api")
	b.click("button", "All repositories")
	v.repos = nil
	b.expectOverview(v)
}

// demoPulls are the pulls of acme in the week of the demo, of its expected reports.
func demoPulls(t *testing.T) string {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "fixtures", "demo", "expected", "acme", "weekly", "2026-09-14", "pulls_namespace_summary.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row[0] == "acme" {
			var sum int
			for _, cell := range row[2:5] { // by tag, by digest, version checks
				var n int
				if _, err := fmt.Sscan(cell, &n); err != nil {
					t.Fatal(err)
				}
				sum += n
			}
			return thousands(sum)
		}
	}
	t.Fatalf("no row of acme in %v", rows)
	return ""
}

// setDay writes a day and Enter.
func (b *dashboardTab) setDay(name, day string) {
	b.t.Helper()
	b.fill(name, day)
	b.press(kb.Enter)
}

// chooseRepositories opens the list, clicks these and closes it.
func (b *dashboardTab) chooseRepositories(names ...string) {
	b.t.Helper()
	b.openRepositories()
	for _, name := range names {
		before := evaluate[bool](b, `(name) => seen.find("box", name)?.checked ?? false`, name)
		b.click("box", name)
		b.until("box "+name+" that has changed", func() bool {
			return evaluate[bool](b, `(name) => seen.find("box", name)?.checked`, name) != before
		})
	}
	b.press(kb.Escape)
	b.until("list that has closed", func() bool { return evaluate[bool](b, `document.querySelector("details.picker").open === false`) })
}

func (b *dashboardTab) openRepositories() {
	b.t.Helper()
	b.click("button", evaluate[string](b, `seen.name(document.querySelector("details.picker > summary"))`))
	b.until("list of repositories", func() bool { return b.has("field", "Search repositories") })
}

// Pointer and arrow keys tell what the API gives for a period.
func testDashboardChart(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	for _, v := range []overviewView{
		{timespan: "weeks", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "total"},
		{repos: []string{"api", "web"}, timespan: "days", from: "2026-09-14", to: "2026-09-20", metric: "downloads", by: "repo"},
	} {
		for _, kind := range []string{"line", "bar"} {
			b.open(v.address() + "&chart=" + kind)
			table := v.table(t, w, dashboardAnn)
			for at := range table[1:] {
				b.until("chart", func() bool { return evaluate[bool](b, `document.querySelector(".u-over") !== null`) })
				place := evaluate[struct{ X, Y float64 }](b, `(at, of) => {
					const plot = document.querySelector(".u-over");
					plot.scrollIntoView({ block: "center", behavior: "instant" });
					const box = plot.getBoundingClientRect();
					return { X: box.left + box.width * (at + 0.5) / of, Y: box.top + box.height / 2 };
				}`, at, len(table)-1)
				b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, place.X, place.Y))
				expect(b, kind+" under the pointer", chartText(table, at, v.metric), func() string { return b.text(".tooltip") })
			}
			b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 2, 2))
			b.until("chart without a box", func() bool { return b.text(".tooltip") == "" })
			evaluate[any](b, `document.querySelector("[aria-roledescription=chart]").focus()`)
			for at := range table[1:] {
				b.press(kb.ArrowRight)
				expect(b, kind+" at the arrow key", chartSentence(table, at, v.metric), func() string { return b.text("figure [aria-live=polite]") })
			}
			b.press(kb.Home)
			expect(b, kind+" at Home", chartSentence(table, 0, v.metric), func() string { return b.text("figure [aria-live=polite]") })
			b.press(kb.Escape)
			b.until("chart that is left", func() bool { return b.text("figure [aria-live=polite]") == "" })
		}
	}
}

// chartTitle names the period of a row.
func chartTitle(row []string) string {
	if row[0] == row[1] {
		return row[0]
	}
	return row[0] + " to " + row[1]
}

// chartText is what the box at the pointer says; several series come the largest first.
func chartText(table [][]string, at int, unit string) string {
	row := table[at+1]
	if row[2] == "no data" {
		return chartTitle(row) + "no data"
	}
	if len(row) == 4 {
		return chartTitle(row) + " " + unit + row[3]
	}
	first, second := table[0][3]+row[3], table[0][4]+row[4]
	if len(row[4]) > len(row[3]) || len(row[4]) == len(row[3]) && row[4] > row[3] {
		first, second = second, first
	}
	return chartTitle(row) + " " + first + " " + second
}

// chartSentence is what those hear who do not see the chart.
func chartSentence(table [][]string, at int, unit string) string {
	row := table[at+1]
	if row[2] == "no data" {
		return chartTitle(row) + ": no data"
	}
	var values []string
	for series, value := range row[3:] {
		values = append(values, table[0][series+3]+" "+value)
	}
	return chartTitle(row) + ", " + unit + ": " + strings.Join(values, ", ")
}

// A period that is not over is marked in the table, the chart and the legend.
func testDashboardOpenPeriod(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	b.open("?ns=acme&timespan=weeks&period=last-3-months")
	table := b.table("Pulls of acme by week:")
	if len(table) < 13 {
		t.Fatalf("three months of weeks are %v", table)
	}
	newest := table[len(table)-1]
	var answer apiPulls
	w.get(t, dashboardAnn, fmt.Sprintf("namespaces/acme/pulls?timespan=weeks&from=%s&to=%s&open=true", newest[0], newest[1]), 200, &answer)
	if len(answer.Pulls) != 1 || !answer.Pulls[0].Open {
		t.Fatalf("the week %v of the newest pull is %+v, want an open one", newest, answer.Pulls)
	}
	if want := []string{newest[0], newest[1], "open", thousands(answer.Pulls[0].PullCount)}; !reflect.DeepEqual(newest, want) {
		t.Errorf("the last week is %v, want %v", newest, want)
	}
	if legend := b.text("figcaption"); !strings.Contains(legend, "open: not over yet") || !strings.Contains(legend, "no data") {
		t.Errorf("the legend says %q, want open periods and gaps in it", legend)
	}
	evaluate[any](b, `document.querySelector("[aria-roledescription=chart]").focus()`)
	b.press(kb.End)
	want := fmt.Sprintf("%s, open, pulls: All repositories %s", chartTitle(newest), newest[3])
	expect(b, "the last week by key", want, func() string { return b.text("figure [aria-live=polite]") })
}

// The link opens the same view for somebody else, and back and forward go through what was chosen.
func testDashboardShare(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	first := overviewView{timespan: "weeks", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "total"}
	b.open(first.address())
	b.expectOverview(first)
	b.choose("By", "days")
	second := overviewView{timespan: "days", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "total"}
	b.expectOverview(second)
	b.chooseRepositories("api")
	b.choose("Chart", "bar")
	b.choose("Show", "repo")
	last := overviewView{repos: []string{"api"}, timespan: "days", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "repo"}
	b.expectOverview(last)
	address, controls := b.location(), evaluate[[]string](b, `seen.controls()`)

	other := w.tab(t, "")
	other.refuse(401, "/me")
	other.do(chromedp.Navigate(address))
	other.logIn(dashboardAnn, dashboardPassword)
	other.expectOverview(last)
	if got := other.location(); got != address {
		t.Errorf("the link %s leads to %s", address, got)
	}
	if got := evaluate[[]string](other, `seen.controls()`); !reflect.DeepEqual(got, controls) {
		t.Errorf("the controls of the link are %v, want %v", got, controls)
	}

	for range 3 { // the kind of chart, the series, the repository
		evaluate[any](b, `history.back()`)
		b.settle()
	}
	b.expectOverview(second)
	evaluate[any](b, `history.back()`)
	b.expectOverview(first)
	evaluate[any](b, `history.go(4)`)
	b.expectOverview(last)
	expect(b, "the controls after going forward", controls, func() []string { return evaluate[[]string](b, `seen.controls()`) })
}

// logIn fills in the form.
func (b *dashboardTab) logIn(name, password string) {
	b.t.Helper()
	b.fill("User", name)
	b.fill("Password or access token", password)
	b.click("button", "Log in", "")
}

// downloads sends the files that the page saves to a new folder.
func (b *dashboardTab) downloads() string {
	b.t.Helper()
	folder := b.t.TempDir()
	params := browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	}
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, params); err != nil {
		b.t.Fatal(err)
	}
	return folder
}

// downloaded waits for the only file of the folder, reads and removes it.
func (b *dashboardTab) downloaded(folder string) (name string, content []byte) {
	b.t.Helper()
	b.until("saved file", func() bool {
		entries, err := os.ReadDir(folder)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(entries) != 1 || strings.HasSuffix(entries[0].Name(), ".crdownload") || strings.HasPrefix(entries[0].Name(), ".") {
			return false
		}
		name = entries[0].Name()
		content, err = os.ReadFile(filepath.Join(folder, name))
		return err == nil && len(content) > 0
	})
	if err := os.Remove(filepath.Join(folder, name)); err != nil {
		b.t.Fatal(err)
	}
	return name, content
}

// The file has the cells of the table, numbers without separators.
func testDashboardCSV(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	folder := b.downloads()
	for _, v := range []overviewView{
		{timespan: "weeks", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "total"},
		{timespan: "days", from: "2026-09-14", to: "2026-09-24", metric: "checks", by: "repo"},
	} {
		b.open(v.address())
		b.expectOverview(v)
		b.click("button", evaluate[string](b, `seen.name([...document.querySelectorAll("button")].find((one) => one.textContent === "CSV"))`))
		name, content := b.downloaded(folder)
		rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if want := withoutSeparators(b.table(v.caption())); !reflect.DeepEqual(rows, want) {
			t.Errorf("%s has\n%v\nwant the cells of the table\n%v", name, rows, want)
		}
		if !strings.HasSuffix(name, v.from+"-"+v.to+".csv") {
			t.Errorf("the file is called %s, want its days in the name", name)
		}
	}
}
