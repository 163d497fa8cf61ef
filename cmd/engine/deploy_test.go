package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDeployment holds the ready-made files against the command line that they use.
func TestDeployment(t *testing.T) {
	command := regexp.MustCompile(`(?m)^(?:ExecStart=/usr/local/bin/engine|#.* pullscope) (run .*)$`)
	for _, name := range []string{"engine.service", "engine-once.service", "Dockerfile"} {
		text, err := os.ReadFile(filepath.Join("../../.deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		found := command.FindStringSubmatch(strings.ReplaceAll(string(text), "\\\n", " "))
		if found == nil {
			t.Errorf("%s runs no engine", name)
			continue
		}
		// Unknown flags are told before the help is.
		args := append(strings.Fields(strings.ReplaceAll(found[1], "'", "")), "--help")
		if r := runChild(t, args...); r.code != 0 || !strings.Contains(r.stdout, "--schedule") {
			t.Errorf("%s: engine %q gave exit code %d:\n%s", name, args, r.code, r.stderr)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("systemd-analyze is not there to verify the units")
		return
	}
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"engine.service", "engine-once.service", "engine-once.timer"} {
		text, err := os.ReadFile(filepath.Join("../../.deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		unit := filepath.Join(dir, name)
		put(t, unit, strings.NewReplacer("/usr/local/bin/engine", "/bin/true", "User=engine", "User=root").Replace(string(text)))
		units = append(units, unit)
	}
	// What it says of other units is about this machine.
	out, _ := exec.Command("systemd-analyze", append([]string{"verify"}, units...)...).CombinedOutput()
	if strings.Contains(string(out), "engine") {
		t.Errorf("systemd-analyze verify:\n%s", out)
	}
}
