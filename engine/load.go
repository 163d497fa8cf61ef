package engine

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
)

// loader reads inputs into the workspace.
type loader struct {
	*workspace
	probes   []int64 // content sizes of the inputs that the lake has
	progress func(done int64)
	done     int64 // stored bytes of finished inputs
	read     int64 // and of the one at work

	lines   duck.LineSource  // what the table function "lines" reads
	coded   duck.TableSource // what the table function "coded" reads
	inputs  []*loadedInput
	columns map[string][]duck.Column // of a rendered format, by its text

	onlySQL bool                   // for tests: no splitter takes records apart
	known   map[string]known       // by the kind of inputs
	limitOf map[string]stampLimits // by the kind of inputs

	// Of the input at work.
	source int32
	limits stampLimits

	requests   records
	extensions records

	sibling *duck.DB            // appends rows while the database is busy with a query
	sinks   map[string]*rowSink // by table

	mu      sync.Mutex
	idle    []*coder
	tallies [][]driver.Value
}

// loadedInput is an input and what became of it.
type loadedInput struct {
	lake.Input
	path     string
	source   int32
	prefixes func(size int64) string // fingerprint of a prefix of its content
	tally    ingest.Tally

	firstAccepted int64 // line of the first accepted request; 0: none
}

func newLoader(ctx context.Context, w *workspace, known known, limits map[string]stampLimits, probes []int64, progress func(int64)) (*loader, error) {
	l := &loader{
		workspace: w, known: known.byKind(), limitOf: limits, probes: probes, progress: progress,
		columns: map[string][]duck.Column{}, sinks: map[string]*rowSink{},
	}
	l.requests, l.extensions = l.requestRecords(), l.extensionRecords()
	if err := w.exec(ctx, "duckdb/extension_tables.sql", nil); err != nil {
		return nil, err
	}
	if err := w.db.RegisterLines("lines", func() duck.LineSource { return l.lines }); err != nil {
		return nil, err
	}
	if err := w.db.RegisterTable("coded", codedColumns, func(int64) (duck.TableSource, error) { return l.coded, nil }); err != nil {
		return nil, err
	}
	var err error
	if l.sibling, err = w.db.Sibling(ctx); err != nil {
		return nil, err
	}
	var appending sync.Mutex
	appendRows := func(table string, rows [][]driver.Value) error {
		appending.Lock()
		defer appending.Unlock()
		return l.sibling.Append(table, rows)
	}
	for _, d := range w.dimensions {
		l.sinks[d.table] = &rowSink{table: d.table, append: appendRows}
	}
	l.sinks["rejects"] = &rowSink{table: "rejects", append: appendRows}
	return l, nil
}

// close releases what the loader holds beside the workspace.
func (l *loader) close() error {
	l.idle = nil
	for _, d := range l.dimensions {
		d.known = nil
	}
	return l.sibling.Close()
}

// flushRows writes the rows of all tables that are still collected.
func (l *loader) flushRows() error {
	for _, sink := range l.sinks {
		if err := sink.flush(); err != nil {
			return err
		}
	}
	l.mu.Lock()
	tallies := l.tallies
	l.tallies = nil
	l.mu.Unlock()
	if err := l.db.Append("tallies", tallies); err != nil {
		return err
	}
	return l.flushDictionaries()
}

// load reads all inputs. Rows go to the tables requests and extension_events,
// rejected records to rejects, counts to tallies.
func (l *loader) load(ctx context.Context, inputs []*ingest.Input) error {
	for _, input := range inputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		loaded := &loadedInput{path: input.Path, source: l.addSource("")}
		loaded.Path, loaded.Format, loaded.FileBytes = input.Name(), string(input.Format), input.FileBytes
		loaded.Kind = l.recordsOf(input).kind
		l.inputs = append(l.inputs, loaded)
		l.source = loaded.source
		var err error
		if l.limits, err = l.limitsFor(input, loaded.Kind); err != nil {
			return err
		}
		loaded.Late = l.limits.late
		if input.Format == ingest.Parquet {
			err = l.loadParquet(ctx, input, loaded)
		} else {
			err = l.loadText(ctx, input, loaded)
		}
		if err != nil {
			return err
		}
		if err := l.flushRows(); err != nil {
			return err
		}
		l.done, l.read = l.done+input.FileBytes, 0
		l.progress(l.done)
	}
	return nil
}

