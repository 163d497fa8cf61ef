package agent

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// drawDocker draws a user agent of Docker's grammar, any token of it missing.
func drawDocker(t *rapid.T) (userAgent, version, os, arch string) {
	version = rapid.StringMatching(`[0-9]{1,2}\.[0-9]{1,2}\.[0-9]`).Draw(t, "version")
	words := []string{"docker/" + version}
	for _, token := range []struct {
		name   string
		values []string
	}{
		{"go", []string{"go1.20.4"}},
		{"git-commit", []string{"659604f", "20.10.25-0ubuntu1~22.04.1", "library-import"}},
		{"kernel", []string{"5.4.0-169-generic", "3.10.0-327.el7.x86_64"}},
		{"os", []string{"linux", "windows", "freebsd"}},
		{"arch", []string{"amd64", "arm64", "s390x"}},
		{"containerd-client", []string{"2.1.4+unknown"}},
		{"storage-driver", []string{"overlayfs", "windowsfilter"}},
	} {
		value := rapid.SampledFrom(append(token.values, "")).Draw(t, token.name)
		if value == "" {
			continue
		}
		words = append(words, token.name+"/"+value)
		switch token.name {
		case "os":
			os = value
		case "arch":
			arch = value
		}
	}
	if system := rapid.SampledFrom([]string{"", "linux", "darwin", "windows"}).Draw(t, "upstream"); system != "" {
		words, os = append(words, `UpstreamClient(Docker-Client/1.2 \(`+system+`\))`), system
	}
	return strings.Join(words, " "), version, os, arch
}

func TestDockerGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		userAgent, version, os, arch := drawDocker(t)
		got := Default().Parse(userAgent)
		if got.Tool != "docker" || got.Version != version || got.OS != os || got.Arch != arch {
			t.Fatalf("Parse(%q) = %+v; want docker %s on %q, %q", userAgent, got, version, os, arch)
		}
	})
}

// Cutting a log line off may lose facts, but makes up none.
func TestCutMakesUpNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		userAgent, _, _, _ := drawDocker(t)
		whole := Default().Parse(userAgent)
		end := rapid.IntRange(strings.IndexAny(userAgent+" ", " "), len(userAgent)).Draw(t, "end")
		cut := Default().Parse(userAgent[:end])
		if cut.Tool != whole.Tool || cut.Version != whole.Version {
			t.Fatalf("Parse(%q) = %+v; want tool and version of %+v", userAgent[:end], cut, whole)
		}
		if cut.Arch != "" && cut.Arch != whole.Arch {
			t.Fatalf("Parse(%q) is on %q; want %q or nothing", userAgent[:end], cut.Arch, whole.Arch)
		}
	})
}

// drawSpiced draws text out of what the grammar looks for.
func drawSpiced(t *rapid.T) string {
	pieces := rapid.SampledFrom([]string{
		"docker/", "24.0.2", " ", "UpstreamClient(", ")", "(", `\(`, `\)`, `\`, `\x5C`, `\x0A`, `\x00`, "/", ";", ",", "os/", "arch/", "kernel/",
		"linux", "amd64", "x86_64-linux", "-linuxkit", "Docker-Client/", "skopeo/", "skaffold-v2.", "go-containerregistry/v1", "\x00", "\n",
		"\u65e5", "\xff", "\u202e", "=1+1", `"`, "/usr/bin/grype", "jib 3.4", "Mozilla/5.0", "regclient/regctl (v1)", strings.Repeat("a", 70),
	})
	return strings.Join(rapid.SliceOfN(pieces, 0, 40).Draw(t, "pieces"), "")
}

func TestFieldsAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		userAgent := drawSpiced(t)
		checkSafe(t, userAgent, Default().Parse(userAgent))
	})
}

// checkSafe checks what must hold of every agent, whatever was parsed.
func checkSafe(t interface{ Fatalf(string, ...any) }, userAgent string, a Agent) {
	for _, field := range []string{a.Tool, a.Version, a.OS, a.Arch, a.Role} {
		if len(field) > maxField || !utf8.ValidString(field) || strings.TrimSpace(field) != field ||
			strings.ContainsFunc(field, func(char rune) bool { return char < ' ' || char > '~' }) {
			t.Fatalf("Parse(%q) = %+v; %q is not safe to publish", userAgent, a, field)
		}
	}
	if !isTarget(systems, a.OS) || !isTarget(architectures, a.Arch) {
		t.Fatalf("Parse(%q) = %+v; want a known platform", userAgent, a)
	}
	if !slices.Contains(roles, a.Role) {
		t.Fatalf("Parse(%q) = %+v; want a known role", userAgent, a)
	}
	if a.Tool == "" && a.Version != "" || a.Rule == "" && a.Tool != "" {
		t.Fatalf("Parse(%q) = %+v; want no version without a tool and no tool without a rule", userAgent, a)
	}
}

func isTarget(table map[string]string, word string) bool {
	for _, target := range table {
		if target == word {
			return true
		}
	}
	return word == ""
}

