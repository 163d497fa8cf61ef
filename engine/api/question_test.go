package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestParameters holds wrong questions against what is said about them.
func TestParameters(t *testing.T) {
	s := shared(t)
	pulls, repos, reports, report, badge := "/namespaces/acme/pulls", "/repos/pulls?repos=acme/api&", "/namespaces/acme/reports", "/namespaces/acme/reports/tags", "/namespaces/acme/badge"
	for _, c := range []struct{ path, query, want string }{
		{"/", "limit=1", `the parameter \"limit\" is not known here; there are none`},
		{"/namespaces", "x", `\"x\"`},
		{"/namespaces/acme", "Namespace=acme", `\"Namespace\"`},
		{"/reports", "report=tags", `\"report\"`},
		{pulls + "/exports/years", "year=2026", `\"year\"`},
		{pulls + "/exports/years/2026/weeks/38/raw", "format=csv", `\"format\"`},
		{pulls, "Limit=1", `the parameter \"Limit\" is not known here; there are timespan, period, from, to, group, open, limit, cursor`},
		{pulls, "repos=acme/api", `\"repos\"`},
		{pulls, "limit=1&limit=1", "the parameter limit is given more than once"},
		{pulls, "timespan=weeks&timespan=months", "timespan is given more than once"},
		{pulls, "timespan=years", `timespan is \"years\"; it must be one of months, weeks, days`},
		{pulls, "timespan=", "timespan is"},
		{pulls, "group=Repo", "it must be one of repo, namespace, country, tag, use-case"},
		{pulls, "period=last-4-months", "it must be one of last-2-months, last-3-months, last-6-months, last-12-months"},
		{pulls, "open=yes", "open is"},
		{pulls, "open=1", "open is"},
		{pulls, "from=2026-09-01", "from and to belong together"},
		{pulls, "to=2026-09-01", "from and to belong together"},
		{pulls, "from=2026-09-02&to=2026-09-01", "to is before from"},
		{pulls, "from=2026-09-01&to=2026-09-30&period=last-3-months", "period and from do not go together"},
		{pulls, "from=2026-9-1&to=2026-09-30", "from: "},
		{pulls, "from=2026-09-01&to=2026-09-31", "to: "},
		{pulls, "from=2026-W38&to=2026-W39", "from: "},
		{pulls, "from=2010-01-01&to=2026-09-30", "more than 3660 days"},
		{pulls, "limit=0", "it must be a number from 1 to 10000"},
		{pulls, "limit=-1", "limit is"},
		{pulls, "limit=10001", "limit is"},
		{pulls, "limit=1.0", "limit is"},
		{pulls, "cursor=", "the cursor is not one of ours"},
		{pulls, "cursor=%21", "the cursor is not one of ours"},
		{pulls, "cursor=YQ", "the cursor is not one of ours"},
		{pulls, "cursor=" + cursor{-1, ""}.String(), "the cursor is not one of ours"},
		{pulls, "a%zz=1", "the query cannot be read"},
		{pulls, "a;b", "the query cannot be read"},
		{repos, "repos=acme", `\"acme\" in repos is no repository; write it as namespace/repository`},
		{repos, "repos=/api", "in repos is no repository"},
		{repos, "repos=acme/", "in repos is no repository"},
		{repos, "repos=", "in repos is no repository"},
		{repos, "repos=acme/api,", "in repos is no repository"},
		{repos, "repo=acme/api", `\"repo\"`},
		{"/repos/pulls", "", "repos is missing"},
		{reports, "timespan=days", "it must be one of"},
		{reports, "limit=1001", "a number from 1 to 1000"},
		{reports, "from=2026-09-01", "from and to belong together"},
		{reports, "period=2026-09", `\"period\"`},
		{report, "period=2026-13", "period: "},
		{report, "period=last-3-months", "period: "},
		{report, "period=2026-W60", "period: "},
		{report, "period=2026-09&from=2026-09-01&to=2026-09-02", "period and from do not go together"},
		{report, "period=2010-01-01..2026-09-30", "more than 3660 days"},
		{report, "format=xlsx", "it must be one of json, csv, parquet"},
		{report, "format=csv&limit=5", "limit and cursor are for format=json"},
		{report, "format=parquet&cursor=x", "limit and cursor are for format=json"},
		{report, "limit=10001", "a number from 1 to 10000"},
		{badge, "metric=stars", "it must be one of downloads, pulls, checks, addresses"},
		{badge, "timespan=days", "it must be one of months, weeks"},
		{pulls + "/exports/years/2026/days", "", `the timespan type is \"days\"; it must be months or weeks`},
		{pulls + "/exports/years/26x/weeks", "", `the year is \"26x\"; it must be a number`},
		{pulls + "/exports/years/02026/weeks", "", "it must be a number"},
		{pulls + "/exports/years/0/weeks", "", "it must be a number"},
		{pulls + "/exports/years/2026/weeks/W38", "", `the timespan is \"W38\"; it must be a number`},
		{pulls + "/exports/years/2026/weeks/38/extensions", "", "it must be one of [raw summary repo-summary namespace-summary]"},
	} {
		path := c.path
		if strings.Contains(path, "?") {
			path += c.query
		} else if c.query != "" {
			path += "?" + c.query
		}
		s.get(t, "ann", path).says(t, 400, c.want)
	}
	// The document's own answers to a wrong Accept are its first format.
	if kind := s.get(t, "ann", report, with("Accept", "text/html, */*")).want(t, 200).Header.Get("Content-Type"); kind != jsonType {
		t.Errorf("without a format, the report is %s", kind)
	}
	for accept, want := range map[string]string{"text/csv": "text/csv; charset=utf-8", "text/html, Text/CSV;q=0.5": "text/csv; charset=utf-8", "application/vnd.apache.parquet": "application/vnd.apache.parquet"} {
		if kind := s.get(t, "ann", report, with("Accept", accept)).want(t, 200).Header.Get("Content-Type"); kind != want {
			t.Errorf("for Accept: %s the report is %s", accept, kind)
		}
	}
}

