package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pullscope/pullscope/reports"
)

// pullBy is a download by a user, of a company where one is named.
func pullBy(user, company, image string) logRow {
	row := logRow{at: monday.Add(time.Hour), client: "203.0.113.7", method: "GET", image: image, reference: "v1", user: user}
	if company != "" {
		row.email = "x@" + company
	}
	return row
}

// usersOfBoth makes users of the image, some of whom use the other one, too.
func usersOfBoth(image, other string, users, both int, companies bool) []logRow {
	var rows []logRow
	for i := range users {
		user, company := fmt.Sprintf("%s-%s-%d", image, other, i), ""
		if companies {
			company = fmt.Sprintf("company-%d.example", i)
		}
		rows = append(rows, pullBy(user, company, image))
		if i < both {
			rows = append(rows, pullBy(user, company, other))
		}
	}
	return rows
}

// pairsOf publishes the rows and returns those of technographic and its entry in the manifest.
func pairsOf(t *testing.T, e *Engine, publisher string, rows []logRow) ([]string, reports.Published) {
	t.Helper()
	e.Config.Reports.Publish = []string{"technographic", "technographic_companies"}
	mustRun(t, e, inputFile(t, rows...))
	return joinedRows(reportRows(t, e, publisher+"/"+weekDir, "technographic"), pairColumns...), foundReport(t, e, publisher, "technographic")
}

func foundReport(t *testing.T, e *Engine, publisher, report string) reports.Published {
	t.Helper()
	found, ok := new(manifestOf(t, e, publisher+"/"+weekDir)).Find(report)
	if !ok {
		t.Fatalf("%s has no %s", publisher, report)
	}
	return found
}

// Nine users are too few to be shown, ten are enough; an image of nobody else has no pair at all.
func TestPairsOfFewUsers(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	rows := slices.Concat(usersOfBoth("acme/app", "globex/nine", 9, 9, false), usersOfBoth("acme/app", "globex/ten", 10, 10, false), usersOfBoth("acme/alone", "", 12, 0, false))
	got, found := pairsOf(t, e, "acme", rows)
	sameLines(t, "pairs of acme", got, []string{"acme/app\tglobex/ten\t10\t19\t0.5263\t0\t0\t0.0000"}) // 10 of 19
	if found.Suppressed != 1 || found.LeftOut != 0 || found.Rows != 1 {
		t.Errorf("the manifest says %+v", found)
	}
	// The other side of both pairs, with users of its own only.
	sameLines(t, "pairs of globex", joinedRows(reportRows(t, e, "globex/"+weekDir, "technographic"), pairColumns...), []string{"globex/ten\tacme/app\t10\t10\t1.0000\t0\t0\t0.0000"})
	if found := foundReport(t, e, "globex", "technographic"); found.Suppressed != 1 {
		t.Errorf("the manifest of globex says %+v", found)
	}
	// The threshold is the configured one.
	for minUsers, want := range map[int]int{9: 2, 11: 0} {
		e.Config.Reports.TechnographicMinUsers = minUsers
		mustRun(t, e)
		if found := foundReport(t, e, "acme", "technographic"); int(found.Rows) != want || int(found.Suppressed) != 2-want {
			t.Errorf("at least %d users: the manifest says %+v", minUsers, found)
		}
	}
}

// Shares are rounded half up, and 0 of no companies.
func TestShares(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.TechnographicMinUsers = 1
	var rows []logRow
	var want []string
	for _, test := range []struct {
		users, both int
		companies   bool
		share       string
	}{
		{3, 1, true, "0.3333"},
		{3, 2, true, "0.6667"},
		{16, 1, true, "0.0625"},
		{32, 1, true, "0.0313"},  // 0.03125
		{160, 1, true, "0.0063"}, // 0.00625
		{32, 31, true, "0.9688"}, // 0.96875
		{7, 7, true, "1.0000"},
		{6, 1, false, "0.1667"},
	} {
		image, other := fmt.Sprintf("acme/of-%03d-%02d", test.users, test.both), fmt.Sprintf("globex/of-%03d-%02d", test.users, test.both)
		rows = append(rows, usersOfBoth(image, other, test.users, test.both, test.companies)...)
		domains := "0\t0\t0.0000"
		if test.companies {
			domains = fmt.Sprintf("%d\t%d\t%s", test.both, test.users, test.share)
		}
		want = append(want, fmt.Sprintf("%s\t%s\t%d\t%d\t%s\t%s", image, other, test.both, test.users, test.share, domains))
	}
	got, found := pairsOf(t, e, "acme", rows)
	slices.Sort(want)
	sameLines(t, "pairs", got, want)
	if found.Suppressed != 0 {
		t.Errorf("the manifest says %+v", found)
	}
}

