package main

import (
	"slices"
	"strings"
	"testing"
)

// twoFigures are a time and a ratio to it.
var twoFigures = []group{{"csv", []figure{
	{name: "parse_csv", label: "parse", unit: "s"},
	{name: "stored_csv", label: "run", unit: "s", per: "parse_csv", limit: 5, smoke: true},
}, nil}}

// twoSamples are rounds of which the second was three times slower.
func twoSamples() []sample {
	first, second := newSample(), newSample()
	first.values["parse_csv"], first.values["stored_csv"] = 2, 8
	second.values["parse_csv"], second.values["stored_csv"] = 6, 30
	first.order = []string{"load"}
	first.steps["csv"] = map[string]float64{"load": 4}
	second.steps["csv"] = map[string]float64{"load": 12}
	return []sample{first, second}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		samples []float64
		median  float64
	}{{[]float64{7}, 7}, {[]float64{9, 1}, 5}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 100}, 3}} {
		s := spreadOf(test.samples)
		if s.Median != test.median || s.Min != slices.Min(test.samples) || s.Max != slices.Max(test.samples) {
			t.Errorf("spread of %v is %+v", test.samples, s)
		}
	}
}

func TestRatiosAreTakenInEachRound(t *testing.T) {
	r := &result{}
	r.fill(twoFigures, twoSamples())
	stored := r.figure("stored_csv")
	if stored.Ratio.Median != 4.5 || stored.Ratio.Min != 4 || stored.Ratio.Max != 5 || stored.Missed {
		t.Errorf("ratio is %+v, missed %t; want 4.5, 4 to 5, not missed", stored.Ratio, stored.Missed)
	}
	if len(r.Steps) != 1 || r.Steps[0].Time.Median != 8 || r.Steps[0].Floor != "parse_csv" {
		t.Errorf("steps are %+v", r.Steps)
	}
	if r.figure("parse_csv").Ratio != nil || r.figure("other") != nil {
		t.Error("there is a ratio to nothing, or a figure that was not measured")
	}
}

func TestMissedLimit(t *testing.T) {
	samples := twoSamples()
	samples[0].values["stored_csv"] = 11
	r := &result{Rows: 1000}
	r.fill(twoFigures, samples)
	if !r.figure("stored_csv").Missed || !strings.Contains(r.markdown(), "≤ 5.00, missed") {
		t.Errorf("5.25 keeps a limit of 5:\n%s", r.markdown())
	}
}

func TestMarkdown(t *testing.T) {
	r := &result{Rows: 1_000_000, Rounds: 2, Machine: machine{Cores: 2, CPU: "Some CPU", MemoryGiB: 23.5, System: "linux/amd64"},
		Versions: versions{Go: "go1.26", DuckDB: "1.5.5", Engine: "engine 1", Commit: "abc"}}
	r.fill(twoFigures, twoSamples())
	want := `1,000,000 requests, medians of 2 rounds. 2 cores (Some CPU), 23.5 GiB, linux/amd64; go1.26, DuckDB 1.5.5, engine 1 (abc).

|  | median | min to max | ratio | min to max | limit |
| --- | ---:| ---:| ---:| ---:| --- |
| parse | 4.00 s | 2.00 to 6.00 |  |  |  |
| run | 19.0 s | 8.00 to 30.0 | 4.50 × parse | 4.00 to 5.00 | ≤ 5.00 |

| step of the run from | CSV | nginx-json | Parquet | floor of CSV | that is |
| --- | ---:| ---:| ---:| ---:| --- |
| load | 8.00 s |  |  | 4.00 s | parse |
`
	if got := r.markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReplaceBetween(t *testing.T) {
	text := ""
	for _, step := range []struct{ name, content, want string }{
		{"10 rows", "a\n", "<!-- measured: 10 rows -->\n\na\n\n<!-- end of measured: 10 rows -->\n"},
		{"20 rows", "b\n", "<!-- measured: 10 rows -->\n\na\n\n<!-- end of measured: 10 rows -->\n\n<!-- measured: 20 rows -->\n\nb\n\n<!-- end of measured: 20 rows -->\n"},
		{"10 rows", "c\n", "<!-- measured: 10 rows -->\n\nc\n\n<!-- end of measured: 10 rows -->\n\n<!-- measured: 20 rows -->\n\nb\n\n<!-- end of measured: 20 rows -->\n"},
	} {
		var err error
		if text, err = replaceBetween(text, step.name, step.content); err != nil || text != step.want {
			t.Fatalf("got %q, %v, want %q", text, err, step.want)
		}
	}
	if _, err := replaceBetween("# By hand\n<!-- measured: 10 rows -->\nmore by hand", "10 rows", "a"); err == nil {
		t.Error("text after a mark without an end is replaced")
	}
}

func TestReadManifests(t *testing.T) {
	batches := `{"inputs": [{"accepted": 5}, {"accepted": 2}], "timings": [{"step": "load", "seconds": 1.5}, {"step": "check", "seconds": 1}]}
		{"inputs": [{"accepted": 3}], "published": [{"dir": "x"}], "timings": [{"step": "load", "seconds": 2}, {"step": "report", "seconds": 4}]}`
	run := engineRun{steps: map[string]float64{}}
	if err := run.readManifests([]byte(batches)); err != nil {
		t.Fatal(err)
	}
	if run.requests != 10 || run.published != 1 || run.steps["load"] != 3.5 || !slices.Equal(run.order, []string{"load", "check", "report"}) {
		t.Errorf("got %+v", run)
	}
}

func TestFiguresAreNamedOnce(t *testing.T) {
	all := groups(1000)
	known := map[string]bool{}
	for _, g := range all {
		for _, f := range g.figures {
			if known[f.name] || f.per != "" && !known[f.per] {
				t.Errorf("figure %s is there twice, or its %s is not measured before it", f.name, f.per)
			}
			if f.per != "" && shortLabel(f.per) == f.per {
				t.Errorf("ratios to %s have no label", f.per)
			}
			known[f.name] = true
		}
	}
	for _, step := range []string{"load", "classify", "store"} {
		for _, format := range formats {
			if !known[floorOf(step, format)] {
				t.Errorf("the floor of %s from %s is no figure", step, format)
			}
		}
	}
	for _, s := range shapes {
		if !known[s.figure] {
			t.Errorf("shape %s is no figure", s.figure)
		}
	}
	if chosen, _ := chooseGroups(all, []string{"day"}); len(chosen) != 2 || chosen[0].name != "csv" || chosen[1].name != "day" {
		t.Errorf("-only day takes %d groups", len(chosen))
	}
	if chosen, _ := chooseGroups(all, nil); len(chosen) != len(all) {
		t.Errorf("without -only, %d groups are taken", len(chosen))
	}
	if _, unknown := chooseGroups(all, []string{"day", "night"}); unknown != "night" {
		t.Errorf("unknown is %q", unknown)
	}
}
