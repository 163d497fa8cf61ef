// What does a process cost, from start to end?

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// cost is what one process took.
type cost struct {
	seconds float64 // wall clock
	cpu     float64 // seconds, user and system
	peak    float64 // resident memory at most, GiB
}

// run runs a program to its end and returns what it printed. An error names the program and carries what it said on stderr.
func run(name string, args ...string) ([]byte, cost, error) {
	var out, stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	begun := time.Now()
	err := cmd.Run()
	took := cost{seconds: time.Since(begun).Seconds()}
	if err != nil {
		return nil, cost{}, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.Bytes())
	}
	took.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		took.peak = float64(usage.Maxrss) / (1 << 20) // Linux counts KiB
	}
	return out.Bytes(), took, nil
}
