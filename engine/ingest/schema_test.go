package ingest

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenExtensionEvents(t *testing.T) {
	const header = "timestamp,extension,event\n"
	for _, test := range []struct {
		name, content string
		want          Format
		err           string
	}{
		{"csv", header, CSV, ""},
		{"csv with more columns, in any order", "x,User_ID,EVENT,extension,timestamp\n", CSV, ""},
		{"csv with semicolons", strings.ReplaceAll(header, ",", ";"), CSV, ""},
		{"jsonl", `{"event":"open","extension":"acme/tool","timestamp":1}` + "\n", JSONL, ""},
		{"jsonl after a damaged line", `{"event":` + "\n" + `{"extension":"acme/tool","timestamp":1}` + "\n", JSONL, ""},
		{"parquet", "PAR1............PAR1", Parquet, ""},
		{"gzip", gzipped(header), CSV, ""},
		{"empty", "", JSONL, ""},

		{"a column is missing", "timestamp,extension,user_id\n", "", "the content is no extension events"},
		{"a log as csv", csvHeader + csvRow, "", "csv, jsonl or parquet with the columns timestamp, extension and event"},
		{"a log as jsonl", jsonRow, "", "the content is no extension events"},
		{"a combined log", combinedRow, "", "the content is no extension events"},
		{"notifications", eventsRow, "", "the content is no extension events"},
		{"binary", strings.Repeat("\x00\x01\x02\xff", 100), "", "binary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "events")
			write(t, path, test.content)
			input, err := OpenAs(ExtensionEvents, path, Auto)
			checkError(t, err, test.err)
			if err != nil {
				checkError(t, err, path)
				return
			}
			defer input.Close()
			if input.Format != test.want {
				t.Errorf("format %s, want %s", input.Format, test.want)
			}
		})
	}
}

func TestExtensionColumns(t *testing.T) {
	checkError(t, ExtensionEvents.Check([]string{"user_id", "event", "timestamp", "extension"}), "")
	checkError(t, ExtensionEvents.Check([]string{"timestamp"}), "the required columns extension, event are missing; rename the columns")
	_, _, err := ExtensionEvents.parseHeader([]byte("timestamp,extension,event,Event"))
	checkError(t, err, "names column event twice")
}
