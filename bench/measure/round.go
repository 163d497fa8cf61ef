package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// sample is what one round measured.
type sample struct {
	values map[string]float64            // by the names of figures
	steps  map[string]map[string]float64 // seconds by format and step of a run
	order  []string                      // of the steps
}

func newSample() sample {
	return sample{values: map[string]float64{}, steps: map[string]map[string]float64{}}
}

// round is one round at work.
type round struct {
	programs
	logs    *logs
	sample  sample
	data    string // the lake that the CSV was loaded into
	actions string // what it counts
}

// do measures the groups in turn, into empty data directories.
func (r *round) do(chosen []group) error {
	r.data = filepath.Join(r.dir, "data")
	defer os.RemoveAll(r.data)
	for _, g := range chosen {
		if err := g.measure(r); err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		for _, f := range g.figures {
			fmt.Fprintf(os.Stderr, "  %-60s %10.2f %s\n", f.label, r.sample.values[f.name], f.unit)
		}
	}
	return nil
}

func (r *round) csv() (err error) {
	r.actions, err = r.format("csv", "csv", r.data)
	r.sample.values["check_csv"] = r.sample.steps["csv"]["check"]
	return err
}

func (r *round) nginxJSON() error { return r.sameActions("nginx-json", "json") }

func (r *round) parquet() error {
	return r.beside("beside_parquet", "csv", func() error { return r.sameActions("parquet", "parquet") })
}

// sameActions measures a format whose log has the requests of the CSV, and so must have its actions.
func (r *round) sameActions(format, suffix string) error {
	data := r.data + "-" + suffix
	defer os.RemoveAll(data)
	actions, err := r.format(format, suffix, data)
	if err == nil && actions != r.actions {
		err = fmt.Errorf("the actions differ from those of the CSV:\n%s\nand of the CSV\n%s", actions, r.actions)
	}
	return err
}

// beside measures DuckDB's parse of the standard log before and after what do measures. Their mean counts, so that a machine
// that becomes slower does so for both sides of a ratio.
func (r *round) beside(figure, format string, do func() error) error {
	log, err := r.logs.standard(format)
	if err != nil {
		return err
	}
	before, err := r.parse(format, log)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := r.parse(format, log)
	r.sample.values[figure] = (before + after) / 2
	return err
}

// parse is the mean of one parse that takes two seconds or more, or of up to five shorter ones: a short one sees too little of
// what else the machine does.
func (r *round) parse(format string, log log) (float64, error) {
	total, n := 0.0, 0
	for ; n == 0 || n < 5 && total < 2; n++ {
		seconds, err := r.floor(format, "", log.files...)
		if err != nil {
			return 0, err
		}
		total += seconds
	}
	return total / float64(n), nil
}

// format measures the run from a log beside the parse of it, and returns what the lake counts.
func (r *round) format(format, suffix, data string) (actions string, err error) {
	log, err := r.logs.standard(format)
	if err != nil {
		return "", err
	}
	var run *engineRun
	err = r.beside("parse_"+suffix, format, func() (err error) {
		run, err = r.load(data, log, true)
		return err
	})
	if err != nil {
		return "", err
	}
	bytes, err := lakeBytes(data)
	if err != nil {
		return "", err
	}
	r.note(format, run)
	v, requests := r.sample.values, float64(run.requests)
	v["stored_"+suffix], v["each_"+suffix], v["peak_"+suffix] = run.stored, run.stored*1e6/requests, run.peak
	v["lake_"+suffix] = float64(bytes) / requests
	return r.actionCounts(data)
}

// note keeps the steps of a run.
func (r *round) note(format string, run *engineRun) {
	r.sample.steps[format] = run.steps
	for _, step := range run.order {
		if !slices.Contains(r.sample.order, step) {
			r.sample.order = append(r.sample.order, step)
		}
	}
}

// load loads a log, publishing nothing.
func (r *round) load(data string, log log, afresh bool) (*engineRun, error) {
	config, err := r.logs.config()
	if err != nil {
		return nil, err
	}
	return r.programs.load(data, config, log, afresh)
}

func (r *round) reports() error {
	return r.beside("beside_reports", "csv", func() error {
		return r.publish("reports", "peak_reports", "summary", "trends", "technographic", "technographic_companies", "tracked_companies")
	})
}

// raw publishes raw, and lets DuckDB write the CSV of what was published.
func (r *round) raw() error {
	if err := r.publish("raw", "peak_raw", "raw"); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(r.data, "reports", "*", "weekly", "20*", "raw.parquet"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no raw report is published (%v)", err)
	}
	return r.floorTo("copy_raw", "copy", files)
}

// publish measures the step that publishes reports of the log's first week, and nothing else.
func (r *round) publish(figure, peak string, names ...string) error {
	if err := os.RemoveAll(filepath.Join(r.data, "reports")); err != nil {
		return err
	}
	config, err := r.logs.config(names...)
	if err != nil {
		return err
	}
	run, err := r.run("--data", r.data, "--config", config, "--period", r.logs.week())
	if err != nil {
		return err
	}
	if run.published == 0 {
		return fmt.Errorf("nothing is published for %s", r.logs.week())
	}
	r.sample.values[figure], r.sample.values[peak] = run.steps["report"], run.peak
	return nil
}

// floors measures what DuckDB needs for steps beside the parse, on the rows of the lake.
func (r *round) floors() error {
	files, err := filepath.Glob(filepath.Join(r.data, "requests", "*", "*.parquet"))
	if err != nil {
		return err
	}
	if r.sample.values["floor_sort"], err = r.floor("sort", "", files...); err != nil {
		return err
	}
	return r.floorTo("floor_write", "write", files)
}

// floorTo measures a step that writes a file.
func (r *round) floorTo(figure, step string, files []string) (err error) {
	to := filepath.Join(r.dir, "written")
	defer os.Remove(to)
	r.sample.values[figure], err = r.floor(step, to, files...)
	return err
}

// day loads the day after the log alone, and then into the lake.
func (r *round) day() error {
	log, err := r.logs.nextDay()
	if err != nil {
		return err
	}
	alone := r.data + "-day"
	defer os.RemoveAll(alone)
	first, err := r.load(alone, log, true)
	if err != nil {
		return err
	}
	added, err := r.load(r.data, log, false)
	if err != nil {
		return err
	}
	if first.requests != added.requests {
		return fmt.Errorf("%d requests are added, and %d alone", added.requests, first.requests)
	}
	r.sample.values["day_alone"], r.sample.values["day_added"], r.sample.values["peak_day"] = first.stored, added.stored, added.peak
	return nil
}

// worst loads logs of the same size and another shape, and the standard one before and after them.
func (r *round) worst() error {
	standard, err := r.logs.standard("csv")
	if err != nil {
		return err
	}
	v := r.sample.values
	before, err := r.loadOnly(standard)
	if err != nil {
		return err
	}
	for _, shape := range shapes {
		log, err := r.logs.shaped(shape)
		if err != nil {
			return err
		}
		run, err := r.loadOnly(log)
		if err != nil {
			return fmt.Errorf("%s: %w", shape.figure, err)
		}
		v[shape.figure], v["peak_worst"] = run.stored, max(v["peak_worst"], run.peak)
	}
	after, err := r.loadOnly(standard)
	if err != nil {
		return err
	}
	v["beside_worst"] = (before.stored + after.stored) / 2
	return nil
}

// loadOnly loads a log and forgets it.
func (r *round) loadOnly(log log) (*engineRun, error) {
	data := r.data + "-worst"
	defer os.RemoveAll(data)
	return r.load(data, log, true)
}
