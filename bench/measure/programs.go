package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// programs are the commands that are measured and that measure, built from this tree.
type programs struct {
	dir                 string
	engine, gen, floors string
}

// build builds them into a folder, where logs and data go, too.
func build(dir string) (programs, error) {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return programs{}, err
	}
	_, err := output("go", "build", "-o", bin+string(filepath.Separator), "./cmd/engine", "./bench/gen", "./bench/floor")
	return programs{dir: dir, engine: filepath.Join(bin, "engine"), gen: filepath.Join(bin, "gen"), floors: filepath.Join(bin, "floor")}, err
}

// engineRun is one run of the engine.
type engineRun struct {
	stored    float64 // seconds of the whole process but the step that publishes
	peak      float64 // MiB
	requests  int64   // that were stored anew
	published int
	steps     map[string]float64
	order     []string
}

// never is a week without requests, so that a run which is to publish only it publishes nothing.
const never = "2000-W01"

// load runs the engine on a log, publishing nothing. Afresh, the data directory is emptied before.
func (p programs) load(data, config string, log log, afresh bool) (*engineRun, error) {
	if afresh {
		if err := os.RemoveAll(data); err != nil {
			return nil, err
		}
	}
	args := []string{"--data", data, "--config", config, "--period", never}
	for _, file := range log.files {
		args = append(args, "--input", file)
	}
	run, err := p.run(args...)
	if err == nil && run.requests == 0 {
		err = fmt.Errorf("no request of %s is stored", log.files[0])
	}
	return run, err
}

// run is `engine run` with --json. Several batches have a manifest each; their steps are added up.
func (p programs) run(args ...string) (*engineRun, error) {
	cmd := exec.Command(p.engine, append([]string{"run", "--json", "--log-level", "warn"}, args...)...)
	cmd.Stderr = os.Stderr
	begun := time.Now()
	text, err := cmd.Output()
	seconds := time.Since(begun).Seconds()
	if err != nil {
		return nil, fmt.Errorf("engine run: %w", err)
	}
	run := &engineRun{steps: map[string]float64{}}
	if err := run.readManifests(text); err != nil {
		return nil, err
	}
	run.stored = seconds - run.steps["report"]
	run.peak = peakMemory(cmd.ProcessState)
	return run, nil
}

// readManifests takes over what the manifests of a run say.
func (r *engineRun) readManifests(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var manifest struct {
			Inputs    []struct{ Accepted int64 }
			Published []struct{}
			Timings   []struct {
				Step    string
				Seconds float64
			}
		}
		if err := decoder.Decode(&manifest); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the run's manifest: %w", err)
		}
		for _, input := range manifest.Inputs {
			r.requests += input.Accepted
		}
		r.published += len(manifest.Published)
		for _, timing := range manifest.Timings {
			if _, seen := r.steps[timing.Step]; !seen {
				r.order = append(r.order, timing.Step)
			}
			r.steps[timing.Step] += timing.Seconds
		}
	}
}

// peakMemory is the most memory that a process held, in MiB.
func peakMemory(state *os.ProcessState) float64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(usage.Maxrss) / 1024
}

// floor is the seconds of a step of bench/floor.
func (p programs) floor(step, to string, files ...string) (float64, error) {
	text, err := output(p.floors, append([]string{"-to", to, step}, files...)...)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(text), 64)
}

// actionCounts is a text that is the same for the same actions.
func (p programs) actionCounts(data string) (string, error) {
	return output(p.engine, "query", "--data", data, "--format", "csv",
		"select action, count(*) as actions, sum(action_requests) as requests from actions group by action order by action")
}

// lakeBytes is the size of the stored requests.
func lakeBytes(data string) (total int64, err error) {
	err = filepath.WalkDir(filepath.Join(data, "requests"), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// output is what a command prints; its complaints go to stderr.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return string(text), nil
}
