package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// reporter writes the reports of one period, over all publishers at once.
type reporter struct {
	*run
	source  *reportSource
	dir     string // the reports directory
	due     duePeriod
	reports []reports.Report
	sets    map[string]*reportSet // by publisher id
	ids     []string              // in the order of appearance
	failed  []error               // of users' reports
}

// reportSet is the directory of one publisher and period in the making.
type reportSet struct {
	manifest reports.Manifest
	wanted   []string // names of its reports; nil: all
	staged   string
	target   string
}

func (s *reportSet) wants(report reports.Report) bool {
	return s.wanted == nil || slices.Contains(s.wanted, report.Name)
}

func (r *run) publishPeriods(ctx context.Context, dir string, due []duePeriod) error {
	source, err := openReports(ctx, r.store.Scratch(), r.Config)
	if err != nil {
		return err
	}
	defer source.close()
	for _, d := range due {
		p := &reporter{run: r, source: source, dir: dir, due: d, sets: map[string]*reportSet{}}
		for _, report := range r.chosen {
			if report.Of != reports.Extensions || len(d.events) > 0 {
				p.reports = append(p.reports, report)
			}
		}
		if err := p.publish(ctx); err != nil {
			return fmt.Errorf("publish %s: %w", d, err)
		}
	}
	return nil
}

// publish writes every report into staged directories and then makes them
// visible, one publisher after the other, each whole.
func (p *reporter) publish(ctx context.Context) error {
	defer p.discard()
	if err := p.source.use(ctx, filesOf(p.due.days, p.store.DayFile), filesOf(p.due.events, p.store.ExtensionFile)); err != nil {
		return err
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	if err := p.writeAll(ctx); err != nil {
		return err
	}
	var dirs []string
	for _, id := range p.ids {
		set := p.sets[id]
		if err := p.show(ctx, set); err != nil {
			return err
		}
		dirs = append(dirs, p.relative(set.target))
	}
	if len(p.failed) > 0 {
		// Not recorded as published, so that every run says so until it is mended.
		return errors.Join(p.failed...)
	}
	return p.recordPublication(p.dir, p.due, dirs)
}

// writeAll writes all reports. A user's report that fails is left out: it must
// not keep the others from their readers.
func (p *reporter) writeAll(ctx context.Context) error {
	var written []reports.Report
	for _, report := range p.reports {
		err := p.write(ctx, report)
		switch {
		case err == nil:
			written = append(written, report)
		case report.Path != "" && ctx.Err() == nil:
			p.failed = append(p.failed, fmt.Errorf("report %s (%s) is left out: %w", report.Name, report.Path, err))
			for _, set := range p.sets {
				if err := set.remove(report.Name); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("report %s: %w", report.Name, err)
		}
	}
	p.reports = written
	return nil
}

// remove takes away what is staged of a report.
func (s *reportSet) remove(report string) error {
	s.manifest.Reports = slices.DeleteFunc(s.manifest.Reports, func(p reports.Published) bool { return p.Report == report })
	files, err := os.ReadDir(s.staged)
	if err != nil {
		return fmt.Errorf("remove what is staged: %w", err)
	}
	for _, file := range files {
		if name := file.Name(); strings.HasPrefix(name, report+".") || strings.HasPrefix(name, report+"-") {
			if err := os.Remove(filepath.Join(s.staged, name)); err != nil {
				return fmt.Errorf("remove what is staged: %w", err)
			}
		}
	}
	return nil
}

// open makes a staged directory for every publisher: those with actions in the
// period or events up to its end, and those of the configuration, for whom no pulls is an answer, too.
func (p *reporter) open(ctx context.Context) error {
	owners, err := p.source.sharedQuery(ctx, "shared/owners.sql", p.params())
	if err != nil {
		return err
	}
	query := `
		with owners as (` + owners + `),
		sources as (select distinct namespace, source from actions),
		publishers_of_period as (
			select distinct owners.publisher_id, owners.publisher_name, sources.source
			from sources inner join owners on sources.namespace = owners.namespace
			union
			select distinct publisher_id, publisher_name, source from published_extension_events
			union
			select publisher_id, publisher_name, null from publishers
		)
		select publisher_id, publisher_name, coalesce(string_agg(source, ' ' order by source), '') as inputs
		from publishers_of_period group by publisher_id, publisher_name order by publisher_id`
	return p.source.db.Each(ctx, query, func(row []driver.Value) error {
		id, name := row[0].(string), row[1].(string)
		target := filepath.Join(p.dir, lake.SafeName(id), string(p.due.Granularity), p.due.Dir())
		parent := filepath.Dir(target)
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return fmt.Errorf("create report directory: %w", err)
		}
		staged, err := os.MkdirTemp(parent, ".staging-*")
		if err != nil {
			return fmt.Errorf("create report directory: %w", err)
		}
		p.ids = append(p.ids, id)
		p.sets[id] = &reportSet{staged: staged, target: target, wanted: p.Config.reportsOf(id), manifest: reports.Manifest{
			PublisherID: id, PublisherName: name,
			Period: p.due.String(), Granularity: string(p.due.Granularity), DateReference: p.due.Reference(),
			From: string(period.DayOf(p.due.Start)), To: string(period.DayOf(p.due.End()).Prev()), Open: p.due.open,
			Inputs: strings.Fields(row[2].(string)), Versions: map[string]string{"engine": Version, "rules": RulesVersion},
		}}
		return nil
	})
}

// params are those of every report of the period.
func (p *reporter) params() reports.Params {
	return reports.Params{
		Granularity: string(p.due.Granularity), Reference: p.due.Reference(), From: p.due.Start, To: p.due.End(), InOrder: true,
	}
}

// write runs one report and splits it by publisher.
func (p *reporter) write(ctx context.Context, report reports.Report) error {
	if err := p.source.run(ctx, &report, p.params()); err != nil {
		return err
	}
	published := map[string]*reports.Published{}
	for _, id := range p.ids {
		if p.sets[id].wants(report) {
			published[id] = &reports.Published{Report: report.Name}
		}
	}
	if err := p.countLeftOut(ctx, report, published); err != nil {
		return err
	}
	err := p.source.db.Ordered(ctx, func() error {
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return p.writeCSV(ctx, report, published) })
		group.Go(func() error { return p.writeParquet(ctx, report) })
		return group.Wait()
	})
	if err != nil {
		return err
	}
	for id, done := range published {
		set := p.sets[id]
		parquet, err := reports.Describe(set.staged, report.Name+".parquet")
		if err != nil {
			return err
		}
		done.Files = append(done.Files, parquet...)
		set.manifest.Reports = append(set.manifest.Reports, *done)
	}
	return nil
}

