package engine

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/ingest"
)

// The values of drawn records: usual ones, and all that Go and SQL might read in two ways.
var (
	splitStamps = []string{
		"2026-09-21T10:00:00Z", "2026-09-21T10:00:00.5Z", "2026-09-21T10:00:00.123456Z", "2026-09-21T10:00:00.123456789Z", "2026-09-21T10:00:00.9999999Z",
		"2026-09-21 10:00:00", "2026-09-21T10:00:00.25", "2026-09-21T10:00:00,25Z", "2026-09-21t10:00:00z", "2026-09-21T10:00Z", "2026-09-21T10:00:00.Z",
		"2026-09-21T12:00:00+02:00", "2026-09-21T12:00:00.001+0200", "2026-09-21T04:30:00-05:30", "2026-09-21T12:00:00+02", "2026-09-21T23:59:59.999999+14:00", "2026-09-21T10:00:00+15:00",
		"1758448800", "1758448800.123456", "1758448800.1234567", "1758448800.", "0", "999999999", "1758448800000", "-5", "1e9", " 2026-09-21T10:00:00Z ", "\t1758448800.5",
		"2024-02-29T00:00:00Z", "2026-02-29T00:00:00Z", "2026-09-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-09-21T24:00:00Z", "2026-09-21T10:60:00Z", "2026-09-21T10:00:60Z",
		"1999-12-31T23:59:59Z", "2099-12-31T23:59:59.999999Z", "2100-01-01T00:00:00Z", "0999-01-01T00:00:00Z", "", "-", "yesterday", "２０２６-09-21T10:00:00Z", "2026-09-21T10:00:00Z\x00",
	}
	splitMethods  = []string{"GET", "GET", "HEAD", "get", "Head", "POST", "", "ＧＥＴ", "ſ", "PUT"}
	splitClients  = []string{"192.0.2.1", "192.0.2.1", "2001:db8::1", "10.0.0.1", "::ffff:192.0.2.1", "192.0.2.999", "", "-", "[2001:db8::1]:443", "unknown"}
	splitImages   = []string{"acme/app", "acme/app", "tool", "Acme/App", "", "acme/app/", "a\x1fb", "globex/team/web", "acme/äpp"}
	splitTexts    = []string{"latest", "latest", "1.0", "sha256:" + strings.Repeat("a", 64), "sha256:" + strings.Repeat("A", 64), "sha256:" + strings.Repeat("b", 64), "sha256:zz", "", "-", "sha256-" + strings.Repeat("c", 64) + ".sig", "v 1", "ü", "latest\x1f"}
	splitStatuses = []string{"200", "200", "", "304", "404", "307", "1200", "20", "2e2", "abc", " 200", "000", "+200"}
	splitAgents   = []string{"containerd/2.0.1", "", "-", `quo"ted`, `back\slash`, "tab\tin", "ü/1.0", "bell\x07", "bad\xff", "crane/1", "docker/26.1.4 go/go1.21.11 os/linux arch/amd64"}
	splitUsers    = []string{"", "", "-", "u1", "ü", "u\x1f1"}
	splitDomains  = []string{"", "", "acme.example", "ACME.example", "ÄCME.example", "-"}
	splitEmails   = []string{"", "a@acme.example", "a@b@Acme.Example", "a@", "@", "none", "ä@acme.example", "İ@İ.example"}
	splitIDs      = []string{"", "", "-", "id-1", "id-2", "ü", "00000000000000000000000000000000"}
	splitPaths    = []string{
		"/v2/acme/app/manifests/latest", "/v2/acme/app/manifests/latest", "/v2/acme/app/manifests/sha256%3A" + strings.Repeat("a", 64), "/v2/acme/app/blobs/sha256:1", "/v2/", "", "/v2/acme/app/manifests/latest?ns=docker.io",
		"/x?/manifests/", "/v2/acme/app/manifests%2Flatest", "/v2/acme/%zz/manifests/1", "/v2/tool/manifests/1.0", "/v2/a/b/manifests/", "é/manifests/x",
	}
	splitSeconds = []string{"1758448800.123", "1758448800", "1758448800.123456", "0", "1758448800.1234567", "", "-1.5", "1e9", "12345678901234.5", "1758448800.", ".5"}
	splitTook    = []string{"0.000", "0.012", "", "12", "3.1415926", "-", "1e-3", "1234567.0", "-0.5"}
)

