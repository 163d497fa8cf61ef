package agent

import (
	"strings"
	"testing"
)

func TestUnescape(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{``, ``},
		{`docker/1`, `docker/1`},
		{`a\x5C(b\x5C)`, `a\(b\)`},
		{`a\x5c(b`, `a\(b`},
		{`a\\(b`, `a\(b`},
		{`a\\\\(b`, `a\(b`},
		{`a\\x5C(b`, `a\(b`},
		{`a\x5C\x5C(b`, `a\(b`},
		{`a\x22b`, `a"b`},
		{`a\x2`, `a\x2`},
		{`a\x`, `a\x`},
		{`a\`, `a\`},
		{`a\xzz`, `a\xzz`},
		{`a\\\`, `a\`},
		{`\xE6\x97\xA5`, "\u65e5"},
	} {
		if got := unescape(test.text); got != test.want {
			t.Errorf("unescape(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestReadParentheses(t *testing.T) {
	for _, test := range []struct {
		text, inner, rest string
		isClosed          bool
	}{
		{`()`, ``, ``, true},
		{`(a)b`, `a`, `b`, true},
		{`(a(b)c)d`, `a(b)c`, `d`, true},
		{`(a\(b\)c)d`, `a(b)c`, `d`, true},
		{`(a\(b)c`, `a(b`, `c`, true}, // escaped ones need no partner
		{`(a\)b)c`, `a)b`, `c`, true},
		{`(a\;b)`, `a;b`, ``, true},
		{`(a`, `a`, ``, false},
		{`(a(b)`, `a(b)`, ``, false},
		{`(a\`, `a`, ``, false},
		{`(`, ``, ``, false},
	} {
		inner, size, isClosed := readParentheses(test.text)
		if inner != test.inner || test.text[size:] != test.rest || isClosed != test.isClosed {
			t.Errorf("readParentheses(%q) = %q, rest %q, %v; want %q, rest %q, %v",
				test.text, inner, test.text[size:], isClosed, test.inner, test.rest, test.isClosed)
		}
	}
}

func TestSplit(t *testing.T) {
	var a agentText
	a.split(`docker/24.0.2 go/go1.20 os/linux (x; (y)) bare end/,UpstreamClient(compose/v2 \(linux\)) UpstreamClient(late)`, false)
	want := []part{
		{"docker", "24.0.2", true}, {"go", "go1.20", true}, {"os", "linux", true}, {"", "x; (y)", false},
		{"bare", "", false}, {"end", "", true}, {"UpstreamClient", "", false}, {"", "late", false},
	}
	if a.count != len(want) {
		t.Fatalf("got %d parts %v, want %d", a.count, a.parts[:a.count], len(want))
	}
	for i, p := range want {
		if a.parts[i] != p {
			t.Errorf("part %d is %+v, want %+v", i, a.parts[i], p)
		}
	}
	if a.upstream != `compose/v2 (linux)` || !a.hasUpstream || a.isCut {
		t.Errorf("upstream %q, there %v, cut %v; want that of the first UpstreamClient", a.upstream, a.hasUpstream, a.isCut)
	}
	if value, ok := a.find("OS"); value != "linux" || !ok {
		t.Errorf("find(OS) = %q, %v; want linux in any case", value, ok)
	}
}

// More parts than are kept change nothing about the first ones.
func TestSplitStopsAtMostParts(t *testing.T) {
	var a agentText
	a.split("crane/1 "+strings.Repeat("x/1 (y) ", 100)+"os/linux", false)
	if _, ok := a.find("os"); a.count != maxParts || ok {
		t.Errorf("%d parts, os/ found %v; want %d and none", a.count, ok, maxParts)
	}
	got := Default().Parse("crane/1 " + strings.Repeat("x/1 (y) ", 10000))
	if got.Tool != "crane" || got.Version != "1" {
		t.Errorf("Parse = %+v, want crane 1", got)
	}
}

func TestPlatform(t *testing.T) {
	for _, test := range []struct{ userAgent, os, arch string }{
		{"x/1 (linux/amd64)", "linux", "amd64"},
		{"x/1 (linux; amd64)", "linux", "amd64"},
		{"x/1 (Linux amd64)", "linux", "amd64"},
		{"x/1 (Linux x86_64)", "linux", "amd64"},
		{"x/1 (linux/arm/v7)", "linux", "arm"},
		{"x/1 (linux/arm64/v8)", "linux", "arm64"},
		{"x/1 os/linux arch/aarch64", "linux", "arm64"},
		{"x/1 OS/Windows Arch/AMD64", "windows", "amd64"},
		{"x/1 (darwin) os/linux", "linux", ""}, // the explicit token first
		{"x/1 (x86_64-linux)", "linux", "amd64"},
		{"x/1 (x86_64-linux-gnu)", "linux", "amd64"},
		{"x/1 (arm64-darwin23)", "darwin", "arm64"},
		{"x/1 (x64-mingw-ucrt)", "windows", "amd64"},
		{"x/1 (x86-64)", "", "amd64"},
		{"x/1 (FreeBSD; riscv64)", "freebsd", "riscv64"},
		{"x/1 go/1.22 Linux", "linux", ""},
		{"x/1 Linux/6.8.0-45-generic", "linux", ""},
		{"x/1 linux/s390x", "linux", "s390x"},
		{"x/linux/ppc64le/v1", "linux", "ppc64le"},
		{"x/linux/v1", "", ""},                                  // no pair
		{"linux/1.0", "", ""},                                   // the program's name
		{"x/1 (https://example.com/linux/amd64)", "", ""},       // a page
		{"x/1 (example.com/linux)", "", ""},                     // a path
		{"x/1 (linuxkit amd64x)", "", ""},                       // other words
		{"x/1 os/beos arch/alpha", "", ""},                      // not known
		{"x/1 os/linux;drop arch/amd64'", "linux", ""},          // only whole words
		{"x/1 (" + strings.Repeat("linux", 1000) + ")", "", ""}, // too long
		{"docker/1 os/linux arch/amd64 UpstreamClient(y/1 (windows/arm64))", "windows", "arm64"},
		{"docker/1 os/linux arch/amd64 UpstreamClient(y/1 (beos))", "linux", "amd64"},
		{"docker/1 os/linux arch/amd64 UpstreamClient(y/1 os/darwin)", "darwin", "amd64"},
	} {
		if got := Default().Parse(test.userAgent); got.OS != test.os || got.Arch != test.arch {
			t.Errorf("Parse(%.90q) is on %q, %q; want %q, %q", test.userAgent, got.OS, got.Arch, test.os, test.arch)
		}
	}
}