// A company is of a pair when it used both images, also by different users.
func TestDomainsOfAPair(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.TechnographicMinUsers = 1
	got, _ := pairsOf(t, e, "acme", []logRow{
		pullBy("a", "one.example", "acme/app"), pullBy("a", "one.example", "globex/web"), // one user of both
		pullBy("b", "two.example", "acme/app"), pullBy("c", "two.example", "globex/web"), // two users of one company
		pullBy("d", "three.example", "acme/app"),
		pullBy("e", "", "acme/app"), pullBy("e", "", "globex/web"), // no company
	})
	sameLines(t, "pairs", got, []string{"acme/app\tglobex/web\t2\t4\t0.5000\t2\t3\t0.6667"})
	sameLines(t, "companies", joinedRows(reportRows(t, e, "acme/"+weekDir, "technographic_companies"), "DOMAIN", "DVPP_IMAGE", "PAIRED_IMAGE"),
		[]string{"one.example\tacme/app\tglobex/web", "two.example\tacme/app\tglobex/web"})
}

// Somebody who mirrors a registry makes no pairs, which would be millions, but counts as a user.
func TestUserOfManyImages(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.TechnographicMinUsers = 1
	rows := []logRow{
		pullBy("mirror", "mirror.example", "acme/app"), pullBy("mirror", "mirror.example", "globex/web"),
		pullBy("alice", "one.example", "acme/app"), pullBy("alice", "one.example", "globex/web"),
	}
	for i := range 4998 {
		rows = append(rows, pullBy("mirror", "mirror.example", fmt.Sprintf("hub/image-%d", i)))
	}
	got, found := pairsOf(t, e, "acme", rows)
	sameLines(t, "pairs", got, []string{"acme/app\tglobex/web\t1\t2\t0.5000\t2\t2\t1.0000"})
	if found.LeftOut != 1 || found.Suppressed != 0 {
		t.Errorf("the manifest says %+v", found)
	}
	if found := foundReport(t, e, "hub", "technographic"); found.Rows != 0 || found.LeftOut != 1 {
		t.Errorf("the manifest of the images that only the mirror uses says %+v", found)
	}
	sameLines(t, "companies", joinedRows(reportRows(t, e, "acme/"+weekDir, "technographic_companies"), "DOMAIN"), []string{"one.example"})
	if found := foundReport(t, e, "acme", "technographic_companies"); found.LeftOut != 1 {
		t.Errorf("the manifest says %+v", found)
	}
}

// A user and a company of as many images as the limit are paired, of one more are not.
func TestMostImages(t *testing.T) {
	t.Parallel()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.TechnographicMinUsers = 1
	e.Config.Reports.TechnographicMaxImages = 2
	e.Config.Reports.TechnographicMaxCompanyImages = 2
	var rows []logRow
	for i, image := range []string{"acme/app", "globex/web", "globex/db"} {
		rows = append(rows, pullBy("three", "three.example", image))
		if i < 2 {
			rows = append(rows, pullBy("two", "two.example", image), pullBy("two", "two.example", image))
		}
	}
	got, found := pairsOf(t, e, "acme", rows)
	sameLines(t, "pairs", got, []string{"acme/app\tglobex/web\t1\t2\t0.5000\t2\t2\t1.0000"})
	if found.LeftOut != 1 {
		t.Errorf("the manifest says %+v", found)
	}
	if found := foundReport(t, e, "acme", "technographic_companies"); found.Rows != 1 || found.LeftOut != 1 {
		t.Errorf("companies: the manifest says %+v", found)
	}
	e.Config.Reports.TechnographicMaxImages = 3
	mustRun(t, e)
	if found := foundReport(t, e, "acme", "technographic"); found.Rows != 2 || found.LeftOut != 0 {
		t.Errorf("three images of a user allowed: the manifest says %+v", found)
	}
	if found := foundReport(t, e, "acme", "technographic_companies"); found.Rows != 1 || found.LeftOut != 1 {
		t.Errorf("three images of a user allowed, companies: the manifest says %+v", found)
	}
	e.Config.Reports.TechnographicMaxCompanyImages = 3
	mustRun(t, e)
	if found := foundReport(t, e, "acme", "technographic_companies"); found.Rows != 3 || found.LeftOut != 0 {
		t.Errorf("three images of a company allowed: the manifest says %+v", found)
	}
}
