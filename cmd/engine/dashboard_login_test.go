package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// A wrong password is told, a right one leads to where the link said, and logging out ends it.
func testDashboardLogin(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, "")
	b.refuse(401, "/me")
	b.refuse(401, "/session")
	deep := "breakdown?ns=acme&country=DE&timespan=days&" + demoWeek
	b.do(chromedp.Navigate("http://" + w.address + "/dashboard/" + deep))
	b.until("form", func() bool { return b.has("field", "User") })
	expect(b, "the title of the log-in", "Log in · pullscope", func() string { return evaluate[string](b, `document.title`) })
	b.logIn(dashboardAnn, "wrong password here")
	b.until("message about the wrong password", func() bool { return b.text("[role=alert]") != "" })
	if alert := b.text("[role=alert]"); alert != "Incorrect authentication credentials." {
		t.Errorf("the page says %q about a wrong password", alert)
	}
	b.logIn(dashboardAnn, dashboardPassword)
	b.until("page of the link", func() bool { return b.text("h1") == "Breakdown" })
	b.settle()
	if got := b.location(); got != "http://"+w.address+"/dashboard/"+deep {
		t.Errorf("the log-in leads to %s, want %s", got, deep)
	}
	if !b.has("button", "Country: Germany (DE) ×, remove") {
		t.Error("the filter of the link is not there after the log-in")
	}
	if cookies := evaluate[string](b, `document.cookie`); cookies != "" {
		t.Errorf("scripts can read the cookies %q", cookies)
	}
	b.click("button", "Log out")
	b.until("form after logging out", func() bool { return b.has("field", "User") })
	b.do(chromedp.Navigate("http://" + w.address + "/dashboard/"))
	b.until("form for who has logged out", func() bool { return b.has("field", "User") })

	// A link does not lead away from the dashboard: who has logged in goes to the overview.
	c := w.tab(t, dashboardAnn)
	for _, next := range []string{"//other.invalid/dashboard/", "http://other.invalid/", "javascript:alert(1)", "/docs", "/dashboard/../docs", `\\other.invalid`} {
		c.do(chromedp.Navigate("http://" + w.address + "/dashboard/login?" + url.Values{"next": {next}}.Encode()))
		c.until("overview", func() bool { return c.text("h1") == "Overview" })
		c.settle()
		if got := c.location(); !strings.HasPrefix(got, "http://"+w.address+"/dashboard/?ns=acme") {
			t.Errorf("the log-in with next=%s leads to %s", next, got)
		}
	}
}

// A user with a second factor gives its code, too.
func testDashboardSecondFactor(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, "")
	for _, path := range []string{"/me", "/session", "/session/2fa"} {
		b.refuse(401, path)
	}
	b.do(chromedp.Navigate("http://" + w.address + "/dashboard/login"))
	b.logIn(dashboardTess, dashboardPassword)
	b.fill("Code of your second factor", "no code")
	b.click("button", "Continue")
	b.until("message about the wrong code", func() bool { return b.text("[role=alert]") != "" })
	code, err := totp.GenerateCode(w.secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.fill("Code of your second factor", code[:3]+" "+code[3:])
	b.click("button", "Continue")
	b.until("overview", func() bool { return b.text("h1") == "Overview" })
	if who := b.text(".who"); who != dashboardTess {
		t.Errorf("the page says that %q is logged in", who)
	}
}

// When the session ends while a page is open, the next question leads to the log-in, and that back.
func testDashboardSessionEnds(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	v := overviewView{timespan: "weeks", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "total"}
	b.open(v.address())
	b.expectOverview(v)
	for _, path := range []string{"/me", "/pulls", "/usage", "/images"} {
		b.refuse(401, path)
	}
	call(b, clearCookies, empty)
	b.choose("By", "days")
	b.logIn(dashboardAnn, dashboardPassword)
	b.expectOverview(overviewView{timespan: "days", from: "2026-08-31", to: "2026-09-27", metric: "pulls", by: "total"})
}

// Who is no administrator has neither queries nor health, and who may see one repository sees that.
func testDashboardGrants(t *testing.T, w *dashboardWorld) {
	b := w.tab(t, dashboardAnn)
	b.open("breakdown?ns=acme&timespan=weeks&" + demoWeek)
	for _, name := range []string{"Query", "Health"} {
		if b.has("link", name) {
			t.Errorf("ann has a link to %s", name)
		}
	}
	if strings.Contains(b.text("main"), "Show query") {
		t.Error("ann is offered a query")
	}
	for _, path := range []string{"query?sql=select+1", "health"} {
		b.open(path)
		if h1 := b.text("h1"); h1 != "There is no such page" {
			t.Errorf("ann sees %q at %s", h1, path)
		}
	}
	for path, status := range map[string]int{"status": 404, "runs": 404, "rejects": 404, "gaps": 404, "query/schema": 403, "query/saved": 403} {
		w.get(t, dashboardAnn, path, status, nil)
	}
	b.refuse(404, "/images")
	b.refuse(404, "/pulls")
	b.refuse(404, "/usage")
	b.open("?ns=globex&timespan=weeks&" + demoWeek)
	if text := b.text("main"); strings.Contains(text, "sdk") || !strings.Contains(text, "globex") {
		t.Errorf("ann sees of globex: %s", text)
	}

	c := w.tab(t, dashboardBob)
	c.open("?ns=globex&timespan=weeks&" + demoWeek)
	var answer struct {
		Repos map[string]apiPulls
	}
	w.get(t, dashboardBob, "repos/pulls?repos=globex/sdk&timespan=weeks&"+demoWeek, 200, &answer)
	row := answer.Repos["globex/sdk"].Pulls[0]
	want := [][]string{{"start", "end", "note", "sdk"}, {"2026-09-14", "2026-09-20", "", thousands(row.PullCount)}}
	expect(c, "the repository that bob may see", want, func() [][]string { return c.table("Pulls of globex/sdk by week:") })
	c.openRepositories()
	if text := c.text(".picker-list"); !strings.Contains(text, "sdk") || strings.Contains(text, "web") {
		t.Errorf("bob may choose of %q", text)
	}
}
