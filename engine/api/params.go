package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pullscope/pullscope/engine/period"
)

// params are the parameters of a query. What is not allowed is an error, so that a slip of the pen does not
// get the numbers of something else.
type params struct {
	values url.Values
	err    error // the first
}

func newParams(rawQuery string, allowed ...string) *params {
	p := &params{}
	var err error
	if p.values, err = url.ParseQuery(rawQuery); err != nil {
		p.fail("the query cannot be read; encode special characters as %%XX")
	}
	var names []string
	for name := range p.values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(allowed, name) {
			if len(allowed) == 0 {
				p.fail("the parameter %q is not known here; there are none", name)
			}
			p.fail("the parameter %q is not known here; there are %s", name, strings.Join(allowed, ", "))
		}
	}
	return p
}

func (p *params) fail(format string, args ...any) {
	if p.err == nil {
		p.err = badRequest(format, args...)
	}
}

func (p *params) has(name string) bool { return p.values.Has(name) }

// text is the one value of a parameter; fallback where it is not given.
func (p *params) text(name, fallback string) string {
	values, given := p.values[name]
	switch {
	case !given:
		return fallback
	case len(values) > 1:
		p.fail("the parameter %s is given more than once", name)
	}
	return values[0]
}

// oneOf is the value of a parameter that has few.
func (p *params) oneOf(name, fallback string, allowed ...string) string {
	value := p.text(name, fallback)
	if !slices.Contains(allowed, value) {
		p.fail("%s is %q; it must be one of %s", name, value, strings.Join(allowed, ", "))
		return fallback
	}
	return value
}

// whole is a number from 1 to most.
func (p *params) whole(name string, fallback, most int) int {
	if !p.has(name) {
		return fallback
	}
	text := p.text(name, "")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		p.fail("%s is %q; it must be a number from 1 to %d", name, text, most)
		return fallback
	}
	return n
}

func (p *params) boolean(name string) bool {
	return p.oneOf(name, "false", "true", "false") == "true"
}

// day is a day such as 2026-09-25; empty where it is not given.
func (p *params) day(name string) period.Day {
	if !p.has(name) {
		return ""
	}
	day, err := period.ParseDay(p.text(name, ""))
	if err != nil {
		p.fail("%s: %s", name, err)
	}
	return day
}

// maxDays is how many days one question may be about.
const maxDays = 3660

// days are the parameters from and to, of which both or none are given.
func (p *params) days() (days period.Range, given bool) {
	if !p.has("from") && !p.has("to") {
		return days, false
	}
	from, to := p.day("from"), p.day("to")
	switch {
	case p.err != nil:
	case from == "" || to == "":
		p.fail("from and to belong together; give both")
	case to < from:
		p.fail("to is before from")
	default:
		days = period.Range{From: from.Time(), To: to.Next().Time()}
		p.limit(days)
	}
	return days, p.err == nil
}

func (p *params) limit(days period.Range) {
	if days.From.AddDate(0, 0, maxDays).Before(days.To) {
		p.fail("these are more than %d days; ask for fewer", maxDays)
	}
}
