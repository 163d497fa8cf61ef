package ingest

import (
	"net/netip"
	"strings"
	"testing"
)

func TestResolveClient(t *testing.T) {
	trusted, err := ParsePrefixes(DefaultTrustedProxies)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, peer, forwarded, want string }{
		{"IPv4", "203.0.113.7", "", "203.0.113.7"},
		{"IPv6", "2001:db8::7", "", "2001:db8::7"},
		{"IPv6, spelled out", "2001:0DB8:0000:0000:0000:0000:0000:0007", "", "2001:db8::7"},
		{"IPv4 mapped", "::ffff:203.0.113.7", "", "203.0.113.7"},
		{"IPv4 mapped, in hex", "::ffff:cb00:7107", "", "203.0.113.7"},
		{"IPv4 compatible is another address", "::203.0.113.7", "", "::203.0.113.7"},
		{"zone", "fe80::1%eth0", "", "fe80::1"},
		{"zone in brackets with a port", "[fe80::1%eth0]:5000", "", "fe80::1"},
		{"IPv4 with a port", "203.0.113.7:443", "", "203.0.113.7"},
		{"IPv6 in brackets with a port", "[2001:db8::7]:443", "", "2001:db8::7"},
		{"IPv6 in brackets", "[2001:db8::7]", "", "2001:db8::7"},
		{"mapped, in brackets with a port", "[::ffff:203.0.113.7]:443", "", "203.0.113.7"},
		{"blanks around", " 203.0.113.7 ", "", "203.0.113.7"},
		{"quotes around", `"203.0.113.7"`, "", "203.0.113.7"},
		{"empty", "", "", ""},
		{"dash", "-", "", ""},
		{"unix socket", "unix:", "", ""},
		{"host name", "localhost", "", ""},
		{"number out of range", "203.0.113.300", "", ""},
		{"too few numbers", "203.0.113", "", ""},
		{"leading zeros", "203.0.113.007", "", ""},
		{"a number", "3405803783", "", ""},
		{"prefix", "203.0.113.0/24", "", ""},
		{"port out of range", "203.0.113.7:99999", "", ""},
		{"half a bracket", "[2001:db8::7", "", ""},
		{"IPv4 in brackets", "[203.0.113.7]", "", "203.0.113.7"},
		{"brackets around nothing", "[]", "", ""},
		{"garbage in brackets", "[x]", "", ""},

		{"proxy", "10.0.0.1", "203.0.113.7", "203.0.113.7"},
		{"proxy with a port", "10.0.0.1:34567", "203.0.113.7", "203.0.113.7"},
		{"proxy, mapped", "::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"},
		{"proxy on IPv6 loopback", "::1", "203.0.113.7", "203.0.113.7"},
		{"proxy with a zone", "fe80::1%eth0", "203.0.113.7", "203.0.113.7"},
		{"unique local proxy", "fd00::1", "2001:db8::7", "2001:db8::7"},
		{"chain: the first", "10.0.0.1", "203.0.113.7, 198.51.100.1, 10.0.0.2", "203.0.113.7"},
		{"chain without blanks", "10.0.0.1", "203.0.113.7,10.0.0.2", "203.0.113.7"},
		{"forwarded with a port", "10.0.0.1", "203.0.113.7:5555", "203.0.113.7"},
		{"forwarded IPv6", "10.0.0.1", "2001:db8::9", "2001:db8::9"},
		{"forwarded IPv6 in brackets with a port", "10.0.0.1", "[2001:db8::9]:1", "2001:db8::9"},
		{"forwarded IPv6 in quotes", "10.0.0.1", `"[2001:db8::9]:1"`, "2001:db8::9"},
		{"forwarded mapped", "10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"},
		{"forwarded private: still the client", "10.0.0.1", "192.168.1.5", "192.168.1.5"},
		{"no proxy: not believed", "203.0.113.7", "198.51.100.1", "203.0.113.7"},
		{"just outside of a trusted range", "172.32.0.1", "198.51.100.1", "172.32.0.1"},
		{"just inside of a trusted range", "172.31.255.255", "198.51.100.1", "198.51.100.1"},
		{"forwarded unknown", "10.0.0.1", "unknown", "10.0.0.1"},
		{"forwarded obfuscated", "10.0.0.1", "_hidden, 203.0.113.7", "10.0.0.1"},
		{"forwarded dash", "10.0.0.1", "-", "10.0.0.1"},
		{"forwarded comma first", "10.0.0.1", ", 203.0.113.7", "10.0.0.1"},
		{"broken peer, good forwarded", "unix:", "203.0.113.7", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := ResolveClient(test.peer, test.forwarded, trusted)
			switch {
			case ok != (test.want != ""):
				t.Errorf("ResolveClient(%q, %q) = %v, %v; want %q", test.peer, test.forwarded, got, ok, test.want)
			case ok && got != netip.MustParseAddr(test.want):
				t.Errorf("ResolveClient(%q, %q) = %v; want %s", test.peer, test.forwarded, got, test.want)
			}
		})
	}
	if got, ok := ResolveClient("10.0.0.1", "203.0.113.7", nil); !ok || got.String() != "10.0.0.1" {
		t.Errorf("without trusted proxies: got %v, %v; want the peer", got, ok)
	}
}

func TestClientNetwork(t *testing.T) {
	for _, test := range []struct {
		addr   string
		prefix int
		want   string
	}{
		{"203.0.113.7", 64, "203.0.113.7"},
		{"203.0.113.7", 128, "203.0.113.7"},
		{"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"},
		{"2001:db8:1:2:ffff::", 64, "2001:db8:1:2::"},
		{"2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"},
	} {
		if got := ClientNetwork(netip.MustParseAddr(test.addr), test.prefix); got.String() != test.want {
			t.Errorf("ClientNetwork(%s, %d) = %s, want %s", test.addr, test.prefix, got, test.want)
		}
	}
}

func TestParsePrefixes(t *testing.T) {
	got, err := ParsePrefixes([]string{"10.0.0.0/8", "192.0.2.77", "2001:db8::1", "10.1.2.3/8", "::ffff:192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	want := "10.0.0.0/8 192.0.2.77/32 2001:db8::1/128 10.0.0.0/8 192.0.2.1/32"
	var texts []string
	for _, prefix := range got {
		texts = append(texts, prefix.String())
	}
	if strings.Join(texts, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(texts, " "), want)
	}
	for _, text := range []string{"", "10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.0/8 ", "2001:db8::/129"} {
		if _, err := ParsePrefixes([]string{"10.0.0.0/8", text}); err == nil || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("ParsePrefixes(%q): error %v does not name it", text, err)
		}
	}
	if none, err := ParsePrefixes(nil); err != nil || len(none) != 0 {
		t.Errorf("ParsePrefixes(nil) = %v, %v", none, err)
	}
}

// A prefix that could never match is worse than one that is refused.
func TestPrefixesThatCannotMatch(t *testing.T) {
	for _, test := range []struct{ prefix, peer string }{
		{"::ffff:10.0.0.0/104", "10.0.0.1"},
		{"::ffff:10.0.0.1/128", "10.0.0.1"},
		{"fe80::1%eth0/64", "fe80::2"},
	} {
		prefixes, err := ParsePrefixes([]string{test.prefix})
		if err != nil {
			continue // refused
		}
		if got, _ := ResolveClient(test.peer, "203.0.113.7", prefixes); got.String() != "203.0.113.7" {
			t.Errorf("trusted %s is accepted, but does not match %s", test.prefix, test.peer)
		}
	}
}
