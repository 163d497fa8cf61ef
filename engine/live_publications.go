package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// Publication is what is published for one publisher and one week or month.
type Publication struct {
	Period   period.Period
	Manifest *reports.Manifest
	// Namespaces are those with actions in it, in order.
	Namespaces []string
	// Others are further ones that its reports tell of, such as those of extensions.
	Others []string
	// Unsure says that it cannot be told which namespaces its reports tell of.
	Unsure bool

	dir     string
	current bool // it follows from the requests of the state, not from what a run has stored since
}

// file is the path of the Parquet file of a report; empty where it is not published.
func (p *Publication) file(report string) string {
	published, ok := p.Manifest.Find(report)
	name := report + ".parquet"
	if !ok || !slices.ContainsFunc(published.Files, func(f reports.File) bool { return f.Name == name }) {
		return ""
	}
	path := filepath.Join(p.dir, name)
	if _, err := os.Stat(path); err != nil {
		return "" // somebody removed it
	}
	return path
}

// namespaceColumns are where reports tell of namespaces, the shortest of those about actions first.
var namespaceColumns = []struct {
	report, namespace string
	of                reports.Subject
}{
	{"pulls_namespace_summary", "namespace", reports.Actions},
	{"pulls_repo_summary", "namespace", reports.Actions},
	{"pulls_summary", "namespace", reports.Actions},
	{"summary", "split_part(image_repository, '/', 1)", reports.Actions},
	{"trends", "namespace", reports.Actions},
	{"raw", "namespace", reports.Actions},
	{"extensions_core", "split_part(extension, '/', 1)", reports.Extensions},
	{"extensions_premium", "split_part(extension, '/', 1)", reports.Extensions},
}

// publicationTries is how often publications are read anew because a run replaced one meanwhile.
const publicationTries = 10

// Publications are those of a publisher, by its id: the weeks, then the months, each by time.
func (s *LiveState) Publications(ctx context.Context, publisher string) ([]Publication, error) {
	return s.publications.get(ctx, publisher, func() ([]Publication, error) {
		dir, err := filepath.Abs(filepath.Join(s.live.engine.Dir, "reports", lake.SafeName(publisher)))
		if err != nil {
			return nil, fmt.Errorf("list published reports: %w", err)
		}
		before, err := publishedOf(dir)
		if err != nil {
			return nil, err
		}
		for range publicationTries {
			publications, failed := s.readPublications(ctx, before)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			after, err := publishedOf(dir)
			if err != nil {
				return nil, err
			}
			if reflect.DeepEqual(before, after) {
				return publications, errors.Join(failed, s.markCurrent(publications))
			}
			before = after
		}
		return nil, errors.New("list published reports: they were replaced all the time; ask again")
	})
}

// Forget lets the publications of a publisher be read anew: somebody found that one was replaced since.
func (s *LiveState) Forget(publisher string) { s.publications.forget(publisher) }

func (s *LiveState) markCurrent(publications []Publication) error {
	current, err := s.isCurrent()
	for i := range publications {
		publications[i].current = current
	}
	return err
}

func (s *LiveState) readPublications(ctx context.Context, published []publishedReports) ([]Publication, error) {
	var all []Publication
	for _, p := range published {
		at, ok := periodOfDir(period.Granularity(p.manifest.Granularity), filepath.Base(p.path))
		if ok && at.String() == p.manifest.Period {
			all = append(all, Publication{Period: at, Manifest: p.manifest, dir: p.path})
		}
	}
	for _, subject := range []reports.Subject{reports.Actions, reports.Extensions} {
		if err := s.addNamespaces(ctx, all, subject); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// addNamespaces tells each publication which namespaces its reports of a subject tell of.
func (s *LiveState) addNamespaces(ctx context.Context, all []Publication, subject reports.Subject) error {
	byFile, columns := map[string]*Publication{}, map[string][]string{} // files by the expression of their namespaces
	for i := range all {
		p, tells := &all[i], false
		for _, column := range namespaceColumns {
			if file := p.file(column.report); file != "" && column.of == subject {
				byFile[file], tells = p, true
				columns[column.namespace] = append(columns[column.namespace], file)
				break
			}
		}
		p.Unsure = p.Unsure || !tells && p.has(subject)
	}
	for expression, files := range columns {
		query, err := duck.Render(sqlfiles.Files, "duckdb/published_namespaces.sql", map[string]any{"Files": duck.Paths(files), "Namespace": expression}, nil)
		if err != nil {
			return err
		}
		var file, namespace string
		err = s.query(ctx, query, nil, []any{&file, &namespace}, func() {
			p := byFile[file]
			switch {
			case subject == reports.Actions:
				p.Namespaces = append(p.Namespaces, namespace)
			case !slices.Contains(p.Namespaces, namespace):
				p.Others = append(p.Others, namespace)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a report of the subject is published. An own report may tell of anything.
func (p *Publication) has(subject reports.Subject) bool {
	return slices.ContainsFunc(p.Manifest.Reports, func(published reports.Published) bool {
		report, known := reports.Find(published.Report)
		return known && report.Of == subject || !known && subject == reports.Actions
	})
}

// ErrReplaced says that a published file is not there any more: a later revision is, or it was too old to be kept.
var ErrReplaced = errors.New("the report has been published anew, or is not kept any more")

// names reports whether the manifest names a file.
func (p *Publication) names(name string) bool {
	is := func(file reports.File) bool { return file.Name == name }
	return p.Manifest.Workbook != nil && is(*p.Manifest.Workbook) ||
		slices.ContainsFunc(p.Manifest.Reports, func(published reports.Published) bool { return slices.ContainsFunc(published.Files, is) })
}

// Open opens a file that the manifest names, as it is described there, or returns ErrReplaced.
func (p *Publication) Open(name string) (*os.File, error) {
	if !p.names(name) {
		return nil, ErrReplaced
	}
	file, err := os.Open(filepath.Join(p.dir, filepath.Base(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrReplaced
	}
	if err != nil {
		return nil, fmt.Errorf("open a published report: %w", err)
	}
	if err := p.checkSame(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// checkSame returns ErrReplaced unless what was opened before is of this publication: directories are replaced whole,
// and while the manifest is the same, so is the rest.
func (p *Publication) checkSame() error {
	now, err := reports.ReadManifest(p.dir)
	if err == nil && (now == nil || !reflect.DeepEqual(now, p.Manifest)) {
		return ErrReplaced
	}
	return err
}
