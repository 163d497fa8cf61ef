package engine

import (
	"context"
	"slices"

	"github.com/pullscope/pullscope/engine/duck"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// Image is a repository by its namespace and its name in there.
type Image struct{ Namespace, Repository string }

func (i Image) String() string { return i.Namespace + "/" + i.Repository }

// Images are all repositories with stored actions, in order.
func (s *LiveState) Images(ctx context.Context) ([]Image, error) {
	return s.images.get(ctx, "", func() ([]Image, error) {
		return s.readImages(ctx, "select distinct namespace, repository from actions order by all")
	})
}

// ImagesOf are the repositories of a namespace that have stored actions, or had some when a report was
// published, in order.
func (s *LiveState) ImagesOf(ctx context.Context, namespace string) ([]Image, error) {
	return s.images.get(ctx, "of "+namespace, func() ([]Image, error) {
		all, err := s.Images(ctx)
		if err != nil {
			return nil, err
		}
		own := slices.DeleteFunc(slices.Clone(all), func(image Image) bool { return image.Namespace != namespace })
		if s.pruned == "" {
			return own, nil
		}
		publications, err := s.Publications(ctx, s.live.Config().PublisherOf(namespace).ID)
		if err != nil {
			return nil, err
		}
		var files []string
		for _, publication := range publications {
			if file := publication.file("pulls_repo_summary"); file != "" {
				files = append(files, file)
			}
		}
		if len(files) == 0 {
			return own, nil
		}
		query, err := duck.Render(sqlfiles.Files, "duckdb/published_images.sql", map[string]any{"Files": duck.Paths(files)}, nil)
		if err != nil {
			return nil, err
		}
		published, err := s.readImages(ctx, query, namespace)
		if err != nil {
			return nil, err
		}
		own = append(own, published...)
		slices.SortFunc(own, compareImages)
		return slices.Compact(own), nil
	})
}

func compareImages(a, b Image) int {
	return slices.Compare([]string{a.Namespace, a.Repository}, []string{b.Namespace, b.Repository})
}

func (s *LiveState) readImages(ctx context.Context, query string, args ...any) ([]Image, error) {
	var images []Image
	var image Image
	err := s.query(ctx, query, args, []any{&image.Namespace, &image.Repository}, func() { images = append(images, image) })
	return images, err
}
