package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// writeCSV writes the CSV files of every publisher; rows come in their order,
// publisher by publisher.
func (p *reporter) writeCSV(ctx context.Context, report reports.Report, published map[string]*reports.Published) error {
	var current *reports.CSVWriter
	var currentID string
	finish := func() error {
		if current == nil {
			return nil
		}
		if err := current.Close(); err != nil {
			return err
		}
		files, err := reports.Describe(p.sets[currentID].staged, current.Files()...)
		if err != nil {
			return err
		}
		done := published[currentID]
		done.Rows, done.RowsSHA256, done.Files = current.Rows, current.RowsSHA256(), files
		current = nil
		return nil
	}
	begin := func(id string) error {
		if err := finish(); err != nil {
			return err
		}
		set := p.sets[id]
		if set == nil {
			return fmt.Errorf("rows for publisher %q, who has no part in the period", id)
		}
		currentID = id
		if !set.wants(report) {
			return nil
		}
		var err error
		current, err = reports.CreateCSV(set.staged, report.Name, report.Columns, p.Config.Reports.csvOptions())
		return err
	}
	seen := map[string]bool{}
	query := fmt.Sprintf("select publisher_id, %s from %s where %s", reports.Joined(report.Columns), p.source.rows, publishedRows(report))
	err := p.source.db.Each(ctx, query, func(row []driver.Value) error {
		id, ok := row[0].(string)
		if !ok {
			return fmt.Errorf("a row has no %s", publisherColumn)
		}
		if !seen[id] || id != currentID {
			if seen[id] {
				return fmt.Errorf("the rows are not in the order of their %s", publisherColumn)
			}
			seen[id] = true
			if err := begin(id); err != nil {
				return err
			}
		}
		if current == nil {
			return nil
		}
		return current.Write(row[1].(string))
	})
	if err != nil {
		return err
	}
	for _, id := range p.ids {
		if !seen[id] {
			if err := begin(id); err != nil {
				return err
			}
		}
	}
	return finish()
}

// writeParquet writes the Parquet file of every publisher, beside writeCSV.
func (p *reporter) writeParquet(ctx context.Context, report reports.Report) error {
	db, err := p.source.db.Sibling(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	columns, order := columnList(report.ParquetColumns()), "rowid"
	if len(report.Streamed) > 0 {
		order = strings.Join(report.Streamed, ", ")
	}
	for _, id := range p.ids {
		set := p.sets[id]
		if !set.wants(report) {
			continue
		}
		// Ordered once more, so that row groups do not depend on where the publisher's rows begin.
		query := fmt.Sprintf("select %s from %s where publisher_id = %s and %s order by %s", columns, p.source.rows, duck.Quote(id), publishedRows(report), order)
		if err := db.Exec(ctx, copyParquet(query, filepath.Join(set.staged, report.Name+".parquet"))); err != nil {
			return err
		}
	}
	return nil
}

// workbookFile is the workbook beside the reports.
const workbookFile = "reports.xlsx"

// writeWorkbook writes the workbook of one publisher from its Parquet files.
func (p *reporter) writeWorkbook(ctx context.Context, set *reportSet) error {
	book, err := reports.NewWorkbook(p.store.Scratch(), p.Config.Reports.CSVFormulaGuard)
	if err != nil {
		return err
	}
	defer book.Close()
	for _, report := range p.reports {
		if !set.wants(report) {
			continue
		}
		path := filepath.Join(set.staged, report.Name+".parquet")
		if report, err = p.source.withColumns(ctx, report, path); err != nil {
			return err
		}
		if err := p.source.fillSheet(ctx, book, report, "read_parquet("+duck.Quote(duck.Path(path))+")"); err != nil {
			return err
		}
	}
	if err := book.Save(filepath.Join(set.staged, workbookFile)); err != nil {
		return err
	}
	files, err := reports.Describe(set.staged, workbookFile)
	if err != nil {
		return err
	}
	set.manifest.Workbook = &files[0]
	return nil
}

// withColumns gives a user's report the columns that its file has.
func (s *reportSource) withColumns(ctx context.Context, report reports.Report, path string) (reports.Report, error) {
	if len(report.Columns) > 0 {
		return report, nil
	}
	columns, err := s.db.Describe(ctx, "select * from read_parquet("+duck.Quote(duck.Path(path))+")")
	for _, column := range columns {
		report.Columns = append(report.Columns, reports.Column{Name: column.Name, Type: strings.ToLower(column.Type)})
	}
	return report, err
}

// fillSheet writes the rows of a relation as a sheet, numbers as numbers.
func (s *reportSource) fillSheet(ctx context.Context, book *reports.Workbook, report reports.Report, from string) error {
	if err := book.Begin(report); err != nil {
		return err
	}
	values := make([]string, len(report.Columns))
	for i, column := range report.Columns {
		switch kind, _, _ := strings.Cut(column.Type, "("); kind {
		case "bigint", "varchar":
			values[i] = column.SQLName()
		case "integer", "smallint", "tinyint":
			values[i] = "cast(" + column.SQLName() + " as bigint)"
		case "decimal", "double", "float":
			values[i] = "cast(" + column.SQLName() + " as double)"
		default:
			values[i] = "cast(" + column.SQLName() + " as varchar)"
		}
	}
	return s.db.Each(ctx, "select "+strings.Join(values, ", ")+" from "+from, func(row []driver.Value) error {
		cells := make([]any, len(row))
		for i, value := range row {
			cells[i] = value
		}
		return book.Row(cells)
	})
}
