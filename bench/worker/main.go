// Command worker watches the resident memory of a worker over many runs.
//
//	go run ./bench/worker -runs 200
//
// It starts a worker that is due every second, gives it a new log for each run, and
// prints the memory of the process after every tenth part of the runs, in MiB.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	runs := flag.Int("runs", 200, "runs to watch")
	rows := flag.Int("rows", 2_000, "requests of each log")
	flag.Parse()
	if err := watch(*runs, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func watch(runs, rows int) error {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	engine, logs, data := filepath.Join(dir, "engine"), filepath.Join(dir, "logs"), filepath.Join(dir, "data")
	if err := os.Mkdir(logs, 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-o", engine, "./cmd/engine").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	worker := exec.Command(engine, "run", "--schedule", "* * * * * *", "--data", data, "--input", filepath.Join(logs, "*.csv"), "--log-level", "error")
	worker.Stderr = os.Stderr
	if err := writeLog(logs, 0, rows); err != nil {
		return err
	}
	if err := worker.Start(); err != nil {
		return err
	}
	defer func() { _ = worker.Process.Signal(os.Interrupt); _ = worker.Wait() }()
	begun, told := time.Now(), 0
	for written := 1; ; {
		done, err := filepath.Glob(filepath.Join(data, "runs", "*.json"))
		if err != nil {
			return err
		}
		if len(done) >= written {
			if err := writeLog(logs, written, rows); err != nil {
				return err
			}
			written++
		}
		if len(done)*10/runs > told {
			told = len(done) * 10 / runs
			resident, peak, err := memory(worker.Process.Pid)
			if err != nil {
				return err
			}
			fmt.Printf("%4d runs, %3.0f s: %4d MiB resident, %4d MiB at most\n", len(done), time.Since(begun).Seconds(), resident>>10, peak>>10)
		}
		if len(done) >= runs {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// writeLog writes the log of one day, so that the periods which a run publishes do not grow without end, under a
// name that is taken up only when it is whole.
func writeLog(dir string, n, rows int) error {
	var text strings.Builder
	text.WriteString("timestamp,client_ip,method,image,reference\n")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)
	for i := range rows {
		fmt.Fprintf(&text, "%s,10.%d.%d.%d,%s,acme/app%d,v%d\n", at.Add(time.Duration(i)*24*time.Hour/time.Duration(rows)).Format(time.RFC3339Nano),
			i%7, n%250, i%250, []string{"HEAD", "GET"}[i%2], i%20, i%9)
	}
	hidden := filepath.Join(dir, ".new")
	if err := os.WriteFile(hidden, []byte(text.String()), 0o644); err != nil {
		return err
	}
	return os.Rename(hidden, filepath.Join(dir, fmt.Sprintf("%05d.csv", n)))
}

// memory is what a process holds now, and held at most, in KiB.
func memory(pid int) (resident, peak int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "VmRSS:":
			resident, err = strconv.Atoi(fields[1])
		case "VmHWM:":
			peak, err = strconv.Atoi(fields[1])
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return resident, peak, nil
}
