package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestReplaceSection(t *testing.T) {
	const section = "new\n"
	for _, c := range []struct{ name, before, want string }{
		{"no markers", "# Results\n\n", "# Results\n\n<!-- peers -->\nnew\n<!-- /peers -->\n"},
		{"replaced", "a\n<!-- peers -->\nold\n<!-- /peers -->\nb\n", "a\n<!-- peers -->\nnew\n<!-- /peers -->\nb\n"},
		{"empty", "<!-- peers --><!-- /peers -->", "<!-- peers -->\nnew\n<!-- /peers -->"},
	} {
		got, err := replaceSection([]byte(c.before), section)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
		again, err := replaceSection(got, section)
		if err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s: a second time gives %q, %v", c.name, again, err)
		}
	}
	for _, broken := range []string{"a\n<!-- peers -->\nold\n", "a\n<!-- /peers -->\n"} {
		if got, err := replaceSection([]byte(broken), section); err == nil {
			t.Errorf("%q: got %q, want an error", broken, got)
		}
	}
}

func TestConvert(t *testing.T) {
	const header = "timestamp,client_ip,method,image,reference,digest,status,user_agent,user_id,bytes\n"
	const log = header +
		"2026-09-14T01:02:03.999Z,192.0.2.1,HEAD,acme/app,latest,sha256:ab,200,curl/8.5.0,u1,0\n" +
		"2026-09-14T01:02:04.000Z,2001:db8::1,GET,acme/app,sha256:ab,sha256:ab,200,\"a, b\",,17\n"
	const first = "192.0.2.1 - u1 [14/Sep/2026:01:02:03 +0000] \"HEAD /v2/acme/app/manifests/latest HTTP/1.1\" 200 0 \"-\" \"curl/8.5.0\"\n"
	const second = "2001:db8::1 - - [14/Sep/2026:01:02:04 +0000] \"GET /v2/acme/app/manifests/sha256:ab HTTP/1.1\" 200 17 \"-\" \"a, b\"\n"
	for most, want := range []string{"", first, first + second, first + second} {
		var out strings.Builder
		rows, err := convert(strings.NewReader(log), &out, most)
		if err != nil || out.String() != want || rows != min(most, 2) {
			t.Errorf("at most %d: got %d rows, %v:\n%s", most, rows, err, out.String())
		}
	}
	for _, broken := range []string{"", "timestamp,client_ip\n", header + "yesterday,192.0.2.1,GET,a/b,c,,200,,,0\n"} {
		if _, err := convert(strings.NewReader(broken), &strings.Builder{}, 1); err == nil {
			t.Errorf("%q: want an error", broken)
		}
	}
}

func TestEdgeLog(t *testing.T) {
	log := edgeLog(20_000, 7)
	if !bytes.Equal(log, edgeLog(20_000, 7)) {
		t.Error("the same seed gives another log")
	}
	seen := map[string]int{} // equal stamps of one address and image
	var ties, unknown int
	for line := range strings.Lines(string(log)) {
		field := strings.Split(line, ",")
		if len(field) != 10 {
			t.Fatalf("%q has %d fields", line, len(field))
		}
		key := field[0] + field[1] + field[3]
		if seen[key]++; seen[key] == 2 {
			ties++
		}
		if field[5] == "" {
			unknown++
		}
	}
	if ties < 1000 || unknown < 1000 {
		t.Errorf("%d ties and %d unknown digests are too few to tell programs apart", ties, unknown)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}
