package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pullscope/pullscope/engine/dashboard"
)

// TestDashboard holds what people see in a real browser against what the data API answers. All pages are of one server
// and one browser; each test has a profile of its own. What the browser complains about, and whom it asks, is collected
// from all of them.
func TestDashboard(t *testing.T) {
	t.Parallel()
	w := openDashboard(t)
	t.Run("pages", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *dashboardWorld){
			"attacks":            testDashboardAttacks,
			"breakdown":          testDashboardBreakdown,
			"chart":              testDashboardChart,
			"complaints":         testDashboardComplaints,
			"contrast and names": testDashboardAccess,
			"csv":                testDashboardCSV,
			"granted":            testDashboardGrants,
			"health":             testDashboardHealth,
			"keyboard":           testDashboardKeyboard,
			"log-in":             testDashboardLogin,
			"no log-in":          testDashboardSessionEnds,
			"open period":        testDashboardOpenPeriod,
			"overview":           testDashboardOverview,
			"paper":              testDashboardPaper,
			"phone":              testDashboardPhone,
			"query":              testDashboardQuery,
			"query tools":        testDashboardQueryTools,
			"reports":            testDashboardReports,
			"second factor":      testDashboardSecondFactor,
			"share":              testDashboardShare,
			"show query":         testDashboardShowQuery,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, w)
			})
		}
	})
	w.complaints.mu.Lock()
	defer w.complaints.mu.Unlock()
	for _, complaint := range w.complaints.told {
		t.Error(complaint)
	}
	if len(w.complaints.hosts) != 1 || w.complaints.hosts[w.address] == 0 {
		t.Errorf("the pages sent requests to %v, want %s only", w.complaints.hosts, w.address)
	}
}

// The users of the dashboard, and what opens their sessions.
const (
	dashboardRoot     = "root" // may see everything
	dashboardAnn      = "ann"  // may see the publisher acme
	dashboardBob      = "bob"  // may see one repository
	dashboardTess     = "tess" // has a second factor
	dashboardPassword = "correct horse battery"
)

// The week that the demo data are of, and the days around it that have none.
const demoWeek = "from=2026-09-14&to=2026-09-20"

// dashboardWorld is a server with data, and a browser.
type dashboardWorld struct {
	address    string // host and port
	data       string
	browser    context.Context
	complaints *dashboardComplaints
	sessions   map[string]string // cookies by user
	secret     string            // of the second factor of tess
}

// openDashboard loads the demo data and hostile ones, serves them and starts a browser.
func openDashboard(t *testing.T) *dashboardWorld {
	t.Helper()
	if !dashboard.Built() {
		t.Skip("the dashboard is not built in; make dashboard builds it")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium to open the dashboard in; Debian: apt install chromium")
	}
	w := &dashboardWorld{data: filepath.Join(t.TempDir(), "data"), complaints: newDashboardComplaints(), sessions: map[string]string{}}
	config := w.load(t)
	for name, may := range map[string][]string{
		dashboardRoot: {"--admin"}, dashboardAnn: {"--publisher", "acme"}, dashboardBob: {"--repository", "globex/sdk"}, dashboardTess: {"--namespace", "acme"},
	} {
		addUser(t, name, append([]string{"--data", w.data, "--config", config}, may...)...)
	}
	r := runChild(t, "user", "totp", dashboardTess, "--no-confirm", "--data", w.data)
	if w.secret = regexp.MustCompile(`\b[A-Z2-7]{16,}\b`).FindString(r.stdout); r.code != 0 || w.secret == "" {
		t.Fatalf("engine user totp: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	w.address = freeAddress(t)
	server := startProcess(t, "serve", "--data", w.data, "--config", config, "--listen", w.address, "--log-level", "warn")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of the server:\n%s", server.log())
		}
	})
	awaitListener(t, server, w.address)
	for _, name := range []string{dashboardRoot, dashboardAnn, dashboardBob} {
		w.sessions[name] = w.openSession(t, name)
	}
	w.startBrowser(t, path)
	return w
}

// awaitListener waits until a server can be reached.
func awaitListener(t *testing.T, server *workerProcess, address string) {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < pollFor; time.Sleep(10 * time.Millisecond) {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			return
		}
	}
	t.Fatalf("nobody listens at %s\n%s", address, server.log())
}

// addUser makes a user with the password of all of them.
func addUser(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := child(append([]string{"user", "add", name, "--password-stdin"}, args...)...)
	cmd.Stdin = strings.NewReader(dashboardPassword + "\n")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, cmd); r.code != 0 {
		t.Fatalf("engine user add %s: exit code %d\n%s", name, r.code, r.stderr)
	}
}

// startBrowser starts the browser, which ends with the test.
func (w *dashboardWorld) startBrowser(t *testing.T, path string) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1280, 900), chromedp.Flag("lang", "en-US"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	var end context.CancelFunc
	w.browser, end = chromedp.NewContext(allocator)
	t.Cleanup(end)
	if err := chromedp.Do(w.browser); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
}

// openSession logs in over HTTP and returns the value of the cookie.
func (w *dashboardWorld) openSession(t *testing.T, name string) string {
	t.Helper()
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, name, dashboardPassword)
	response, err := http.Post("http://"+w.address+"/session", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for _, cookie := range response.Cookies() {
		if cookie.Name == "pullscope_session" && cookie.HttpOnly && cookie.SameSite == http.SameSiteStrictMode {
			return cookie.Value
		}
	}
	t.Fatalf("the log-in of %s answers %s without a cookie that scripts and other sites cannot use: %v", name, response.Status, response.Cookies())
	return ""
}

// get asks the data API as a user, and wants this status.
func (w *dashboardWorld) get(t *testing.T, user, path string, status int, into any) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+w.address+"/api/publisher/analytics/v1/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(&http.Cookie{Name: "pullscope_session", Value: w.sessions[user]})
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		t.Fatalf("%s for %s: %s, want status %d", path, user, response.Status, status)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatalf("%s for %s: %v", path, user, err)
	}
}

// The header of the page forbids what is in the page itself, and every other host.
func testDashboardComplaints(t *testing.T, w *dashboardWorld) {
	response, err := http.Get("http://" + w.address + "/dashboard/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	policy := response.Header.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, rule) {
			t.Errorf("the policy %q has no %s", policy, rule)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy %q allows too much", policy)
	}
	// What the tests would see if the page did something wrong.
	own := newDashboardComplaints()
	b := w.tabOf(t, dashboardAnn, own)
	b.open("?ns=acme&timespan=weeks&" + demoWeek)
	evaluate[any](b, `(() => {
		console.warn("a warning");
		setTimeout(() => { throw new Error("a failure") });
		const box = document.createElement("div");
		box.innerHTML = "<img src=x onerror='window.pwned = 1'><p style='color: red'>";
		document.body.append(box);
		fetch("http://other.invalid/").catch(() => {});
		return null;
	})()`)
	for _, sign := range []string{"a warning", "a failure", "inline event handler", "inline style", "http://other.invalid/"} {
		b.until("the complaint "+sign, func() bool { return own.has(sign) })
	}
	if evaluate[bool](b, `"pwned" in window`) {
		t.Error("the policy does not stop what is written into the page")
	}
}

// pollFor is how long a page may take to show something; machines that run tests are busy.
const pollFor = 20 * time.Second
