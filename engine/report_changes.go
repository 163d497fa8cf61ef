package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// changes tells which rows differ in number from the published revision.
func (p *reporter) changes(ctx context.Context, set *reportSet, before *reports.Manifest) ([]reports.Change, error) {
	var all []reports.Change
	for _, report := range p.reports {
		was, ok := before.Find(report.Name)
		now, is := set.manifest.Find(report.Name)
		if !ok || !is || was.RowsSHA256 == now.RowsSHA256 {
			continue
		}
		c := comparison{
			was: filepath.Join(set.target, report.Name+".parquet"), now: filepath.Join(set.staged, report.Name+".parquet"),
		}
		comparable, err := c.prepare(ctx, p.source, report)
		if err != nil {
			return nil, err
		}
		if !comparable {
			continue
		}
		change, err := c.run(ctx, p.source.db, report.Name)
		switch {
		case err == nil:
			all = append(all, change)
		case ctx.Err() != nil:
			return nil, err
		default:
			// What was published may be damaged; that must not keep what is right from taking its place.
			p.log().Warn("the published report cannot be compared with; its manifest will list no changes", "report", report.Name, "publisher", set.manifest.PublisherID, "error", err)
		}
	}
	return all, nil
}

// comparison is of two Parquet files of one report.
type comparison struct {
	was, now       string
	keys, measures []reports.Column
}

// prepare reports whether the published file is there and has the same columns:
// a report whose meaning changed has no rows to compare.
func (c *comparison) prepare(ctx context.Context, source *reportSource, report reports.Report) (bool, error) {
	if _, err := os.Stat(c.was); err != nil {
		return false, nil
	}
	was, err := source.withColumns(ctx, reports.Report{}, c.was)
	if err != nil {
		// A damaged file must not keep the right one from taking its place.
		return false, nil
	}
	now, err := source.withColumns(ctx, reports.Report{}, c.now)
	if err != nil || !sameColumns(was.Columns, now.Columns) {
		return false, err
	}
	named := map[string]reports.Column{}
	for _, column := range report.ParquetColumns() {
		named[column.SQLName()] = column
	}
	for _, column := range now.Columns {
		known, ok := named[column.SQLName()]
		if !ok { // of a user's report
			known = column
			known.Key = column.Type == "varchar"
		}
		if known.Key {
			c.keys = append(c.keys, known)
		} else {
			c.measures = append(c.measures, known)
		}
	}
	return true, nil
}

func sameColumns(a, b []reports.Column) bool {
	return slices.EqualFunc(a, b, func(a, b reports.Column) bool { return a.SQLName() == b.SQLName() && a.Type == b.Type })
}

// query yields one row per key that differs: the keys, then whether and with what
// numbers it was there before, then the same of now. Where a report has no
// numbers, how often a row is there takes their place.
func (c *comparison) query() string {
	const side = `"side of the comparison"` // a user's report may have a column "side"
	columns := columnList(append(c.keys[:len(c.keys):len(c.keys)], c.measures...))
	file := func(path string) string {
		return "select " + columns + " from read_parquet(" + duck.Quote(duck.Path(path)) + ")"
	}
	var measures []string
	for _, name := range []string{"was", "now"} {
		measures = append(measures, fmt.Sprintf("cast(count_if(%s = '%s') as bigint)", side, name))
		for _, measure := range c.measures {
			measures = append(measures, fmt.Sprintf("cast(max(case when %s = '%s' then %s end) as varchar)", side, name, measure.SQLName()))
		}
	}
	var keys, keyTexts []string
	for _, key := range c.keys {
		keys = append(keys, key.SQLName())
		keyTexts = append(keyTexts, "cast("+key.SQLName()+" as varchar)")
	}
	// Of a user's report without texts all rows are one.
	rest := "having count(*) > 0"
	if len(keys) > 0 {
		rest = "group by " + strings.Join(keys, ", ") + " order by " + strings.Join(keys, " nulls first, ") + " nulls first"
	}
	return fmt.Sprintf(`
		-- Which rows changed?
		with was as (%s), now as (%s), sides as (
			select 'was' as %[3]s, * from (select * from was except all select * from now)
			union all
			select 'now' as %[3]s, * from (select * from now except all select * from was)
		)
		select %[4]s from sides %[5]s`,
		file(c.was), file(c.now), side, strings.Join(append(keyTexts, measures...), ", "), rest)
}

func (c *comparison) run(ctx context.Context, db *duck.DB, report string) (reports.Change, error) {
	change := reports.Change{Report: report, Rows: []reports.ChangedRow{}}
	err := db.Each(ctx, c.query(), func(row []driver.Value) error {
		was, now := row[len(c.keys):len(c.keys)+1+len(c.measures)], row[len(c.keys)+1+len(c.measures):]
		wasRows, nowRows := was[0].(int64), now[0].(int64)
		switch {
		case wasRows == 0:
			change.Added += nowRows
		case nowRows == 0:
			change.Removed += wasRows
		default:
			change.Changed++
		}
		if len(change.Rows) < reports.MaxChangedRows {
			change.Rows = append(change.Rows, reports.ChangedRow{
				Row: c.about(row), Was: c.numbers(was, now), Now: c.numbers(now, was),
			})
		}
		return nil
	})
	return change, err
}

// about names a row by its keys, without those that the whole directory shares.
func (c *comparison) about(row []driver.Value) map[string]string {
	about := map[string]string{}
	for i, key := range c.keys {
		if text, ok := row[i].(string); ok && text != "" && !sharedColumns[key.Name] {
			about[key.Name] = text
		}
	}
	return about
}

var sharedColumns = map[string]bool{"DATE_GRANULARITY": true, "DATE_REFERENCE": true, "PUBLISHER_ID": true, "PUBLISHER_NAME": true, "owner": true}

// numbers are those of one side that the other side does not have; nil where the
// side has no row.
func (c *comparison) numbers(side, other []driver.Value) map[string]string {
	if side[0].(int64) == 0 {
		return nil
	}
	numbers := map[string]string{}
	if len(c.measures) == 0 {
		numbers["rows"] = fmt.Sprint(side[0])
	}
	for i, measure := range c.measures {
		if text, ok := side[i+1].(string); ok && side[i+1] != other[i+1] {
			numbers[measure.Name] = text
		}
	}
	return numbers
}
