package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/period"
)

// whoSees are the namespaces of the demo data by their publisher, and who sees them.
var whoSees = map[string]map[string][]string{
	"acme": {"acme": {"ann", "root"}, "acme-labs": {"ann", "root"}}, "globex": {"globex": {"gil", "root"}},
	"library": {"library": {"root"}}, "nobody": {"nobody": {"root"}},
}

// The two periods that are published, and how the API asks for them.
var publishedPeriods = []struct{ dir, timespan, year, number, name string }{
	{"weekly/2026-09-14", weeks, "2026", "38", "2026-W38"}, {"monthly/2026-09-01", months, "2026", "9", "2026-09"},
}

// table reads a published CSV file: a row is its values by column.
func table(t testing.TB, publisher, dir, report string) (rows []map[string]string) {
	t.Helper()
	lines := must(csv.NewReader(bytes.NewReader(published(t, publisher, dir, report+".csv"))).ReadAll())(t)
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func number(t testing.TB, text string) int64 {
	t.Helper()
	return must(strconv.ParseInt(text, 10, 64))(t)
}

// summary is what a row of the reports pulls_… says.
func summary(t testing.TB, row map[string]string) string {
	t.Helper()
	tag, digest, checks := number(t, row["pulls_by_tag"]), number(t, row["pulls_by_digest"]), number(t, row["version_checks"])
	return fmt.Sprint(row["namespace"], "/", row["repository"], " ", tag+digest+checks, row["unique_ip_addresses"], tag+digest, tag, digest, checks)
}

func (m pullModel) summary() string {
	return fmt.Sprint(m.Namespace, "/", m.Repo, " ", m.PullCount, strconv.FormatInt(m.IPCount, 10), m.DataDownloads, m.PullsByTag, m.PullsByDigest, m.VersionChecks)
}

// TestPullsAreThoseOfTheReports holds pulls of weeks and months against the published files.
func TestPullsAreThoseOfTheReports(t *testing.T) {
	s := shared(t)
	for publisher, namespaces := range whoSees {
		for _, p := range publishedPeriods {
			repositories, all := map[string][]string{}, map[string]string{}
			for _, row := range table(t, publisher, p.dir, "pulls_repo_summary") {
				repositories[row["namespace"]] = append(repositories[row["namespace"]], summary(t, row))
			}
			for _, row := range table(t, publisher, p.dir, "pulls_namespace_summary") {
				all[row["namespace"]] = summary(t, row)
			}
			trends := map[string]int64{} // by what is told apart
			for _, row := range table(t, publisher, p.dir, "trends") {
				pulls := number(t, row["PULLS"])
				trends[row["NAMESPACE"]] += pulls
				trends[row["IMAGE_REPOSITORY"]] += pulls
				trends[row["NAMESPACE"]+" in "+row["IP_COUNTRY"]] += pulls
				trends[row["IMAGE_REPOSITORY"]+":"+strings.TrimPrefix(row["TAG"], `\\N`)] += pulls
			}
			for namespace, users := range namespaces {
				for _, who := range users {
					path := "/namespaces/" + namespace + "/pulls?timespan=" + p.timespan
					var byRepository, byNamespace, byCountry, byTag pullData
					s.get(t, who, path).want(t, 200).decode(t, &byRepository)
					s.get(t, who, path+"&group=namespace").want(t, 200).decode(t, &byNamespace)
					s.get(t, who, path+"&group=country").want(t, 200).decode(t, &byCountry)
					s.get(t, who, path+"&group=tag").want(t, 200).decode(t, &byTag)
					var got []string
					for _, row := range byRepository.Pulls {
						got = append(got, row.summary())
						if image := namespace + "/" + row.Repo; row.PullCount != trends[image] {
							t.Errorf("%s has %d pulls in %s, trends %d", image, row.PullCount, p.name, trends[image])
						}
						var one pullData
						s.get(t, who, "/namespaces/"+namespace+"/repos/"+url.PathEscape(row.Repo)+"/pulls?timespan="+p.timespan).want(t, 200).decode(t, &one)
						if len(one.Pulls) != 1 || one.Pulls[0] != row {
							t.Errorf("%s/%s asked for alone is %+v, want %+v", namespace, row.Repo, one.Pulls, row)
						}
					}
					if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(repositories[namespace]))) {
						t.Errorf("%s in %s is %v, published %v", namespace, p.name, got, repositories[namespace])
					}
					if len(byNamespace.Pulls) != 1 || byNamespace.Pulls[0].summary() != all[namespace] || byNamespace.Pulls[0].PullCount != trends[namespace] {
						t.Errorf("%s in %s is %+v, published %s", namespace, p.name, byNamespace.Pulls, all[namespace])
					}
					for _, row := range byCountry.Pulls {
						if key := namespace + " in " + *row.Country; row.PullCount != trends[key] {
							t.Errorf("%s has %d pulls, trends %d", key, row.PullCount, trends[key])
						}
					}
					for _, row := range byTag.Pulls {
						if key := namespace + "/" + row.Repo + ":" + *row.Tag; row.PullCount != trends[key] {
							t.Errorf("%s has %d pulls, trends %d", key, row.PullCount, trends[key])
						}
					}
					for _, grouped := range [][]pullModel{byCountry.Pulls, byTag.Pulls} {
						var sum int64
						for _, row := range grouped {
							sum += row.PullCount
						}
						if sum != trends[namespace] {
							t.Errorf("the groups of %s have %d pulls, trends %d", namespace, sum, trends[namespace])
						}
					}
				}
			}
		}
	}
}

