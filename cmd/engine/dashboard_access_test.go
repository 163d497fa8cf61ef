package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// dashboardPages are all pages with data on them.
var dashboardPages = []string{
	"?ns=acme&timespan=days&by=repo&from=2026-09-10&to=2026-09-24", "breakdown?ns=acme&country=DE&timespan=days&" + demoWeek, "reports?ns=acme",
	"query?sql=select+1", "health", "nothing",
}

// emulate makes the page look as for some media.
func (b *dashboardTab) emulate(media string, features ...string) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Media: media}
	for _, feature := range features {
		name, value, _ := strings.Cut(feature, "=")
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	call(b, emulation.SetEmulatedMedia, params)
}

// accessProblems lists what is wrong with a page for people who see little, hear it, or use its structure.
const accessProblems = `(() => {
	const problems = [];
	const parse = (color) => {
		const parts = (/^rgba?\(([^)]*)\)$/.exec(color)?.[1] ?? "0, 0, 0, 0").split(/[ ,\/]+/).map(Number);
		return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
	};
	const over = (top, below, alpha) => top.map((part, at) => part * alpha + below[at] * (1 - alpha));
	const luminance = (rgb) => rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
		.reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
	const contrast = (one, other) => {
		const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
		return (light + 0.05) / (dark + 0.05);
	};
	const chain = (element) => { const all = []; for (let one = element; one; one = one.parentElement) all.unshift(one); return all; };
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let checked = 0;
	while (texts.nextNode()) {
		const element = texts.currentNode.parentElement;
		if (!texts.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest("svg, script, noscript, .visually-hidden, .skip, option, :disabled")) continue;
		checked++;
		let below = [255, 255, 255], opacity = 1;
		for (const one of chain(element)) {
			const style = getComputedStyle(one), color = parse(style.backgroundColor);
			below = over(color.rgb, below, color.alpha);
			opacity *= parseFloat(style.opacity);
		}
		const style = getComputedStyle(element), color = parse(style.color);
		const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
		const ratio = contrast(over(color.rgb, below, color.alpha * opacity), below);
		if (ratio < (large ? 3 : 4.5)) problems.push("contrast " + ratio.toFixed(2) + " of " + JSON.stringify(seen.clean(texts.currentNode.textContent).slice(0, 40)) + " in " + element.tagName + "." + element.className);
	}
	if (checked < 10) problems.push("only " + checked + " texts were looked at");
	const count = (selector) => [...document.querySelectorAll(selector)].filter(seen.shown).length;
	for (const [selector, wanted] of [["h1", 1], ["main", 1], ["header.site", 1], ["footer.site", 1]]) {
		if (count(selector) !== wanted) problems.push(count(selector) + " of " + selector);
	}
	if (!document.documentElement.lang) problems.push("no language");
	for (const table of document.querySelectorAll("table")) {
		if (!seen.shown(table) || table.closest(".tooltip")) continue;
		if (!table.querySelector("thead th[scope=col]")) problems.push("no header cells in the table " + seen.name(table));
		if (!table.caption && !table.getAttribute("aria-labelledby")) problems.push("no name of the table " + table.textContent.slice(0, 40));
	}
	for (const image of document.querySelectorAll("img, svg, canvas")) {
		if (!image.closest("[aria-hidden=true]") && !seen.clean(image.getAttribute("aria-label") ?? image.getAttribute("alt") ?? "")) problems.push("no text for " + image.outerHTML.slice(0, 60));
	}
	const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
	for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) problems.push("several elements are called " + id);
	return problems;
})()`

// interactiveRoles are what people use, and so must have a name.
var interactiveRoles = map[string]bool{
	"button": true, "link": true, "textbox": true, "searchbox": true, "combobox": true, "checkbox": true, "DisclosureTriangle": true,
	"spinbutton": true, "slider": true, "radio": true, "tab": true, "menuitem": true, "table": true, "image": true, "navigation": true, "region": true, "form": true,
}

