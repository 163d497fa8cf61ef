package main

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The cards of the breakdown that tell use apart, by their titles.
var breakdownCards = map[string][]string{
	"Repositories": {"repo"}, "Countries": {"country"}, "Clouds": {"cloud"}, "Use cases": {"use-case"}, "Clients": {"client"},
	"Clients and versions": {"client", "version"}, "Platforms": {"platform"}, "Companies": {"company"},
}

// unknownValues are how pages write what is not known.
var unknownValues = map[string]string{"tag": "by digest, no tag", "cloud": "no cloud", "company": "no company"}

// breakdownUsage asks the API as a card does: restricted by all filters but those of its own dimensions.
func breakdownUsage(t *testing.T, w *dashboardWorld, filters url.Values, by ...string) apiUsage {
	t.Helper()
	query := url.Values{"from": {"2026-09-14"}, "to": {"2026-09-27"}, "open": {"true"}, "top": {"10"}}
	for name, values := range filters {
		if !slices.Contains(by, name) {
			query[name] = values
		}
	}
	if len(by) > 0 {
		query.Set("by", strings.Join(by, ","))
	}
	var usage apiUsage
	w.get(t, dashboardRoot, "namespaces/acme/usage?"+query.Encode(), 200, &usage)
	return usage
}

// breakdownRows are what a card lists. Names of countries are left out: their codes are in brackets behind them.
func breakdownRows(usage apiUsage, by ...string) [][]string {
	rows := [][]string{}
	for _, row := range usage.Rows {
		var names []string
		for at, value := range row.Group {
			if value == "" {
				value = "unknown"
				if title, ok := unknownValues[by[at]]; ok {
					value = title
				}
			}
			names = append(names, value)
		}
		cells := []string{strings.Join(names, " "), thousands(row.Pulls), percent(row.Pulls, usage.Total.Pulls), thousands(row.Users)}
		if by[0] == "company" {
			cells = append(cells, row.FirstSeen.UTC().Format("2006-01-02"), row.LastSeen.UTC().Format("2006-01-02"))
		}
		rows = append(rows, cells)
	}
	return rows
}

// breakdown is everything that the page lists, by the titles of its parts.
func breakdown(t *testing.T, w *dashboardWorld, filters url.Values) map[string][][]string {
	t.Helper()
	total := breakdownUsage(t, w, filters).Total
	all := map[string][][]string{"In all": {{thousands(total.Pulls), thousands(total.Downloads), thousands(total.Checks), thousands(total.Users), thousands(total.Addresses)}}}
	for title, by := range breakdownCards {
		all[title] = breakdownRows(breakdownUsage(t, w, filters, by...), by...)
	}
	return all
}

func (b *dashboardTab) breakdown() map[string][][]string {
	b.t.Helper()
	all := evaluate[map[string][][]string](b, `(titles) => {
		const of = (title) => {
			const table = seen.find("part", title)?.querySelector("table");
			return table ? seen.cells(table).slice(1) : [];
		};
		const all = Object.fromEntries(titles.map((title) => [title, of(title)]));
		all["In all"] = [[...document.querySelectorAll("section[aria-label='In all'] .figure")].map((figure) => seen.clean(figure.textContent))];
		return all;
	}`, slices.Collect(maps.Keys(breakdownCards)))
	for _, row := range all["Countries"] {
		if _, code, ok := strings.Cut(row[0], "("); ok {
			row[0] = strings.TrimSuffix(code, ")")
		}
	}
	return all
}