// TestRepositoriesAtOnce asks for as many repositories as may be asked for, and one more.
func TestRepositoriesAtOnce(t *testing.T) {
	s := shared(t)
	var all []string
	for _, line := range strings.Split(strings.TrimSpace(string(published(t, "acme", "weekly", "2026-09-14", "pulls_repo_summary.csv"))), "\n")[1:] {
		cells := strings.Split(line, ",")
		all = append(all, cells[0]+"/"+cells[1])
	}
	var there reposPullData
	s.get(t, "ann", "/repos/pulls?repos="+strings.Join(all, ",")).want(t, 200).decode(t, &there)
	var spread reposPullData
	s.get(t, "ann", "/repos/pulls?repos="+strings.Join(append(all, all...), "&repos=")).want(t, 200).decode(t, &spread)
	for _, name := range all {
		if len(there.Repos) != len(all) || there.Repos[name] == nil || len(there.Repos[name].Pulls) != 1 || fmt.Sprint(there.Repos[name].Pulls[0]) != fmt.Sprint(spread.Repos[name].Pulls[0]) {
			t.Errorf("%s has %v, and written otherwise %v", name, there.Repos[name], spread.Repos[name])
		}
	}
	unknown := func(n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("acme/none-%d", i))
		}
		return names
	}
	s.get(t, "ann", "/repos/pulls?repos="+strings.Join(unknown(50), ",")).want(t, 404)
	s.get(t, "ann", "/repos/pulls?repos="+strings.Join(unknown(51), ",")).says(t, 400, "more than 50 repositories")
	s.get(t, "ann", "/repos/pulls?repos="+strings.Join(unknown(51), "&repos=")).says(t, 400, "more than 50 repositories")
	s.get(t, "ann", "/repos/pulls?repos="+strings.Join(slices.Repeat([]string{"acme/api"}, 500), ",")).want(t, 200)
}

