package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	recorded := baseline{Rows: 1000, Figures: map[string]float64{"stored_csv": 4, "lake_csv": 20}}
	for _, test := range []struct {
		name    string
		rows    int
		figures map[string]float64
		worse   string // what the error names; "": none
		printed string
	}{
		{"same", 1000, map[string]float64{"stored_csv": 4, "lake_csv": 20}, "", "ok"},
		{"within the tolerance", 1000, map[string]float64{"stored_csv": 4.99, "lake_csv": 20.9}, "", "+25 %, at most +25 %"},
		{"slower", 1000, map[string]float64{"stored_csv": 5.01, "lake_csv": 20}, "stored_csv became worse", "WORSE"},
		{"larger", 1000, map[string]float64{"stored_csv": 4, "lake_csv": 21.1}, "lake_csv became worse", "WORSE"},
		{"faster", 1000, map[string]float64{"stored_csv": 3}, "", "better"},
		{"other rows", 2000, map[string]float64{"stored_csv": 4}, "2000", ""},
		{"not recorded", 1000, map[string]float64{"reports": 1}, "reports is not recorded", ""},
	} {
		var printed strings.Builder
		err := compare(&printed, recorded, baseline{Rows: test.rows, Figures: test.figures})
		if (err == nil) != (test.worse == "") || err != nil && !strings.Contains(err.Error(), test.worse) {
			t.Errorf("%s: error %v, want one that says %q", test.name, err, test.worse)
		}
		if !strings.Contains(printed.String(), test.printed) {
			t.Errorf("%s: printed %q", test.name, printed.String())
		}
	}
}

func TestBaseline(t *testing.T) {
	r := &result{Rows: 1000, Rounds: 2}
	r.fill(twoFigures, twoSamples())
	text, err := json.Marshal(r.baseline(twoFigures).Figures)
	if err != nil || string(text) != `{"stored_csv":4.5}` {
		t.Errorf("got %s, %v", text, err)
	}
}
