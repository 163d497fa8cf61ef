package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestKillPruneAndRebuild kills both at many points. Whatever the point, the next
// one makes the lake and the reports that one without disturbance makes.
func TestKillPruneAndRebuild(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	inputs := crashInputs(t, dir, 400)
	loaded := filepath.Join(dir, "loaded")
	writeKey(t, loaded)
	if r := runChild(t, runArgs(loaded, inputs)...); r.code != 0 {
		t.Fatal(r.stderr)
	}
	reports := `[reports]
publish = ["summary", "raw", "technographic_companies", "extensions_core"]
`
	prune := writeFile(t, "prune.toml", "retain_requests = \"30d\"\nretain_reports = \"60d\"\n"+reports)
	rebuild := writeFile(t, "rebuild.toml", "window = \"10m\"\nbatch_size = \"1KiB\"\n"+reports)
	for name, config := range map[string]string{
		"prune":   prune,
		"rebuild": rebuild,
	} {
		t.Run(name, func(t *testing.T) {
			args := func(data string) []string { return []string{name, "--data", data, "--config", config} }
			whole := filepath.Join(dir, name)
			copyTree(t, loaded, whole)
			begun := time.Now()
			if r := runChild(t, args(whole)...); r.code != 0 {
				t.Fatal(r.stderr)
			}
			took, want := time.Since(begun), published(t, whole)
			if len(want) == 0 || fmt.Sprint(want) == fmt.Sprint(published(t, loaded)) {
				t.Fatalf("%s changed nothing", name)
			}
			point := 0
			try := func(kill func(data string)) {
				point++
				data := filepath.Join(dir, fmt.Sprintf("%s%d", name, point))
				copyTree(t, loaded, data)
				defer os.RemoveAll(data)
				for range 2 { // and once more while it repairs
					cmd := child(args(data)...)
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					kill(data)
					_ = cmd.Process.Kill() // it may have ended by itself
					wait(t, cmd)
				}
				if r := runChild(t, args(data)...); r.code != 0 {
					t.Fatalf("point %d: exit code %d: %s", point, r.code, r.stderr)
				}
				checkSame(t, published(t, data), want)
				if r := runChild(t, "check", "--data", data, "--config", config); r.code != 0 {
					t.Errorf("point %d: check: %s", point, r.stderr)
				}
				if t.Failed() {
					t.FailNow()
				}
			}
			for k := range 5 {
				try(func(string) { time.Sleep(took * time.Duration(2*k+1) / 10) })
			}
			for _, glob := range []string{"scratch/0*", "scratch/*/commit.json", "reports/*/*/.staging-*", "runs/*.json"} {
				try(func(data string) { awaitNew(data, glob, took) })
			}
		})
	}
}
