package cloud

import (
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every source is of a format that is known by its content or by the source's name.
func TestSources(t *testing.T) {
	sources := Sources()
	if len(sources) != 12 || sources[0] != (Source{"aws", "aws.json", "https://ip-ranges.amazonaws.com/ip-ranges.json", ""}) {
		t.Fatalf("%d sources, %+v", len(sources), sources[0])
	}
	for _, source := range sources {
		isJSON := slices.ContainsFunc(jsonFormats, func(f jsonFormat) bool { return f.name == source.Provider })
		if isJSON != strings.HasSuffix(source.File, ".json") || !called(source.File, source.Provider) {
			t.Errorf("%+v", source)
		}
		if !isJSON && !slices.Contains(unnamed, source.Provider) {
			t.Errorf("%+v", source)
		}
		if strings.HasPrefix(source.URL, "http:") {
			t.Errorf("%+v", source)
		}
		if (source.Discover != "") != (source.Provider == "azure") {
			t.Errorf("%+v", source)
		}
	}
}

func TestDiscoverAzure(t *testing.T) {
	const link = "https://download.microsoft.com/download/7/1/d/71d86715-5596-4529-9b13-da13a5de5b63/ServiceTags_Public_20261102.json"
	page := `<a href="https://download.microsoft.com/download/x/other.json">a</a><a href="` + link + `">b</a>`
	azure := Sources()[2]
	if got := regexp.MustCompile(azure.Discover).FindString(page); got != link {
		t.Errorf("got %q", got)
	}
}

func TestLoadSources(t *testing.T) {
	dir := folder(t, "mirror.csv", "# own mirror\nprovider,file,url\naws,aws.json,https://mirror.example/aws.json\n"+
		"azure,azure.json,http://127.0.0.1:8080/page,\"href=\"\"([^\"\"]+)\"\"\"\n")
	got, err := LoadSources(filepath.Join(dir, "mirror.csv"))
	want := []Source{
		{"aws", "aws.json", "https://mirror.example/aws.json", ""},
		{"azure", "azure.json", "http://127.0.0.1:8080/page", `href="([^"]+)"`},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSourcesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ text, message string }{
		{"", "the list of sources is empty"},
		{"provider,file,url,discover\n", "the list of sources is empty"},
		{"aws,aws.json\n", "mirror.csv:1: the row has 2 fields"},
		{"# note\nAWS,aws.json,https://mirror.example/\n", `mirror.csv:2: "AWS" is no provider id`},
		{"aws,../aws.json,https://mirror.example/\n", `the file name "../aws.json" cannot be used`},
		{"aws,a\\b.json,https://mirror.example/\n", "cannot be used"},
		{"aws,,https://mirror.example/\n", "cannot be used"},
		{"aws,..,https://mirror.example/\n", "cannot be used"},
		{"aws,aws.json.part,https://mirror.example/\n", "cannot be used"},
		{"aws,aws.json,http://mirror.example/\n", "http://mirror.example/ is not protected; use https"},
		{"aws,aws.json,ftp://mirror.example/\n", "is no web address"},
		{"aws,aws.json,file:///etc/hosts\n", "is no web address"},
		{"aws,aws.json,mirror\n", "is no web address"},
		{"aws,aws.json,http://user:secret@mirror.example/\n", "http://user:xxxxx@mirror.example/ is not protected"},
		{"aws,aws.json,https://a b/\n", "is no URL"},
		{"aws,aws.json,https://mirror.example/,(\n", "discover is no regular expression"},
		{"aws,a.json,https://mirror.example/\ngcp,a.json,https://mirror.example/\n", "mirror.csv:2: the file a.json is in line 1 already"},
	} {
		path := filepath.Join(folder(t, "mirror.csv", c.text), "mirror.csv")
		if _, err := LoadSources(path); err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.message)
		}
	}
	if _, err := LoadSources(filepath.Join(t.TempDir(), "none.csv")); err == nil {
		t.Error("a list that is not there was loaded")
	}
}

func TestCheckURL(t *testing.T) {
	for _, c := range []struct {
		address string
		local   bool // whether the source is on this machine
		ok      bool
	}{
		{"https://mirror.example/a", false, true},
		{"https://mirror.example/a", true, true},
		{"http://mirror.example/a", true, false},
		{"http://localhost:80/a", true, true},
		{"http://LOCALHOST./a", true, true},
		{"http://127.9.9.9/a", true, true},
		{"http://[::1]:80/a", true, true},
		{"http://[::ffff:127.0.0.1]/a", true, true},
		{"http://127.0.0.1/a", false, false},
		{"https://localhost/a", false, false},
		{"http://localhost.example/a", true, false},
		{"gopher://localhost/a", true, false},
	} {
		address, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkURL(address, c.local); (err == nil) != c.ok {
			t.Errorf("%s, local %v: %v", c.address, c.local, err)
		}
	}
}
