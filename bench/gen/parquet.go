// How are requests written as Parquet? The canonical columns, with dictionaries.

package main

import (
	"io"
	"math/rand/v2"
	"time"

	"github.com/parquet-go/parquet-go"
)

// parquetRow is one request.
type parquetRow struct {
	Timestamp int64  `parquet:"timestamp,timestamp(microsecond),delta,snappy"`
	ClientIP  string `parquet:"client_ip,dict,snappy"`
	Method    string `parquet:"method,dict,snappy"`
	Image     string `parquet:"image,dict,snappy"`
	Reference string `parquet:"reference,dict,snappy"`
	Digest    string `parquet:"digest,dict,snappy"`
	Status    int32  `parquet:"status,dict,snappy"`
	UserAgent string `parquet:"user_agent,dict,snappy"`
	UserID    string `parquet:"user_id,optional,dict,snappy"`
	Bytes     int64  `parquet:"bytes,dict,snappy"`
}

// parquetRowWithID is a request with an id.
type parquetRowWithID struct {
	parquetRow
	RequestID string `parquet:"request_id,snappy"`
}

// Rows are handed over in batches, and a row group is as large as DuckDB makes them.
const (
	parquetBatch    = 4096
	parquetRowGroup = 122_880
)

// newParquetFormat returns what begins a file.
func newParquetFormat(o options) func(io.Writer) (rowWriter, error) {
	rowGroup := parquet.MaxRowsPerRowGroup(parquetRowGroup)
	if !o.requestIDs {
		row := func(r *request) parquetRow { return newParquetRow(o.start, r) }
		return func(to io.Writer) (rowWriter, error) {
			return &parquetWriter[parquetRow]{out: parquet.NewGenericWriter[parquetRow](to, rowGroup), row: row}, nil
		}
	}
	ids := newRequestIDs(o)
	row := func(r *request) parquetRowWithID { return parquetRowWithID{newParquetRow(o.start, r), newID(ids)} }
	return func(to io.Writer) (rowWriter, error) {
		return &parquetWriter[parquetRowWithID]{out: parquet.NewGenericWriter[parquetRowWithID](to, rowGroup), row: row}, nil
	}
}

func newID(ids *rand.Rand) string { return string(appendID(nil, ids)) }

func newParquetRow(start time.Time, r *request) parquetRow {
	return parquetRow{
		Timestamp: start.UnixMicro() + r.at*1000, ClientIP: r.client.addr, Method: r.method(), Image: r.name, Reference: r.reference,
		Digest: r.digest, Status: 200, UserAgent: r.client.agent, UserID: r.client.user, Bytes: r.size(),
	}
}

// parquetWriter collects rows of one of the two kinds.
type parquetWriter[R any] struct {
	out  *parquet.GenericWriter[R]
	row  func(*request) R
	rows []R
}

func (w *parquetWriter[R]) write(r request) error {
	w.rows = append(w.rows, w.row(&r))
	if len(w.rows) < parquetBatch {
		return nil
	}
	return w.flush()
}

func (w *parquetWriter[R]) flush() error {
	_, err := w.out.Write(w.rows)
	w.rows = w.rows[:0]
	return err
}

func (w *parquetWriter[R]) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}
