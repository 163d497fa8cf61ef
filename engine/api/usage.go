package api

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

type usageData struct {
	Start    period.Day  `json:"start"`
	End      period.Day  `json:"end"`
	Timespan string      `json:"timespan"`
	By       []string    `json:"by"`
	Rows     []usageRow  `json:"rows"`
	Total    usageCounts `json:"total"`
	Totals   []usageRow  `json:"totals,omitempty"`
	Groups   int64       `json:"groups"`
	SQL      string      `json:"sql"`
	TotalSQL string      `json:"totalSQL"`
}

type usageRow struct {
	Start period.Day `json:"start,omitempty"`
	End   period.Day `json:"end,omitempty"`
	Open  bool       `json:"open,omitempty"`
	Group []string   `json:"group"`
	usageCounts
}

type usageCounts struct {
	Pulls     int64     `json:"pulls"`
	Downloads int64     `json:"downloads"`
	Checks    int64     `json:"checks"`
	Addresses int64     `json:"addresses"`
	Users     int64     `json:"users"`
	FirstSeen time.Time `json:"firstSeen,omitzero"`
	LastSeen  time.Time `json:"lastSeen,omitzero"`
}

const (
	wholeTimespan = "all"
	// maxDimensions is by how many dimensions usage is told apart at once.
	maxDimensions = 2
	maxTop        = 500
	// maxValues is how many values one filter may name.
	maxValues = 100
)

// usage tells how the images of a namespace are used, by whatever is known about clients.
func (s *Server) usage(c *call) (any, error) {
	namespace, err := c.namespace()
	if err != nil {
		return nil, err
	}
	p := newParams(c.URL.RawQuery, append([]string{"timespan", "period", "from", "to", "by", "top", "open"}, dimensionNames()...)...)
	timespan := p.oneOf("timespan", wholeTimespan, wholeTimespan, "days", weeks, months)
	request := engine.UsageRequest{
		Namespace: namespace, Unit: units[timespan], By: p.dimensions(), Top: p.whole("top", 20, maxTop), Filters: p.filters(), Open: p.boolean("open"),
	}
	if days, given := p.days(); given {
		request.From, request.To = days.From, days.To
		if p.has("period") {
			p.fail("period and from do not go together; leave out one of them")
		}
	} else {
		unit := request.Unit
		if unit == "" {
			unit = engine.Days
		}
		request.From, request.To = p.lastMonths(c.live, unit, request.Open)
	}
	if p.err != nil {
		return nil, p.err
	}
	if slices.Contains(request.By, "company") || len(request.Filters["company"]) > 0 {
		if err := c.checkCompanies(namespace); err != nil {
			return nil, err
		}
	}
	usage, err := c.state.Usage(c.Context(), request)
	if err != nil {
		return nil, err
	}
	data := usageData{
		Start: usage.First, End: usage.Last, Timespan: timespan, By: append([]string{}, request.By...), Rows: usageRows(usage.Rows),
		Total: newUsageCounts(usage.Total), Groups: usage.Groups, SQL: usage.SQL, TotalSQL: usage.TotalSQL,
	}
	if request.Unit != "" {
		data.Totals = usageRows(usage.Totals)
	}
	return data, nil
}

// companyReports are those that tell of all companies.
var companyReports = []string{"companies", "technographic_companies", "raw"}

// checkCompanies refuses to name companies to a publisher who gets no report that does.
func (c *call) checkCompanies(namespace string) error {
	all, err := c.live.Config().ReportsOf(c.live.Config().PublisherOf(namespace).ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(report reports.Report) bool { return slices.Contains(companyReports, report.Name) }) {
		return nil
	}
	return &problem{status: http.StatusForbidden, detail: "the operator publishes no companies for this publisher"}
}

func dimensionNames() []string {
	var names []string
	for _, dimension := range engine.UsageDimensions {
		names = append(names, dimension.Name)
	}
	return names
}

// dimensions are those that by names.
func (p *params) dimensions() []string {
	var by []string
	for name := range strings.SplitSeq(p.text("by", ""), ",") {
		if name == "" {
			continue
		}
		if _, ok := engine.FindUsageDimension(name); !ok || slices.Contains(by, name) || len(by) == maxDimensions {
			p.fail("by is %q; it must be up to %d different of %s, with a comma between them", p.text("by", ""), maxDimensions, strings.Join(dimensionNames(), ", "))
			return nil
		}
		by = append(by, name)
	}
	return by
}

// filters are the values that dimensions are restricted to.
func (p *params) filters() map[string][]string {
	filters := map[string][]string{}
	for _, name := range dimensionNames() {
		values := p.values[name]
		if len(values) > maxValues {
			p.fail("%s has more than %d values", name, maxValues)
		}
		for _, value := range values {
			if strings.ContainsRune(value, 0) || !utf8.ValidString(value) {
				p.fail("%s has a character that no name has", name)
			}
		}
		filters[name] = values
	}
	return filters
}

func usageRows(rows []engine.UsageRow) []usageRow {
	list := []usageRow{}
	for _, row := range rows {
		list = append(list, usageRow{row.First, row.Last, row.Open, append([]string{}, row.Group...), newUsageCounts(row)})
	}
	return list
}

func newUsageCounts(row engine.UsageRow) usageCounts {
	return usageCounts{
		Pulls: row.Pulls, Downloads: row.Downloads, Checks: row.Checks, Addresses: row.Addresses, Users: row.Users,
		FirstSeen: row.FirstRequest, LastSeen: row.LastRequest,
	}
}
