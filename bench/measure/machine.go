package main

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// machine is where the figures come from.
type machine struct {
	Cores     int     `json:"cores"`
	CPU       string  `json:"cpu"`
	MemoryGiB float64 `json:"memory_gib"` // 0: unknown
	System    string  `json:"system"`
}

var (
	cpuModel    = regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`)
	memoryTotal = regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`)
)

// thisMachine asks Linux; elsewhere the model and the memory stay unknown.
func thisMachine() machine {
	m := machine{Cores: runtime.NumCPU(), CPU: "unknown", System: runtime.GOOS + "/" + runtime.GOARCH}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if match := cpuModel.FindSubmatch(text); match != nil {
			m.CPU = strings.TrimSpace(string(match[1]))
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if match := memoryTotal.FindSubmatch(text); match != nil {
			if kib, err := strconv.ParseFloat(string(match[1]), 64); err == nil {
				m.MemoryGiB = float64(int(kib/(1<<20)*10)) / 10
			}
		}
	}
	return m
}

// versions are those of the programs. The commit is empty outside of a repository.
type versions struct {
	Go     string `json:"go"`
	DuckDB string `json:"duckdb"`
	Engine string `json:"engine"`
	Commit string `json:"commit,omitempty"`
}

func (p programs) versions() (versions, error) {
	v := versions{Go: runtime.Version()}
	duckdb, err := output(p.floors, "version")
	if err != nil {
		return v, err
	}
	engine, err := output(p.engine, "version")
	if err != nil {
		return v, err
	}
	v.DuckDB = strings.TrimPrefix(strings.TrimSpace(duckdb), "v")
	v.Engine, _, _ = strings.Cut(engine, "\n")
	if commit, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		v.Commit = strings.TrimSpace(string(commit))
	}
	return v, nil
}
