package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// stamps are spellings of timestamps: what is stored, or why the line is rejected.
var stamps = []struct{ text, want string }{
	{"2024-09-25T10:00:00Z", "2024-09-25 10:00:00"},
	{"2024-09-25 10:00:00Z", "2024-09-25 10:00:00"},
	{"2024-09-25t10:00:00z", "2024-09-25 10:00:00"},
	{"2024-09-25T10:00:00", "2024-09-25 10:00:00"},
	{"2024-09-25 10:00:00", "2024-09-25 10:00:00"},
	{"2024-09-25T10:00", "2024-09-25 10:00:00"},
	{" 2024-09-25T10:00:00Z ", "2024-09-25 10:00:00"},
	{"2024-09-25T10:00:00+00:00", "2024-09-25 10:00:00"},
	{"2024-09-25T10:00:00-00:00", "2024-09-25 10:00:00"},
	{"2024-09-25T10:00:00+02:00", "2024-09-25 08:00:00"},
	{"2024-09-25T10:00:00+0200", "2024-09-25 08:00:00"},
	{"2024-09-25T10:00:00+02", "2024-09-25 08:00:00"},
	{"2024-09-25 10:00:00+02", "2024-09-25 08:00:00"},
	{"2024-09-25T10:00:00-05:30", "2024-09-25 15:30:00"},
	{"2024-09-25T23:30:00-05:30", "2024-09-26 05:00:00"},
	{"2024-02-29T00:00:00Z", "2024-02-29 00:00:00"},
	{"2000-01-01T00:00:00Z", "2000-01-01 00:00:00"},
	{"2099-12-31T23:59:59.999999Z", "2099-12-31 23:59:59.999999"},
	{"1727258400", "2024-09-25 10:00:00"},
	{"1727258400.0", "2024-09-25 10:00:00"},
	{"946684800", "2000-01-01 00:00:00"},
	{"4102444799.999999", "2099-12-31 23:59:59.999999"},

	{"1999-12-31T23:59:59.999999Z", "timestamp_out_of_range"},
	{"2100-01-01T00:00:00Z", "timestamp_out_of_range"},
	{"0001-01-01T00:00:00Z", "timestamp_out_of_range"},
	{"9999-12-31T23:59:59Z", "timestamp_out_of_range"},
	{"1727258400000", "timestamp_out_of_range"}, // milliseconds
	{"946684799.999999", "timestamp_out_of_range"},
	{"4102444800", "timestamp_out_of_range"},
	{"0", "timestamp_out_of_range"},
	{"", "invalid_timestamp"},
	{"-", "invalid_timestamp"},
	{"-1", "invalid_timestamp"},
	{"+1727258400", "invalid_timestamp"},
	{"1.7272584e9", "invalid_timestamp"},
	{"0x66", "invalid_timestamp"},
	{"1727258400.5.5", "invalid_timestamp"},
	{"1727258400,5", "invalid_timestamp"},
	{"999999999999999999999", "invalid_timestamp"},
	{"\u0661\u0667\u0662\u0667\u0662\u0665\u0668\u0664\u0660\u0660", "invalid_timestamp"},
	{"2024-02-30T00:00:00Z", "invalid_timestamp"},
	{"2023-02-29T00:00:00Z", "invalid_timestamp"},
	{"2024-09-25T25:00:00Z", "invalid_timestamp"},
	{"2024-09-25T10:61:00Z", "invalid_timestamp"},
	{"2024-09-25T10:00:61Z", "invalid_timestamp"},
	{"2024-13-25T10:00:00Z", "invalid_timestamp"},
	{"2024-09-25", "invalid_timestamp"},
	{"20240925T100000Z", "invalid_timestamp"},
	{"25/Sep/2024:10:00:00 +0000", "invalid_timestamp"},
	{"Wed, 25 Sep 2024 10:00:00 GMT", "invalid_timestamp"},
	{"yesterday", "invalid_timestamp"},
	{"now", "invalid_timestamp"},
	{"infinity", "invalid_timestamp"},
	{"290000-01-01T00:00:00Z", "invalid_timestamp"},
	{"-2024-09-25T10:00:00Z", "invalid_timestamp"},
	{"2024-09-25T10:00:00Z'; drop table requests; --", "invalid_timestamp"},
	{"2024-09-25T10:00:00Z\n", "2024-09-25 10:00:00"},
}

