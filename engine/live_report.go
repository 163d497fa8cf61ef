package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// ComputedReport is a report on one namespace over any stretch of days, computed and kept for who reads its rows.
type ComputedReport struct {
	Report reports.Report // with its columns
	Range  period.Range
	Open   bool // the range is not closed
	Rows   int64
	// Suppressed counts the rows that the report's thresholds leave out.
	Suppressed int64

	state *LiveState
	key   string
	hold  func(context.Context) (*cached, error)
}

// Report computes a report on one namespace, as if its publisher owned only that; days is nil for the newest
// closed week. Of what was computed before, nothing is computed again.
func (s *LiveState) Report(ctx context.Context, report reports.Report, namespace string, days *period.Range) (*ComputedReport, error) {
	if days == nil {
		snapshot := s.querier.snapshot
		newest, err := s.live.engine.newestWeek(unionOfDays(snapshot.Days(lake.Requests), snapshot.Days(lake.ExtensionEvents)))
		if err != nil {
			return nil, err
		}
		days = &newest
	}
	key := strings.Join([]string{"report", report.Name, namespace, days.Granularity(), days.Reference(), days.LastDay()}, "\x00")
	hold := func(ctx context.Context) (*cached, error) {
		return s.cache.hold(ctx, key, func(dir string) (computed any, err error) {
			err = s.alone(ctx, func() error {
				computed, err = s.computeReport(ctx, report, namespace, days, dir)
				return err
			})
			return computed, err
		})
	}
	entry, err := hold(ctx)
	if err != nil {
		return nil, err
	}
	defer s.cache.release(entry)
	r := *entry.about.(*ComputedReport)
	r.state, r.key, r.hold = s, key, hold
	r.Open = s.live.Now().Before(r.Range.To.Add(s.live.Config().Grace.Duration))
	return &r, nil
}

const computedRows = "report.parquet"

func (s *LiveState) computeReport(ctx context.Context, report reports.Report, namespace string, days *period.Range, dir string) (*ComputedReport, error) {
	e := *s.live.engine
	owner := e.Config.PublisherOf(namespace)
	if !strings.HasPrefix(owner.ID, "~") { // such an id cannot be configured, and owns nothing else
		owner.Namespaces = []string{namespace}
		e.Config.Publishers = []Publisher{owner}
	}
	var computed *ComputedReport
	snapshot, request := s.querier.snapshot, ReportRequest{Report: report, Publisher: owner.ID, Range: days}
	err := e.reportFrom(ctx, snapshot, filepath.Join(snapshot.Dir(), "spill-report"), request, func(rows *ReportRows) error {
		computed = &ComputedReport{Report: rows.Report, Range: rows.Range, Rows: rows.Rows, Suppressed: rows.Suppressed}
		return rows.WriteParquet(ctx, filepath.Join(dir, computedRows))
	})
	return computed, err
}

// Page yields the rows from offset on, at most limit of them, as one JSON object each.
func (r *ComputedReport) Page(ctx context.Context, offset, limit int64, yield func(object string)) error {
	entry, err := r.hold(ctx)
	if err != nil {
		return err
	}
	defer r.state.cache.release(entry)
	query := fmt.Sprintf("select cast(json_object(%s) as varchar) from read_parquet(%s, file_row_number = true) where file_row_number >= ? and file_row_number < ? order by file_row_number",
		jsonFields(r.Report.Columns), duck.Quote(duck.Path(entry.path(computedRows))))
	var object string
	return r.state.query(ctx, query, []any{offset, offset + limit}, []any{&object}, func() { yield(object) })
}

// OpenParquet opens the rows as a Parquet file.
func (r *ComputedReport) OpenParquet(ctx context.Context) (*os.File, error) {
	return r.state.cache.open(ctx, r.hold, computedRows)
}

// OpenCSV opens the rows as one CSV file, as it would be published.
func (r *ComputedReport) OpenCSV(ctx context.Context) (*os.File, error) {
	hold := func(ctx context.Context) (*cached, error) {
		return r.state.cache.hold(ctx, r.key+"\x00csv", func(dir string) (any, error) {
			rows, err := r.hold(ctx)
			if err != nil {
				return nil, err
			}
			defer r.state.cache.release(rows)
			options := reports.CSVOptions{FormulaGuard: r.state.live.Config().Reports.CSVFormulaGuard}
			return nil, r.state.writeCSV(ctx, r.Report, rows.path(computedRows), "", nil, dir, options)
		})
	}
	return r.state.cache.open(ctx, hold, r.Report.Name+".csv")
}

// jsonFields are the arguments of json_object for columns.
func jsonFields(columns []reports.Column) string {
	fields := make([]string, len(columns))
	for i, column := range columns {
		value := column.SQLName()
		if slices.Contains([]string{"double", "float"}, column.Type) {
			value = "case when isfinite(" + value + ") then " + value + " end" // JSON has no word for the others
		}
		fields[i] = duck.Quote(column.Name) + ", " + value
	}
	return strings.Join(fields, ", ")
}
