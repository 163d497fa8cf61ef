package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// expectText wants texts of others on the page as they are, and nothing made of them.
func (b *dashboardTab) expectText(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.until("text "+text, func() bool { return evaluate[bool](b, `(text) => document.body.textContent.includes(text)`, text) })
	}
	if made := evaluate[[]string](b, `[...document.querySelectorAll("body img, body script, body b, body i, main svg[onload], [onerror], [onmouseover], a[href^='javascript:']")].map((element) => element.outerHTML.slice(0, 100))`); len(made) > 0 {
		b.t.Errorf("%s: texts became elements: %q", b.location(), made)
	}
	if evaluate[bool](b, `"pwned" in window`) {
		b.t.Errorf("%s: a text was run", b.location())
	}
}

// What others write into logs, file names, queries, reports and the configuration is text on all pages.
func testDashboardAttacks(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	const day = "from=2026-09-23&to=2026-09-23"
	b.open("breakdown?ns=acme&timespan=days&" + day)
	var names []string
	for _, image := range hostileImages {
		names = append(names, strings.TrimPrefix(image.image, "acme/"), image.tag)
	}
	b.expectText(slices.Concat(names, []string{"constructor", "docker"})...)
	for title, by := range breakdownCards {
		var usage apiUsage
		w.get(t, dashboardRoot, "namespaces/acme/usage?"+day+"&open=true&top=10&by="+strings.Join(by, ","), 200, &usage)
		expect(b, title, breakdownRows(usage, by...), func() [][]string { return b.breakdown()[title] })
	}
	b.click("button", "__proto__", "Tag adoption")
	expect(b, "the repositories with the tag __proto__", [][]string{{"constructor", "1", "100.0 %", "1"}}, func() [][]string { return b.breakdown()["Repositories"] })
	b.click("button", "constructor", "Repositories")
	expect(b, "the tags of the repository constructor", 1, func() int { return len(b.breakdown()["Clients"]) })
	b.open("?ns=acme&timespan=days&by=repo&" + day)
	b.expectText("constructor", "hasownproperty")
	v := overviewView{timespan: "days", from: "2026-09-23", to: "2026-09-23", metric: "pulls", by: "repo"}
	b.expectOverview(v)

	b.open("reports?ns=acme")
	b.expectText("hostile_report")
	b.open("health")
	b.click("button", "By run and file")
	b.expectText("<img src=x onerror=window.pwned=1>.csv")

	b.open("query")
	b.expectText(hostileHTML + hostileMark)
	b.choose("Saved query", "hostile")
	b.click("button", "Run")
	b.until("result", func() bool { return len(b.table(resultRows)) == 2 })
	b.expectText("<b>x</b>", hostileHTML)
	b.fill(sqlField, `select '<img src=x onerror=alert(1)>' as "<b>x</b>", chr(8238) || 'abc' as mark, repeat('long', 5000) as long, 1 as "__proto__", 'javascript:alert(1)' as url from range(3)`)
	b.click("button", "Run")
	b.until("rows", func() bool { return len(b.table(resultRows)) == 4 })
	b.expectText("<img src=x onerror=alert(1)>", "\u202eabc", strings.Repeat("long", 5000))
	if page := evaluate[[]int](b, `[document.documentElement.scrollWidth, document.documentElement.clientWidth]`); page[0] > page[1] {
		t.Errorf("a long value makes the page %d wide, of %d", page[0], page[1])
	}
	b.refuse(400, "/query")
	b.fill(sqlField, `select "<img src=x onerror=alert(1)>" from actions`)
	b.click("button", "Run")
	b.until("message", func() bool { return strings.Contains(b.text(".problem[role=alert]"), "<img src=x onerror=alert(1)>") })
	b.expectText()

	// And what a link says.
	hostile := url.Values{"ns": {hostileHTML}, "repo": {hostileHTML, "__proto__"}, "country": {hostileHTML}, "cloud": {"<i>cloud</i>"}, "report": {hostileHTML}}.Encode()
	for _, path := range []string{"/pulls", "/usage", "/images", "/reports", "/technographic", "/heavy_users"} {
		b.refuse(400, path)
		b.refuse(404, path)
	}
	for _, page := range []string{"", "breakdown", "reports", "query", "health", url.PathEscape(hostileHTML)} {
		b.open(page + "?" + hostile)
		b.expectText()
	}
}
