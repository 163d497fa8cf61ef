package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// result is what all rounds measured.
type result struct {
	Rows     int        `json:"rows"`
	Rounds   int        `json:"rounds"`
	Machine  machine    `json:"machine"`
	Versions versions   `json:"versions"`
	Figures  []measured `json:"figures"`
	Steps    []stepTime `json:"steps"`
}

// measured is a figure over all rounds.
type measured struct {
	Name   string  `json:"name"`
	Label  string  `json:"label"`
	Unit   string  `json:"unit"`
	Value  spread  `json:"value"`
	Per    string  `json:"per,omitempty"` // the figure that the ratio is to
	Ratio  *spread `json:"ratio,omitempty"`
	Limit  float64 `json:"limit,omitempty"` // of the ratio, or of the value where there is none
	Missed bool    `json:"missed,omitempty"`
}

// spread is a median with the samples that it is of, in the order of the rounds.
type spread struct {
	Median  float64   `json:"median"`
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
	Samples []float64 `json:"samples"`
}

// stepTime is a step of the run from a format, in seconds.
type stepTime struct {
	Format string `json:"format"`
	Step   string `json:"step"`
	Time   spread `json:"time"`
	Floor  string `json:"floor,omitempty"` // the figure that it cannot be much faster than
}

// formats are those whose steps are told.
var formats = []string{"csv", "nginx-json", "parquet"}

// spreadOf sums up samples, of which there is at least one.
func spreadOf(samples []float64) spread {
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	return spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1], Samples: samples}
}

// fill sums up the samples of all rounds. A ratio is taken in each round, and the median of the ratios counts.
func (r *result) fill(chosen []group, samples []sample) {
	for _, g := range chosen {
		for _, f := range g.figures {
			r.Figures = append(r.Figures, measuredOf(f, samples))
		}
	}
	for _, format := range formats {
		for _, step := range samples[0].order {
			if _, there := samples[0].steps[format][step]; !there {
				continue
			}
			var times []float64
			for _, s := range samples {
				times = append(times, s.steps[format][step])
			}
			r.Steps = append(r.Steps, stepTime{format, step, spreadOf(times), floorOf(step, format)})
		}
	}
}

func measuredOf(f figure, samples []sample) measured {
	var values, ratios []float64
	for _, s := range samples {
		values = append(values, s.values[f.name])
		if f.per != "" {
			ratios = append(ratios, s.values[f.name]/s.values[f.per])
		}
	}
	m := measured{Name: f.name, Label: f.label, Unit: f.unit, Value: spreadOf(values), Per: f.per, Limit: f.limit}
	if f.per != "" {
		ratio := spreadOf(ratios)
		m.Ratio = &ratio
	}
	m.Missed = f.limit > 0 && m.decisive() > f.limit
	return m
}

// decisive is the median that a limit is of.
func (m *measured) decisive() float64 {
	if m.Ratio != nil {
		return m.Ratio.Median
	}
	return m.Value.Median
}

// figure finds a figure by its name; nil when it was not measured.
func (r *result) figure(name string) *measured {
	for i := range r.Figures {
		if r.Figures[i].Name == name {
			return &r.Figures[i]
		}
	}
	return nil
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}
