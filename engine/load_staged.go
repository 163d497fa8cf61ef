package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"
	"text/template"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// renderFormat makes the SQL of an input's format read from source.
func (l *loader) renderFormat(input *ingest.Input, source string) (string, error) {
	type field struct {
		Name   string
		Index  int
		Column string
	}
	params := struct {
		Source string
		Fields []field
	}{Source: source}
	for i, name := range input.Columns {
		if name != "" {
			params.Fields = append(params.Fields, field{Name: name, Index: i + 1, Column: duck.QuoteName(name)})
		}
	}
	if input.Format.Own() {
		return renderOwnFormat(string(input.Format), params)
	}
	path := "ingest/" + string(input.Format) + ".sql"
	if input.Format == ingest.JSONL {
		path = l.recordsOf(input).jsonl
	}
	return duck.Render(sqlfiles.Files, path, params, nil)
}

// stageQuery runs the format over one batch and brings its columns into one shape.
func (l *loader) stageQuery(ctx context.Context, input *ingest.Input, format string) (string, error) {
	columns, ok := l.columns[format]
	if !ok {
		var err error
		if columns, err = l.db.Describe(ctx, format); err != nil {
			return "", fmt.Errorf("input %s: format %s: %w", input.Path, input.Format, databaseMessage(err))
		}
		if err := checkFormatColumns(input.Schema, columns); err != nil {
			return "", fmt.Errorf("input %s: format %s: %w", input.Path, input.Format, err)
		}
		l.columns[format] = columns
	}
	shape := shapeOf(columns)
	return duck.Render(sqlfiles.Files, l.recordsOf(input).stage, map[string]string{
		"Format": format, "Timestamp": shape.timestamp(), "Target": shape.target(), "Domain": shape.domain(),
	}, template.FuncMap{"column": shape.column, "has": shape.has})
}

// acceptStaged codes the records of a staged batch of requests, several goroutines at a time.
func (l *loader) acceptStaged(ctx context.Context, stage string) ([]rejected, error) {
	coders := make([]*coder, l.config.threads())
	for i := range coders {
		coders[i] = l.takeCoder()
	}
	defer func() {
		for _, c := range coders {
			l.returnCoder(c)
		}
	}()
	err := l.db.Columns(ctx, stage, len(coders), func(worker int, chunk duck.Chunk) error {
		return coders[worker].addChunk(chunk)
	})
	if err != nil {
		return nil, err
	}
	var rejects []rejected
	for _, c := range coders {
		rejects = append(rejects, c.rejects...)
	}
	return rejects, l.acceptCoded(ctx, &codedSource{source: l.source, coders: coders})
}

// acceptCoded adds coded rows to the table of requests.
func (l *loader) acceptCoded(ctx context.Context, rows duck.TableSource) error {
	l.coded = rows
	return l.exec(ctx, "duckdb/accept.sql", nil)
}

// The columns of stage.sql, in their order.
const (
	stagedLine = iota
	stagedItem
	stagedReject
	stagedIgnore
	stagedUs
	stagedMethod
	stagedStatus
	stagedHead
	stagedClient
	stagedTarget
	stagedDigest
	stagedAgent
	stagedUser
	stagedKey
)

// addChunk is add for rows of stage.sql.
func (c *coder) addChunk(chunk duck.Chunk) error {
	text := func(column int) func(row int) []byte {
		texts, nulls := chunk.Texts(column), chunk.Nulls(column)
		return func(row int) []byte {
			if nulls.At(row) {
				return nil
			}
			return texts.At(row)
		}
	}
	lines, items, stamps := duck.Values[int64](chunk, stagedLine), duck.Values[int32](chunk, stagedItem), duck.Values[int64](chunk, stagedUs)
	statuses, heads, keys := duck.Values[int32](chunk, stagedStatus), duck.Values[bool](chunk, stagedHead), duck.Values[int64](chunk, stagedKey)
	noStamp, noStatus, noHead, noTarget, noKey := chunk.Nulls(stagedUs), chunk.Nulls(stagedStatus), chunk.Nulls(stagedHead), chunk.Nulls(stagedTarget), chunk.Nulls(stagedKey)
	reject, ignore, method := text(stagedReject), text(stagedIgnore), text(stagedMethod)
	client, target, digest, agent, user := text(stagedClient), text(stagedTarget), text(stagedDigest), text(stagedAgent), text(stagedUser)
	for i := range chunk.Len() {
		c.facts = ingest.Facts{
			Reject: ingest.Reason(reject(i)), Ignore: ingest.Reason(ignore(i)), Method: method(i),
			Status: statuses[i], HasStatus: !noStatus.At(i), At: stamps[i], HasAt: !noStamp.At(i),
		}
		err := c.add(&record{
			line: lines[i], item: items[i], isHead: !noHead.At(i) && heads[i],
			client: client(i), target: target(i), hasTarget: !noTarget.At(i), digest: digest(i), agent: agent(i), user: user(i),
			requestKey: keys[i], hasKey: !noKey.At(i),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// codedSource hands out what coders hold; each coder's rows go to one cursor.
type codedSource struct {
	source int32

	mu     sync.Mutex
	coders []*coder
}

// IsOrdered implements duck.TableSource.
func (s *codedSource) IsOrdered() bool { return false }

// Cursor implements duck.TableSource.
func (s *codedSource) Cursor() duck.TableCursor { return &codedCursor{from: s} }

func (s *codedSource) take() *coder {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.coders) == 0 {
		return nil
	}
	c := s.coders[0]
	s.coders = s.coders[1:]
	return c
}

type codedCursor struct {
	from  *codedSource
	coder *coder
	at    int
}

// Fill implements duck.TableCursor.
func (c *codedCursor) Fill(w duck.Writer, capacity int) (int, error) {
	for c.coder == nil || c.at == c.coder.rows.len() {
		if c.coder, c.at = c.from.take(), 0; c.coder == nil {
			return 0, nil
		}
	}
	n := min(capacity, c.coder.rows.len()-c.at)
	c.coder.rows.write(w, c.from.source, c.at, c.at+n)
	c.at += n
	return n, nil
}

// takeCoder lends a coder for the input at work.
func (l *loader) takeCoder() *coder {
	l.mu.Lock()
	defer l.mu.Unlock()
	var c *coder
	if n := len(l.idle); n > 0 {
		c, l.idle = l.idle[n-1], l.idle[:n-1]
	} else {
		c = newCoder(l.workspace, func(d *dimension) *rowSink { return l.sinks[d.table] })
	}
	c.limits = l.limits
	c.rows.reset()
	c.rejects = c.rejects[:0]
	return c
}

// mostKept is for how many rows an idle coder keeps memory.
const mostKept = 64 << 10

// returnCoder takes a coder back, with its counts.
func (l *loader) returnCoder(c *coder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, t := range c.tally {
		row := []driver.Value{l.source, key.verdict.String(), string(key.reason), t.records, nil, nil, t.firstLine}
		if t.hasStamp {
			row[4], row[5] = t.earliestUs, t.latestUs
		}
		l.tallies = append(l.tallies, row)
	}
	clear(c.tally)
	if cap(c.rows.line) > mostKept {
		c.rows = codedRows{}
	}
	l.idle = append(l.idle, c)
}