// countLeftOut reads what the report's thresholds leave out.
func (p *reporter) countLeftOut(ctx context.Context, report reports.Report, published map[string]*reports.Published) error {
	for _, column := range report.LeftOut {
		query := fmt.Sprintf("select publisher_id, cast(sum(%[1]s) as bigint) from %[2]s where %[1]s is not null group by publisher_id", column, p.source.rows)
		err := p.source.db.Each(ctx, query, func(row []driver.Value) error {
			done := published[row[0].(string)]
			switch {
			case done == nil:
			case column == reports.SuppressedRows:
				done.Suppressed = row[1].(int64)
			case column == reports.LeftOutUsers:
				done.LeftOut = row[1].(int64)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// show makes one directory visible.
func (p *reporter) show(ctx context.Context, set *reportSet) error {
	before, err := reports.ReadManifest(set.target)
	if err != nil {
		return err
	}
	if before != nil && !set.manifest.Same(before) {
		if set.manifest.Changes, err = p.changes(ctx, set, before); err != nil {
			return err
		}
	}
	if p.Config.Reports.XLSX {
		if err := p.writeWorkbook(ctx, set); err != nil {
			return err
		}
	}
	if err := set.manifest.Write(set.staged, before); err != nil {
		return err
	}
	changed, err := lake.PublishDir(set.staged, set.target)
	if err != nil {
		return err
	}
	if err := pointLatest(filepath.Dir(set.target)); err != nil {
		return err
	}
	rows := map[string]int64{}
	for _, report := range set.manifest.Reports {
		rows[report.Report] = report.Rows
	}
	p.manifest().Published = append(p.manifest().Published, lake.Published{
		Publisher: set.manifest.PublisherID, Period: set.manifest.Period, Granularity: set.manifest.Granularity,
		Dir: p.relative(set.target), Revision: set.manifest.Revision, Rows: rows, Changed: changed,
	})
	p.log().Info("published", "publisher", set.manifest.PublisherID, "period", set.manifest.Period, "revision", set.manifest.Revision, "changed", changed, "at", p.begun.Format(time.RFC3339))
	return nil
}

func (p *reporter) relative(target string) string {
	path, err := filepath.Rel(p.dir, target)
	if err != nil {
		return target
	}
	return path
}

// discard removes staged directories that were not shown.
func (p *reporter) discard() {
	for _, set := range p.sets {
		os.RemoveAll(set.staged)
	}
}
