package classify_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/pullscope/pullscope/engine/classify"
)

const sample = `# A rule.
#
#  indented
#
# at   client method image reference digest | action requests digest

window 4s
2026-09-21T12:00:00Z 192.0.2.1 HEAD acme/app v1 - | pull_by_tag 2 A
# Not kept.
2026-09-21T12:00:00.05Z ::ffff:192.0.2.1 GET acme/app @A - | -
file second.log
2026-09-21T12:00:01.000001Z 192.0.2.2 GET app latest B | pull_by_tag 1 B
`

func parse(t testing.TB, text string) classify.Scenario {
	t.Helper()
	scenario, err := classify.ParseScenario("sample", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

func TestParseScenario(t *testing.T) {
	noon := time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)
	a, b := classify.DigestOf("A"), classify.DigestOf("B")
	want := classify.Scenario{
		Name:    "sample",
		Comment: []string{"A rule.", "", " indented"},
		Window:  4 * time.Second,
		Files:   []string{"", "second.log"},
		Rows: []classify.ScenarioRow{
			{
				At: noon, Client: "192.0.2.1", Method: classify.Head, Image: "acme/app", Reference: "v1",
				Line: 1, Action: classify.PullByTag, ActionRequests: 2, ActionDigest: a,
			},
			{
				At: noon.Add(50 * time.Millisecond), Client: "::ffff:192.0.2.1", Method: classify.Get, Image: "acme/app",
				Reference: a, Line: 2,
			},
			{
				At: noon.Add(time.Second + time.Microsecond), Client: "192.0.2.2", Method: classify.Get, Image: "app",
				Reference: "latest", Digest: b, File: 1, Line: 1,
				Action: classify.PullByTag, ActionRequests: 1, ActionDigest: b,
			},
		},
	}
	if got := parse(t, sample); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestScenarioReducedToIntegers(t *testing.T) {
	noon := time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC).UnixMicro()
	scenario := parse(t, sample)
	wantRequests := []classify.Request{
		{No: 1, Client: 1, Repository: 1, At: noon, Line: 1, Method: classify.Head, ByTag: true},
		{No: 2, Client: 1, Repository: 1, At: noon + 50_000, Line: 2, Digest: 1, Method: classify.Get},
		{No: 3, Client: 2, Repository: 2, At: noon + 1_000_001, Line: 1, Source: 1, Digest: 2, Method: classify.Get, ByTag: true},
	}
	wantLabels := []classify.Label{
		{Action: classify.PullByTag, Requests: 2, Digest: 1}, {}, {Action: classify.PullByTag, Requests: 1, Digest: 2},
	}
	if got := scenario.Requests(); !reflect.DeepEqual(got, wantRequests) {
		t.Errorf("got  %+v\nwant %+v", got, wantRequests)
	}
	if got := scenario.Expected(); !reflect.DeepEqual(got, wantLabels) {
		t.Errorf("got  %+v\nwant %+v", got, wantLabels)
	}
}

func TestScenarioWriteTo(t *testing.T) {
	const want = `# A rule.
#
#  indented
#
window 4s
# at                        client           method image    reference digest | action      requests digest
2026-09-21T12:00:00.000000Z 192.0.2.1        HEAD   acme/app v1        -      | pull_by_tag 2        A
2026-09-21T12:00:00.050000Z ::ffff:192.0.2.1 GET    acme/app @A        -      | -
file second.log
2026-09-21T12:00:01.000001Z 192.0.2.2        GET    app      latest    B      | pull_by_tag 1        B
`
	var got bytes.Buffer
	written, err := parse(t, sample).WriteTo(&got)
	if err != nil || written != int64(len(want)) || got.String() != want {
		t.Errorf("%d bytes, error %v:\n%s\nwant\n%s", written, err, &got, want)
	}
}

func TestParseScenarioErrors(t *testing.T) {
	const good = "2026-09-21T12:00:00Z 192.0.2.1 GET acme/app v1 A | pull_by_tag 1 A\n"
	with := func(old, new string) string { return good + strings.Replace(good, old, new, 1) }
	for _, test := range []struct{ text, want string }{
		{"", "bad.txt:0: no rows"},
		{"# only a comment\n", "bad.txt:1: no rows"},
		{good + "2026-09-21T12:00:00Z\n", "bad.txt:2: want the columns at client"},
		{with("|", "/"), "bad.txt:2: want the columns at client"},
		{with("12:00:00Z", "noon"), "bad.txt:2: at: parsing time"},
		{with("00Z", "00+02:00"), "is not UTC"},
		{with("00Z", "00.0000001Z"), "is finer than a microsecond"},
		{with("2026", "1969"), "is before 1970"},
		{with("192.0.2.1", "192.0.2"), `client "192.0.2" is no address`},
		{with("192.0.2.1", "fe80::1%eth0"), "is no address"},
		{with("GET", "PUT"), `method "PUT" is neither HEAD nor GET`},
		{with("acme/app", "Acme"), `image "Acme" is no image name`},
		{with("acme/app", "acme//app"), "is no image name"},
		{with("v1", "-v1"), `reference "-v1" is neither a tag nor @ and a digest`},
		{with("v1", "@-"), "is neither a tag"},
		{with("v1", "@a"), `digest "a" is neither`},
		{with("v1", "@sha256:00"), `digest "sha256:00" is neither`},
		{with("A |", "AAA |"), `digest "AAA" is neither`},
		{with("pull_by_tag 1 A", ""), "bad.txt:2: want the columns"},
		{with("pull_by_tag 1 A", "pull_by_tag 1"), "want action, requests and digest"},
		{with("pull_by_tag", "pull"), `unknown action "pull"`},
		{with("tag 1", "tag 4"), `requests "4": an action has 1 to 3`},
		{with("tag 1", "tag 0"), `requests "0": an action has 1 to 3`},
		{with("tag 1", "tag one"), `requests "one": an action has 1 to 3`},
		{with("1 A\n", "1 a\n"), `bad.txt:2: digest "a" is neither`},
		{"window\n" + good, "bad.txt:1: window: want one duration"},
		{"window 5\n" + good, "bad.txt:1: window: time: missing unit"},
		{"window -1s\n" + good, "not a whole number of microseconds"},
		{"window 1ns\n" + good, "not a whole number of microseconds"},
		{"window 5s\nwindow 5s\n" + good, "bad.txt:2: window: want it once"},
		{good + "window 5s\n", "bad.txt:2: window: want it once and before all rows"},
		{"file\n" + good, "bad.txt:1: file: want one name"},
		{"file ../x\n" + good, "bad.txt:1: file: want one name"},
		{"file x\nfile y\n" + good, "bad.txt:1: file: x has no rows"},
		{"file x\n" + good + "file x\n", "bad.txt:3: file: x is there already"},
		{good + "file x\n" + good, "bad.txt:2: file: x does not start later"},
		{strings.Repeat("x", 70_000), "bad.txt:1: bufio.Scanner: token too long"},
	} {
		_, err := classify.ParseScenario("bad", strings.NewReader(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.200q: error %v, want %s", test.text, err, test.want)
		}
	}
	broken := errors.New("broken")
	if _, err := classify.ParseScenario("bad", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want broken", err)
	}
}

func TestDigestOf(t *testing.T) {
	const want = "sha256:559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd" // printf A | sha256sum
	if got := classify.DigestOf("A"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParseScenario(f *testing.F) {
	f.Add(sample)
	for _, scenario := range scenarios(f) {
		var text bytes.Buffer
		if _, err := scenario.WriteTo(&text); err != nil {
			f.Fatal(err)
		}
		f.Add(text.String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		scenario, err := classify.ParseScenario("fuzz", strings.NewReader(text))
		if err != nil {
			return
		}
		checkRoundTrip(t, scenario)
		classify.Compare(scenario.Requests(), nil, scenario.Window, 1)
		scenario.Expected()
	})
}

type failer interface{ Fatalf(string, ...any) }

func checkRoundTrip(t failer, scenario classify.Scenario) {
	var text bytes.Buffer
	if _, err := scenario.WriteTo(&text); err != nil {
		t.Fatalf("write: %v", err)
	}
	back, err := classify.ParseScenario(scenario.Name, bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatalf("read back: %v\n%s", err, &text)
	}
	if !reflect.DeepEqual(back, scenario) {
		t.Fatalf("read back %+v\nwrote %+v\n%s", back, scenario, &text)
	}
}

// A difference is printed as a scenario: it must read back, and show what the requests showed.
func TestFromRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := someRequests(20).Filter(func(r []classify.Request) bool { return len(r) > 0 }).Draw(t, "requests")
		for i := range requests {
			requests[i].At += 1 << 51 // after 1970
			if !requests[i].ByTag && requests[i].Digest == 0 {
				requests[i].Digest = 9 // a request by digest has one
			}
		}
		window := rapid.SampledFrom([]time.Duration{0, time.Second, window}).Draw(t, "window")
		want := classify.Reference(requests, window)
		scenario := classify.FromRequests("made", []string{"A rule.", "One\nmore."}, requests, want, window)
		checkRoundTrip(t, scenario)
		if len(scenario.Rows) != len(requests) {
			t.Fatalf("got %d rows, want %d", len(scenario.Rows), len(requests))
		}
		got, expected := classify.Reference(scenario.Requests(), window), scenario.Expected()
		if !reflect.DeepEqual(got, expected) {
			t.Fatalf("got  %v\nwant %v", got, expected)
		}
	})
}

func TestFromRequestsTellsNothingReal(t *testing.T) {
	at := time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC).UnixMicro()
	requests := []classify.Request{
		{No: 70, Client: -5, Repository: 90, At: at + 50_000, Line: 812, Source: 4, Digest: 33, Method: classify.Get},
		{No: 71, Client: -5, Repository: 90, At: at, Line: 811, Source: 4, Digest: 33, ByTag: true},
		{No: 73, Client: 77, Repository: 91, At: at + 60_000, Line: 3, Source: 6, Method: classify.Get, ByTag: true},
		{No: 72, Client: -5, Repository: 90, At: at + 60_000, Line: 2, Source: 6, Digest: 1, Method: classify.Get},
	}
	var got bytes.Buffer
	scenario := classify.FromRequests("made", []string{"Why."}, requests, classify.Reference(requests, window), window)
	if _, err := scenario.WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	const want = `# Why.
#
# at                        client    method image     reference digest | action      requests digest
file 1.log
2026-09-21T12:00:00.000000Z 192.0.2.1 HEAD   acme/app  v1        A      | pull_by_tag 3        A
2026-09-21T12:00:00.050000Z 192.0.2.1 GET    acme/app  @A        A      | -
file 2.log
2026-09-21T12:00:00.060000Z 192.0.2.1 GET    acme/app  @B        B      | -
2026-09-21T12:00:00.060000Z 192.0.2.2 GET    acme/app2 v1        -      | pull_by_tag 1        -
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// More clients, repositories and digests than there are short names for.
func TestFromRequestsOfMany(t *testing.T) {
	var requests []classify.Request
	for i := range int64(1000) {
		requests = append(requests, classify.Request{No: i, Client: i, Repository: i, Line: i, Digest: int32(i + 1)})
	}
	want := classify.Reference(requests, window)
	scenario := classify.FromRequests("made", nil, requests, want, window)
	checkRoundTrip(t, scenario)
	if !reflect.DeepEqual(scenario.Expected(), want) {
		t.Error("labels differ")
	}
}

func TestFromRequestsOfNone(t *testing.T) {
	if got := classify.FromRequests("made", nil, nil, nil, window); len(got.Rows) != 0 {
		t.Errorf("got %d rows", len(got.Rows))
	}
}