// TestSplittersAgreeWithSQL loads logs once with the splitters and once with the SQL of their
// formats, and compares everything that a run keeps.
func TestSplittersAgreeWithSQL(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) string{"csv": drawCSV, "nginx-json": drawNginxJSON} {
		t.Run(name, func(t *testing.T) {
			dir, n := t.TempDir(), 0
			someCases(t, func(t *rapid.T) {
				n++
				log := filepath.Join(dir, fmt.Sprintf("%d.log", n))
				if err := os.WriteFile(log, []byte(draw(t)), 0o600); err != nil {
					t.Fatal(err)
				}
				split, inSQL := splitRun(t, log, false), splitRun(t, log, true)
				for name, want := range inSQL {
					if !reflect.DeepEqual(split[name], want) {
						t.Errorf("%s: split %.600q, in SQL %.600q", name, fmt.Sprint(split[name]), fmt.Sprint(want))
					}
				}
			})
		})
	}
}

// splitRun loads a log of any quality and returns what the run keeps of it.
func splitRun(t rapid.TB, log string, onlySQL bool) map[string]any {
	t.Helper()
	dir, err := os.MkdirTemp("", "split")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	e := newEngine(dir, time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC))
	e.onlySQL = onlySQL
	e.Config.MaxRejectRatio = 1
	e.Config.Threads = 2
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(strings.Repeat("ab", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	result := mustRun(t, e, log)
	kept := map[string]any{"inputs": result.Last().Inputs, "check": result.Last().Check}
	for _, glob := range []string{"requests/*/*", "rejects/*"} {
		files, err := filepath.Glob(filepath.Join(dir, glob))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimPrefix(file, dir)
			if strings.HasPrefix(name, "/rejects") {
				name = "/rejects"
			}
			kept[name] = string(content)
		}
	}
	return kept
}

// pick draws one of some values, mostly one of the first two, which are usual.
func pick(t *rapid.T, values []string) string {
	if rapid.IntRange(0, 3).Draw(t, "usual") > 0 {
		return values[rapid.IntRange(0, 1).Draw(t, "value")]
	}
	return rapid.SampledFrom(values).Draw(t, "odd value")
}

func drawCSV(t *rapid.T) string {
	optional := map[string][]string{
		"digest": splitTexts, "status": splitStatuses, "user_agent": splitAgents, "user_id": splitUsers,
		"user_email": splitEmails, "user_domain": splitDomains, "request_id": splitIDs, "other": splitAgents,
	}
	columns := []string{"timestamp", "client_ip", "method", "reference"}
	switch rapid.IntRange(0, 3).Draw(t, "names") {
	case 0:
		columns = append(columns, "namespace", "repository")
	case 1:
		columns = append(columns, "image", "namespace", "repository")
	case 2:
		columns = append(columns, "repository", "image")
	default:
		columns = append(columns, "image")
	}
	for _, name := range []string{"digest", "status", "user_agent", "user_id", "user_email", "user_domain", "request_id", "other"} {
		if rapid.Bool().Draw(t, name) {
			columns = append(columns, name)
		}
	}
	columns = rapid.Permutation(columns).Draw(t, "columns")
	values := map[string][]string{
		"timestamp": splitStamps, "client_ip": splitClients, "method": splitMethods, "reference": splitTexts,
		"image": splitImages, "namespace": {"acme", "globex", "", "Acme"}, "repository": {"app", "team/web", "", "x y"},
	}
	var text strings.Builder
	separator := rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "separator")
	quotes := rapid.Bool().Draw(t, "quotes")
	ends := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line ends")
	text.WriteString(strings.Join(columns, string(separator)) + ends)
	for range rapid.IntRange(1, 30).Draw(t, "records") {
		var record []string
		for _, column := range columns {
			from := values[column]
			if from == nil {
				from = optional[column]
			}
			record = append(record, pick(t, from))
		}
		text.WriteString(joinCSV(record, separator, quotes) + ends)
		switch rapid.IntRange(0, 30).Draw(t, "between") {
		case 0:
			text.WriteString(ends)
		case 1:
			text.WriteString(strings.Join(columns, string(separator)) + ends)
		case 2:
			text.WriteString("one field" + ends)
		case 3:
			text.WriteString(strings.Join(record, string(separator)) + string(separator) + ends)
		}
	}
	return text.String()
}

