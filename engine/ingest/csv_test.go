package ingest

import (
	"slices"
	"strings"
	"testing"
)

func TestParseHeader(t *testing.T) {
	for _, test := range []struct {
		name, line string
		want       string // joined by |
		separator  byte
		err        string
	}{
		{"comma", "timestamp,client_ip,method,image,reference", "timestamp|client_ip|method|image|reference", ',', ""},
		{"semicolon", "timestamp;client_ip;method;image;reference", "timestamp|client_ip|method|image|reference", ';', ""},
		{"tab", "timestamp\tclient_ip\tmethod\timage\treference", "timestamp|client_ip|method|image|reference", '\t', ""},
		{"quoted", `"timestamp","client_ip","method","image","reference"`, "timestamp|client_ip|method|image|reference", ',', ""},
		{"upper case and blanks", " Timestamp , CLIENT_IP,Method ,Image,Reference", "timestamp|client_ip|method|image|reference", ',', ""},
		{"any order", "reference,image,method,client_ip,timestamp", "reference|image|method|client_ip|timestamp", ',', ""},
		{"others are kept by place", "id,timestamp,client_ip,x;y,method,image,reference,", "|timestamp|client_ip||method|image|reference|", ',', ""},
		{"others may repeat", "x,x,timestamp,client_ip,method,image,reference", "||timestamp|client_ip|method|image|reference", ',', ""},
		{"namespace and repository", "timestamp,client_ip,method,namespace,repository,reference", "timestamp|client_ip|method|namespace|repository|reference", ',', ""},
		{"carriage return", "timestamp,client_ip,method,image,reference\r", "timestamp|client_ip|method|image|reference", ',', ""},

		{"namespace alone", "timestamp,client_ip,method,namespace,reference", "", 0, "the required columns image (or namespace and repository) are missing"},
		{"twice", "timestamp,client_ip,method,image,reference,METHOD", "", 0, "names column method twice; rename one of them"},
		{"another separator", "timestamp|client_ip|method|image|reference", "", 0, "missing"},
		{"empty", "", "", 0, "missing"},
		{"all missing", "a,b", "", 0, "timestamp, client_ip, method, image (or namespace and repository), reference"},
	} {
		t.Run(test.name, func(t *testing.T) {
			columns, separator, err := Requests.parseHeader([]byte(test.line))
			checkError(t, err, test.err)
			if err == nil && (!slices.Equal(columns, strings.Split(test.want, "|")) || separator != test.separator) {
				t.Errorf("got %q by %q, want %q by %q", columns, separator, test.want, test.separator)
			}
		})
	}
}

func TestCutRecord(t *testing.T) {
	for _, test := range []struct {
		name, data string
		want       string // values, joined by |
		used       int    // 0: all
		lines      int
		broken     bool
		more       bool // needs more data, unless it is the last
	}{
		{"one value", "a\n", "a", 0, 1, false, false},
		{"values", "a,b,,c\nd\n", "a|b||c", 7, 1, false, false},
		{"empty values", ",,\n", "||", 0, 1, false, false},
		{"blank line", "\nx\n", "", 1, 1, false, false},
		{"carriage return", "a,b\r\nx", "a|b", 5, 1, false, false},
		{"carriage return inside", "a\rb,c\n", "a\rb|c", 0, 1, false, false},
		{"without line end", "a,b", "a|b", 0, 1, false, true},
		{"quoted", `"a","b"` + "\n", "a|b", 0, 1, false, false},
		{"quoted separator", `"a,b",c` + "\n", "a,b|c", 0, 1, false, false},
		{"quoted quote", `"a ""b""",c` + "\n", `a "b"|c`, 0, 1, false, false},
		{"only a quote", `""""` + "\n", `"`, 0, 1, false, false},
		{"quoted nothing", `"",""` + "\n", "|", 0, 1, false, false},
		{"quoted newline", "\"a\nb\",c\nd\n", "a\nb|c", 8, 2, false, false},
		{"quoted newlines", "\"a\r\n\n\",\"\n\"\nd\n", "a\r\n\n|\n", 11, 4, false, false},
		{"stray quote", `a"b,c"` + "\n", `a"b|c"`, 0, 1, false, false},
		{"stray quotes", `5" disk,6" disk` + "\n", `5" disk|6" disk`, 0, 1, false, false},
		{"text after the closing quote", `"a"b,c` + "\n", "ab|c", 0, 1, false, false},
		{"quote after the closing quote and text", `"a"b"c"` + "\n", `ab"c"`, 0, 1, false, false},
		{"blank before a quote: no opening one", ` "a",b` + "\n", ` "a"|b`, 0, 1, false, false},
		{"quoted, without line end", `a,"b"`, "a|b", 0, 1, false, true},
		{"unterminated", "\"a,b\nc,d\n", "", 5, 1, true, true},
		{"unterminated in the last value", "a,\"b\nc,d\n", "", 5, 1, true, true},
		{"unterminated, without line end", `a,"b`, "", 0, 1, true, true},
		{"a field separator in a value", "a\x1fb,c\n", "a?b|c", 0, 1, false, false},
		{"a field separator in a quoted value", "\"a\x1fb\",c\x1f\n", "a?b|c?", 0, 1, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			rec, used, ok := cutRecord([]byte(test.data), ',', true)
			want := test.used
			if want == 0 {
				want = len(test.data)
			}
			if !ok || used != want || rec.lines != test.lines || rec.broken != test.broken {
				t.Fatalf("got %+v, %d bytes, %v; want %d bytes, %d lines, broken %v", rec, used, ok, want, test.lines, test.broken)
			}
			if text := strings.ReplaceAll(string(rec.text), string(FieldSeparator), "|"); !test.broken && text != test.want {
				t.Errorf("values %q, want %q", text, test.want)
			}
			if fields := strings.Count(test.want, "|") + 1; !test.broken && rec.fields != fields {
				t.Errorf("%d fields, want %d", rec.fields, fields)
			}
			if _, _, ok := cutRecord([]byte(test.data), ',', false); ok == test.more {
				t.Errorf("with more to come: complete %v, want %v", ok, !test.more)
			}
		})
	}
}
