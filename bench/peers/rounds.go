// How long do all programs take, in turn, round by round?

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// series holds what one program cost, a value per round.
type series struct {
	name, version      string
	seconds, cpu, peak []float64
	parse, classify    []float64 // seconds within the process; empty where a program does not tell
}

func (s *series) add(c cost) {
	s.seconds, s.cpu, s.peak = append(s.seconds, c.seconds), append(s.cpu, c.cpu), append(s.peak, c.peak)
}

// timeActions times the engine and the peers on a CSV log and returns the table. It fails when their counts differ.
func timeActions(log string, ours engine, peers []peer, rounds int) (string, error) {
	if err := warm(log); err != nil {
		return "", err
	}
	engineSeries, peerSeries := series{name: "engine run"}, make([]series, len(peers))
	var want counts
	for range rounds {
		r, err := ours.run(log)
		if err != nil {
			return "", err
		}
		if want, err = ours.counts(); err != nil {
			return "", err
		}
		engineSeries.add(r.cost)
		engineSeries.version = r.version
		engineSeries.parse, engineSeries.classify = append(engineSeries.parse, r.load), append(engineSeries.classify, r.classify)
		for i, p := range peers {
			r, err := p.run(log)
			if err != nil {
				return "", err
			}
			if r.counts != want {
				return "", fmt.Errorf("%s counts %s, the engine %s: one of them is wrong", p.name, r.counts, want)
			}
			s := &peerSeries[i]
			s.add(r.cost)
			s.name, s.version = p.name, r.version
			s.parse, s.classify = append(s.parse, r.parse), append(s.classify, r.classify)
		}
	}
	return actionsTable(sizeOf(log), want, engineSeries, peerSeries), nil
}

// timeLines times the engine and GoAccess on the first requests of the log as a combined log and returns the table.
func timeLines(log string, ours engine, o options) (string, error) {
	version, err := goaccessVersion()
	if err != nil {
		return "", err
	}
	combined := filepath.Join(o.dir, "access.log")
	defer os.Remove(combined)
	lines, err := writeCombined(log, combined, o.combinedRows)
	if err != nil {
		return "", err
	}
	engineSeries := series{name: "engine run"}
	theirs := []series{{name: "GoAccess, no panels", version: version}, {name: "GoAccess, all panels", version: version}}
	for range o.rounds {
		r, err := ours.run(combined)
		if err != nil {
			return "", err
		}
		if r.accepted != int64(lines) {
			return "", fmt.Errorf("the engine counts %d of %d requests of the combined log", r.accepted, lines)
		}
		engineSeries.add(r.cost)
		engineSeries.version, engineSeries.parse = r.version, append(engineSeries.parse, r.load)
		for i, withPanels := range []bool{false, true} {
			counted, took, err := goaccess{withPanels, o.dir}.run(combined)
			if err != nil {
				return "", err
			}
			if counted != int64(lines) {
				return "", fmt.Errorf("GoAccess counts %d of %d requests of the combined log", counted, lines)
			}
			theirs[i].add(took)
		}
	}
	return linesTable(sizeOf(combined), lines, engineSeries, theirs), nil
}

// warm reads a file once, so that the first program does not pay for the disk.
func warm(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(io.Discard, file); err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	return nil
}

// sizeOf is the size of a file in GB, 0 where it is gone.
func sizeOf(path string) float64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / 1e9
}

// ratios are a[i] / b[i].
func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

// sums are a[i] + b[i].
func sums(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] + b[i]
	}
	return out
}

// median of values, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
