// How is a request written as a CSV row? Byte by byte.

package main

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"
)

// csvFormat has the canonical columns. No value needs quotes.
type csvFormat struct {
	start      time.Time
	second     secondText
	requestIDs *rand.Rand // nil without request ids
}

func newCSVFormat(o options) *csvFormat {
	f := &csvFormat{start: o.start, second: secondText{layout: "2006-01-02T15:04:05.", second: -1}}
	if o.requestIDs {
		f.requestIDs = newRequestIDs(o)
	}
	return f
}

func (f *csvFormat) header() string {
	columns := "timestamp,client_ip,method,image,reference,digest,status,user_agent,user_id,bytes"
	if f.requestIDs != nil {
		columns += ",request_id"
	}
	return columns + "\n"
}

func (f *csvFormat) append(row []byte, r *request) []byte {
	row = append(row, f.second.of(f.start, r.at)...)
	row = append(appendMillis(row, r.at), 'Z')
	for _, value := range [...]string{r.client.addr, r.method(), r.name, r.reference, r.digest, "200", r.client.agent, r.client.user} {
		row = append(row, ',')
		row = append(row, value...)
	}
	row = append(row, ',')
	row = strconv.AppendInt(row, r.size(), 10)
	if f.requestIDs != nil {
		row = append(row, ',')
		row = appendID(row, f.requestIDs)
	}
	return append(row, '\n')
}

// secondText keeps the text of the second that was asked for last.
type secondText struct {
	layout string
	second int64
	text   []byte
}

// of is the time up to the second; at is in milliseconds from the start.
func (s *secondText) of(start time.Time, at int64) []byte {
	if second := at / 1000; second != s.second {
		s.second = second
		s.text = start.Add(time.Duration(second)*time.Second).AppendFormat(s.text[:0], s.layout)
	}
	return s.text
}

// appendMillis appends the three digits after the second.
func appendMillis(to []byte, at int64) []byte {
	return append(to, '0'+byte(at%1000/100), '0'+byte(at%100/10), '0'+byte(at%10))
}

// newRequestIDs draws apart from the requests, which stay the same with and without ids.
func newRequestIDs(o options) *rand.Rand { return rand.New(rand.NewPCG(o.seed, 2)) }

// appendID appends 32 random hexadecimal digits.
func appendID(to []byte, r *rand.Rand) []byte {
	var raw [16]byte
	for half := range 2 {
		drawn := r.Uint64()
		for i := range 8 {
			raw[half*8+i] = byte(drawn >> (8 * i))
		}
	}
	return hex.AppendEncode(to, raw[:])
}
