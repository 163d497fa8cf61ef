package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/period"
)

// uniques is how many different users or addresses a row counts, and of how many actions; false where it counts none.
func uniques(t rapid.TB, row map[string]string) (unique, actions int, ok bool) {
	t.Helper()
	switch {
	case row["unique_ip_addresses"] != "":
		return number64(t, row["unique_ip_addresses"]), number64(t, row["pulls_by_tag"]) + number64(t, row["pulls_by_digest"]) + number64(t, row["version_checks"]), true
	case row["UNIQUE_UNAUTHENTICATED_USERS"] != "":
		return number64(t, row["UNIQUE_AUTHENTICATED_USERS"]) + number64(t, row["UNIQUE_UNAUTHENTICATED_USERS"]), number64(t, row["PULLS"]), true
	}
	for _, column := range []string{"UNIQUE_AUTHENTICATED_USERS", "UNIQUE_USERS", "USERS"} {
		if row[column] != "" && row["PULLS"] != "" {
			return number64(t, row[column]), number64(t, row["PULLS"]), true
		}
	}
	return 0, 0, false
}

// nest: who is counted once in a row is counted at least once in its parts, and no row counts more users than actions.
func (s *publishedSet) nest(t rapid.TB) {
	t.Helper()
	counted := 0
	for report, rows := range s.rows {
		for _, row := range rows {
			unique, actions, ok := uniques(t, row)
			if !ok {
				continue
			}
			counted++
			// Companies without a user id have no authenticated user.
			if unique > actions || unique < 1 && report != "tracked_companies" {
				t.Fatalf("%s, %s: %d different ones of %d actions in %v", s, report, unique, actions, row)
			}
		}
	}
	if counted == 0 && len(s.own) > 0 {
		t.Fatalf("%s: no report counts users", s)
	}
	for _, finer := range []string{"trends", "daily", "platforms"} {
		s.within(t, finer, "heavy_users", []string{"IMAGE_REPOSITORY"})
	}
	s.within(t, "pulls_summary", "pulls_repo_summary", []string{"namespace", "repository"})
	s.within(t, "pulls_repo_summary", "pulls_namespace_summary", []string{"namespace"})
	s.within(t, "trends", "tags", []string{"IMAGE_REPOSITORY", "TAG"})
	s.within(t, "daily", "tags", []string{"IMAGE_REPOSITORY", "TAG"})
}

// within: the uniques of a coarser row are no more than those of the finer rows together, and no fewer than those of any.
func (s *publishedSet) within(t rapid.TB, finer, coarser string, key []string) {
	t.Helper()
	most, sum := map[string]int{}, map[string]int{}
	for _, row := range s.rows[finer] {
		unique, _, _ := uniques(t, row)
		k := joinedRow(row, key...)
		most[k] = max(most[k], unique)
		sum[k] += unique
	}
	for _, row := range s.rows[coarser] {
		if coarser == "tags" {
			if row["LEVEL"] != "tag" {
				continue
			}
			row = maps.Clone(row)
			row["TAG"] = row["REFERENCE"]
		}
		unique, _, _ := uniques(t, row)
		if k := joinedRow(row, key...); unique < most[k] || unique > sum[k] {
			t.Fatalf("%s: %s counts %d for %q; %s counts at most %d in a row, and %d together", s, coarser, unique, k, finer, most[k], sum[k])
		}
	}
}

// companies: the tracked ones are all where there is no list, and add up.
func (s *publishedSet) companies(t rapid.TB) {
	t.Helper()
	domain := func(row map[string]string) string { return "company " + row["DOMAIN"] }
	want := s.countActions(func(a reportAction) string { return ifKnown("company ", a.company) })
	s.same(t, "companies", s.count(t, "companies", domain), want)
	for _, publisher := range s.engine.Config.Publishers {
		if publisher.ID == s.publisher && len(publisher.TrackedCompanies) > 0 {
			maps.DeleteFunc(want, func(company string, _ tally) bool {
				return !slices.Contains(publisher.TrackedCompanies, strings.TrimPrefix(company, "company "))
			})
		}
	}
	s.same(t, "tracked companies", s.count(t, "tracked_companies", domain), want)
}

// heavyUsers: shares of the heaviest users, counted once more.
func (s *publishedSet) heavyUsers(t rapid.TB) {
	t.Helper()
	pulls := map[string]map[string]int{}
	for _, a := range s.own {
		if pulls[a.image] == nil {
			pulls[a.image] = map[string]int{}
		}
		pulls[a.image][a.puller]++
	}
	var want []string
	for _, image := range slices.Sorted(maps.Keys(pulls)) {
		heaviest := slices.Sorted(maps.Values(pulls[image]))
		slices.Reverse(heaviest)
		total, shares := 0, map[int]int{}
		for i, n := range heaviest {
			total += n
			for _, top := range []int{1, 10, 100} {
				if i < top {
					shares[top] += n
				}
			}
		}
		want = append(want, fmt.Sprintf("%s\t%d\t%d\t%s\t%s\t%s", image, len(heaviest), total, share(shares[1], total), share(shares[10], total), share(shares[100], total)))
	}
	rows := s.rows["heavy_users"]
	sameLines(t, s.String()+", heavy_users", joinedRows(rows, "IMAGE_REPOSITORY", "USERS", "PULLS", "PCT_TOP_1", "PCT_TOP_10", "PCT_TOP_100"), want)
	for _, row := range rows {
		if row["PCT_TOP_1"] > row["PCT_TOP_10"] || row["PCT_TOP_10"] > row["PCT_TOP_100"] || row["PCT_TOP_100"] > "1.0000" {
			t.Fatalf("%s: shares fall in %v", s, row)
		}
	}
}

// weeksWithinMonths: the weeks that lie inside a month count no more than the month, nor does any one of them count more users.
func weeksWithinMonths(t rapid.TB, sets []*publishedSet) {
	t.Helper()
	image := func(row map[string]string) string { return row["IMAGE_REPOSITORY"] }
	compared := 0
	for _, month := range sets {
		if month.period.Granularity != period.Monthly {
			continue
		}
		inMonth, weeks, users := month.count(t, "trends", image), map[string]tally{}, usersOf(t, month)
		for _, week := range sets {
			inside := week.period.Granularity == period.Weekly && !week.period.Start.Before(month.period.Start) && !week.period.End().After(month.period.End())
			if week.publisher != month.publisher || !inside {
				continue
			}
			for image, count := range week.count(t, "trends", image) {
				sum := weeks[image]
				weeks[image] = tally{sum.downloads + count.downloads, sum.checks + count.checks}
			}
			for image, n := range usersOf(t, week) {
				if n > users[image] {
					t.Fatalf("%s counts %d users of %s, %s only %d", week, n, image, month, users[image])
				}
			}
		}
		for image, sum := range weeks {
			compared++
			if sum.downloads > inMonth[image].downloads || sum.checks > inMonth[image].checks {
				t.Fatalf("the weeks inside of %s count %v of %s, the month only %v", month, sum, image, inMonth[image])
			}
		}
	}
	if compared == 0 {
		t.Fatal("no week lies inside a month")
	}
}

func usersOf(t rapid.TB, s *publishedSet) map[string]int {
	t.Helper()
	users := map[string]int{}
	for _, row := range s.rows["heavy_users"] {
		users[row["IMAGE_REPOSITORY"]] = number64(t, row["USERS"])
	}
	return users
}
