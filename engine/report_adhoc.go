package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// ReportRequest asks for one report over any stretch of days.
type ReportRequest struct {
	Report reports.Report
	// Publisher restricts the rows to those of one publisher id; empty: all, one after the other.
	Publisher string
	// Range is the stretch of days; nil: the newest closed week with requests.
	Range *period.Range
}

// ReportRows are the rows of a report, ready to be read or written.
type ReportRows struct {
	Report reports.Report // with its columns
	Range  period.Range
	Open   bool  // the range is not closed
	Days   int   // of the range that have requests or extension events
	Rows   int64 // of the report
	// Suppressed and LeftOut count what the report's thresholds leave out.
	Suppressed, LeftOut int64

	source *reportSource
	from   string // the rows in SQL
	config Config
}

// Report computes a report from the lake as it is now and hands its rows to use.
// It writes nothing to the data directory and may run during a run.
func (e *Engine) Report(ctx context.Context, request ReportRequest, use func(*ReportRows) error) error {
	if err := e.Config.Validate(); err != nil {
		return &UsageError{err}
	}
	store, err := lake.OpenExisting(e.Dir)
	if err != nil {
		return err
	}
	snapshot, err := store.Snapshot()
	if err != nil {
		return err
	}
	defer snapshot.Close()
	return e.reportFrom(ctx, snapshot, filepath.Join(snapshot.Dir(), "spill"), request, use)
}

// reportFrom computes a report from a snapshot. What does not fit into memory waits in spill, which nobody else uses.
func (e *Engine) reportFrom(ctx context.Context, snapshot *lake.Snapshot, spill string, request ReportRequest, use func(*ReportRows) error) error {
	runs, err := snapshot.Manifests()
	if err != nil {
		return err
	}
	days, events := snapshot.Days(lake.Requests), snapshot.Days(lake.ExtensionEvents)
	rows := &ReportRows{Report: request.Report, config: e.Config}
	if request.Range != nil {
		rows.Range = *request.Range
	} else if rows.Range, err = e.newestWeek(unionOfDays(days, events)); err != nil {
		return err
	}
	if err := e.checkPruned(prunedUntil(runs, days), request.Report, rows.Range); err != nil {
		return err
	}
	rows.Days = len(daysIn(unionOfDays(days, events), rows.Range.Contains))
	rows.Open = e.now().Before(rows.Range.To.Add(e.Config.Grace.Duration))
	if rows.source, err = openReports(ctx, spill, e.Config); err != nil {
		return err
	}
	defer rows.source.close()
	if err := rows.source.use(ctx, snapshotFiles(snapshot, lake.Requests, daysIn(days, rows.Range.Contains)), snapshotFiles(snapshot, lake.ExtensionEvents, daysIn(events, rows.Range.Reaches))); err != nil {
		return err
	}
	if err := rows.compute(ctx, request.Publisher); err != nil {
		return err
	}
	return use(rows)
}

// prunedUntil is the newest day whose requests were pruned, or are being pruned now:
// then they are known, but not among days. Empty when there is none.
func prunedUntil(runs []lake.Run, days []period.Day) period.Day {
	pruned := lake.LastPruned(runs)
	for day := range lake.StoredDays(runs) {
		if len(days) > 0 && day < days[0] {
			pruned = max(pruned, day)
		}
	}
	return pruned
}

// snapshotFiles are the files of days of a table, as a snapshot holds them.
func snapshotFiles(s *lake.Snapshot, table lake.Table, days []period.Day) []string {
	return filesOf(days, func(day period.Day) string { return s.File(table, day) })
}

// checkPruned refuses a range of which requests were pruned: what is left would look
// like an answer. Of extension events nothing is pruned.
func (e *Engine) checkPruned(pruned period.Day, report reports.Report, asked period.Range) error {
	if report.Of == reports.Extensions && report.Path == "" {
		return nil
	}
	if pruned == "" || asked.From.After(pruned.Time()) {
		return nil
	}
	return &UsageError{&PrunedError{pruned, asked, filepath.Join(e.Dir, "reports")}}
}

// PrunedError says that requests of a range of days were removed, as retain_requests says.
type PrunedError struct {
	Until   period.Day // the newest day without its requests
	asked   period.Range
	reports string // where the published ones are
}

func (e *PrunedError) Error() string {
	return fmt.Sprintf("the requests up to %s were pruned, as retain_requests says, so a report from %s on would not be whole; its published files are under %s, or ask from %s on",
		e.Until, e.asked.Reference(), e.reports, e.Until.Next())
}

// newestWeek is the newest closed week that has a day, or else the newest one.
func (e *Engine) newestWeek(days []period.Day) (period.Range, error) {
	if len(days) == 0 {
		return period.Range{}, &UsageError{fmt.Errorf("there are no requests in %s; load some with engine run --input", e.Dir)}
	}
	for _, day := range slices.Backward(days) {
		if week := period.WeekOf(day); week.Closed(e.now(), e.Config.Grace.Duration) {
			return week.Range(), nil
		}
	}
	return period.WeekOf(days[len(days)-1]).Range(), nil
}

