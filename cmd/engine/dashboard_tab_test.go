package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// dashboardComplaints are what the browser says about pages: errors and warnings, dialogs, and the hosts that they ask.
type dashboardComplaints struct {
	mu    sync.Mutex
	told  []string
	hosts map[string]int
}

func newDashboardComplaints() *dashboardComplaints {
	return &dashboardComplaints{hosts: map[string]int{}}
}

func (c *dashboardComplaints) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, fmt.Sprintf(format, args...))
}

func (c *dashboardComplaints) has(sign string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.told, func(told string) bool { return strings.Contains(told, sign) })
}

// dashboardTab is one page of the browser, with a profile of its own.
type dashboardTab struct {
	t   *testing.T
	w   *dashboardWorld
	ctx context.Context

	mu      sync.Mutex
	refused map[string]bool // requests whose answers may be errors: the status and the end of the path
}

// tab opens a page for a user who has logged in; an empty name has not.
func (w *dashboardWorld) tab(t *testing.T, user string) *dashboardTab {
	t.Helper()
	return w.tabOf(t, user, w.complaints)
}

func (w *dashboardWorld) tabOf(t *testing.T, user string, complaints *dashboardComplaints) *dashboardTab {
	t.Helper()
	b := &dashboardTab{t: t, w: w, refused: map[string]bool{}}
	ctx, end := chromedp.NewContext(w.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) { b.hear(complaints, event) }))
	t.Cleanup(end)
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // makes the page, which lives as long as this context
		t.Fatalf("the browser opens no page: %v", err)
	}
	b.do(chromedp.EmulateViewport(1280, 900))
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: dashboardScript})
	yes := true
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: yes})
	if user != "" {
		call(b, network.SetCookie, network.SetCookieParams{Name: "pullscope_session", Value: w.sessions[user], URL: "http://" + w.address + "/", HTTPOnly: &yes, SameSite: network.CookieSameSiteStrict})
	}
	return b
}

// hear notes what a page does wrong.
func (b *dashboardTab) hear(c *dashboardComplaints, event any) {
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		text := event.ExceptionDetails.Text
		if event.ExceptionDetails.Exception != nil {
			text += " " + event.ExceptionDetails.Exception.Description
		}
		c.add("%s: exception: %s", b.t.Name(), text)
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning || event.Type == runtime.ConsoleAPICalledTypeAssert {
			var texts []string
			for _, arg := range event.Args {
				texts = append(texts, string(arg.Value)+arg.Description)
			}
			c.add("%s: console %s: %s", b.t.Name(), event.Type, strings.Join(texts, " "))
		}
	case *log.EventEntryAdded:
		entry := event.Entry
		if (entry.Level == log.EntryLevelError || entry.Level == log.EntryLevelWarning) && !b.mayRefuse(entry) {
			c.add("%s: %s %s: %s %s", b.t.Name(), entry.Source, entry.Level, entry.Text, entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		c.add("%s: dialog %q", b.t.Name(), event.Message)
	case *network.EventRequestWillBeSent:
		address, err := url.Parse(event.Request.URL)
		if err != nil || address.Scheme == "data" || address.Scheme == "blob" && strings.HasPrefix(address.Opaque, "http://"+b.w.address) {
			return
		}
		c.mu.Lock()
		c.hosts[address.Host]++
		c.mu.Unlock()
	}
}

// refuse says that answers with a status are expected from paths with this end.
func (b *dashboardTab) refuse(status int, path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused[fmt.Sprintf("%d %s", status, path)] = true
}

// mayRefuse tells the error that the browser writes for such an answer.
func (b *dashboardTab) mayRefuse(entry *log.Entry) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	address, err := url.Parse(entry.URL)
	if err != nil || entry.Source != log.EntrySourceNetwork {
		return false
	}
	for refused := range b.refused {
		status, path, _ := strings.Cut(refused, " ")
		if strings.Contains(entry.Text, "status of "+status) && strings.HasSuffix(address.Path, path) {
			return true
		}
	}
	return false
}

func (b *dashboardTab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pollFor)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
}

// call sends a command of the protocol to the page.
func call[P, R any](b *dashboardTab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pollFor)
	defer cancel()
	answer, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
	return answer
}

