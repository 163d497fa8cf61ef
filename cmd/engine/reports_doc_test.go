package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/reports"
)

const reportsIntroduction = `# The reports

One CSV file per report, publisher and period, and the same rows as Parquet, which may have more columns.
This page is made from the registry of the reports and from the demo data; a test keeps it so.

## How to read the numbers

- **Downloads, version checks, pulls.** A download is a pull by tag or by digest. A version check asks whether there
  is something new and downloads nothing. ` + "`PULLS`" + ` (` + "`EVENT_COUNT`" + `) is their sum.
- **Uniques are counted exactly, over the whole period and the row's own combination of keys.** A user who pulls on
  three days is one user of the week; a user who pulls two tags is one user of each. So uniques of finer rows do not
  add up to those of coarser ones, nor days to weeks, nor weeks to months: ask for the level that you need
  (` + "`engine report`" + ` takes any stretch of days).
- **A user** is a user id where the request was authenticated. Otherwise it is a client: an IPv4 address, or the /64
  of an IPv6 address. Many people behind one address are one client, one person on two addresses is two.
- **Weeks** run from Monday to Sunday, months are calendar months, both in UTC. An action counts where its first
  request is.
- **Unknown is empty**, but for ` + "`no csp`" + ` where the address is of no known cloud provider, and ` + "`\\\\N`" + ` for the tag
  of actions by digest.
- **Rows are sorted** by their key columns, bytewise; publishing again gives the same bytes. What a threshold leaves
  out is counted in ` + "`manifest.json`" + `.
- **Texts that a spreadsheet would run as a formula** (they begin with ` + "`= + - @`" + `, a tab or a line break) get an apostrophe before them
  in CSV and XLSX files, unless ` + "`csv_formula_guard = false`" + `. Parquet has them unchanged.

`

// reportNotes are what a reader of one report must know beyond its columns.
var reportNotes = map[string]string{
	"summary":                 "Every action counts for its repository, once more for its tag if it has one, and once more for its digest if one is known. Only rows of one level add up.",
	"technographic":           "A pair is one of the publisher's images and any other image that the same user used in the period; pairs of fewer than 10 users are left out (`technographic_min_users`). Users of more than 1000 images, such as mirrors of whole registries, take no part in pairs (`technographic_max_images`), but count as pullers.",
	"technographic_companies": "Its rows grow with the square of a company's images: companies of more than 250 images are left out (`technographic_max_company_images`) and counted in the manifest.",
	"tracked_companies":       "The companies of the publisher's `tracked_companies`; all companies where there is no such list.",
	"extensions_core":         "Published once there are extension events (`engine run --extensions`).",
	"extensions_premium":      "Published once there are extension events. Events without a user id count, but for no user.",
	"raw":                     "The largest report: one row per action. `csv_part_size` cuts it into parts.",
}

// TestReportsDocumentation keeps reports/README.md the description that the
// registry and the demo data give.
func TestReportsDocumentation(t *testing.T) {
	var text strings.Builder
	text.WriteString(reportsIntroduction)
	for _, report := range reports.All() {
		fmt.Fprintf(&text, "- [%s](#%s): %s\n", report.Name, report.Name, report.Question())
	}
	for _, report := range reports.All() {
		fmt.Fprintf(&text, "\n## %s\n\n%s\n", report.Name, report.Question())
		if note := reportNotes[report.Name]; note != "" {
			fmt.Fprintf(&text, "%s\n", note)
		}
		text.WriteString("\n| column | type | what it says |\n|---|---|---|\n")
		for _, column := range report.Columns {
			fmt.Fprintf(&text, "| `%s` | %s | %s |\n", column.Name, column.Type, column.Description)
		}
		for _, column := range report.More {
			fmt.Fprintf(&text, "| `%s` | %s | %s; Parquet only |\n", column.Name, column.Type, column.Description)
		}
		fmt.Fprintf(&text, "\n```csv\n%s```\n", firstLines(t, filepath.Join("..", "..", "fixtures", "demo", "expected", "acme", "weekly", "2026-09-14", report.Name+".csv"), 6))
	}
	golden(t, []byte(text.String()), filepath.Join("..", "..", "reports", "README.md"))
}

// firstLines are the header and the first rows of a file.
func firstLines(t *testing.T, path string, n int) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfterN(string(content), "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "")
}
