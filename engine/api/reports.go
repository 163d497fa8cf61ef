package api

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

type reportDescriptions struct {
	Reports []reportDescription `json:"reports"`
}

type reportDescription struct {
	Name    string         `json:"name"`
	Title   string         `json:"title"`
	Columns []reportColumn `json:"columns"`
}

type reportColumn struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
}

// describeReports tells what reports there are. Own reports have their columns in each answer.
func (s *Server) describeReports(c *call) (any, error) {
	if err := newParams(c.URL.RawQuery).err; err != nil {
		return nil, err
	}
	if _, err := c.mine(); err != nil {
		return nil, err
	}
	list := reportDescriptions{Reports: []reportDescription{}}
	for _, report := range reports.All() {
		list.Reports = append(list.Reports, reportDescription{report.Name, report.Question(), describeColumns(report)})
	}
	return list, nil
}

func describeColumns(report reports.Report) []reportColumn {
	columns := []reportColumn{}
	for _, column := range report.Columns {
		columns = append(columns, reportColumn{column.Name, column.Type, column.Description})
	}
	return columns
}

type publishedReports struct {
	Reports []publishedReport `json:"reports"`
	Next    string            `json:"next,omitempty"`
}

type publishedReport struct {
	Report     string          `json:"report"`
	Title      string          `json:"title"`
	Period     string          `json:"period"`
	Timespan   string          `json:"timespan"`
	Start      period.Day      `json:"start"`
	End        period.Day      `json:"end"`
	Revision   int             `json:"revision"`
	Open       bool            `json:"open"`
	Rows       int64           `json:"rows"`
	Suppressed int64           `json:"suppressedRows"`
	Files      []publishedFile `json:"files"`

	publication *engine.Publication
}

type publishedFile struct {
	Name   string `json:"name"`
	Format string `json:"format"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	URL    string `json:"url"`
}

// workbook is the name under which the workbook with all reports is listed.
const workbook = "workbook"

// listReports lists what is published for the publisher of a namespace, the newest first.
func (s *Server) listReports(c *call) (any, error) {
	namespace, err := c.namespace()
	if err != nil {
		return nil, err
	}
	p := newParams(c.URL.RawQuery, "report", "timespan", "from", "to", "limit", "cursor")
	chosen := chooseReports{report: p.text("report", ""), timespan: p.oneOf("timespan", "", "", months, weeks)}
	chosen.days, chosen.bounded = p.days()
	where, err := p.pageOf(100, 1000, c.listName(chosen))
	if err != nil {
		return nil, err
	}
	publications, err := c.state.Publications(c.Context(), c.live.Config().PublisherOf(namespace).ID)
	if err != nil {
		return nil, err
	}
	var all []publishedReport
	for i := range publications {
		if c.access.seesPublication(&publications[i]) {
			all = append(all, chosen.of(&publications[i])...)
		}
	}
	slices.SortStableFunc(all, func(a, b publishedReport) int {
		return cmp.Or(-cmp.Compare(a.Start, b.Start), cmp.Compare(a.Timespan, b.Timespan))
	})
	from, to, next := where.of(len(all))
	list := publishedReports{Reports: []publishedReport{}, Next: next}
	urls, err := s.signer(c)
	if err != nil {
		return nil, err
	}
	for _, report := range all[from:to] {
		for i := range report.Files {
			file := &report.Files[i]
			ref := newFileRef(report.publication, report.Report, "", file.Name, file.Size)
			if file.URL, err = urls.sign(ref); err != nil {
				return nil, err
			}
			file.Name = ref.name()
		}
		list.Reports = append(list.Reports, report)
	}
	return list, nil
}

// chooseReports says which published reports are meant.
type chooseReports struct {
	report, timespan string
	days             period.Range
	bounded          bool // by days
}

// of lists the reports of a publication that are meant.
func (w chooseReports) of(p *engine.Publication) []publishedReport {
	kind := months
	if p.Period.Granularity == period.Weekly {
		kind = weeks
	}
	if w.timespan != "" && w.timespan != kind || w.bounded && (p.Period.Start.Before(w.days.From) || p.Period.End().After(w.days.To)) {
		return nil
	}
	var list []publishedReport
	add := func(published reports.Published, title string) {
		if w.report != "" && w.report != published.Report {
			return
		}
		report := publishedReport{
			Report: published.Report, Title: title, Period: p.Period.String(), Timespan: kind,
			Start: period.DayOf(p.Period.Start), End: period.DayOf(p.Period.End()).Prev(),
			Revision: p.Manifest.Revision, Open: p.Manifest.Open, Rows: published.Rows, Suppressed: published.Suppressed,
			Files: []publishedFile{}, publication: p,
		}
		for _, file := range published.Files {
			report.Files = append(report.Files, publishedFile{Name: file.Name, Format: formatOf(file.Name), Size: file.Bytes, SHA256: file.SHA256})
		}
		list = append(list, report)
	}
	var rows int64
	for _, published := range p.Manifest.Reports {
		report, _ := reports.Find(published.Report)
		title := report.Question()
		if title == "" {
			title = published.Report // an own one
		}
		rows += published.Rows
		add(published, title)
	}
	if book := p.Manifest.Workbook; book != nil {
		add(reports.Published{Report: workbook, Rows: rows, Files: []reports.File{*book}}, "All reports, a sheet each")
	}
	return list
}

func formatOf(name string) string {
	return strings.TrimPrefix(filepath.Ext(strings.TrimSuffix(name, ".gz")), ".")
}