// Values filter all other cards, and the chips take that back.
func testDashboardBreakdown(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	b.open("breakdown?ns=acme&timespan=weeks&from=2026-09-14&to=2026-09-27")
	expectCards := func(what string, filters url.Values) {
		t.Helper()
		expect(b, what, breakdown(t, w, filters), b.breakdown)
		b.settle()
	}
	expectCards("everything", nil)
	top := breakdownUsage(t, w, nil, "country").Rows[0]
	title := evaluate[string](b, `(code) => [...document.querySelectorAll("section button.value")].map((one) => one.textContent).find((text) => text.endsWith("(" + code + ")"))`, top.Group[0])
	if got, want := evaluate[[]string](b, `(title) => [...document.querySelectorAll(".map title")].map((one) => one.textContent).filter((text) => text.startsWith(title))`, title),
		[]string{title + ": " + thousands(top.Pulls) + " pulls"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the map says %q, want %q", got, want)
	}
	b.click("button", title, "Countries")
	country := url.Values{"country": top.Group}
	expectCards("one country", country)
	client := breakdownUsage(t, w, country, "client").Rows[0].Group[0]
	b.click("button", client, "Clients")
	both := url.Values{"country": top.Group, "client": {client}}
	expectCards("one country and client", both)
	if !strings.Contains(b.location(), "country="+top.Group[0]+"&client="+client) {
		t.Errorf("the address %s does not say what was chosen", b.location())
	}
	b.click("button", "Country: "+title+" ×, remove")
	expectCards("one client", url.Values{"client": {client}})
	b.click("button", "Client: "+client+" ×, remove")
	expectCards("everything again", nil)
	evaluate[any](b, `history.go(-2)`)
	expectCards("back to country and client", both)
	b.click("button", "Remove all")
	expectCards("everything once more", nil)
	testBreakdownTags(t, b)
}

// The tags over time are a chart whose table adds up to the list of tags.
func testBreakdownTags(t *testing.T, b *dashboardTab) {
	usage := breakdownUsage(t, b.w, nil, "tag")
	b.click("button", "Table of the chart", "Tag adoption")
	table := b.table("Pulls by tag and week")
	sums := map[string]int{}
	for _, row := range withoutSeparators(table)[1:] {
		for at, cell := range row[3:] {
			var n int
			if _, err := fmt.Sscan(cell, &n); err == nil {
				sums[table[0][at+3]] += n
			}
		}
	}
	var all int
	for _, n := range sums {
		all += n
	}
	if all != usage.Total.Pulls {
		t.Errorf("the tags over time add up to %d, want %d", all, usage.Total.Pulls)
	}
	for _, row := range usage.Rows[:5] {
		name := row.Group[0]
		if name == "" {
			name = unknownValues["tag"]
		}
		if sums[name] != row.Pulls {
			t.Errorf("%s has %d pulls over time, want %d", name, sums[name], row.Pulls)
		}
	}
}