// hostileAgents are as expensive as a user agent of a size can be made.
func hostileAgents(size int) map[string]string {
	filled := func(prefix, piece string) string {
		return (prefix + strings.Repeat(piece, size/len(piece)+1))[:size]
	}
	return map[string]string{
		"backslashes":        filled("", `\`),
		"hex backslashes":    filled("", `\x5C`),
		"hex":                filled("docker/1 ", `\x41`),
		"half hex":           filled("", `\x5`),
		"open parentheses":   filled("docker/1 ", "("),
		"closed parentheses": filled("docker/1 ", ")"),
		"open upstreams":     filled("docker/1 ", "UpstreamClient("),
		"escaped parens":     filled("docker/1 UpstreamClient(", `\(`),
		"pairs":              filled("docker/1 ", "()"),
		"products":           filled("docker/1 ", "a/1 "),
		"systems":            filled("docker/1 ", "Linux "),
		"comment words":      filled("docker/1 UpstreamClient(x (", "x-linux x/y "),
		"separators":         filled("docker/1", " ,;\t"),
		"spaces":             filled("", " "),
		"slashes":            filled("/", "/"),
		"one word":           filled("", "a"),
		"long version":       filled("docker/", "1"),
		"almost linuxkit":    filled("docker/1 kernel/", "-linuxki"),
		"almost WSL2":        filled("docker/1 kernel/", "microsoft-standar"),
		"almost azure":       filled("docker/1", "+azure"),
		"azure and compose":  filled("docker/1+azure ", "UpstreamClient(compose "),
		"almost compose":     filled("docker/1+azure UpstreamClient(", "UpstreamClient(compose "),
		"almost rancher":     filled("docker/1 UpstreamClient(Docker-Client/", "-rd"),
		"almost moby":        filled("docker/1 UpstreamClient(moby-client/", "1 (darwi"),
		"testcontainers":     filled("docker/1 UpstreamClient(tc-", "a"),
		"skaffold upstream":  filled("docker/1 UpstreamClient(skaffold-", "v2."),
		"containerd":         filled("containerd/", "-k3gk+unknow"),
		"jib":                filled("jib 1", "1"),
		"regctl":             filled("regclient/regctl (", "v1"),
		"skaffold":           filled("skaffold/", "a/"),
		"unknown":            filled("x/1 ", "skopeo aws-sdk "),
		"not UTF-8":          filled("", "\xff"),
	}
}

// A user agent of 64 KiB takes less than a millisecond, at the best of some tries.
func TestHostileAgentsAreCheap(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes everything slower by a factor of ten")
	}
	const limit = time.Millisecond
	for name, userAgent := range hostileAgents(64 << 10) {
		best := time.Hour
		for try := 0; try < 20 && best >= limit/10; try++ {
			start := time.Now()
			a := Default().Parse(userAgent)
			best = min(best, time.Since(start))
			checkSafe(t, name, a)
		}
		if best >= limit {
			t.Errorf("%s: %s, want less than %s", name, best, limit)
		}
	}
}

// Longer than what is looked at changes nothing.
func TestLengthIsCapped(t *testing.T) {
	for name, userAgent := range hostileAgents(64 << 10) {
		if got, want := Default().Parse(userAgent), Default().Parse(userAgent[:maxLength]); got != want {
			t.Errorf("%s: %+v, but %+v of the first %d bytes", name, got, want, maxLength)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, test := range agentCases(f) {
		f.Add(test.userAgent)
	}
	for _, userAgent := range hostileAgents(200) {
		f.Add(userAgent)
	}
	f.Fuzz(func(t *testing.T, userAgent string) {
		a := Default().Parse(userAgent)
		checkSafe(t, userAgent, a)
		for _, fact := range Default().Explain(userAgent) {
			if want := map[string]string{"tool": a.Tool, "version": a.Version, "os": a.OS, "arch": a.Arch, "role": a.Role}[fact.Name]; fact.Value != want {
				t.Fatalf("Explain(%q) says %s is %q, Parse %q", userAgent, fact.Name, fact.Value, want)
			}
		}
	})
}

// distinctAgents varies the test table, because a run parses each text once.
func distinctAgents(t testing.TB, count int) []string {
	cases := agentCases(t)
	agents := make([]string, count)
	for i := range agents {
		agents[i] = fmt.Sprintf("%s build/%d", cases[i%len(cases)].userAgent, i)
	}
	return agents
}

// BenchmarkParse parses 100,000 distinct user agents an iteration.
func BenchmarkParse(b *testing.B) {
	agents, rules := distinctAgents(b, 100_000), Default()
	b.ReportAllocs()
	for b.Loop() {
		for _, userAgent := range agents {
			rules.Parse(userAgent)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(agents)), "ns/agent")
}

// BenchmarkParseHostile parses the most expensive user agents.
func BenchmarkParseHostile(b *testing.B) {
	for name, userAgent := range hostileAgents(64 << 10) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				Default().Parse(userAgent)
			}
		})
	}
}
