// What are the requests of a CSV log as lines of the combined format?

package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// writeCombined writes the first requests of a CSV log, at most that many, as a combined log, and says how many there were.
func writeCombined(from, to string, most int) (rows int, err error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, fmt.Errorf("open the log: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return 0, fmt.Errorf("create the combined log: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	buffered := bufio.NewWriterSize(out, 1<<20)
	if rows, err = convert(bufio.NewReaderSize(in, 1<<20), buffered, most); err != nil {
		return 0, fmt.Errorf("write the combined log: %w", err)
	}
	return rows, buffered.Flush()
}

// convert turns CSV rows into combined lines.
func convert(from io.Reader, to io.Writer, most int) (rows int, err error) {
	reader := csv.NewReader(from)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return 0, fmt.Errorf("read the header: %w", err)
	}
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	for _, name := range []string{"timestamp", "client_ip", "method", "image", "reference", "status", "bytes", "user_agent", "user_id"} {
		if _, ok := column[name]; !ok {
			return 0, fmt.Errorf("the log has no column %s", name)
		}
	}
	for ; rows < most; rows++ {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rows, err
		}
		line, err := combined(func(name string) string { return record[column[name]] })
		if err != nil {
			return rows, err
		}
		if _, err := io.WriteString(to, line); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// combined is the line of one request, whose stamp is ISO 8601. No field of the generator needs escapes.
func combined(field func(string) string) (string, error) {
	at, err := time.Parse(time.RFC3339Nano, field("timestamp"))
	if err != nil {
		return "", fmt.Errorf("read a stamp: %w", err)
	}
	return fmt.Sprintf("%s - %s [%s] \"%s /v2/%s/manifests/%s HTTP/1.1\" %s %s \"-\" \"%s\"\n",
		field("client_ip"), cmp.Or(field("user_id"), "-"), at.UTC().Format("02/Jan/2006:15:04:05 -0700"), field("method"),
		field("image"), field("reference"), field("status"), cmp.Or(field("bytes"), "-"), field("user_agent")), nil
}
