package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// publishedReports asks the API for all pages of the list.
func publishedReports(t *testing.T, w *dashboardWorld, filter url.Values) (all []apiReport) {
	t.Helper()
	query := url.Values{"limit": {"60"}}
	for name, values := range filter {
		query[name] = values
	}
	for {
		var page apiReports
		w.get(t, dashboardAnn, "namespaces/acme/reports?"+query.Encode(), 200, &page)
		if all = append(all, page.Reports...); page.Next == "" {
			return all
		}
		query.Set("cursor", page.Next)
	}
}

// reportRows are what the page lists: the period, the report with its question without blanks, its numbers and files.
func reportRows(reports []apiReport) [][]string {
	rows := [][]string{}
	for _, report := range reports {
		title := map[string]string{"weeks": "Week ", "months": "Month "}[report.Timespan] + report.Period
		about := report.Title
		if about == report.Report {
			about = ""
		}
		var files []string
		for _, file := range report.Files {
			files = append(files, file.Name+" "+file.SHA256)
		}
		rows = append(rows, []string{title, fmt.Sprintf("%s to %s · revision %d", report.Start, report.End, report.Revision),
			report.Report + strings.Join(strings.Fields(about), ""), thousands(report.Rows), thousands(report.SuppressedRows), strings.Join(files, ", ")})
	}
	return rows
}

func (b *dashboardTab) reports() [][]string {
	b.t.Helper()
	return evaluate[[][]string](b, `[...document.querySelectorAll("main section.panel")].flatMap((section) => {
		const head = [section.getAttribute("aria-label"), seen.clean(section.querySelector(".hint").textContent)];
		return [...section.querySelectorAll("tbody tr")].map((row) => {
			const numbers = [...row.querySelectorAll(".numeric")].map((cell) => seen.clean(cell.textContent));
			const cells = [row.querySelector("th").textContent.replace(/\s/g, ""), ...numbers];
			const files = [...row.querySelectorAll("a[download]")].map((link) => link.download + " " + link.title.split("SHA-256 ")[1]);
			return [...head, ...cells, files.join(", ")];
		});
	})`)
}

// The list is that of the API, page by page and filtered; its links give the bytes that it names.
func testDashboardReports(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	folder := b.downloads()
	all := publishedReports(t, w, nil)
	if len(all) <= 60 {
		t.Fatalf("there are %d reports, want more than one page", len(all))
	}
	b.open("reports?ns=acme")
	expect(b, "the first page", reportRows(all[:60]), b.reports)
	for b.has("button", "Load more") {
		b.click("button", "Load more")
		b.settle()
	}
	expect(b, "all reports", reportRows(all), b.reports)

	b.choose("Report", "summary")
	expect(b, "one report", reportRows(publishedReports(t, w, url.Values{"report": {"summary"}})), b.reports)
	b.choose("Periods", "months")
	months := publishedReports(t, w, url.Values{"report": {"summary"}, "timespan": {"months"}})
	expect(b, "one report of months", reportRows(months), b.reports)
	if len(months) == 0 {
		t.Fatal("no month is published")
	}
	for _, file := range months[0].Files {
		b.until("link to "+file.Name, func() bool {
			return evaluate[bool](b, `(name) => { const link = [...document.querySelectorAll("a[download]")].find((one) => one.download === name); link?.click(); return link !== undefined }`, file.Name)
		})
		name, content := b.downloaded(folder)
		if sum := sha256.Sum256(content); name != file.Name || hex.EncodeToString(sum[:]) != file.SHA256 || len(content) != file.Size {
			t.Errorf("the link to %s gives %s of %d bytes with the hash %x, want %d and %s", file.Name, name, len(content), sum, file.Size, file.SHA256)
		}
	}
	evaluate[any](b, `history.back()`)
	expect(b, "one report again", reportRows(publishedReports(t, w, url.Values{"report": {"summary"}})), b.reports)
	if !reflect.DeepEqual(evaluate[[]string](b, `seen.controls()`), []string{"Namespace=acme", "Report=summary", "Periods="}) {
		t.Errorf("the controls are %v after going back", evaluate[[]string](b, `seen.controls()`))
	}
}
