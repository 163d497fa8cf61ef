package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// baseline is what the regression guard compares with: the ratios, shares and sizes that mean the same on an equal machine
// at any speed.
type baseline struct {
	Rows     int                `json:"rows"`
	Rounds   int                `json:"rounds"`
	Machine  machine            `json:"machine"`
	Versions versions           `json:"versions"`
	Figures  map[string]float64 `json:"figures"` // medians by the names of figures.go: ratios, or values where there is no ratio
}

// How much worse a median may be than the recorded one. A ratio of a single round is off by 10 % and more when other work
// comes and goes on a machine with two cores; the median of three rounds stays within a quarter unless the machine is
// overloaded. What is stored hardly differs between runs: only the keyed hashes do.
const (
	timeTolerance = 1.25
	sizeTolerance = 1.05
)

// baseline takes the figures that the guard looks at.
func (r *result) baseline(chosen []group) baseline {
	b := baseline{Rows: r.Rows, Rounds: r.Rounds, Machine: r.Machine, Versions: r.Versions, Figures: map[string]float64{}}
	for _, g := range chosen {
		for _, f := range g.figures {
			if f.smoke {
				b.Figures[f.name] = float64(int(r.figure(f.name).decisive()*1000)) / 1000
			}
		}
	}
	return b
}

// guard compares with the recorded figures, and fails beyond the tolerance.
func guard(w io.Writer, path string, now baseline) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read recorded figures: %w; record them with -record", err)
	}
	var recorded baseline
	if err := json.Unmarshal(text, &recorded); err != nil {
		return fmt.Errorf("%s is damaged: %w; record it anew with -record", path, err)
	}
	if recorded.Machine != now.Machine {
		fmt.Fprintf(w, "note: %s was recorded on another machine (%d cores, %s), where ratios may differ\n", path, recorded.Machine.Cores, recorded.Machine.CPU)
	}
	return compare(w, recorded, now)
}

// compare prints what was recorded and what is now, and names what became worse.
func compare(w io.Writer, recorded, now baseline) error {
	if recorded.Rows != now.Rows {
		return fmt.Errorf("the recorded figures are of %d rows, not of %d; measure as many, or record anew with -record", recorded.Rows, now.Rows)
	}
	var worse []string
	for _, name := range slices.Sorted(maps.Keys(now.Figures)) {
		before, known := recorded.Figures[name]
		if !known || before <= 0 {
			return fmt.Errorf("figure %s is not recorded; record anew with -record", name)
		}
		value, verdict := now.Figures[name], "ok"
		tolerance := timeTolerance
		if strings.HasPrefix(name, "lake_") {
			tolerance = sizeTolerance
		}
		switch {
		case value > before*tolerance:
			verdict, worse = "WORSE", append(worse, name)
		case value*tolerance < before:
			verdict = "better: record it with -record"
		}
		fmt.Fprintf(w, "%-16s recorded %10s, now %10s (%+.0f %%, at most %+.0f %%): %s\n", name, digits(before), digits(value),
			100*(value/before-1), 100*(tolerance-1), verdict)
	}
	if len(worse) > 0 {
		return fmt.Errorf("%s became worse by more than the tolerance; run it again on a quiet machine, and find the cause if it stays", strings.Join(worse, ", "))
	}
	return nil
}
