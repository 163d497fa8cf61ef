package enrich

import (
	"strings"
	"testing"
)

func TestTool(t *testing.T) {
	for _, test := range []struct{ agent, tool, version string }{
		{"docker/24.0.2 go/go1.20.4 git-commit/659604f kernel/5.4.0 os/linux arch/amd64 UpstreamClient(Docker-Client/24.0.2 \\(linux\\))", "docker", "24.0.2"},
		{"containerd/1.7.2", "containerd", "1.7.2"},
		{"containerd/v2.0.0-rc.1+unknown", "containerd", "2.0.0-rc.1+unknown"},
		{"Watchtower/1.7.1", "watchtower", "1.7.1"},
		{"Go-http-client/2.0", "go-http-client", "2.0"},
		{"containers/5.29.1 (github.com/containers/image)", "containers", "5.29.1"},
		{"skopeo/1.9.3;x", "skopeo", "1.9.3"},
		{"curl/8.5.0, patched", "curl", "8.5.0"},
		{"buildkit/v0.12", "buildkit", "0.12"},
		{"tool/version", "tool", "version"}, // the v belongs to the word
		{"tool/v", "tool", "v"},
		{"kaniko", "kaniko", ""},
		{"kaniko ", "kaniko", ""},
		{" docker/1", "docker", "1"},
		{"Docker-Client/19.03.8 (linux)", "docker-client", "19.03.8"},
		{"", "", ""},
		{"-", "", ""},
		{"/1.0", "", ""},
		{"docker/", "", ""},
		{"(compatible)", "", ""},
		{"1docker/2", "", ""},
		{"docker\x00/2", "", ""},
		{"'; drop table requests; --", "", ""},
		{"\u65e5\u672c/1", "", ""},
		{"docker/24.0.2\nX: y", "", ""},
		{strings.Repeat("x", 64) + "/1", strings.Repeat("x", 64), "1"},
		{strings.Repeat("x", 65) + "/1", "", ""},
		{"x/" + strings.Repeat("1", 65), "", ""},
		{strings.Repeat("x", 1<<20), "", ""},
	} {
		if tool, version := Tool(test.agent); tool != test.tool || version != test.version {
			t.Errorf("Tool(%.80q) = %q, %q; want %q, %q", test.agent, tool, version, test.tool, test.version)
		}
	}
}