// Every number leads to a query that has it.
func testDashboardShowQuery(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardRoot)
	want := map[string][][]string{}
	counts := func(row apiUsageRow) []string {
		return []string{fmt.Sprint(row.Pulls), fmt.Sprint(row.Downloads), fmt.Sprint(row.Checks), fmt.Sprint(row.Addresses), fmt.Sprint(row.Users)}
	}
	list := func(usage apiUsage) (rows [][]string) {
		for _, row := range usage.Rows {
			rows = append(rows, slices.Concat(row.Group, counts(row)))
		}
		return rows
	}
	for title, by := range breakdownCards {
		want[title] = list(breakdownUsage(t, w, nil, by...))
	}
	var countries apiUsage
	w.get(t, dashboardRoot, "namespaces/acme/usage?from=2026-09-14&to=2026-09-27&open=true&by=country&top=300", 200, &countries)
	want["Countries"] = list(countries) // all of them, for the map
	total := breakdownUsage(t, w, nil).Total
	want["all together"] = [][]string{counts(total)}
	var tags apiUsage
	w.get(t, dashboardRoot, "namespaces/acme/usage?from=2026-09-14&to=2026-09-27&open=true&by=tag&top=20", 200, &tags)
	want["tags"] = list(tags)
	var adoption apiUsage
	w.get(t, dashboardRoot, "namespaces/acme/usage?from=2026-09-14&to=2026-09-27&open=true&by=tag&top=7&timespan=weeks", 200, &adoption)
	for _, row := range adoption.Rows {
		want["tag adoption"] = append(want["tag adoption"], slices.Concat([]string{row.Start}, row.Group, counts(row)))
	}
	const place = "breakdown?ns=acme&timespan=weeks&from=2026-09-14&to=2026-09-27"
	for _, title := range slices.Sorted(maps.Keys(want)) {
		b.expectQuery(place, "Show query: "+title, want[title])
	}
	for report, columns := range map[string][]string{"technographic": {"dvpp_image", "paired_image", "users"}, "heavy_users": {"image_repository", "users", "pulls"}} {
		var answer struct{ Data []map[string]any }
		w.get(t, dashboardRoot, "namespaces/acme/reports/"+report+"?from=2026-09-14&to=2026-09-27&format=json&limit=1000", 200, &answer)
		b.open(place)
		b.click("button", "Show query: "+map[string]string{"technographic": "Co-used images", "heavy_users": "Concentration"}[report])
		b.until("result of the query", func() bool { return len(b.table("Rows of the query")) > 1 })
		pick := func(get func(column string) string) (cells []string) {
			for _, column := range columns {
				cells = append(cells, get(column))
			}
			return cells
		}
		var got, rows [][]string
		table := b.table("Rows of the query")
		for _, row := range table[1:] {
			got = append(got, pick(func(column string) string {
				return row[slices.IndexFunc(table[0], func(name string) bool { return strings.EqualFold(name, column) })]
			}))
		}
		for _, row := range answer.Data {
			rows = append(rows, pick(func(column string) string {
				for name, value := range row {
					if strings.EqualFold(name, column) {
						return fmt.Sprint(value)
					}
				}
				return "no such column"
			}))
		}
		slices.SortFunc(got, slices.Compare)
		slices.SortFunc(rows, slices.Compare)
		if !reflect.DeepEqual(got, rows) || len(got) == 0 {
			t.Errorf("the query behind %s has\n%v\nthe API has\n%v", report, got, rows)
		}
	}
	testShowOverviewQuery(t, b)
}

// expectQuery clicks a button and wants these first cells of the result, in order.
func (b *dashboardTab) expectQuery(place, button string, want [][]string) {
	b.t.Helper()
	if !strings.Contains(b.location(), "/dashboard/"+strings.SplitN(place, "?", 2)[0]+"?ns=") {
		b.open(place)
	}
	b.click("button", button)
	expect(b, button, want, func() [][]string {
		rows := [][]string{}
		for _, row := range b.table("Rows of the query") {
			rows = append(rows, row[:min(len(row), len(want[0]))])
		}
		for _, row := range rows {
			for at, cell := range row {
				if cell == "NULL" {
					row[at] = ""
				}
			}
		}
		return rows[min(1, len(rows)):]
	})
	if h1 := b.text("h1"); h1 != "Query" {
		b.t.Errorf("%s leads to %s", button, h1)
	}
	evaluate[any](b, `history.back()`)
	b.until("page before the query", func() bool { return b.text("h1") != "Query" })
}

func testShowOverviewQuery(t *testing.T, b *dashboardTab) {
	v := overviewView{timespan: "days", from: "2026-09-14", to: "2026-09-17", metric: "pulls", by: "repo"}
	values := v.values(t, b.w, dashboardRoot)
	b.open(v.address())
	b.click("button", "Show query: Pulls of acme by day")
	b.until("result of the query", func() bool { return len(b.table("Rows of the query")) > 1 })
	got := map[string]map[string]int{}
	for _, row := range b.table("Rows of the query")[1:] {
		var n int
		if _, err := fmt.Sscan(row[2], &n); err != nil {
			t.Fatalf("the row %v of the query: %v", row, err)
		}
		if got[row[0]] == nil {
			got[row[0]] = map[string]int{}
		}
		got[row[0]][row[1]] = n
	}
	if !reflect.DeepEqual(got, values) {
		t.Errorf("the query behind the chart has\n%v\nthe API has\n%v", got, values)
	}
}
