package api

import (
	"errors"
	"slices"
	"strconv"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
)

type yearData struct {
	Years []yearModel `json:"years"`
}

type yearModel struct {
	Year int `json:"year"`
}

type monthData struct {
	Months []monthModel `json:"months"`
}

type monthModel struct {
	Month int `json:"month"`
}

type weekData struct {
	Weeks []weekModel `json:"weeks"`
}

type weekModel struct {
	Week int `json:"week"`
}

type responseData struct {
	Data []responseDataFile `json:"data"`
}

type responseDataFile struct {
	URL  string `json:"url"`
	Size int64  `json:"size"`
}

// numberOf is the year and the number of a period in it: of weeks the ISO year.
func numberOf(p period.Period) (year, number int) {
	if p.Granularity == period.Weekly {
		return p.Start.ISOWeek()
	}
	return p.Start.Year(), int(p.Start.Month())
}

// exportable are the publications of the namespace in the path.
func (c *call) exportable() (namespace string, publications []engine.Publication, err error) {
	if namespace, err = c.namespace(); err != nil {
		return "", nil, err
	}
	if err := newParams(c.URL.RawQuery).err; err != nil {
		return "", nil, err
	}
	publications, err = c.publicationsWith(c.Context(), namespace)
	return namespace, publications, err
}

func (s *Server) exportYears(c *call) (any, error) {
	_, publications, err := c.exportable()
	if err != nil {
		return nil, err
	}
	var years []int
	for _, p := range publications {
		year, _ := numberOf(p.Period)
		years = append(years, year)
	}
	data := yearData{Years: []yearModel{}}
	for _, year := range ascending(years) {
		data.Years = append(data.Years, yearModel{year})
	}
	return data, nil
}

func ascending(numbers []int) []int {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// exportedIn are the publications of the year and kind of timespan in the path.
func (c *call) exportedIn() (namespace string, publications []engine.Publication, err error) {
	if namespace, publications, err = c.exportable(); err != nil {
		return "", nil, err
	}
	wanted, err := pathNumber(c, "year")
	if err != nil {
		return "", nil, err
	}
	granularity, ok := granularities[c.PathValue("timespantype")]
	if !ok {
		return "", nil, badRequest("the timespan type is %q; it must be %s or %s", c.PathValue("timespantype"), months, weeks)
	}
	return namespace, slices.DeleteFunc(publications, func(p engine.Publication) bool {
		year, _ := numberOf(p.Period)
		return year != wanted || p.Period.Granularity != granularity
	}), nil
}

func pathNumber(c *call, name string) (int, error) {
	text := c.PathValue(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 9999 || strconv.Itoa(n) != text {
		return 0, badRequest("the %s is %q; it must be a number", name, text)
	}
	return n, nil
}

func (s *Server) exportTimespans(c *call) (any, error) {
	_, publications, err := c.exportedIn()
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, p := range publications {
		_, number := numberOf(p.Period)
		numbers = append(numbers, number)
	}
	if c.PathValue("timespantype") == weeks {
		data := weekData{Weeks: []weekModel{}}
		for _, number := range ascending(numbers) {
			data.Weeks = append(data.Weeks, weekModel{number})
		}
		return data, nil
	}
	data := monthData{Months: []monthModel{}}
	for _, number := range ascending(numbers) {
		data.Months = append(data.Months, monthModel{number})
	}
	return data, nil
}

// exported is the publication of the timespan in the path.
func (c *call) exported() (namespace string, publication engine.Publication, err error) {
	namespace, publications, err := c.exportedIn()
	if err != nil {
		return "", publication, err
	}
	wanted, err := pathNumber(c, "timespan")
	if err != nil {
		return "", publication, err
	}
	at := slices.IndexFunc(publications, func(p engine.Publication) bool {
		_, number := numberOf(p.Period)
		return number == wanted
	})
	if at < 0 {
		return "", publication, notFound
	}
	return namespace, publications[at], nil
}

func (s *Server) exportTimespan(c *call) (any, error) {
	_, p, err := c.exported()
	if err != nil {
		return nil, err
	}
	_, number := numberOf(p.Period)
	if p.Period.Granularity == period.Weekly {
		return weekModel{number}, nil
	}
	return monthModel{number}, nil
}

func (s *Server) exportFiles(c *call) (any, error) {
	namespace, publication, err := c.exported()
	if err != nil {
		return nil, err
	}
	var names []string
	report := ""
	for _, view := range engine.Dataviews {
		names = append(names, view.Name)
		if view.Name == c.PathValue("dataview") {
			report = view.Report
		}
	}
	if report == "" {
		return nil, badRequest("the dataview is %q; it must be one of %v", c.PathValue("dataview"), names)
	}
	if !slices.Contains(publication.Views(), c.PathValue("dataview")) {
		return nil, notFound
	}
	export, err := c.state.Export(c.Context(), &publication, report, namespace)
	if errors.Is(err, engine.ErrReplaced) { // by a run that is not done yet
		c.state.Forget(publication.Manifest.PublisherID)
	}
	if err != nil {
		return nil, err
	}
	urls, err := s.signer(c)
	if err != nil {
		return nil, err
	}
	data := responseData{Data: []responseDataFile{}}
	for _, file := range export.Files {
		url, err := urls.sign(newFileRef(&publication, report, namespace, file.Name, file.Size))
		if err != nil {
			return nil, err
		}
		data.Data = append(data.Data, responseDataFile{url, file.Size})
	}
	return data, nil
}