// All pages can be read and used, in light and dark.
func testDashboardAccess(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	check := func(what string) {
		t.Helper()
		for _, problem := range evaluate[[]string](b, accessProblems) {
			t.Errorf("%s: %s", what, problem)
		}
	}
	for _, path := range dashboardPages {
		b.emulate("", "prefers-color-scheme=light", "prefers-reduced-motion=reduce")
		b.open(path)
		for _, scheme := range []string{"light", "dark"} {
			b.emulate("", "prefers-color-scheme="+scheme, "prefers-reduced-motion=reduce")
			check(scheme + " " + path)
		}
		named := 0
		for _, node := range call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
			if node.Ignored || node.Role == nil || !interactiveRoles[strings.Trim(string(node.Role.Value), `"`)] {
				continue
			}
			named++
			if node.Name == nil || strings.Trim(string(node.Name.Value), `" `) == "" {
				t.Errorf("%s: a %s has no name: %+v", path, node.Role.Value, node.BackendDOMNodeID)
			}
		}
		if named < 5 {
			t.Errorf("%s: only %d controls were looked at", path, named)
		}
		moving := evaluate[[]string](b, `[...document.querySelectorAll("*")].filter((element) => {
			const style = getComputedStyle(element);
			return /[1-9]/.test(style.transitionDuration) || (style.animationName !== "none" && /[1-9]/.test(style.animationDuration));
		}).map((element) => element.outerHTML.slice(0, 80))`)
		if len(moving) > 0 {
			t.Errorf("%s: who wants reduced motion sees these move: %q", path, moving)
		}
	}
	out := w.tab(t, "")
	out.refuse(401, "/me")
	out.do(chromedp.Navigate("http://" + w.address + "/dashboard/login"))
	out.until("form", func() bool { return out.has("field", "User") })
	for _, scheme := range []string{"light", "dark"} {
		out.emulate("", "prefers-color-scheme="+scheme)
		for _, problem := range evaluate[[]string](out, strings.Replace(accessProblems, "checked < 10", "checked < 5", 1)) {
			t.Errorf("%s log-in: %s", scheme, problem)
		}
	}
	// The own choice of colours wins over the system's.
	b.choose("Colours", "light")
	if light := evaluate[string](b, `getComputedStyle(document.documentElement).colorScheme`); light != "light" {
		t.Errorf("who chose light has %s", light)
	}
}

// No page is wider than a phone, and the menu can be used there.
func testDashboardPhone(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	b.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
	for _, path := range dashboardPages {
		b.open(path)
		wide := evaluate[[]string](b, `(() => {
			const page = document.documentElement;
			if (page.scrollWidth <= page.clientWidth && page.clientWidth === 360) return [];
			const outside = [...document.querySelectorAll("main *, header *")].filter((element) => element.getBoundingClientRect().right > 361 && !element.closest(".table-scroll, .visually-hidden, svg"));
			return [page.scrollWidth + " of " + page.clientWidth, ...outside.map((element) => element.outerHTML.slice(0, 100))];
		})()`)
		if len(wide) > 0 {
			t.Errorf("%s is wider than the phone: %q", path, wide)
		}
	}
	for _, page := range []string{"Breakdown", "Reports", "Query", "Health", "Overview"} {
		b.click("link", page)
		b.until("page "+page, func() bool { return b.text("h1") == page })
		b.settle()
		if current := b.text("nav [aria-current=page]"); current != page {
			t.Errorf("the menu says that %s is %s", page, current)
		}
	}
	if small := evaluate[[]string](b, `[...document.querySelectorAll("nav a, header button, header select")].filter((element) => element.getBoundingClientRect().height < 24).map((element) => element.textContent)`); len(small) > 0 {
		t.Errorf("these are too small for a finger: %q", small)
	}
}

// Paper has the numbers, and nothing to click on.
func testDashboardPaper(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	for _, path := range dashboardPages[:3] {
		b.open(path)
		b.emulate("print", "prefers-color-scheme=dark")
		hidden := evaluate[[]string](b, `["header.site", "nav", ".controls select", "button:not(.value, .chip)"].filter((selector) => [...document.querySelectorAll(selector)].some(seen.shown))`)
		if len(hidden) > 0 {
			t.Errorf("%s: paper shows %q", path, hidden)
		}
		cut := evaluate[string](b, `(() => {
			const tables = [...document.querySelectorAll("main table")].filter(seen.shown);
			if (tables.length === 0) return "no table";
			const cut = tables.find((table) => table.parentElement.scrollHeight > table.parentElement.clientHeight + 1);
			return cut ? "a cut table " + seen.name(cut) : "";
		})()`)
		if cut != "" {
			t.Errorf("%s: paper has %s", path, cut)
		}
		if colors := evaluate[string](b, `getComputedStyle(document.documentElement).color + " on " + getComputedStyle(document.documentElement).backgroundColor`); colors != "rgb(0, 0, 0) on rgb(255, 255, 255)" {
			t.Errorf("%s: paper is %s", path, colors)
		}
		b.emulate("")
	}
	if got := fmt.Sprint(b.has("link", "Overview")); got != "true" {
		t.Error("the navigation does not come back after printing")
	}
}
