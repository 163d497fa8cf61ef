package cloud

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

func open(t *testing.T, dir, asnTable string) *Ranges {
	t.Helper()
	r, err := Open(dir, asnTable)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// folder makes a folder of files: name, text, name, text, …
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestProvider(t *testing.T) {
	r := open(t, "testdata/all", "testdata/own_asn.csv")
	for _, c := range []struct {
		addr     string
		asn      int64
		provider string
		rule     string // of the fact "cloud"
		region   string
	}{
		// AWS: several services, an unmasked prefix inside a wider one, both sides of its bounds.
		{"3.5.140.0", 0, "aws", "prefix 3.5.140.0/22, region ap-northeast-2, service AMAZON/EC2", "ap-northeast-2"},
		{"3.5.143.255", 0, "aws", "prefix 3.5.140.0/22, region ap-northeast-2, service AMAZON/EC2", "ap-northeast-2"},
		{"3.5.144.0", 0, "", "the address is in no range, and its AS number is unknown", ""},
		{"52.94.76.0", 0, "aws", "prefix 52.94.76.0/28, region us-west-2, service CODEBUILD", "us-west-2"},
		{"52.94.76.15", 0, "aws", "prefix 52.94.76.0/28, region us-west-2, service CODEBUILD", "us-west-2"},
		{"52.94.76.16", 0, "aws", "prefix 52.94.0.0/16, region GLOBAL, service AMAZON", "GLOBAL"},
		{"2600:1f14:1fff:ffff::1", 0, "aws", "prefix 2600:1f14::/35, region us-west-2, service EC2", "us-west-2"},
		{"2600:1f14:2000::", 0, "", "the address is in no range, and its AS number is unknown", ""},
		{"::ffff:3.5.140.9", 0, "aws", "prefix 3.5.140.0/22, region ap-northeast-2, service AMAZON/EC2", "ap-northeast-2"},
		{"2600:1f14::1%eth0", 0, "aws", "prefix 2600:1f14::/35, region us-west-2, service EC2", "us-west-2"},
		// Google: of its two files the one with the region counts.
		{"34.81.255.255", 0, "gcp", "prefix 34.80.0.0/15, region asia-east1, service Google Cloud", "asia-east1"},
		{"2600:1900:403f::1", 0, "gcp", "prefix 2600:1900:4030::/44, region asia-east1, service Google Cloud", "asia-east1"},
		{"8.8.8.8", 0, "gcp", "prefix 8.8.8.0/24", ""},
		// Azure: only the tags of the cloud; the region comes from the tag's properties or name.
		{"20.38.1.1", 0, "azure", "prefix 20.38.0.0/20", ""},
		{"20.33.1.1", 0, "azure", "prefix 20.33.0.0/16, region westeurope", "westeurope"},
		{"20.38.64.1", 0, "azure", "prefix 20.38.64.0/19, region northeurope", "northeurope"},
		{"2603:1020:203::1", 0, "azure", "prefix 2603:1020:200::/46, region westeurope", "westeurope"},
		{"13.66.60.119", 0, "", "the address is in no range, and its AS number is unknown", ""},
		{"20.99.0.1", 0, "", "the address is in no range, and its AS number is unknown", ""},
		// GitHub's runners are on Azure: the service wins.
		{"4.148.0.1", 8075, "github", "prefix 4.148.0.0/16, service actions", ""},
		{"192.30.252.1", 0, "github", "prefix 192.30.252.0/22, service hooks/web", ""},
		{"2a0a:a440::1", 0, "github", "prefix 2a0a:a440::/29, service web", ""},
		{"134.70.8.1", 0, "oracle", "prefix 134.70.8.0/21, region us-phoenix-1, service OBJECT_STORAGE/OSN", "us-phoenix-1"},
		{"5.101.96.1", 0, "digitalocean", "prefix 5.101.96.0/21, region NL-NH", "NL-NH"},
		{"2a03:b0c0::1", 0, "digitalocean", "prefix 2a03:b0c0::/48, region NL", "NL"},
		{"172.234.209.255", 0, "linode", "prefix 172.234.209.0/24, region US-IL", "US-IL"},
		{"2600:3c00::1", 0, "linode", "prefix 2600:3c00::/32, region US-TX", "US-TX"},
		{"45.32.10.20", 0, "vultr", "prefix 45.32.8.0/22, region JP-13", "JP-13"},
		{"2001:19f0::1", 0, "vultr", "prefix 2001:19f0::/38, region US", "US"},
		{"108.61.10.10", 0, "vultr", "prefix 108.61.0.0/18, region US-NJ", "US-NJ"},
		// Any user of 6to4, whom Vultr's list names.
		{"2002:c000:204::1", 0, "", "the address is in no range, and its AS number is unknown", ""},
		{"173.245.48.1", 0, "cloudflare", "prefix 173.245.48.0/20", ""},
		{"131.0.72.0", 0, "cloudflare", "prefix 131.0.72.0/22", ""},
		{"2a06:98c7::1", 0, "cloudflare", "prefix 2a06:98c0::/29", ""},
		{"104.192.136.1", 0, "atlassian", "prefix 104.192.136.0/21, region us-east-1/us-west-2, service bitbucket", "us-east-1/us-west-2"},
		{"151.101.1.1", 0, "fastly", "prefix 151.101.0.0/16", ""},
		{"2a04:4e40::1", 0, "fastly", "prefix 2a04:4e40::/32", ""},
		// The user's own files: a lone address in a network, unmasked, private, mapped, and before Oracle.
		{"192.0.2.76", 0, "hetzner", "prefix 192.0.2.0/24, region fsn1, Falkenstein", "fsn1, Falkenstein"},
		{"192.0.2.77", 0, "my-cloud", "prefix 192.0.2.77/32", ""},
		{"2001:db8:ffff::", 0, "ovh", "prefix 2001:db8::/32", ""},
		{"10.20.30.40", 0, "on-site", "prefix 10.20.0.0/16", ""},
		{"198.51.100.7", 0, "scaleway", "prefix 198.51.100.0/24, region fr-par", "fr-par"},
		{"129.146.7.255", 31898, "tenant", "prefix 129.146.0.0/21", ""},
		// By AS number.
		{"203.0.113.1", 16509, "amazon-office", "AS16509 in own_asn.csv:4", ""},
		{"203.0.113.1", 64500, "my-cloud", "AS64500 in own_asn.csv:3", ""},
		{"203.0.113.1", 31898, "oracle", "AS31898 in asn.csv:17", ""},
		{"203.0.113.1", 15169, "", "the address is in no range, and AS15169 is in no table", ""},
		{"203.0.113.1", -1, "", "the address is in no range, and its AS number is unknown", ""},
	} {
		addr := netip.MustParseAddr(c.addr)
		if got := r.Provider(addr, c.asn); got != c.provider {
			t.Errorf("Provider(%s, %d) = %q, want %q", addr, c.asn, got, c.provider)
		}
		facts := r.Explain(addr, c.asn)
		region := ""
		if len(facts) == 2 && facts[1].Name == "cloud region" {
			region = facts[1].Value
		}
		if facts[0].Name != "cloud" || facts[0].Value != c.provider || facts[0].Rule != c.rule || region != c.region {
			t.Errorf("Explain(%s, %d) = %+v", addr, c.asn, facts)
		}
	}
	if got := r.Provider(netip.Addr{}, 14061); got != "digitalocean" {
		t.Errorf("no address, AS14061: %q", got)
	}
	if facts := r.Explain(netip.Addr{}, 14061); len(facts) != 1 || facts[0].Value != "digitalocean" {
		t.Errorf("no address, AS14061: %+v", facts)
	}
}

func TestExplainNamesTheOrigin(t *testing.T) {
	r := open(t, "testdata/all", "testdata/own_asn.csv")
	for _, c := range []struct {
		addr   string
		asn    int64
		origin string
	}{
		{"3.5.140.1", 0, "aws.json (aws, 2026-11-01-02-03-04)"},
		{"34.80.0.1", 0, "renamed-by-a-user.txt (gcp, 2026-11-02T03:04:05.678)"},
		{"151.101.1.1", 0, "fastly.json (fastly)"},
		{"192.0.2.1", 0, "own.csv (csv, 2026-11-08)"},
		{"203.0.113.1", 64500, "own_asn.csv (own ASN table, 2026-11-09)"},
		{"203.0.113.1", 8075, "asn.csv (ASN table, 2026-11-20)"},
		{"203.0.113.1", 0, ""},
	} {
		if got := r.Explain(netip.MustParseAddr(c.addr), c.asn)[0].Origin; got != c.origin {
			t.Errorf("%s: origin %q, want %q", c.addr, got, c.origin)
		}
	}
}

func TestOrigins(t *testing.T) {
	r := open(t, "testdata/all", "testdata/own_asn.csv")
	type line struct {
		kind, name, format, built string
		entries                   int64
	}
	var got []line
	for _, o := range r.Origins() {
		got = append(got, line{o.Kind, o.Name, o.Type, o.Built, o.Entries})
		if len(o.SHA256) != 64 || o.Failures != 0 {
			t.Errorf("%s: %+v", o.Name, o)
		}
	}
	want := []line{
		{origin.Ranges, "ServiceTags_Public_20261102.json", "azure", "232", 5},
		{origin.Ranges, "atlassian.json", "atlassian", "2026-11-07T00:00:00.000000", 1},
		{origin.Ranges, "aws.json", "aws", "2026-11-01-02-03-04", 4},
		{origin.Ranges, "cloudflare-v4.txt", "cloudflare", "", 2},
		{origin.Ranges, "cloudflare-v6.txt", "cloudflare", "", 2},
		{origin.Ranges, "digitalocean.csv", "digitalocean", "", 2},
		{origin.Ranges, "fastly.json", "fastly", "", 2},
		{origin.Ranges, "github.json", "github", "", 3},
		{origin.Ranges, "goog.json", "gcp", "2026-11-03T03:04:05.678", 2},
		{origin.Ranges, "linode.csv", "linode", "2026-11-05 10:00:04", 2},
		{origin.Ranges, "oracle.json", "oracle", "2026-11-04T00:00:00.000000", 2},
		{origin.Ranges, "own.csv", "csv", "2026-11-08", 6},
		{origin.Ranges, "renamed-by-a-user.txt", "gcp", "2026-11-02T03:04:05.678", 2},
		{origin.Ranges, "vultr-feed.csv", "vultr", "", 1},
		{origin.Ranges, "vultr.json", "vultr", "2026-11-06 00:00:00", 2},
		{origin.Override, "own_asn.csv", "own ASN table", "2026-11-09", 2},
		{origin.Table, "asn.csv", "ASN table", "2026-11-20", 47},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestWithoutFolder(t *testing.T) {
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		r := open(t, dir, "")
		if got := r.Provider(netip.MustParseAddr("3.5.140.1"), 14618); got != "aws" {
			t.Errorf("%q: %q", dir, got)
		}
		if got := r.Origins(); len(got) != 1 || got[0].Name != "asn.csv" {
			t.Errorf("%q: %v", dir, got)
		}
	}
}

// The same prefix in every format: the first of the list that is there wins,
// whatever the files are called.
func TestSamePrefixInSeveralFiles(t *testing.T) {
	const prefix = "192.0.2.0/24"
	texts := []struct{ provider, text string }{
		{"aaa", prefix + ",aaa\n"},
		{"zzz", prefix + ",zzz\n"},
		{"github", `{"hooks":[],"actions":["` + prefix + `"]}`},
		{"atlassian", `{"creationDate":"x","items":[{"cidr":"` + prefix + `"}]}`},
		{"fastly", `{"addresses":["` + prefix + `"],"ipv6_addresses":[]}`},
		{"cloudflare", prefix},
		{"aws", `{"createDate":"x","prefixes":[{"ip_prefix":"` + prefix + `"}]}`},
		{"azure", `{"changeNumber":1,"values":[{"name":"AzureCloud","properties":{"addressPrefixes":["` + prefix + `"]}}]}`},
		{"digitalocean", prefix + ",NL"},
		{"gcp", `{"creationTime":"x","prefixes":[{"ipv4Prefix":"` + prefix + `","service":"Google Cloud"}]}`},
		{"linode", prefix + ",NL"},
		{"oracle", `{"last_updated_timestamp":"x","regions":[{"cidrs":[{"cidr":"` + prefix + `"}]}]}`},
		{"vultr", `{"asn":"AS20473","subnets":[{"ip_prefix":"` + prefix + `"}]}`},
	}
	for i, first := range texts {
		for _, names := range []string{"abcdefghijklm", "mlkjihgfedcba"} {
			var files []string
			for k, file := range texts[i:] {
				name := names[k:k+1] + ".txt"
				if slices.Contains(unnamed, file.provider) {
					name = file.provider + "-" + name // such a list needs its name
				}
				files = append(files, name, file.text)
			}
			r := open(t, folder(t, files...), "")
			if got := r.Provider(netip.MustParseAddr("192.0.2.1"), 0); got != first.provider {
				t.Errorf("%s, %s: got %q", first.provider, names, got)
			}
		}
	}
}

func TestSamePrefixOfTheSameProvider(t *testing.T) {
	for _, names := range [][2]string{{"a.csv", "b.csv"}, {"b.csv", "a.csv"}} {
		r := open(t, folder(t, names[0], "192.0.2.0/24,aaa\n", names[1], "192.0.2.0/24,aaa,here\n192.0.2.7/24,aaa,there\n"), "")
		facts := r.Explain(netip.MustParseAddr("192.0.2.1"), 0)
		if len(facts) != 2 || facts[1].Value != "here/there" || !strings.HasPrefix(facts[0].Origin, names[1]) {
			t.Errorf("%v: %+v", names, facts)
		}
	}
}

// A mounted folder of a container has links to files and a hidden folder behind them.
func TestLinksAreFollowed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "..data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "..data", "own.csv"), []byte("\uFEFF192.0.2.0/24,aaa\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..data", "own.csv"), filepath.Join(dir, "own.csv")); err != nil {
		t.Fatal(err)
	}
	if got := open(t, dir, "").Provider(netip.MustParseAddr("192.0.2.1"), 0); got != "aaa" {
		t.Errorf("got %q", got)
	}
}