// TestPublishedFiles downloads every published file as it is.
func TestPublishedFiles(t *testing.T) {
	s := shared(t)
	files := 0
	for publisher, namespaces := range whoSees {
		namespace := slices.Sorted(maps.Keys(namespaces))[0]
		for _, who := range namespaces[namespace] {
			var list publishedReports
			answer := s.get(t, who, "/namespaces/"+namespace+"/reports").want(t, 200)
			answer.decode(t, &list)
			for _, report := range list.Reports {
				for _, file := range report.Files {
					for _, p := range publishedPeriods {
						if p.name != report.Period {
							continue
						}
						got := s.get(t, "nobody", file.URL).want(t, 200)
						if want := published(t, publisher, p.dir, report.Report+"."+file.Format); !bytes.Equal(got.body, want) || file.Size != int64(len(want)) {
							t.Errorf("%s is not as published", file.Name)
						}
						if want := publisher + "-" + report.Report + "-" + p.name + "." + file.Format; file.Name != want || got.Header.Get("Content-Disposition") != "attachment; filename="+want {
							t.Errorf("%s is called %s, want %s", report.Report, file.Name, want)
						}
						files++
					}
				}
			}
		}
	}
	if files < 200 {
		t.Errorf("only %d files were downloaded", files)
	}
}

