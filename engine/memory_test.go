package engine

import (
	"path/filepath"
	"testing"
)

func TestMemoryOfControlGroups(t *testing.T) {
	for name, test := range map[string]struct {
		group string
		files map[string]string
		want  uint64
	}{
		"none":                  {group: "0::/\n", want: noLimit},
		"no limit":              {"0::/a.slice\n", map[string]string{"a.slice/memory.max": "max\n"}, noLimit},
		"version 2":             {"0::/a.slice/b.scope\n", map[string]string{"a.slice/b.scope/memory.max": "1000000\n"}, 1000000},
		"a group above":         {"0::/a.slice/b.scope\n", map[string]string{"a.slice/memory.max": "5000\n", "a.slice/b.scope/memory.max": "9000\n"}, 5000},
		"a container":           {"0::/\n", map[string]string{"memory.max": "7000\n"}, 7000},
		"version 1":             {"5:cpu,memory:/docker/x\n4:pids:/y\n", map[string]string{"memory/docker/x/memory.limit_in_bytes": "8000\n"}, 8000},
		"version 1 in the same": {"5:memory:/docker/x\n", map[string]string{"memory/memory.limit_in_bytes": "6000\n"}, 6000},
		"torn":                  {"nonsense\n", map[string]string{"memory.max": "7000\n"}, noLimit},
	} {
		root := t.TempDir()
		file := writeFile(t, filepath.Join(root, "self"), []byte(test.group))
		for path, text := range test.files {
			writeFile(t, filepath.Join(root, "cgroup", path), []byte(text))
		}
		if got := groupMemory(file, filepath.Join(root, "cgroup")); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if got := groupMemory("/does/not/exist", "/"); got != noLimit {
		t.Errorf("without control groups: %d", got)
	}
}

func TestBatchesFollowTheMemory(t *testing.T) {
	for limit, want := range map[string]int64{"8GiB": 4 << 30, "500MB": 250e6, "80%": 2 << 30} {
		config := DefaultConfig()
		config.MemoryLimit = limit
		if got := config.batchSize(); got != want {
			t.Errorf("memory_limit %s: batches of %d bytes, want %d", limit, got, want)
		}
	}
	config := DefaultConfig()
	config.BatchSize = 1000
	if got := config.batchSize(); got != 1000 {
		t.Errorf("batch_size is not taken: %d", got)
	}
}