func (r *ReportRows) compute(ctx context.Context, publisher string) error {
	err := r.source.run(ctx, &r.Report, reports.Params{
		Granularity: r.Range.Granularity(), Reference: r.Range.Reference(), From: r.Range.From, To: r.Range.To,
	})
	if err != nil {
		if r.Report.Path != "" {
			return &UsageError{err}
		}
		return err
	}
	ofPublisher := "true"
	if publisher != "" {
		if err := r.checkPublisher(ctx, publisher); err != nil {
			return err
		}
		ofPublisher = "cast(" + publisherColumn + " as varchar) = " + duck.Quote(publisher)
	}
	r.from = fmt.Sprintf("(select * from report_rows where %s and %s)", publishedRows(r.Report), ofPublisher)
	if err := r.source.db.Value(ctx, "select count(*) from "+r.from, &r.Rows); err != nil {
		return err
	}
	for _, column := range r.Report.LeftOut {
		var count int64
		query := fmt.Sprintf("select cast(coalesce(sum(%s), 0) as bigint) from report_rows where %s", column, ofPublisher)
		if err := r.source.db.Value(ctx, query, &count); err != nil {
			return err
		}
		if column == reports.SuppressedRows {
			r.Suppressed = count
		} else {
			r.LeftOut = count
		}
	}
	return nil
}

// checkPublisher refuses an id that nobody has: an empty report would look like
// an answer.
func (r *ReportRows) checkPublisher(ctx context.Context, publisher string) error {
	query := `
		select publisher_id from publishers
		union
		select publisher_id from published_actions
		union
		select publisher_id from published_extension_events
		order by all`
	var known []string
	err := r.source.db.Each(ctx, query, func(row []driver.Value) error {
		known = append(known, row[0].(string))
		return nil
	})
	if err != nil || slices.Contains(known, publisher) {
		return err
	}
	const most = 10
	if len(known) > most {
		known = append(known[:most:most], "…")
	}
	hint := "name the configuration with --config"
	if len(known) > 0 {
		hint = "there are " + strings.Join(known, ", ")
	}
	return &UsageError{fmt.Errorf("publisher %q is not in the configuration and has no actions from %s to %s; %s", publisher, r.Range.Reference(), r.Range.LastDay(), hint)}
}

// Texts yields the rows as texts; NULL is nil.
func (r *ReportRows) Texts(ctx context.Context, yield func([]*string) error) error {
	return eachText(ctx, r.source.db, "select "+r.casts()+" from "+r.from, yield)
}

func (r *ReportRows) casts() string {
	casts := ""
	for i, column := range r.Report.Columns {
		if i > 0 {
			casts += ", "
		}
		casts += "cast(" + column.SQLName() + " as varchar)"
	}
	return casts
}

// Objects yields one JSON object a row.
func (r *ReportRows) Objects(ctx context.Context, yield func([]*string) error) error {
	return eachText(ctx, r.source.db, "select cast(json_object("+jsonFields(r.Report.Columns)+") as varchar) from "+r.from, yield)
}

// WriteParquet writes the rows to path, whole or not at all.
func (r *ReportRows) WriteParquet(ctx context.Context, path string) error {
	columns := columnList(r.Report.ParquetColumns())
	return atomically(path, func(staged string) error {
		return r.source.db.Exec(ctx, copyParquet("select "+columns+" from "+r.from, staged))
	})
}

// WriteXLSX writes the rows as a workbook to path, whole or not at all.
func (r *ReportRows) WriteXLSX(ctx context.Context, path string) error {
	book, err := reports.NewWorkbook("", r.config.Reports.CSVFormulaGuard)
	if err != nil {
		return err
	}
	defer book.Close()
	if err := r.source.fillSheet(ctx, book, r.Report, r.from); err != nil {
		return err
	}
	return atomically(path, book.Save)
}

// Guarded returns a value as CSV files have it.
func (r *ReportRows) Guarded(column int, value string) string {
	if !r.config.Reports.CSVFormulaGuard {
		return value
	}
	return r.Report.Columns[column].Guarded(value)
}

// OutputFile checks that a file can be written to a path, and follows its links.
func OutputFile(path string) (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", &UsageError{fmt.Errorf("output %s: %s", path, fmt.Sprintf(format, args...))}
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return bad("it is a folder; name a file in it")
	case err == nil && !info.Mode().IsRegular():
		// Such as /dev/null, which must not be replaced.
		return bad("it is a device or pipe, not a file; name a file, or leave the output out and redirect it")
	case err == nil:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", fmt.Errorf("output %s: %w", path, withoutPath(err))
		}
		return path, nil
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case os.IsPathSeparator(path[len(path)-1]), errors.Is(err, fs.ErrNotExist):
		return bad("there is no folder %s; create it or name another file", folder)
	case err != nil || !info.IsDir():
		return bad("%s is no folder; name another file", folder)
	}
	return path, nil
}

// WriteFile lets write fill a file, which appears whole or not at all.
func WriteFile(path string, write func(io.Writer) error) error {
	return atomically(path, func(staged string) error {
		file, err := os.Create(staged)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, withoutPath(err))
		}
		return errors.Join(write(file), file.Close())
	})
}

// atomically lets write make a file beside path, which then takes its place.
func atomically(path string, write func(staged string) error) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".engine-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, withoutPath(err))
	}
	defer os.RemoveAll(dir)
	staged := filepath.Join(dir, "report")
	if err := write(staged); err != nil {
		return err
	}
	file, err := os.OpenFile(staged, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err == nil {
		err = os.Rename(staged, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