func allStamps() []struct{ text, want string } {
	all := stamps
	for digits := 1; digits <= 9; digits++ {
		fraction := "123456789"[:digits]
		kept := "." + fraction[:min(6, digits)] // the rest is cut off
		for text, want := range map[string]string{
			"2024-09-25T10:00:00." + fraction + "Z":      "2024-09-25 10:00:00",
			"2024-09-25T10:00:00." + fraction:            "2024-09-25 10:00:00",
			"2024-09-25 10:00:00." + fraction + "+02:00": "2024-09-25 08:00:00",
			"1727258400." + fraction:                     "2024-09-25 10:00:00",
		} {
			all = append(all, struct{ text, want string }{text, want + kept})
		}
	}
	return all
}

// TestTimestamps reads every spelling, as text of a CSV file and as a JSON value.
func TestTimestamps(t *testing.T) {
	all := allStamps()
	var csv, jsonl strings.Builder
	csv.WriteString("timestamp,client_ip,method,image,reference\n")
	lines, jsonLines := map[int]int{}, map[int]int{}
	next := 2
	for i, stamp := range all {
		lines[next], jsonLines[i+1] = i, i
		next += 1 + strings.Count(stamp.text, "\n")
		fmt.Fprintf(&csv, "\"%s\",192.0.2.1,GET,acme/app,latest\n", stamp.text)
		fmt.Fprintf(&jsonl, `{"timestamp":%q,"client_ip":"192.0.2.1","method":"GET","image":"acme/app","reference":"latest"}`+"\n", stamp.text)
	}
	for name, test := range map[string]struct {
		content string
		lines   map[int]int
	}{"log.csv": {csv.String(), lines}, "log.jsonl": {jsonl.String(), jsonLines}} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			mustEngine(t, "run", "--data", data, "--config", writeFile(t, "future.toml", "future_tolerance = \"40000d\"\n"), "--input", writeFile(t, name, test.content))
			seen := 0
			for _, row := range queryCSV(t, data, `
				select line || '|' || strftime(requested_at, '%Y-%m-%d %H:%M:%S.%f') from requests
				union all select line || '|' || reason from rejects`) {
				var line int
				number, got, _ := strings.Cut(row, "|")
				fmt.Sscan(number, &line)
				stamp := all[test.lines[line]]
				if !strings.Contains(stamp.want, "_") && !strings.Contains(stamp.want, ".") {
					got = strings.TrimSuffix(got, ".000000")
				}
				if strings.Contains(stamp.want, ".") {
					got = strings.TrimRight(got, "0")
				}
				if strings.TrimRight(stamp.want, "0") != strings.TrimRight(got, "0") {
					t.Errorf("line %d, %q: got %s, want %s", line, stamp.text, got, stamp.want)
				}
				seen++
			}
			if seen != len(all) {
				t.Errorf("%d of %d lines are accounted for", seen, len(all))
			}
		})
	}
}

// One line must not change how its neighbours are read, nor end the run.
func TestTimestampsThatReachBeyondTheirLine(t *testing.T) {
	for _, text := range []string{"2024-09-25T10:00:00 Europe/Berlin", "2024-09-25T10:00:00 America/New_York", "1727258400000000", "99999999999999999"} {
		t.Run(text, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			row := ",192.0.2.1,GET,acme/app,latest\n"
			mustEngine(t, "run", "--data", data, "--input", writeFile(t, "log.csv",
				"timestamp,client_ip,method,image,reference\n"+text+row+"2024-09-25T12:00:00"+row))
			want := "2024-09-25 12:00:00"
			if got := queryCSV(t, data, "select requested_at from requests where line = 3"); len(got) != 1 || got[0] != want {
				t.Errorf("the stamp after it: got %q, want %q", got, want)
			}
		})
	}
	for _, text := range []string{"99999999999999.0", "-99999999999999"} {
		t.Run("nginx "+text, func(t *testing.T) {
			row := `{"time":"%s","request_time":"0","remote_addr":"192.0.2.1","method":"GET","request_uri":"/v2/acme/app/manifests/latest","status":"200"}` + "\n"
			mustEngine(t, "run", "--data", filepath.Join(t.TempDir(), "data"), "--input",
				writeFile(t, "log.json", fmt.Sprintf(row, "1727258400")+fmt.Sprintf(row, text)))
		})
	}
}