// evaluate runs an expression in the page; the arguments are those of a function.
func evaluate[T any](b *dashboardTab, expression string, args ...any) T {
	b.t.Helper()
	if len(args) > 0 {
		var texts []string
		for _, arg := range args {
			text, err := json.Marshal(arg)
			if err != nil {
				b.t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
		expression = "(" + expression + ")(" + strings.Join(texts, ", ") + ")"
	}
	ctx, cancel := context.WithTimeout(b.ctx, pollFor)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s in the page %s: %v", expression, b.location(), err)
	}
	return value
}

func (b *dashboardTab) location() string {
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		b.t.Fatal(err)
	}
	return address
}

// open goes to a path below the dashboard and waits until all of it is loaded.
func (b *dashboardTab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate("http://" + b.w.address + "/dashboard/" + path))
	b.settle()
}

// settle waits until nothing is being loaded.
func (b *dashboardTab) settle() {
	b.t.Helper()
	b.until("a page that is loaded", func() bool { return evaluate[bool](b, `seen.settled()`) })
}

// until waits for a condition.
func (b *dashboardTab) until(what string, holds func() bool) {
	b.t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(15 * time.Millisecond) {
		if time.Since(begun) > pollFor {
			b.t.Fatalf("%s: no %s in time; the page says:\n%s", b.location(), what, b.words())
		}
	}
}

// words are the begin of what the page says, for messages.
func (b *dashboardTab) words() string {
	return evaluate[string](b, `document.querySelector("main").innerText.slice(0, 2000)`)
}

// expect waits until the page shows a value.
func expect[T any](b *dashboardTab, what string, want T, get func() T) {
	b.t.Helper()
	var got T
	for begun := time.Now(); ; time.Sleep(15 * time.Millisecond) {
		if got = get(); reflect.DeepEqual(got, want) {
			return
		}
		if time.Since(begun) > pollFor {
			b.t.Fatalf("%s: %s is\n%.3000v\nwant\n%.3000v\nthe page says:\n%s", b.location(), what, fmt.Sprint(got), fmt.Sprint(want), b.words())
		}
	}
}

// click presses the mouse where a control is, found by its role and name, perhaps within a part of the page.
func (b *dashboardTab) click(role, name string, within ...string) {
	b.t.Helper()
	b.until(fmt.Sprintf("%s %q that can be clicked", role, name), func() bool {
		place := evaluate[*struct{ X, Y float64 }](b, `(role, name, within) => seen.place(role, name, within)`, role, name, strings.Join(within, ""))
		if place == nil {
			return false
		}
		b.do(chromedp.MouseClickXY(place.X, place.Y))
		return evaluate[bool](b, `seen.wasHit()`) // a page that still loads may have moved it
	})
}

// choose takes a choice of a list by its value.
func (b *dashboardTab) choose(name, value string) {
	b.t.Helper()
	b.until(fmt.Sprintf("list %q with %q", name, value), func() bool {
		return evaluate[bool](b, `(name, value) => seen.choose(name, value)`, name, value)
	})
}

// fill writes into a field as somebody who types.
func (b *dashboardTab) fill(name, text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("field %q", name), func() bool {
		return evaluate[bool](b, `(name) => { const field = seen.find("field", name); field?.focus(); field?.select(); return field !== undefined }`, name)
	})
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

func (b *dashboardTab) press(keys string, modifiers ...chromedp.Modifier) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// has tells whether a control is there.
func (b *dashboardTab) has(role, name string) bool {
	b.t.Helper()
	return evaluate[bool](b, `(role, name) => seen.find(role, name) !== undefined`, role, name)
}

// table reads the table whose name begins like this: the texts of its cells, the header first.
func (b *dashboardTab) table(caption string) [][]string {
	b.t.Helper()
	return evaluate[[][]string](b, `(caption) => seen.table(caption)`, caption)
}

func (b *dashboardTab) text(selector string) string {
	b.t.Helper()
	return evaluate[string](b, `(selector) => seen.clean(document.querySelector(selector)?.textContent ?? "")`, selector)
}

// Commands of the protocol that take nothing.
var (
	clearCookies = network.ClearBrowserCookies
	empty        = cdp.Empty{}
)