// TestComputedReportsAreThePublishedOnes computes reports on publishers of one namespace, byte for byte.
func TestComputedReportsAreThePublishedOnes(t *testing.T) {
	s := shared(t)
	var list reportDescriptions
	s.get(t, "gil", "/reports").want(t, 200).decode(t, &list)
	if len(list.Reports) < 16 {
		t.Errorf("there are %d reports", len(list.Reports))
	}
	for _, report := range list.Reports {
		p := publishedPeriods[0]
		want := published(t, "globex", p.dir, report.Name+".csv")
		path := "/namespaces/globex/reports/" + report.Name + "?period=" + p.name
		if got := s.get(t, "gil", path+"&format=csv").want(t, 200); !bytes.Equal(got.body, want) {
			t.Errorf("%s computed as CSV is not as published:\n%.300s\nwant\n%.300s", report.Name, got.body, want)
		}
		var computed struct {
			Rows    int
			Columns []reportColumn
			Data    []map[string]any
		}
		decoder := json.NewDecoder(bytes.NewReader(s.get(t, "gil", path+"&limit=10000").want(t, 200).body))
		decoder.UseNumber()
		if err := decoder.Decode(&computed); err != nil {
			t.Fatal(err)
		}
		lines := must(csv.NewReader(bytes.NewReader(want)).ReadAll())(t)
		if computed.Rows != len(lines)-1 || len(computed.Data) != len(lines)-1 || len(computed.Columns) != len(lines[0]) {
			t.Errorf("%s has %d rows of %d columns in JSON, want %d of %d", report.Name, len(computed.Data), len(computed.Columns), len(lines)-1, len(lines[0]))
			continue
		}
		for i, line := range lines[1:] {
			for j, name := range lines[0] {
				got := ""
				if value := computed.Data[i][name]; value != nil {
					got = fmt.Sprint(value)
				}
				if got != line[j] && !sameNumber(got, line[j]) || computed.Columns[j].Name != name {
					t.Errorf("%s, row %d, %s is %q in JSON, %q in CSV", report.Name, i+1, name, got, line[j])
				}
			}
		}
	}
}

// sameNumber reports whether two texts are numbers that are alike, such as 1.0000 and 1.0.
func sameNumber(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, other := strconv.ParseFloat(b, 64)
	return err == nil && other == nil && x == y
}

// TestAnyPulls counts the actions of any days by hand, from the published report raw.
func TestAnyPulls(t *testing.T) {
	s := shared(t)
	raw := map[string][]map[string]string{}
	for publisher := range whoSees {
		for _, row := range table(t, publisher, "monthly/2026-09-01", "raw") {
			raw[row["namespace"]] = append(raw[row["namespace"]], row)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		namespace := rapid.SampledFrom(slices.Sorted(maps.Keys(raw))).Draw(rt, "namespace")
		group := rapid.SampledFrom([]string{"repo", "namespace", "country", "tag"}).Draw(rt, "group")
		first := rapid.IntRange(12, 21).Draw(rt, "first")
		last := rapid.IntRange(first, 22).Draw(rt, "last")
		from, to := fmt.Sprintf("2026-09-%d", first), fmt.Sprintf("2026-09-%d", last)
		want := map[string][3]int64{}
		for _, row := range raw[namespace] {
			if day := row["action_day"]; day < from || day > to {
				continue
			}
			key := row["action_day"] + " " + map[string]string{
				"repo": row["repository"], "namespace": "", "country": row["country"], "tag": row["repository"] + ":" + strings.TrimPrefix(row["tag"], `\\N`),
			}[group]
			counts := want[key]
			counts[slices.Index([]string{"pull_by_tag", "pull_by_digest", "version_check"}, row["action"])]++
			want[key] = counts
		}
		var data pullData
		s.get(t, "root", "/namespaces/"+namespace+"/pulls?timespan=days&group="+group+"&from="+from+"&to="+to).want(t, 200).decode(t, &data)
		got := map[string][3]int64{}
		for _, row := range data.Pulls {
			key := map[string]string{"repo": row.Repo}[group]
			if row.Country != nil {
				key = *row.Country
			}
			if row.Tag != nil {
				key = row.Repo + ":" + *row.Tag
			}
			if row.DataDownloads != row.PullsByTag+row.PullsByDigest || row.PullCount != row.DataDownloads+row.VersionChecks || row.IPCount < 1 || row.IPCount > row.PullCount || row.Start != row.End || !strings.HasPrefix(string(row.Start), "2026-09-") || row.Start < period.Day(from) {
				rt.Fatalf("the row %+v does not hold together", row)
			}
			got[string(row.Start)+" "+key] = [3]int64{row.PullsByTag, row.PullsByDigest, row.VersionChecks}
		}
		if !maps.Equal(got, want) {
			rt.Fatalf("counted %v, want %v", got, want)
		}
	})
}
