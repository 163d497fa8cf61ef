package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// defaultMemory is what DuckDB may use unless the configuration says otherwise:
// the engine usually runs beside the registry.
const defaultMemory = 4 << 30

// memoryLimit is DuckDB's limit, in its words.
func (c *Config) memoryLimit() string {
	if c.MemoryLimit != "" {
		return c.MemoryLimit
	}
	return fmt.Sprintf("%dB", min(defaultMemory, availableMemory()/2))
}

// batchSize is how much text one run reads at most, unless a single file is larger.
// Its requests take about as much memory as their text.
func (c *Config) batchSize() int64 {
	if c.BatchSize > 0 {
		return int64(c.BatchSize)
	}
	var limit ByteSize
	if limit.UnmarshalText([]byte(c.memoryLimit())) != nil || limit == 0 {
		limit = defaultMemory // "80%", which only DuckDB can tell
	}
	return int64(limit) / 2
}

// maxThreads is more than any machine needs; beyond it threads cannot be made.
const maxThreads = 1024

// threads is how many things the engine does at once: one per core, or what the
// control group allows.
func (c *Config) threads() int {
	if c.Threads > 0 {
		return c.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// availableMemory is the memory of the machine, or of the control group of this
// process where that has less, in bytes.
func availableMemory() uint64 {
	return min(machineMemory(), groupMemory("/proc/self/cgroup", "/sys/fs/cgroup"))
}

// noLimit is the memory of a control group that does not limit it.
const noLimit = 1 << 62

// groupMemory is the least limit of the control group that the file names, and of
// those above it. A container sees its own group as the root.
func groupMemory(file, root string) uint64 {
	limit := uint64(noLimit)
	text, err := os.ReadFile(file)
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // 0::/user.slice, or 4:memory:/docker/…
		if len(fields) != 3 {
			continue
		}
		switch {
		case fields[1] == "":
			limit = min(limit, leastLimit(root, fields[2], "memory.max"))
		case strings.Contains(","+fields[1]+",", ",memory,"):
			limit = min(limit, leastLimit(filepath.Join(root, "memory"), fields[2], "memory.limit_in_bytes"))
		}
	}
	return limit
}

func leastLimit(root, group, name string) uint64 {
	limit := uint64(noLimit)
	for dir := filepath.Join("/", group); ; dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(root, dir, name)); err == nil {
			if bytes, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil { // or "max"
				limit = min(limit, bytes)
			}
		}
		if dir == "/" {
			return limit
		}
	}
}