// loadText reads one input in batches of blocks.
func (l *loader) loadText(ctx context.Context, input *ingest.Input, loaded *loadedInput) error {
	reader, err := ingest.NewReader(input, loaded.source, l.probes)
	if err != nil {
		return err
	}
	defer reader.Close()
	loaded.prefixes = reader.Prefix
	blocks := readAhead(ctx, reader)
	defer blocks.stop()
	splits := !l.onlySQL && input.Splitter() != nil
	for blocks.more() {
		var feed *blockFeed
		if splits {
			plain := l.newPlainFeed(input, blocks)
			feed, err = plain.blockFeed, l.loadPlain(ctx, input, plain)
		} else {
			feed = newBlockFeed(blocks, l.config.pieces().logBytes, l.advance(input))
			err = l.loadBatch(ctx, input, feed)
		}
		if err != nil {
			return err
		}
		loaded.tally = addTally(loaded.tally, feed.tally)
	}
	if err := blocks.err(); err != nil {
		return err
	}
	loaded.Bytes, loaded.SHA256, loaded.FileSHA256 = reader.Bytes(), reader.SHA256(), reader.FileSHA256()
	loaded.Marks = reader.Marks()
	loaded.Lines = loaded.tally.Lines
	loaded.Ignored = map[string]int64{}
	for reason, count := range map[ingest.Reason]int64{
		ingest.Header: loaded.tally.Header, ingest.Blank: loaded.tally.Blank, ingest.Continuation: loaded.tally.Continuation,
	} {
		if count > 0 {
			loaded.Ignored[string(reason)] = count
		}
	}
	return nil
}

// advance tells the progress; of packed files it is known only at their end.
func (l *loader) advance(input *ingest.Input) func(more int64) {
	if input.Packing != "" {
		return func(int64) {}
	}
	return func(more int64) {
		l.read += more
		l.progress(l.done + l.read)
	}
}

// loadBatch lets the SQL of the format read one batch.
func (l *loader) loadBatch(ctx context.Context, input *ingest.Input, feed *blockFeed) error {
	l.lines = feed
	rejects, err := l.acceptFormat(ctx, input, "lines()")
	if err != nil {
		return err
	}
	if err := blocksError(feed); err != nil {
		return err
	}
	if err := l.addDefects(feed.defects); err != nil {
		return err
	}
	lines := make([]int64, len(rejects))
	for i, r := range rejects {
		lines[i] = r.line
	}
	slices.Sort(lines)
	return l.addRejects(rejects, feed.raws(slices.Compact(lines)))
}

// acceptFormat runs the SQL of a format over source and adds what is accepted. It returns
// the rejected records.
func (l *loader) acceptFormat(ctx context.Context, input *ingest.Input, source string) ([]rejected, error) {
	format, err := l.renderFormat(input, source)
	if err != nil {
		return nil, err
	}
	stage, err := l.stageQuery(ctx, input, format)
	if err != nil {
		return nil, err
	}
	rejects, err := l.recordsOf(input).accept(ctx, stage)
	if err != nil {
		return nil, fmt.Errorf("input %s: format %s: %w", input.Path, input.Format, withoutValues(err))
	}
	return rejects, nil
}

// addDefects puts records into quarantine that no format can read, and counts them.
func (l *loader) addDefects(defects []defect) error {
	if len(defects) == 0 {
		return nil
	}
	for _, d := range defects {
		if err := l.sinks["rejects"].add([]driver.Value{d.source, d.line, string(d.reason), d.text}); err != nil {
			return err
		}
	}
	return l.tallyDefects(defects)
}

func (l *loader) tallyDefects(defects []defect) error {
	counts := map[ingest.Reason]int64{}
	for _, defect := range defects {
		counts[defect.reason]++
	}
	var rows [][]driver.Value
	for reason, count := range counts {
		rows = append(rows, []driver.Value{defects[0].source, "rejected", string(reason), count, nil, nil, nil})
	}
	return l.db.Append("tallies", rows)
}