// TestStretches asks for periods by all ways to say which.
func TestStretches(t *testing.T) {
	s := demo(t)
	starts := func(query string) string {
		t.Helper()
		var data pullData
		s.get(t, "gil", "/namespaces/globex/pulls?group=namespace&"+query).want(t, 200).decode(t, &data)
		var list []string
		for _, pull := range data.Pulls {
			list = append(list, string(pull.Start)+".."+string(pull.End))
		}
		return strings.Join(list, " ")
	}
	const month, week, first = "2026-09-01..2026-09-30", "2026-09-14..2026-09-20", "2026-09-14..2026-09-14"
	for query, want := range map[string]string{
		"":               month,
		"timespan=weeks": week, "timespan=months&period=last-2-months": month, "timespan=weeks&period=last-12-months": week,
		"from=2026-09-01&to=2026-09-01": month, "from=2026-09-02&to=2026-09-30": "", "from=2026-08-01&to=2026-08-31": "",
		"timespan=weeks&from=2026-09-14&to=2026-09-14": week, "timespan=weeks&from=2026-09-15&to=2026-09-30": "", "timespan=weeks&from=2026-09-01&to=2026-09-13": "",
		"timespan=days&from=2026-09-14&to=2026-09-14": first, "timespan=days&from=2026-09-01&to=2026-09-13": "",
		"from=9999-12-31&to=9999-12-31": "", "timespan=days&from=0001-01-01&to=0001-01-02": "", "timespan=weeks&from=9999-12-01&to=9999-12-31": "",
	} {
		if got := starts(query); got != want {
			t.Errorf("%s gives %q, want %q", query, got, want)
		}
	}
	if days := strings.Fields(starts("timespan=days")); len(days) != 7 || days[0] != first || days[6] != "2026-09-20..2026-09-20" {
		t.Errorf("the days are %v", days)
	}
	// While the week and the month are running, only open tells of them.
	s.clock.add(-15 * 24 * time.Hour) // 2026-09-20 12:00
	for _, who := range []string{"gil"} {
		s.tokens = map[string]string{who: s.login(t, userNames[who], passwordOf(who)).field(t, "token")}
	}
	for query, want := range map[string]string{
		"": "", "open=true": month, "timespan=weeks": "", "timespan=weeks&open=true": week, "timespan=weeks&open=false": "",
		"timespan=weeks&from=2026-09-14&to=2026-09-20": "", "timespan=weeks&from=2026-09-14&to=2026-09-20&open=true": week,
	} {
		if got := starts(query); got != want {
			t.Errorf("on the last day of the week, %s gives %q, want %q", query, got, want)
		}
	}
	if days := strings.Fields(starts("timespan=days")); len(days) != 6 {
		t.Errorf("on the last day of the week, the days are %v", days)
	}
	if days := strings.Fields(starts("timespan=days&open=true")); len(days) != 7 {
		t.Errorf("on the last day of the week, the days with the running one are %v", days)
	}
	s.get(t, "gil", "/namespaces/globex/pulls?timespan=weeks&open=true").says(t, 200, `"open":true`)
}

// TestReportStretches asks for reports at the ends of what days can be.
func TestReportStretches(t *testing.T) {
	s := shared(t)
	for _, query := range []string{
		"period=9999-12-31", "period=9999-12", "period=9999-W52", "from=9999-12-31&to=9999-12-31", "period=0001-01-01", "from=0001-01-01&to=0001-12-31", "period=2030-01", "period=2026-10-05..2026-12-31",
	} {
		got := s.get(t, "ann", "/namespaces/acme/reports/tags?"+query)
		if got.StatusCode != 200 && got.StatusCode != 400 {
			t.Errorf("%s is answered %d %s", query, got.StatusCode, got.body)
		}
	}
	label := url.QueryEscape(strings.Repeat("é", 50))
	s.get(t, "ann", "/namespaces/acme/badge?label="+label).want(t, 200)
}
