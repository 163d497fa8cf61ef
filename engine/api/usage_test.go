package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// usageOf asks for usage and reads the answer.
func usageOf(t *testing.T, s *site, who, query string) usageData {
	t.Helper()
	var data usageData
	if err := json.Unmarshal([]byte(s.get(t, who, "/namespaces/acme/usage?from=2026-09-14&to=2026-09-20&"+query).want(t, 200).body), &data); err != nil {
		t.Fatal(err)
	}
	return data
}

// Usage tells the numbers of the published week, whatever it is told apart by.
func TestUsageAddsUpToThePublishedNumbers(t *testing.T) {
	s := shared(t)
	var pulls pullData
	answer := s.get(t, "ann", "/namespaces/acme/pulls?timespan=weeks&from=2026-09-14&to=2026-09-20&group=namespace").want(t, 200)
	if err := json.Unmarshal([]byte(answer.body), &pulls); err != nil || len(pulls.Pulls) != 1 {
		t.Fatalf("%v: %s", err, answer.body)
	}
	week := pulls.Pulls[0]
	for _, dimension := range append(dimensionNames(), "", "client,version", "country,cloud") {
		for _, timespan := range []string{"all", "days", "weeks"} {
			data := usageOf(t, s, "ann", "top=500&by="+dimension+"&timespan="+timespan)
			var sum usageCounts
			for _, row := range data.Rows {
				sum.Pulls, sum.Downloads, sum.Checks = sum.Pulls+row.Pulls, sum.Downloads+row.Downloads, sum.Checks+row.Checks
				if row.Pulls != row.Downloads+row.Checks || row.Addresses > data.Total.Addresses || row.Users > data.Total.Users || row.Addresses == 0 {
					t.Errorf("by %q in %s: row %+v of %+v", dimension, timespan, row, data.Total)
				}
			}
			got := []int64{data.Total.Pulls, data.Total.Downloads, data.Total.Checks, data.Total.Addresses, sum.Pulls, sum.Downloads, sum.Checks}
			want := []int64{week.PullCount, week.DataDownloads, week.VersionChecks, week.IPCount, week.PullCount, week.DataDownloads, week.VersionChecks}
			if !slices.Equal(got, want) {
				t.Errorf("by %q in %s: %v, want %v", dimension, timespan, got, want)
			}
			if len(data.Totals) == 0 != (timespan == "all") {
				t.Errorf("by %q in %s there are %d totals", dimension, timespan, len(data.Totals))
			}
		}
	}
}

// A filter leaves what the group of its value had; two leave what both had; and the SQL says the same.
func TestUsageFilters(t *testing.T) {
	s := shared(t)
	both := usageOf(t, s, "root", "by=country,client&top=500")
	byCountry := usageOf(t, s, "root", "by=country&top=500")
	for _, row := range byCountry.Rows[:3] {
		if only := usageOf(t, s, "root", "country="+row.Group[0]); only.Total != row.usageCounts || only.Groups != 1 {
			t.Errorf("with the country %q: %+v, want %+v", row.Group[0], only.Total, row.usageCounts)
		}
	}
	for _, row := range both.Rows[:3] {
		only := usageOf(t, s, "root", "country="+row.Group[0]+"&client="+row.Group[1])
		if only.Total != row.usageCounts {
			t.Errorf("with %q: %+v, want %+v", row.Group, only.Total, row.usageCounts)
		}
	}
	body, err := json.Marshal(queryRequest{SQL: both.SQL, Limit: 500, Format: "json"})
	if err != nil {
		t.Fatal(err)
	}
	var result queryResult
	answer := s.do(t, http.MethodPost, base+"/query", strings.NewReader(string(body)), s.as("root"), with("Content-Type", "application/json")).want(t, 200)
	if err := json.Unmarshal([]byte(answer.body), &result); err != nil || len(result.Rows) != len(both.Rows) {
		t.Fatalf("%v: %d rows, want %d", err, len(result.Rows), len(both.Rows))
	}
	for i, row := range result.Rows {
		if *row[0] != both.Rows[i].Group[0] || *row[1] != both.Rows[i].Group[1] || *row[2] != fmt.Sprint(both.Rows[i].Pulls) {
			t.Errorf("row %d of the query is %v %v %v, want %+v", i, *row[0], *row[1], *row[2], both.Rows[i])
		}
	}
	if nothing := usageOf(t, s, "ann", "tag=there-is-none&by=country"); nothing.Total.Pulls != 0 || nothing.Groups != 0 || len(nothing.Rows) != 0 {
		t.Errorf("of a tag that there is not: %+v", nothing)
	}
	for _, path := range []string{"by=x", "by=tag,tag", "by=tag,country,cloud", "country=%ff", "tag=%00", "top=0", "top=501", "timespan=years", "period=last-2-months&from=2026-09-01&to=2026-09-02", "country=" + strings.Repeat("x&country=", 100)} {
		s.get(t, "ann", "/namespaces/acme/usage?"+path).want(t, 400)
	}
}

// SQL over HTTP reads, shows no quarantined line and no file beside the data, and comes whole or not at all.
func TestQueryOverHTTP(t *testing.T) {
	s := demo(t)
	server := httptest.NewServer(s) // CSV is sent with deadlines, which only a connection has
	defer server.Close()
	ask := func(sql, format string) (int, string) {
		t.Helper()
		body, err := json.Marshal(map[string]any{"sql": sql, "format": format, "params": map[string]string{"n": "7"}})
		if err != nil {
			t.Fatal(err)
		}
		r := must(http.NewRequest(http.MethodPost, server.URL+base+"/query", strings.NewReader(string(body))))(t)
		r.Header.Set("Content-Type", "application/json")
		s.as("root")(r)
		answer := must(http.DefaultClient.Do(r))(t)
		defer answer.Body.Close()
		text := must(io.ReadAll(answer.Body))(t)
		return answer.StatusCode, string(text)
	}
	for _, test := range []struct {
		sql, format string
		status      int
		says        string
	}{
		{"select count(*) as n from actions", "csv", 200, "n\n3291\n"},
		{"select 1 as a, null as b, 'x,\"y' as c union all select $n, 2, '' order by a", "csv", 200, "a,b,c\n1,,\"x,\"\"y\"\n7,2,\n"},
		{"select 1 as a where false", "csv", 200, "a\n"},
		{"select range as n from range(100000)", "csv", 200, "\n99999\n"},
		{"select 1 as a, null as b", "json", 200, `"rows":[["1",null]],"more":false`},
		{"select range from range(2000)", "json", 200, `"more":true`},
		{"select * from rejects", "json", 200, `"rows":[]`},
		{"drop view actions", "json", 400, "The data is read-only"},
		{"selec 1", "csv", 400, "syntax error"},
		{fmt.Sprintf("from read_text('%s/key')", s.dir), "json", 400, "may not read"},
		{fmt.Sprintf("from read_text('%s/access/users.json')", s.dir), "json", 400, "may not read"},
		{fmt.Sprintf("from read_parquet('%s/rejects/*.parquet')", s.dir), "json", 400, "may not read"},
	} {
		status, body := ask(test.sql, test.format)
		if status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s as %s: %d %.300s, want %d with %q", test.sql, test.format, status, body, test.status, test.says)
		}
	}
}
