package api

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/routers"
)

// journal has what all servers of the tests log, and what must not be in it.
var journal = &record{hidden: map[string]bool{}}

type record struct {
	mu     sync.Mutex
	text   bytes.Buffer
	hidden map[string]bool
}

func (j *record) Write(text []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(text)
}

func (j *record) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// hide says what must be in no line.
func (j *record) hide(texts ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, text := range texts {
		if len(text) > 10 { // shorter ones may be there by chance
			j.hidden[text] = true
		}
	}
}

// ask hides what a request tells that the log must not.
func (j *record) ask(r *http.Request) {
	j.hide(r.URL.RawQuery, r.Header.Get("Authorization"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	for _, values := range r.URL.Query() {
		j.hide(values...)
	}
}

// lines are those that have a text.
func (j *record) lines(text string) (found []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

var anyAddress = regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b|2001:db8:`)

// madeUp are times, random ids, sizes and durations.
var madeUp = regexp.MustCompile(`^time=\S+|\bid=[A-Z2-7]{26} |\bbytes=\d+ |\bms=\d+\b`)

// check finds lines that tell of somebody, or what only they may know.
func (j *record) check() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	// Most lines differ in what the server made up only.
	different := map[string]bool{}
	for line := range strings.Lines(j.text.String()) {
		different[madeUp.ReplaceAllString(line, "")] = true
	}
	text := strings.Join(slices.Sorted(maps.Keys(different)), "")
	lower := strings.ToLower(text)
	for secret := range j.hidden {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			errs = append(errs, fmt.Errorf("%q is in it", secret))
		}
	}
	for line := range strings.Lines(lower) {
		if anyAddress.MatchString(line) {
			errs = append(errs, fmt.Errorf("an address is in %q", line))
		}
		for _, name := range userNames {
			// That one who exists was locked is for the operator to know.
			if strings.Contains(line, name) && !strings.Contains(line, `msg="log-in locked after many failures"`) {
				errs = append(errs, fmt.Errorf("a user is in %q", line))
			}
		}
	}
	return errors.Join(errs...)
}

// answered has the statuses with which each operation of the document was answered.
var answered = &statuses{of: map[string]map[int]bool{}}

type statuses struct {
	mu sync.Mutex
	of map[string]map[int]bool
}

// check holds an answer against the document. A path that it does not have is not found.
func (a *statuses) check(t testing.TB, r *http.Request, answer reply) {
	t.Helper()
	input, err := validateRoute(r)
	switch {
	case errors.Is(err, routers.ErrMethodNotAllowed):
		input, err = validateOtherMethod(r)
	case errors.Is(err, routers.ErrPathNotFound):
		if answer.want(t, http.StatusNotFound); r.Method != http.MethodHead {
			answer.says(t, http.StatusNotFound, `{"detail":"`)
		}
		if answer.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s has no request id", r.URL)
		}
		return
	}
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
		return
	}
	validateResponse(t, r, answer.Response, answer.body)
	a.mu.Lock()
	defer a.mu.Unlock()
	id := input.Route.Operation.OperationID
	if a.of[id] == nil {
		a.of[id] = map[int]bool{}
	}
	a.of[id][answer.StatusCode] = true
}

func (a *statuses) has(operation string, status int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[operation][status]
}

func TestJournalFindsWhatIsHidden(t *testing.T) {
	for name, text := range map[string]string{
		"a password": "msg=x password=\"hunter-of-rabbits\"", "a query": "msg=x url=/a?label=some+label", "an address": "msg=x peer=127.0.0.1:80",
		"a network": "msg=x peer=[2001:db8::1]:80", "a user": "msg=request user=Ann.Ackroyd",
	} {
		j := &record{hidden: map[string]bool{}}
		j.hide("hunter-of-rabbits", "label=some+label", "short")
		j.logger().Info("nothing is short here", "version", "1.2.3")
		if err := j.check(); err != nil {
			t.Errorf("without %s: %v", name, err)
		}
		if _, err := j.Write([]byte(text + "\n")); err != nil || j.check() == nil {
			t.Errorf("%s in the log is not found", name)
		}
	}
}
