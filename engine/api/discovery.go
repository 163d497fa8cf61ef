package api

import (
	"context"
	"slices"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/period"
)

type namespaceData struct {
	Namespaces []string `json:"namespaces"`
}

type namespaceMetadata struct {
	Namespace  string    `json:"namespace"`
	ExtraRepos []string  `json:"extraRepos"`
	Datasets   []dataset `json:"datasets"`
}

type dataset struct {
	Name      string   `json:"name"`
	Views     []string `json:"views"`
	Timespans []string `json:"timespans"`
}

// The two kinds of timespans.
const (
	months = "months"
	weeks  = "weeks"
)

var granularities = map[string]period.Granularity{months: period.Monthly, weeks: period.Weekly}

// listNamespaces lists what somebody may see and has data: namespaces, and single repositories beyond them.
func (s *Server) listNamespaces(c *call) (any, error) {
	if err := newParams(c.URL.RawQuery).err; err != nil {
		return nil, err
	}
	namespaces, err := c.mine()
	if err != nil {
		return nil, err
	}
	list := namespaceData{Namespaces: []string{}}
	for _, namespace := range namespaces {
		images, err := c.state.ImagesOf(c.Context(), namespace)
		if err != nil {
			return nil, err
		}
		if len(images) > 0 {
			list.Namespaces = append(list.Namespaces, namespace)
		}
	}
	extra, err := c.extraRepos()
	list.Namespaces = append(list.Namespaces, extra...)
	return list, err
}

// mine are the namespaces that somebody may see. Who has not logged in and sees none is asked to.
func (c *call) mine() ([]string, error) {
	if c.access.user == nil && !c.access.all && len(c.access.namespaces) == 0 && len(c.access.counts) == 0 {
		return nil, c.refuse()
	}
	return c.access.known(c.Context(), c.state)
}

// extraRepos are the repositories with data that were granted by themselves.
func (c *call) extraRepos() ([]string, error) {
	extra := []string{}
	for _, image := range c.access.images {
		images, err := c.state.ImagesOf(c.Context(), image.Namespace)
		if err != nil {
			return nil, err
		}
		if slices.Contains(images, image) {
			extra = append(extra, image.String())
		}
	}
	return extra, nil
}

func (s *Server) describeNamespaces(c *call) (any, error) {
	if err := newParams(c.URL.RawQuery).err; err != nil {
		return nil, err
	}
	namespaces, err := c.mine()
	if err != nil {
		return nil, err
	}
	list := []namespaceMetadata{}
	for _, namespace := range namespaces {
		metadata, err := c.metadata(namespace)
		if err != nil {
			return nil, err
		}
		list = append(list, metadata)
	}
	return list, nil
}

func (s *Server) describeNamespace(c *call) (any, error) {
	if err := newParams(c.URL.RawQuery).err; err != nil {
		return nil, err
	}
	namespace, err := c.countedNamespace()
	if err != nil {
		return nil, err
	}
	return c.metadata(namespace)
}

func (c *call) metadata(namespace string) (namespaceMetadata, error) {
	metadata := namespaceMetadata{Namespace: namespace, Datasets: []dataset{}}
	var err error
	if metadata.ExtraRepos, err = c.extraRepos(); err != nil {
		return metadata, err
	}
	if !c.access.sees(namespace) {
		return metadata, nil // no exports
	}
	publications, err := c.publicationsWith(c.Context(), namespace)
	if err != nil {
		return metadata, err
	}
	set := dataset{Name: "pulls", Views: []string{}, Timespans: []string{}}
	for _, view := range engine.Dataviews {
		if slices.ContainsFunc(publications, func(p engine.Publication) bool { return slices.Contains(p.Views(), view.Name) }) {
			set.Views = append(set.Views, view.Name)
		}
	}
	for _, kind := range []string{months, weeks} {
		if slices.ContainsFunc(publications, func(p engine.Publication) bool { return p.Period.Granularity == granularities[kind] }) {
			set.Timespans = append(set.Timespans, kind)
		}
	}
	if len(set.Views) > 0 {
		metadata.Datasets = append(metadata.Datasets, set)
	}
	return metadata, nil
}

// publicationsWith are those of a namespace's publisher in which the namespace has data that can be exported.
func (c *call) publicationsWith(ctx context.Context, namespace string) ([]engine.Publication, error) {
	all, err := c.state.Publications(ctx, c.live.Config().PublisherOf(namespace).ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(p engine.Publication) bool {
		return !slices.Contains(p.Namespaces, namespace) || len(p.Views()) == 0
	}), nil
}

// me is who asks, and what they may see and do.
type me struct {
	Name       string   `json:"name"`
	Admin      bool     `json:"admin"`
	Login      bool     `json:"login"`
	Query      bool     `json:"query"`
	Namespaces []string `json:"namespaces"`
	ExtraRepos []string `json:"extraRepos"`
	FirstDay   string   `json:"firstDay"`
	LastDay    string   `json:"lastDay"`
	Version    string   `json:"version"`
}

func (s *Server) describeMe(c *call) (any, error) {
	if err := newParams(c.URL.RawQuery).err; err != nil {
		return nil, err
	}
	namespaces, err := c.mine()
	if err != nil {
		return nil, err
	}
	m := me{Admin: c.access.all, Login: !s.openToAll, Query: c.mayQuery(), Namespaces: append([]string{}, namespaces...), Version: engine.Version}
	if c.access.user != nil {
		m.Name = c.access.user.Name
	}
	if m.ExtraRepos, err = c.extraRepos(); err != nil {
		return nil, err
	}
	first, last := c.state.Days()
	if !c.access.all {
		first, last, err = c.state.DaysOf(c.Context(), namespaces)
	}
	m.FirstDay, m.LastDay = string(first), string(last)
	return m, err
}

type imageList struct {
	Repos []string `json:"repos"`
}

// listImages lists the repositories of a namespace.
func (s *Server) listImages(c *call) (any, error) {
	namespace, err := c.countedNamespace()
	if err != nil {
		return nil, err
	}
	if err := newParams(c.URL.RawQuery).err; err != nil {
		return nil, err
	}
	images, err := c.state.ImagesOf(c.Context(), namespace)
	if err != nil {
		return nil, err
	}
	list := imageList{Repos: []string{}}
	for _, image := range images {
		list.Repos = append(list.Repos, image.Repository)
	}
	return list, nil
}