// collect reads the tallies into the inputs and gives each its source id.
func (l *loader) collect(ctx context.Context) error {
	bySource := map[int32]*loadedInput{}
	for _, input := range l.inputs {
		bySource[input.source] = input
	}
	query := "select source, verdict, reason, cast(sum(records) as bigint), min(earliest_us), max(latest_us), min(first_line) from tallies group by source, verdict, reason order by all"
	err := l.db.Each(ctx, query, func(row []driver.Value) error {
		input, records := bySource[row[0].(int32)], row[3].(int64)
		switch reason := row[2].(string); row[1].(string) {
		case "accepted":
			input.Accepted = records
			input.Earliest = formatStamp(row[4].(int64))
			input.Latest = formatStamp(row[5].(int64))
			input.firstAccepted = row[6].(int64)
		case "ignored":
			input.Ignored[reason] += records
		case "rejected":
			input.Rejected += records
			if input.Rejects == nil {
				input.Rejects = map[string]int64{}
			}
			input.Rejects[reason] += records
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, input := range l.inputs {
		input.Records = input.Accepted + input.Rejected + input.IgnoredTotal()
		input.Source = sourceID(input.Earliest, input.SHA256)
		if input.Kind == lake.KindRequests {
			// The table sources orders requests, and events may have the id of a log with the same bytes.
			l.sources[input.source] = input.Source
		}
		if err := l.checkLines(input); err != nil {
			return err
		}
	}
	slices.SortFunc(l.inputs, func(a, b *loadedInput) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Kind, b.Kind))
	})
	return nil
}

// checkLines holds the counts against the lines of the file. Only an envelope of
// several events makes more records than lines.
func (l *loader) checkLines(input *loadedInput) error {
	if input.Records < input.Lines || input.Records > input.Lines && input.Format != string(ingest.DistributionEvents) && !ingest.Format(input.Format).Own() {
		return fmt.Errorf("input %s: %d lines became %d records; nothing is stored. The format %s loses or repeats lines", input.path, input.Lines, input.Records, input.Format)
	}
	return nil
}

// checkRejects fails the run when a file has more rejects than a log in order
// ever has; then its format or its content is wrong.
func (l *loader) checkRejects(ctx context.Context) error {
	for _, input := range l.inputs {
		// A stamp that is out of place says nothing against the format.
		unreadable := input.Rejected - input.Rejects[string(ingest.TooLate)] - input.Rejects[string(ingest.InTheFuture)]
		if unreadable <= 100 || float64(unreadable) <= l.config.MaxRejectRatio*float64(input.Records) {
			continue
		}
		var line int64
		var reason string
		query := fmt.Sprintf("select line, reason from rejects where source = %d and reason not in ('too_late', 'in_the_future') order by line, reason limit 1", input.source)
		if err := l.db.Value(ctx, query, &line, &reason); err != nil {
			return err
		}
		advice := fmt.Sprintf("Check the format (taken as %s; --format sets it) or raise max_reject_ratio", input.Format)
		if input.Kind == lake.KindExtensionEvents {
			advice = fmt.Sprintf("Check that it holds extension events (read as %s) or raise max_reject_ratio", input.Format)
		}
		return fmt.Errorf("input %s: %d of %d records are rejected, more than max_reject_ratio = %v allows; the first is line %d (%s). %s",
			input.path, unreadable, input.Records, l.config.MaxRejectRatio, line, reason, advice)
	}
	return nil
}

// sourceID names an input by what it holds: ids sort as SEMANTICS §1 orders files.
func sourceID(earliest, sha256 string) string {
	stamp := "00000000T000000.000000Z"
	if earliest != "" {
		if t, err := time.Parse(time.RFC3339Nano, earliest); err == nil {
			stamp = t.UTC().Format("20060102T150405.000000Z")
		}
	}
	return stamp + "-" + sha256[:16]
}

func formatStamp(us int64) string {
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.000000Z")
}

func blocksError(feed *blockFeed) error {
	if err := feed.blocks.err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func addTally(a, b ingest.Tally) ingest.Tally {
	return ingest.Tally{
		Lines: a.Lines + b.Lines, Rows: a.Rows + b.Rows,
		Header: a.Header + b.Header, Blank: a.Blank + b.Blank, Continuation: a.Continuation + b.Continuation,
	}
}
