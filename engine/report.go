package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// reporter writes the reports of one period, over all publishers at once.
type reporter struct {
	*run
	db   *duck.DB
	dir  string // the reports directory
	due  duePeriod
	sets map[string]*reportSet // by publisher id
	ids  []string              // in the order of appearance
}

// reportSet is the directory of one publisher and period in the making.
type reportSet struct {
	manifest reports.Manifest
	staged   string
	target   string
}

func (r *run) publishPeriods(ctx context.Context, dir string, due []duePeriod) error {
	db, err := duck.Open(ctx, duck.Options{Threads: r.Config.Threads, MemoryLimit: r.Config.memoryLimit(), TempDir: r.store.Scratch()})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := createPublishers(ctx, db, r.Config.Publishers); err != nil {
		return err
	}
	for _, d := range due {
		p := &reporter{run: r, db: db, dir: dir, due: d, sets: map[string]*reportSet{}}
		if err := p.publish(ctx); err != nil {
			return fmt.Errorf("publish %s: %w", d, err)
		}
	}
	return nil
}

// createPublishers makes the table publishers: which namespace belongs to whom.
func createPublishers(ctx context.Context, db *duck.DB, publishers []Publisher) error {
	if err := db.Exec(ctx, "create table publishers (namespace varchar, publisher_id varchar, publisher_name varchar)"); err != nil {
		return err
	}
	var rows [][]driver.Value
	for _, publisher := range publishers {
		for _, namespace := range publisher.Namespaces {
			rows = append(rows, []driver.Value{namespace, publisher.ID, publisher.Name})
		}
	}
	return db.Append("publishers", rows)
}

// createViews makes the views requests and actions over day files.
func createViews(ctx context.Context, db *duck.DB, files []string) error {
	for _, path := range []string{"duckdb/requests_view.sql", "duckdb/actions_view.sql"} {
		query, err := duck.Render(sqlfiles.Files, path, map[string]any{"Files": duck.Paths(files)}, nil)
		if err != nil {
			return err
		}
		if err := db.Exec(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// publish writes every report into staged directories and then makes them
// visible, one publisher after the other, each whole.
func (p *reporter) publish(ctx context.Context) error {
	defer p.discard()
	var files []string
	for _, day := range p.due.days {
		files = append(files, p.store.DayFile(day))
	}
	if err := createViews(ctx, p.db, files); err != nil {
		return err
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	for _, report := range reports.All() {
		if err := p.write(ctx, report); err != nil {
			return fmt.Errorf("report %s: %w", report.Name, err)
		}
	}
	var dirs []string
	for _, id := range p.ids {
		set := p.sets[id]
		if err := p.show(set); err != nil {
			return err
		}
		dirs = append(dirs, p.relative(set.target))
	}
	return p.recordPublication(p.dir, p.due, dirs)
}

// open makes a staged directory for every publisher: those with actions in the
// period, and those of the configuration, for whom no pulls is an answer, too.
func (p *reporter) open(ctx context.Context) error {
	query := `
		with publishers_of_period as (
			select distinct coalesce(publishers.publisher_id, actions.namespace) as publisher_id, coalesce(publishers.publisher_name, actions.namespace) as publisher_name, actions.source
			from actions left join publishers on actions.namespace = publishers.namespace
			union
			select publisher_id, publisher_name, null from publishers
		)
		select publisher_id, publisher_name, coalesce(string_agg(source, ' ' order by source), '') as inputs
		from publishers_of_period group by publisher_id, publisher_name order by publisher_id`
	return p.db.Each(ctx, query, func(row []driver.Value) error {
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
		p.sets[id] = &reportSet{staged: staged, target: target, manifest: reports.Manifest{
			PublisherID: id, PublisherName: name,
			Period: p.due.String(), Granularity: string(p.due.Granularity), DateReference: p.due.Reference(),
			From: string(period.DayOf(p.due.Start)), To: string(period.DayOf(p.due.End()).Prev()), Open: p.due.open,
			Inputs: strings.Fields(row[2].(string)), Versions: map[string]string{"engine": Version, "rules": RulesVersion},
		}}
		return nil
	})
}

// write runs one report and splits it by publisher.
func (p *reporter) write(ctx context.Context, report reports.Report) error {
	query, err := duck.Render(reports.Files, report.Query(), map[string]any{
		"Granularity": string(p.due.Granularity), "Reference": p.due.Reference(),
		"From": p.due.Start, "To": p.due.End(),
	}, template.FuncMap{"table": reportTable})
	if err != nil {
		return err
	}
	if err := p.db.Exec(ctx, "create or replace table report_rows as "+query); err != nil {
		return err
	}
	var rows map[string]int64
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { rows, err = p.writeCSV(ctx, report); return err })
	group.Go(func() error { return p.writeParquet(ctx, report) })
	if err := group.Wait(); err != nil {
		return err
	}
	for _, id := range p.ids {
		set := p.sets[id]
		files, err := reports.Describe(set.staged, report.Name+".csv", report.Name+".parquet")
		if err != nil {
			return err
		}
		set.manifest.Reports = append(set.manifest.Reports, reports.Published{Report: report.Name, Rows: rows[id], Files: files})
	}
	return nil
}

// reportTable names the tables that reports may read.
func reportTable(name string) (string, error) {
	if name != "actions" && name != "publishers" {
		return "", fmt.Errorf("no table stands for %q", name)
	}
	return name, nil
}

// writeCSV writes the CSV file of every publisher; rows come in their order,
// publisher by publisher.
func (p *reporter) writeCSV(ctx context.Context, report reports.Report) (rows map[string]int64, err error) {
	rows = map[string]int64{}
	var current *reports.CSVWriter
	var currentID string
	finish := func() error {
		if current == nil {
			return nil
		}
		rows[currentID] = current.Rows
		return current.Close()
	}
	begin := func(id string) error {
		if err := finish(); err != nil {
			return err
		}
		set := p.sets[id]
		if set == nil {
			return fmt.Errorf("rows for publisher %q, who has no actions", id)
		}
		currentID = id
		current, err = reports.CreateCSV(filepath.Join(set.staged, report.Name+".csv"), report.Columns)
		return err
	}
	query := fmt.Sprintf("select publisher_id, %s from report_rows", reports.Joined(report.Columns))
	err = p.db.Each(ctx, query, func(row []driver.Value) error {
		if id := row[0].(string); current == nil || id != currentID {
			if err := begin(id); err != nil {
				return err
			}
		}
		return current.Write(row[1].(string))
	})
	if err != nil {
		return nil, err
	}
	for _, id := range p.ids {
		if _, ok := rows[id]; !ok && id != currentID {
			if err := begin(id); err != nil {
				return nil, err
			}
		}
	}
	return rows, finish()
}

// writeParquet writes the Parquet file of every publisher, beside writeCSV.
func (p *reporter) writeParquet(ctx context.Context, report reports.Report) error {
	db, err := p.db.Sibling(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, id := range p.ids {
		query := "select * exclude (publisher_id) from report_rows where publisher_id = " + duck.Quote(id)
		if err := db.Exec(ctx, copyParquet(query, filepath.Join(p.sets[id].staged, report.Name+".parquet"))); err != nil {
			return err
		}
	}
	return nil
}

// show makes one directory visible.
func (p *reporter) show(set *reportSet) error {
	published, err := reports.ReadManifest(set.target)
	if err != nil {
		return err
	}
	if err := set.manifest.Write(set.staged, published); err != nil {
		return err
	}
	changed, err := lake.PublishDir(set.staged, set.target)
	if err != nil {
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
