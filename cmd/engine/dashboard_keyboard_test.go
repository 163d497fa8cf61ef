package main

import (
	"encoding/csv"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses Tab until the control with this name has the focus. On the way each focus has to be seen.
func (b *dashboardTab) tabTo(name string) {
	b.t.Helper()
	for range 60 {
		b.press(kb.Tab)
		focus := evaluate[struct{ Name, Problem string }](b, `(() => {
			const element = document.activeElement;
			if (!element || element === document.body) return { Name: "", Problem: "" };
			const style = getComputedStyle(element);
			const box = element.getBoundingClientRect();
			const problems = [];
			if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) problems.push("has no outline");
			if (box.width === 0 || box.height === 0) problems.push("has no size");
			if (box.bottom <= 0 || box.right <= 0 || box.top >= innerHeight || box.left >= innerWidth) problems.push("is out of view");
			return { Name: seen.name(element), Problem: problems.join(" and ") };
		})()`)
		if focus.Problem != "" {
			b.t.Errorf("%s: %q has the focus and %s", b.location(), focus.Name, focus.Problem)
		}
		if strings.HasPrefix(focus.Name, name) {
			return
		}
	}
	b.t.Fatalf("%s: the key Tab does not lead to %q", b.location(), name)
}

// All that the overview offers works without a pointer, from the log-in on.
func testDashboardKeyboard(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, "")
	b.refuse(401, "/me")
	folder := b.downloads()
	v := overviewView{timespan: "days", from: "2026-09-14", to: "2026-09-20", metric: "pulls", by: "total"}
	b.do(chromedp.Navigate("http://" + w.address + "/dashboard/" + v.address()))
	b.until("form", func() bool { return b.has("field", "User") })
	evaluate[any](b, `document.activeElement?.blur()`)
	b.tabTo("Skip to the content")
	b.tabTo("User")
	b.press("ann")
	b.tabTo("Password")
	b.press(dashboardPassword)
	b.press(kb.Enter)
	b.expectOverview(v)

	b.tabTo("Repositories all")
	b.press(kb.Enter)
	b.tabTo("Search repositories")
	b.press("we")
	b.tabTo("web")
	b.press(" ")
	v.repos = []string{"web"}
	b.expectOverview(v)
	b.press(kb.Escape)
	if focus := evaluate[string](b, `seen.name(document.activeElement)`); focus != "Repositories web" {
		t.Errorf("Escape leaves the list and goes to %q", focus)
	}
	b.tabTo("By")
	b.press(kb.ArrowDown) // from days to weeks
	v.timespan = "weeks"
	b.expectOverview(v)
	b.press(kb.ArrowUp)
	v.timespan = "days"
	b.expectOverview(v)

	table := v.table(t, w, dashboardAnn)
	b.tabTo("Pulls of acme/web by day")
	for at := range 3 {
		b.press(kb.ArrowRight)
		expect(b, "the value at the arrow key", chartSentence(table, at, "pulls"), func() string { return b.text("figure [aria-live=polite]") })
	}
	b.press(kb.ArrowLeft)
	expect(b, "the value before", chartSentence(table, 1, "pulls"), func() string { return b.text("figure [aria-live=polite]") })
	b.tabTo("CSV")
	b.press(kb.Enter)
	_, content := b.downloaded(folder)
	if rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll(); err != nil || !reflect.DeepEqual(rows, withoutSeparators(table)) {
		t.Errorf("the file has %v (%v), want %v", rows, err, table)
	}
}
