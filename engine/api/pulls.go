package api

import (
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
)

// pullData is a list of counts.
type pullData struct {
	Pulls []pullModel `json:"pulls"`
	Next  string      `json:"next,omitempty"`
}

type reposPullData struct {
	Repos map[string]*pullData `json:"repos"`
	Next  string               `json:"next,omitempty"`
}

type pullModel struct {
	Start         period.Day `json:"start"`
	End           period.Day `json:"end"`
	Namespace     string     `json:"namespace"`
	Repo          string     `json:"repo,omitempty"`
	PullCount     int64      `json:"pullCount"`
	IPCount       int64      `json:"ipCount"`
	DataDownloads int64      `json:"dataDownloads"`
	PullsByTag    int64      `json:"pullsByTag"`
	PullsByDigest int64      `json:"pullsByDigest"`
	VersionChecks int64      `json:"versionChecks"`
	Country       *string    `json:"country,omitempty"`
	Tag           *string    `json:"tag,omitempty"`
	UseCase       *string    `json:"useCase,omitempty"`
	Open          bool       `json:"open,omitempty"`
}

const (
	// maxImages is how many repositories one request may name.
	maxImages = 50
	// maxRows is how many rows an answer has at most.
	maxRows = 100_000
)

var units = map[string]engine.Unit{months: engine.Months, weeks: engine.Weeks, "days": engine.Days}

var periods = map[string]int{"last-2-months": 2, "last-3-months": 3, "last-6-months": 6, "last-12-months": 12}

// The parameters of all questions about pulls.
var pullParams = []string{"timespan", "period", "from", "to", "group", "open", "limit", "cursor"}

func (s *Server) namespacePulls(c *call) (any, error) {
	namespace, err := c.countedNamespace()
	if err != nil {
		return nil, err
	}
	p := newParams(c.URL.RawQuery, pullParams...)
	request := p.pullsRequest(c.live)
	request.Namespace = namespace
	return c.onePullData(p, request)
}

func (s *Server) repositoryPulls(c *call) (any, error) {
	image, err := c.image()
	if err != nil {
		return nil, err
	}
	p := newParams(c.URL.RawQuery, pullParams...)
	request := p.pullsRequest(c.live)
	request.Images = []engine.Image{image}
	return c.onePullData(p, request)
}

func (c *call) onePullData(p *params, request engine.PullsRequest) (any, error) {
	counts, next, err := c.pulls(p, request)
	if err != nil {
		return nil, err
	}
	data := pullData{Pulls: []pullModel{}, Next: next}
	for _, count := range counts {
		data.Pulls = append(data.Pulls, newPullModel(count, request.By))
	}
	return data, nil
}

func (s *Server) repositoriesPulls(c *call) (any, error) {
	p := newParams(c.URL.RawQuery, append([]string{"repos"}, pullParams...)...)
	request := p.pullsRequest(c.live)
	if p.err != nil {
		return nil, p.err
	}
	var err error
	if request.Images, err = c.imagesOf(p); err != nil {
		return nil, err
	}
	counts, next, err := c.pulls(p, request)
	if err != nil {
		return nil, err
	}
	data := reposPullData{Repos: map[string]*pullData{}, Next: next}
	for _, image := range request.Images {
		data.Repos[image.String()] = &pullData{Pulls: []pullModel{}}
	}
	for _, count := range counts {
		repo := data.Repos[count.Image.String()]
		repo.Pulls = append(repo.Pulls, newPullModel(count, request.By))
	}
	return data, nil
}

// imagesOf are the repositories that the parameter repos names, several times or with commas.
func (c *call) imagesOf(p *params) ([]engine.Image, error) {
	var images []engine.Image
	for _, value := range p.values["repos"] {
		for name := range strings.SplitSeq(value, ",") {
			image, ok := parseImage(name)
			if !ok {
				return nil, badRequest("%q in repos is no repository; write it as namespace/repository", name)
			}
			if !slices.Contains(images, image) {
				images = append(images, image)
			}
			if len(images) > maxImages {
				return nil, badRequest("repos names more than %d repositories; ask for them in several requests", maxImages)
			}
		}
	}
	if len(images) == 0 {
		return nil, badRequest("repos is missing; name up to %d repositories as namespace/repository", maxImages)
	}
	for _, image := range images {
		if err := c.checkImage(image); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// pullsRequest reads what is asked about pulls, but for whose.
func (p *params) pullsRequest(live *engine.Live) engine.PullsRequest {
	request := engine.PullsRequest{
		Unit: units[p.oneOf("timespan", months, months, weeks, "days")],
		By:   engine.Grouping(p.oneOf("group", string(engine.ByRepository), "repo", "namespace", "country", "tag", "use-case")),
		Open: p.boolean("open"),
	}
	if days, given := p.days(); given {
		request.From, request.To = days.From, days.To
		if p.has("period") {
			p.fail("period and from do not go together; leave out one of them")
		}
		return request
	}
	request.From, request.To = p.lastMonths(live, request.Unit, request.Open)
	return request
}

// lastMonths are the days that the parameter period means.
func (p *params) lastMonths(live *engine.Live, unit engine.Unit, open bool) (from, to time.Time) {
	last := p.oneOf("period", "last-3-months", "last-2-months", "last-3-months", "last-6-months", "last-12-months")
	from, to = live.LastMonths(unit, periods[last])
	if open {
		to = to.AddDate(0, 1, 0) // the running period begins where the closed ones end
	}
	return from, to
}

// pulls are the counts of one page.
func (c *call) pulls(p *params, request engine.PullsRequest) (counts []engine.PullCount, next string, err error) {
	where, err := p.pageOf(maxRows, maxPage, c.listName(request))
	if err != nil {
		return nil, "", err
	}
	if counts, err = c.state.Pulls(c.Context(), request); err != nil {
		return nil, "", err
	}
	from, to, next := where.of(len(counts))
	return counts[from:to], next, nil
}

func newPullModel(count engine.PullCount, by engine.Grouping) pullModel {
	m := pullModel{
		Start: count.First, End: count.Last, Namespace: count.Namespace, Repo: count.Repository,
		PullCount: count.PullsByTag + count.PullsByDigest + count.VersionChecks, IPCount: count.Addresses,
		DataDownloads: count.PullsByTag + count.PullsByDigest,
		PullsByTag:    count.PullsByTag, PullsByDigest: count.PullsByDigest, VersionChecks: count.VersionChecks,
		Open: count.Open,
	}
	switch by {
	case engine.ByNamespace:
		m.Repo = ""
	case engine.ByCountry:
		m.Country = &count.Group
	case engine.ByTag:
		m.Tag = &count.Group
	case engine.ByUseCase:
		m.UseCase = &count.Group
	}
	return m
}
