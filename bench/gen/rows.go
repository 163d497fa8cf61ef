// How is a request written? As a CSV row, appended byte by byte.

package main

import (
	"bufio"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"
)

// rowWriter writes rows to a buffered writer.
type rowWriter struct {
	out        *bufio.Writer
	row        []byte
	start      time.Time
	second     int64 // that `stamp` is for
	stamp      []byte
	requestIDs *rand.Rand // nil without request ids
}

// newRowWriter writes nothing yet.
func newRowWriter(out *bufio.Writer, o options) *rowWriter {
	w := &rowWriter{out: out, start: o.start, second: -1}
	if o.requestIDs {
		w.requestIDs = rand.New(rand.NewPCG(o.seed, 2))
	}
	return w
}

// writeHeader writes the column names.
func (w *rowWriter) writeHeader() error {
	columns := "timestamp,client_ip,method,image,reference,digest,status,user_agent,user_id,bytes"
	if w.requestIDs != nil {
		columns += ",request_id"
	}
	_, err := w.out.WriteString(columns + "\n")
	return err
}

// write writes one row. No value needs quotes.
func (w *rowWriter) write(r request) error {
	method, size := "GET", 500+int64(r.digest[10])*37
	if r.head {
		method, size = "HEAD", 0
	}
	row := w.appendStamp(w.row[:0], r.at)
	row = appendField(row, r.client.addr)
	row = appendField(row, method)
	row = appendField(row, r.name)
	row = appendField(row, r.reference)
	row = appendField(row, r.digest)
	row = appendField(row, "200")
	row = appendField(row, r.client.agent)
	row = appendField(row, r.client.user)
	row = append(row, ',')
	row = strconv.AppendInt(row, size, 10)
	if w.requestIDs != nil {
		row = append(row, ',')
		row = appendID(row, w.requestIDs)
	}
	w.row = append(row, '\n')
	_, err := w.out.Write(w.row)
	return err
}

// appendStamp appends the time in ISO 8601 with milliseconds. The part up to the second is made once per second.
func (w *rowWriter) appendStamp(row []byte, at int64) []byte {
	if second := at / 1000; second != w.second {
		w.second = second
		w.stamp = w.start.Add(time.Duration(second)*time.Second).AppendFormat(w.stamp[:0], "2006-01-02T15:04:05.")
	}
	row = append(row, w.stamp...)
	return append(row, '0'+byte(at%1000/100), '0'+byte(at%100/10), '0'+byte(at%10), 'Z')
}

// appendField appends a comma and a value.
func appendField(row []byte, value string) []byte {
	row = append(row, ',')
	return append(row, value...)
}

// appendID appends 32 random hexadecimal digits.
func appendID(row []byte, r *rand.Rand) []byte {
	var raw [16]byte
	for half := range 2 {
		drawn := r.Uint64()
		for i := range 8 {
			raw[half*8+i] = byte(drawn >> (8 * i))
		}
	}
	return hex.AppendEncode(row, raw[:])
}
