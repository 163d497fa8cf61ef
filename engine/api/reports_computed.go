package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"slices"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// computedReport is a page of the rows of a report.
type computedReport struct {
	Report     string            `json:"report"`
	Namespace  string            `json:"namespace"`
	Start      period.Day        `json:"start"`
	End        period.Day        `json:"end"`
	Open       bool              `json:"open"`
	Rows       int64             `json:"rows"`
	Suppressed int64             `json:"suppressedRows"`
	Columns    []reportColumn    `json:"columns"`
	Data       []json.RawMessage `json:"data"`
	Next       string            `json:"next,omitempty"`
}

const (
	defaultPage = 1000
	maxPage     = 10_000
)

// The formats of a report that is computed, and the types that stand for them in Accept.
var reportFormats = []struct{ name, kind string }{
	{"json", jsonType}, {"csv", "text/csv"}, {"parquet", "application/vnd.apache.parquet"},
}

// computeReport computes a report on the namespace for any stretch of days.
func (s *Server) computeReport(w http.ResponseWriter, c *call) error {
	namespace, err := c.namespace()
	if err != nil {
		return err
	}
	p := newParams(c.URL.RawQuery, "period", "from", "to", "format", "limit", "cursor")
	format := p.format(c.Header)
	days := p.stretch()
	if p.err != nil {
		return p.err
	}
	report, err := c.report(namespace)
	if err != nil {
		return err
	}
	computed, err := c.state.Report(c.Context(), report, namespace, days)
	if err != nil {
		var usage *engine.UsageError
		if errors.As(err, &usage) && days == nil && report.Path == "" && !errors.As(err, new(*engine.PrunedError)) {
			return &problem{status: http.StatusUnprocessableEntity, detail: "there are no requests to report on yet"}
		}
		return err
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Add("Vary", "Authorization, Accept")
	etag := digest(c.state.Mark(), c.generation, namespace, report.Name, computed.Range.Reference(), computed.Range.LastDay(), fmt.Sprint(computed.Open), format)
	if format == "json" {
		return s.sendRows(w, c, p, computed, namespace, etag)
	}
	if p.has("limit") || p.has("cursor") {
		return badRequest("limit and cursor are for format=json; csv and parquet have all rows")
	}
	var file *os.File
	if format == "csv" {
		file, err = computed.OpenCSV(c.Context())
	} else {
		file, err = computed.OpenParquet(c.Context())
	}
	if err != nil {
		return err
	}
	defer file.Close()
	c.release() // it may take long, and the file is open
	name := fmt.Sprintf("%s-%s-%s..%s.%s", unfriendly.ReplaceAllString(namespace, "_"), report.Name, computed.Range.Reference(), computed.Range.LastDay(), format)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Type", contentType(name))
	// Weak, since it may be packed on its way; and so no part of it can be asked for.
	w.Header().Set("Etag", `W/"`+etag+`"`)
	return s.serveFile(w, withoutRange(c.Request), file)
}

// report is the one that the path names, if the publisher of the namespace gets it.
func (c *call) report(namespace string) (reports.Report, error) {
	all, err := c.live.Config().ReportsOf(c.live.Config().PublisherOf(namespace).ID)
	if err != nil {
		return reports.Report{}, err
	}
	at := slices.IndexFunc(all, func(report reports.Report) bool { return report.Name == c.PathValue("report") })
	if at < 0 {
		return reports.Report{}, notFound
	}
	return all[at], nil
}

// format is what the parameter says, else what Accept does.
func (p *params) format(header http.Header) string {
	var names []string
	fallback := ""
	for _, format := range reportFormats {
		names = append(names, format.name)
		if fallback == "" && accepts(header, format.kind) {
			fallback = format.name
		}
	}
	if fallback == "" {
		fallback = names[0]
	}
	return p.oneOf("format", fallback, names...)
}

// stretch is the stretch of days that period, or from and to, mean; nil where there are none.
func (p *params) stretch() *period.Range {
	if days, given := p.days(); given || p.err != nil {
		if p.has("period") {
			p.fail("period and from do not go together; leave out one of them")
		}
		return &days
	}
	if !p.has("period") {
		return nil
	}
	days, err := period.ParseRange(p.text("period", ""))
	if err != nil {
		p.fail("period: %s", err)
		return nil
	}
	p.limit(days)
	return &days
}

// sendRows answers with a page of the rows as JSON.
func (s *Server) sendRows(w http.ResponseWriter, c *call, p *params, computed *engine.ComputedReport, namespace, etag string) error {
	where, err := p.pageOf(defaultPage, maxPage, c.listName(etag))
	if err != nil {
		return err
	}
	from, to, next := where.of(int(computed.Rows))
	answer := computedReport{
		Report: computed.Report.Name, Namespace: namespace,
		Start: period.Day(computed.Range.Reference()), End: period.Day(computed.Range.LastDay()), Open: computed.Open,
		Rows: computed.Rows, Suppressed: computed.Suppressed, Columns: describeColumns(computed.Report), Data: []json.RawMessage{}, Next: next,
	}
	err = computed.Page(c.Context(), int64(from), int64(to-from), func(object string) {
		answer.Data = append(answer.Data, json.RawMessage(object))
	})
	if err != nil {
		return err
	}
	body, err := encode(answer)
	if err != nil {
		return err
	}
	serveText(w, c.Request, jsonType, digest(string(body)), body)
	return nil
}
