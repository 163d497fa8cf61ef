package api

import (
	"strconv"
	"strings"

	"github.com/pullscope/pullscope/engine"
)

// badge is what shields.io makes a picture of.
type badge struct {
	SchemaVersion int    `json:"schemaVersion"`
	Label         string `json:"label"`
	Message       string `json:"message"`
	Color         string `json:"color"`
	CacheSeconds  int    `json:"cacheSeconds"`
}

// badgeCache is how long a badge may be kept: its numbers change with a period.
const badgeCache = 3600

// badgeNumbers are what a badge may show, by the value of its parameter.
var badgeNumbers = map[string]func(engine.PullCount) int64{
	"downloads": func(c engine.PullCount) int64 { return c.PullsByTag + c.PullsByDigest },
	"pulls":     func(c engine.PullCount) int64 { return c.PullsByTag + c.PullsByDigest + c.VersionChecks },
	"checks":    func(c engine.PullCount) int64 { return c.VersionChecks },
	"addresses": func(c engine.PullCount) int64 { return c.Addresses },
}

// badge shows one number of a namespace or repository in the last closed month or week.
func (s *Server) badge(c *call) (any, error) {
	p := newParams(c.URL.RawQuery, "metric", "timespan", "label")
	metric := p.oneOf("metric", "downloads", "downloads", "pulls", "checks", "addresses")
	timespan := p.oneOf("timespan", months, months, weeks)
	label := p.text("label", metric)
	if p.err != nil {
		return nil, p.err
	}
	if label == "" || len(label) > 100 {
		return nil, badRequest("label is empty or longer than 100 bytes")
	}
	request := engine.PullsRequest{Unit: units[timespan], By: engine.ByNamespace}
	request.From, request.To = c.live.LastMonths(request.Unit, 1)
	if timespan == weeks {
		request.From = request.To.AddDate(0, 0, -7)
	}
	if c.PathValue("repo") != "" {
		image, err := c.image()
		if err != nil {
			return nil, err
		}
		request.Images = []engine.Image{image}
	} else {
		namespace, err := c.countedNamespace()
		if err != nil {
			return nil, err
		}
		request.Namespace = namespace
	}
	counts, err := c.state.Pulls(c.Context(), request)
	if err != nil {
		return nil, err
	}
	shown := badge{SchemaVersion: 1, Label: label, Message: "0", Color: "lightgrey", CacheSeconds: badgeCache}
	for _, count := range counts { // one, if any
		shown.Message, shown.Color = short(badgeNumbers[metric](count)), "blue"
	}
	shown.Message += "/" + strings.TrimSuffix(timespan, "s")
	return shown, nil
}

// short writes a number in about three digits, rounded down: 999, 1.2k, 34k, 5.6M.
func short(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		switch {
		case n >= 10*unit.size:
			return strconv.FormatInt(n/unit.size, 10) + unit.name
		case n >= unit.size:
			tenths := n / (unit.size / 10)
			return strings.TrimSuffix(strconv.FormatInt(tenths/10, 10)+"."+strconv.FormatInt(tenths%10, 10), ".0") + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}
