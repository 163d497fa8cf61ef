package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What the tests read of the answers of the data API.
type (
	apiPulls struct {
		Pulls []struct {
			Start, End, Repo                                 string
			PullCount, IPCount, DataDownloads, VersionChecks int
			Open                                             bool
		}
		Next string
	}
	apiUsage struct {
		Rows          []apiUsageRow
		Total         apiUsageRow
		Totals        []apiUsageRow
		Groups        int
		SQL, TotalSQL string
	}
	apiUsageRow struct {
		Start                                      string
		Open                                       bool
		Group                                      []string
		Pulls, Downloads, Checks, Addresses, Users int
		FirstSeen, LastSeen                        time.Time
	}
	apiReports struct {
		Reports []apiReport
		Next    string
	}
	apiReport struct {
		Report, Title, Period, Timespan, Start, End string
		Revision, Rows, SuppressedRows              int
		Open                                        bool
		Files                                       []struct {
			Name, Format, SHA256, URL string
			Size                      int
		}
	}
)

// overviewView is what the overview is asked to show.
type overviewView struct {
	repos    []string
	timespan string
	from, to string // whole periods
	metric   string
	by       string
	stacked  bool // as bars on top of each other, where there are no more than eight
}

// address is the link that shows it.
func (v overviewView) address() string {
	query := url.Values{"ns": {"acme"}, "repo": v.repos, "timespan": {v.timespan}, "from": {v.from}, "to": {v.to}, "metric": {v.metric}, "by": {v.by}}
	return "?" + query.Encode()
}

// periods are the first and last days of the periods of the view, which begin and end with one.
func (v overviewView) periods(t *testing.T) [][2]string {
	t.Helper()
	at, err := time.Parse(time.DateOnly, v.from)
	if err != nil {
		t.Fatal(err)
	}
	var periods [][2]string
	for at.Format(time.DateOnly) <= v.to {
		next := map[string]time.Time{"days": at.AddDate(0, 0, 1), "weeks": at.AddDate(0, 0, 7), "months": at.AddDate(0, 1, 0)}[v.timespan]
		periods = append(periods, [2]string{at.Format(time.DateOnly), next.AddDate(0, 0, -1).Format(time.DateOnly)})
		at = next
	}
	return periods
}

// values are the numbers of the view by period and series, as the API gives them.
func (v overviewView) values(t *testing.T, w *dashboardWorld, user string) map[string]map[string]int {
	t.Helper()
	values := map[string]map[string]int{}
	add := func(start, series string, value int) {
		if values[start] == nil {
			values[start] = map[string]int{}
		}
		values[start][series] += value
	}
	all := "All repositories"
	switch {
	case len(v.repos) == 1:
		all = v.repos[0]
	case len(v.repos) > 1:
		all = fmt.Sprintf("%d repositories", len(v.repos))
	}
	query := url.Values{"timespan": {v.timespan}, "from": {v.from}, "to": {v.to}, "open": {"true"}}
	if v.metric == "users" || v.metric == "addresses" {
		if query["repo"] = v.repos; v.by == "repo" {
			query.Set("by", "repo")
		}
		var usage apiUsage
		w.get(t, user, "namespaces/acme/usage?"+query.Encode(), 200, &usage)
		if v.by == "repo" {
			for _, row := range usage.Rows {
				add(row.Start, row.Group[0], map[string]int{"users": row.Users, "addresses": row.Addresses}[v.metric])
			}
			return values
		}
		for _, row := range usage.Totals {
			add(row.Start, all, map[string]int{"users": row.Users, "addresses": row.Addresses}[v.metric])
		}
		return values
	}
	query.Set("group", "repo")
	var answer apiPulls
	w.get(t, user, "namespaces/acme/pulls?"+query.Encode(), 200, &answer)
	for _, row := range answer.Pulls {
		if len(v.repos) > 0 && !slices.Contains(v.repos, row.Repo) {
			continue
		}
		series := all
		if v.by == "repo" {
			series = row.Repo
		}
		add(row.Start, series, map[string]int{"pulls": row.PullCount, "downloads": row.DataDownloads, "checks": row.VersionChecks}[v.metric])
	}
	return values
}

// table is what the page has to list: one row for each period, gaps empty and noted, the largest series first.
func (v overviewView) table(t *testing.T, w *dashboardWorld, user string) [][]string {
	t.Helper()
	values := v.values(t, w, user)
	order := v
	order.metric = "pulls" // series are ordered by it
	sums := map[string]int{}
	for _, row := range order.values(t, w, user) {
		for series, value := range row {
			sums[series] += value
		}
	}
	var series []string
	for name := range sums {
		series = append(series, name)
	}
	slices.SortFunc(series, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	if v.stacked && len(series) > 8 {
		for _, row := range values {
			for _, name := range series[7:] {
				row["other repositories"] += row[name]
			}
		}
		series = append(series[:7:7], "other repositories")
	}
	rows := [][]string{append([]string{"start", "end", "note"}, series...)}
	for _, period := range v.periods(t) {
		row, known := values[period[0]]
		cells := []string{period[0], period[1], "no data"}
		if known {
			cells[2] = ""
		}
		for _, name := range series {
			if known {
				cells = append(cells, thousands(row[name]))
			} else {
				cells = append(cells, "")
			}
		}
		rows = append(rows, cells)
	}
	return rows
}

// thousands writes a number as pages do.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// percent writes a part of a whole as pages do.
func percent(part, all int) string {
	switch {
	case all == 0:
		return "0 %"
	case part > 0 && 1000*part < all:
		return "< 0.1 %"
	}
	tenths := (2000*part + all) / (2 * all)
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// withoutSeparators are the cells as files have them.
func withoutSeparators(table [][]string) [][]string {
	var plain [][]string
	for _, row := range table {
		var cells []string
		for _, cell := range row {
			if number := strings.ReplaceAll(cell, ",", ""); number != cell {
				if _, err := strconv.Atoi(number); err == nil {
					cell = number
				}
			}
			cells = append(cells, cell)
		}
		plain = append(plain, cells)
	}
	return plain
}