// joinCSV writes a record with quotes where needed, or as some exporters do without any.
func joinCSV(record []string, separator rune, quotes bool) string {
	if !quotes {
		return strings.Join(record, string(separator))
	}
	var text strings.Builder
	w := csv.NewWriter(&text)
	w.Comma = separator
	if err := w.Write(record); err != nil {
		panic(err)
	}
	w.Flush()
	return strings.TrimSuffix(text.String(), "\n")
}

func drawNginxJSON(t *rapid.T) string {
	values := map[string][]string{
		"time": splitSeconds, "request_time": splitTook, "request_id": splitIDs, "remote_addr": splitClients,
		"http_x_forwarded_for": {"", "", "-", "198.51.100.7", "198.51.100.7, 10.0.0.1", "unknown"}, "remote_user": splitUsers,
		"method": splitMethods, "request_uri": splitPaths, "status": splitStatuses, "user_agent": splitAgents,
		"docker_content_digest": splitTexts, "bytes_sent": {"1", "2"}, "other": {"x", "y"},
	}
	keys := []string{"time", "request_time", "request_id", "remote_addr", "http_x_forwarded_for", "remote_user", "method", "request_uri", "status", "user_agent", "docker_content_digest", "bytes_sent", "other"}
	var text strings.Builder
	text.WriteString(`{"time":"1758448800.123","remote_addr":"192.0.2.1","method":"GET","request_uri":"/v2/acme/app/manifests/latest","status":"200"}` + "\n")
	for range rapid.IntRange(1, 30).Draw(t, "records") {
		var parts []string
		for _, key := range keys {
			value := pick(t, values[key])
			switch rapid.IntRange(0, 40).Draw(t, "shape") {
			case 0:
				continue
			case 1:
				parts = append(parts, fmt.Sprintf(`"%s": null`, key))
			case 2:
				parts = append(parts, fmt.Sprintf(`"%s" : true `, key))
			case 3:
				parts = append(parts, fmt.Sprintf(`"%s":["%s"]`, key, "x"))
			case 4:
				parts = append(parts, fmt.Sprintf(`"%s":"%s"`, key, value), fmt.Sprintf(`"%s":"again"`, key))
			case 5, 6, 7: // as a number, whether it is one or not
				parts = append(parts, fmt.Sprintf(`"%s":%s`, key, value))
			case 8: // not escaped
				parts = append(parts, fmt.Sprintf(`"%s":"%s"`, key, value))
			default:
				quoted, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				parts = append(parts, fmt.Sprintf(`"%s":%s`, key, quoted))
			}
		}
		text.WriteString("{" + strings.Join(parts, rapid.SampledFrom([]string{",", ", ", " ,"}).Draw(t, "comma")) + "}" + rapid.SampledFrom([]string{"\n", "\n", "\r\n", " \n", "x\n"}).Draw(t, "end"))
	}
	return text.String()
}

// TestSplittersTakeUsualRecords makes sure that the comparison above compares two things.
func TestSplittersTakeUsualRecords(t *testing.T) {
	for _, log := range []string{
		"timestamp,client_ip,method,image,reference,user_agent\n" + strings.Repeat("2026-09-21T10:00:00.5Z,192.0.2.1,GET,acme/app,latest,x\n2026-09-21T12:00:00+02:00,192.0.2.1,GET,acme/app,latest,\"a \"\"b\"\", c\"\n1758448800.25,192.0.2.1,HEAD,acme/app,latest,ü\n", 10),
		strings.Repeat(`{"time":"1758448800.123","request_time":0.012,"remote_addr":"192.0.2.1","method":"GET","request_uri":"/v2/acme/app/manifests/latest","status":200,"user_agent":"x"}`+"\n", 30),
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		input, err := ingest.Open(path, ingest.Auto)
		if err != nil {
			t.Fatal(err)
		}
		defer input.Close()
		reader, err := ingest.NewReader(input, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		block, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		var fields ingest.Fields
		block.Take(input.Splitter(), &fields, func(int64) { taken++ }, func(row ingest.Row) { t.Errorf("%s: line %d is left to SQL", input.Format, row.Line) })
		if taken != 30 {
			t.Errorf("%s: %d records taken apart, want 30", input.Format, taken)
		}
	}
}
