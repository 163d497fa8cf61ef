package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// Dataviews are what is exported of a week or month, by the names that Docker's API has for them, and the published
// report that each is.
var Dataviews = []struct{ Name, Report string }{
	{"raw", "raw"}, {"summary", "pulls_summary"}, {"repo-summary", "pulls_repo_summary"}, {"namespace-summary", "pulls_namespace_summary"},
}

// Export is one published report of one namespace as CSV files.
type Export struct {
	Files []ExportFile

	open func(file ExportFile) (*os.File, error)
}

// ExportFile is one of them.
type ExportFile struct {
	Name string
	Size int64
}

// Views names the dataviews that a publication has, in the order of Dataviews.
func (p *Publication) Views() []string {
	var views []string
	for _, view := range Dataviews {
		if p.file(view.Report) != "" {
			views = append(views, view.Name)
		}
	}
	return views
}

// Export is a report of a publication, restricted to a namespace that is in it, cut into files of about
// serve.export_part_size. What is published for this namespace alone, and is no larger, is served as it is;
// otherwise its rows are written anew, which gives the same bytes but for the rows left out. ErrReplaced says that it
// has been published anew.
func (s *LiveState) Export(ctx context.Context, p *Publication, report, namespace string) (*Export, error) {
	source := p.file(report)
	published, ok := p.Manifest.Find(report)
	if source == "" || !ok || !slices.Contains(p.Namespaces, namespace) {
		return nil, ErrReplaced
	}
	config, limit := s.live.Config().Reports, s.live.Config().Serve.ExportPartSize
	if len(p.Namespaces) == 1 && !p.Unsure && csvFit(published, int64(limit)) {
		e := &Export{open: func(file ExportFile) (*os.File, error) {
			return p.Open(file.Name)
		}}
		for _, file := range published.Files {
			if isCSV(file.Name) {
				e.Files = append(e.Files, ExportFile{file.Name, file.Bytes})
			}
		}
		return e, nil
	}
	key := strings.Join([]string{"export", p.dir, published.RowsSHA256, report, namespace}, "\x00")
	hold := func(ctx context.Context) (*cached, error) {
		return s.cache.hold(ctx, key, func(dir string) (any, error) {
			return nil, s.alone(ctx, func() error {
				described, _ := reports.Find(report)
				options := reports.CSVOptions{FormulaGuard: config.CSVFormulaGuard, Gzip: config.Gzip, PartBytes: int64(limit)}
				err := s.writeCSV(ctx, described, source, "where namespace = ?", []any{namespace}, dir, options)
				if replaced := p.checkSame(); replaced != nil {
					return replaced // the rows are of a later revision, or there are none
				}
				return err
			})
		})
	}
	entry, err := hold(ctx)
	if err != nil {
		return nil, err
	}
	defer s.cache.release(entry)
	e := &Export{open: func(file ExportFile) (*os.File, error) {
		return s.cache.open(ctx, hold, file.Name)
	}}
	for _, file := range entry.files {
		e.Files = append(e.Files, ExportFile(file))
	}
	return e, nil
}

// Open opens one of the files.
func (e *Export) Open(name string) (*os.File, error) {
	at := slices.IndexFunc(e.Files, func(file ExportFile) bool { return file.Name == name })
	if at < 0 {
		return nil, ErrReplaced
	}
	return e.open(e.Files[at])
}

func isCSV(name string) bool {
	return strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".csv.gz")
}

// csvFit reports whether none of the CSV files is larger than a part.
func csvFit(published reports.Published, limit int64) bool {
	return !slices.ContainsFunc(published.Files, func(file reports.File) bool {
		return isCSV(file.Name) && limit > 0 && file.Bytes > limit
	})
}

// alone lets one do at a time what takes much of the machine.
func (s *LiveState) alone(ctx context.Context, do func() error) error {
	select {
	case s.heavy <- struct{}{}:
		defer func() { <-s.heavy }()
		return do()
	case <-ctx.Done():
		return fmt.Errorf("wait for others who compute: %w", ctx.Err())
	}
}

// writeCSV writes rows of a report's Parquet file as the CSV files of the report.
func (s *LiveState) writeCSV(ctx context.Context, report reports.Report, source, where string, args []any, dir string, options reports.CSVOptions) error {
	writer, err := reports.CreateCSV(dir, report.Name, report.Columns, options)
	if err != nil {
		return err
	}
	var row sql.RawBytes
	var failed error
	query := fmt.Sprintf("select %s from read_parquet(%s) %s", reports.Joined(report.Columns), duck.Quote(duck.Path(source)), where)
	err = s.query(ctx, query, args, []any{&row}, func() {
		if failed == nil {
			failed = writer.Write(string(row))
		}
	})
	return errors.Join(err, failed, writer.Close())
}
