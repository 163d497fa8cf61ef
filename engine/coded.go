package engine

import (
	"database/sql/driver"
	"sync"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/pullscope/pullscope/engine/duck"
)

// codedRow is one accepted request as numbers.
type codedRow struct {
	line, us, ip, request                      int64
	item, image, digest, target, client, agent int32
	user                                       int32
	isHead, byTag, hasRequest                  bool
}

// codedRows are accepted requests by columns.
type codedRows struct {
	line, us, ip, request                            []int64
	item, image, digest, target, client, agent, user []int32
	isHead, byTag, noDigest, noRequest               []bool
}

func (c *codedRows) append(r codedRow) {
	c.line = append(c.line, r.line)
	c.us = append(c.us, r.us)
	c.ip = append(c.ip, r.ip)
	c.request = append(c.request, r.request)
	c.item = append(c.item, r.item)
	c.image = append(c.image, r.image)
	c.digest = append(c.digest, r.digest)
	c.target = append(c.target, r.target)
	c.client = append(c.client, r.client)
	c.agent = append(c.agent, r.agent)
	c.user = append(c.user, r.user)
	c.isHead = append(c.isHead, r.isHead)
	c.byTag = append(c.byTag, r.byTag)
	c.noDigest = append(c.noDigest, r.digest == 0)
	c.noRequest = append(c.noRequest, !r.hasRequest)
}

func (c *codedRows) len() int { return len(c.line) }

// reset empties the rows and keeps their memory.
func (c *codedRows) reset() {
	*c = codedRows{
		c.line[:0], c.us[:0], c.ip[:0], c.request[:0],
		c.item[:0], c.image[:0], c.digest[:0], c.target[:0], c.client[:0], c.agent[:0], c.user[:0],
		c.isHead[:0], c.byTag[:0], c.noDigest[:0], c.noRequest[:0],
	}
}

// codedColumns are the columns of the table function that accept.sql reads.
var codedColumns = []duck.TableColumn{
	{Name: "source", Type: duckdb.TYPE_INTEGER},
	{Name: "line", Type: duckdb.TYPE_BIGINT},
	{Name: "item", Type: duckdb.TYPE_INTEGER},
	{Name: "requested_us", Type: duckdb.TYPE_BIGINT},
	{Name: "is_head", Type: duckdb.TYPE_BOOLEAN},
	{Name: "by_tag", Type: duckdb.TYPE_BOOLEAN},
	{Name: "ip_key", Type: duckdb.TYPE_BIGINT},
	{Name: "image_id", Type: duckdb.TYPE_INTEGER},
	{Name: "digest_id", Type: duckdb.TYPE_INTEGER},
	{Name: "target_id", Type: duckdb.TYPE_INTEGER},
	{Name: "client_id", Type: duckdb.TYPE_INTEGER},
	{Name: "agent_id", Type: duckdb.TYPE_INTEGER},
	{Name: "user_id", Type: duckdb.TYPE_INTEGER},
	{Name: "request_key", Type: duckdb.TYPE_BIGINT},
}

// write hands over rows from..to, in the order of codedColumns.
func (c *codedRows) write(w duck.Writer, source int32, from, to int) {
	sources := make([]int32, to-from)
	for i := range sources {
		sources[i] = source
	}
	duck.Write(w, 0, sources)
	duck.Write(w, 1, c.line[from:to])
	duck.Write(w, 2, c.item[from:to])
	duck.Write(w, 3, c.us[from:to])
	duck.Write(w, 4, c.isHead[from:to])
	duck.Write(w, 5, c.byTag[from:to])
	duck.Write(w, 6, c.ip[from:to])
	duck.Write(w, 7, c.image[from:to])
	duck.Write(w, 8, c.digest[from:to])
	w.WriteNulls(8, c.noDigest[from:to])
	duck.Write(w, 9, c.target[from:to])
	duck.Write(w, 10, c.client[from:to])
	duck.Write(w, 11, c.agent[from:to])
	duck.Write(w, 12, c.user[from:to])
	duck.Write(w, 13, c.request[from:to])
	w.WriteNulls(13, c.noRequest[from:to])
}

// rowSink collects rows for a table and appends many at a time. It may be used by several goroutines.
type rowSink struct {
	table  string
	append func(table string, rows [][]driver.Value) error

	mu   sync.Mutex
	rows [][]driver.Value
}

// sinkRows is how many rows a sink collects.
const sinkRows = 4096

func (s *rowSink) add(row []driver.Value) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, row)
	if len(s.rows) < sinkRows {
		return nil
	}
	return s.flushLocked()
}

func (s *rowSink) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flushLocked()
}

func (s *rowSink) flushLocked() error {
	if len(s.rows) == 0 {
		return nil
	}
	rows := s.rows
	s.rows = nil
	return s.append(s.table, rows)
}
