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
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// ExportOptions say what is exported.
type ExportOptions struct {
	Publisher string     // only what is this publisher's, by its id; empty: of all
	From, To  period.Day // the first and the last day; empty: no bound
}

// Exported counts what an export holds.
type Exported struct {
	Actions, ExtensionEvents int64
	Periods                  int // weeks and months whose reports are in it, per publisher
}

// exporter reads one state of the lake and of its published reports.
type exporter struct {
	*Querier
	options   ExportOptions
	published []publishedReports
}

// export takes the state of the lake without a lock and lets write use it. When reports
// were published meanwhile, write is called once more, and begins anew.
func (e *Engine) export(ctx context.Context, options ExportOptions, spill string, write func(*exporter) error) error {
	if options.From != "" && options.To != "" && options.To < options.From {
		return &UsageError{fmt.Errorf("the last day %s is before the first day %s", options.To, options.From)}
	}
	const tries = 10
	for try := 1; ; try++ {
		before, err := publishedDirs(filepath.Join(e.Dir, "reports"))
		if err == nil {
			err = e.exportState(ctx, options, before, spill, write)
		}
		after, again := publishedDirs(filepath.Join(e.Dir, "reports"))
		if again == nil && reflect.DeepEqual(before, after) || ctx.Err() != nil {
			return err
		}
		if try == tries {
			return errors.Join(err, again, fmt.Errorf("export from %s: reports were published all the time; try again", e.Dir))
		}
	}
}

func (e *Engine) exportState(ctx context.Context, options ExportOptions, published []publishedReports, spill string, write func(*exporter) error) error {
	if err := e.Config.Validate(); err != nil {
		return &UsageError{err}
	}
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return err
	}
	x := &exporter{Querier: &Querier{engine: e}, options: options}
	if x.snapshot, err = store.Snapshot(); err != nil {
		return err
	}
	defer x.Close()
	if err := x.open(ctx, spill); err != nil {
		return err
	}
	if err := e.checkOwners(published, options.Publisher); err != nil {
		return err
	}
	known := false
	for _, dir := range published {
		known = known || dir.manifest.PublisherID == options.Publisher
		if options.holds(dir.manifest) {
			x.published = append(x.published, dir)
		}
	}
	if options.Publisher != "" && !known {
		if err := x.checkPublisher(ctx); err != nil {
			return err
		}
	}
	return write(x)
}

// checkOwners refuses to export without the configuration that the reports were published with: the
// namespaces of a publisher would be taken for others'.
func (e *Engine) checkOwners(published []publishedReports, publisher string) error {
	for _, dir := range published {
		id, name := dir.manifest.PublisherID, dir.manifest.PublisherName
		configured := slices.ContainsFunc(e.Config.Publishers, func(p Publisher) bool { return p.ID == id })
		// One that was removed from the configuration may still have reports.
		asked := id == publisher || publisher == "" && len(e.Config.Publishers) == 0
		if asked && !configured && name != id {
			return &UsageError{fmt.Errorf("reports were published for %s (%s), which is not in the configuration; name the configuration of the runs with --config", id, name)}
		}
	}
	return nil
}

// checkPublisher refuses an id that nobody has, as reports do.
func (x *exporter) checkPublisher(ctx context.Context) error {
	days := unionOfDays(x.snapshot.Days(lake.Requests), x.snapshot.Days(lake.ExtensionEvents))
	if len(days) == 0 {
		_, err := x.engine.newestWeek(days)
		return err
	}
	rows := ReportRows{source: &reportSource{db: x.db}, Range: period.Range{From: days[0].Time(), To: days[len(days)-1].Next().Time()}}
	return rows.checkPublisher(ctx, x.options.Publisher)
}

// holds reports whether the reports of a manifest are exported: their period lies within the days.
func (o ExportOptions) holds(manifest *reports.Manifest) bool {
	return (o.Publisher == "" || o.Publisher == manifest.PublisherID) &&
		(o.From == "" || manifest.From >= string(o.From)) && (o.To == "" || manifest.To <= string(o.To))
}

// where is the condition on rows with these columns; publisher is empty where all rows are of the right one.
func (o ExportOptions) where(publisher, first, last string) string {
	conditions := []string{"true"}
	if publisher != "" && o.Publisher != "" {
		conditions = append(conditions, publisher+" = "+duck.Quote(o.Publisher))
	}
	if o.From != "" {
		conditions = append(conditions, first+" >= date "+duck.Quote(string(o.From)))
	}
	if o.To != "" {
		conditions = append(conditions, last+" <= date "+duck.Quote(string(o.To)))
	}
	return strings.Join(conditions, " and ")
}

// days tells the days in words.
func (o ExportOptions) days() string {
	switch {
	case o.From != "" && o.To != "":
		return fmt.Sprintf("%s to %s", o.From, o.To)
	case o.From != "":
		return fmt.Sprintf("from %s on", o.From)
	case o.To != "":
		return fmt.Sprintf("up to %s", o.To)
	}
	return "all that are stored"
}

// publishedReports is a directory of published reports.
type publishedReports struct {
	path     string
	manifest *reports.Manifest
}

// publishedDirs lists the published reports below a directory: by publisher, weeks before months, by time.
func publishedDirs(root string) ([]publishedReports, error) {
	var all []publishedReports
	publishers, err := readDirIfThere(root)
	if err != nil {
		return nil, err
	}
	for _, publisher := range publishers {
		own, err := publishedOf(filepath.Join(root, publisher.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	return all, nil
}

// publishedOf lists those in the directory of one publisher.
func publishedOf(dir string) ([]publishedReports, error) {
	var all []publishedReports
	for _, granularity := range []period.Granularity{period.Weekly, period.Monthly} {
		parent := filepath.Join(dir, string(granularity))
		periods, err := readDirIfThere(parent)
		if err != nil {
			return nil, err
		}
		for _, entry := range periods {
			if _, err := time.Parse(time.DateOnly, entry.Name()); err != nil {
				continue // what is being made, or the link to the latest
			}
			manifest, err := reports.ReadManifest(filepath.Join(parent, entry.Name()))
			if err != nil {
				return nil, err
			}
			if manifest != nil {
				all = append(all, publishedReports{filepath.Join(parent, entry.Name()), manifest})
			}
		}
	}
	return all, nil
}

func readDirIfThere(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list published reports: %w", err)
	}
	return entries, nil
}
