package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme runs the commands of the README on the bundled data, and its examples
// of an own format, an own report and a configuration. The make commands are what CI runs.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	fixtures, err := filepath.Abs("../../fixtures")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(fixtures, filepath.Join(dir, "fixtures")); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, block := range codeBlocks(string(text), "sh") {
		for line := range strings.Lines(block) {
			if strings.HasPrefix(line, "bin/engine ") {
				commands++
				runShell(t, dir, strings.TrimSpace(line))
			}
		}
	}
	if commands < 4 {
		t.Errorf("%d commands found in the README; the test has lost sight of them", commands)
	}
	readmeSession(t, dir, string(text))

	own := codeBlocks(string(text), "sql")
	if len(own) != 2 {
		t.Fatalf("%d SQL blocks found in the README, want an own format and an own report", len(own))
	}
	sample := regexp.MustCompile("`([^`]+\\|GET\\|[^`]+)`").FindStringSubmatch(string(text))
	if sample == nil {
		t.Fatal("no sample line found in the README")
	}
	write(t, filepath.Join(dir, "my.sql"), own[0])
	write(t, filepath.Join(dir, "my.log"), sample[1]+"\n")
	out := runShell(t, dir, "bin/engine run --data own --input my.log --format my.sql --json")
	if !strings.Contains(out, `"accepted": 1,`) {
		t.Errorf("the README's own format did not accept its sample line:\n%s", out)
	}
	write(t, filepath.Join(dir, "my_report.sql"), own[1])
	out = runShell(t, dir, "bin/engine report --data own --period 2026-09 --format csv --report-file my_report.sql")
	if !strings.Contains(out, "tool,actions\n") || !strings.Contains(out, ",1\n") {
		t.Errorf("the README's own report says:\n%s", out)
	}
	configs := codeBlocks(string(text), "toml")
	write(t, filepath.Join(dir, "engine.toml"), configs[len(configs)-1])
	if out := runShell(t, dir, "bin/engine config check --config engine.toml"); !strings.Contains(out, "engine.toml is right: 1 publisher, 16 reports") {
		t.Errorf("the README's configuration: %s", out)
	}
}

// readmeSession runs the session with the data API, on the data of the commands before it.
func readmeSession(t *testing.T, dir, text string) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("there is no curl to try the data API with")
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	sessions := codeBlocks(text, "bash")
	if len(sessions) != 1 {
		t.Fatalf("%d bash blocks found in the README, want the session with the data API", len(sessions))
	}
	script := "trap 'kill $!; wait $!' EXIT\n" + strings.ReplaceAll(sessions[0], "127.0.0.1:8080", address)
	out := runShell(t, dir, script)
	for _, want := range []string{
		"ok\n", `{"pulls":[{"start":"2026-09-14","end":"2026-09-20","namespace":"acme","repo":"agent","pullCount":`,
		"namespace,repository,unique_ip_addresses,pulls_by_tag,pulls_by_digest,version_checks,owner\nacme,agent,",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the README's session with the data API does not say %q:\n%s", want, out)
		}
	}
	if trends, err := os.ReadFile(filepath.Join(dir, "trends.csv")); err != nil || !strings.HasPrefix(string(trends), "DATE_GRANULARITY,") {
		t.Errorf("the README's report on demand: %v, %.100q", err, trends)
	}
}

func codeBlocks(text, language string) []string {
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

func runShell(t *testing.T, dir, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", strings.ReplaceAll(line, "bin/engine", os.Args[0]))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asEngine+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
