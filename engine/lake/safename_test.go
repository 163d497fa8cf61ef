package lake

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var safe = regexp.MustCompile(`^[A-Za-z0-9_%-][A-Za-z0-9._%~-]*$`)

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"acme": "acme", "Acme_Corp-2.0": "Acme_Corp-2.0", "": "%empty", "%empty": "%25empty", "empty": "empty",
		".": "%2E", "..": "%2E.", "...": "%2E..", ".hidden": "%2Ehidden", "a.": "a.", ".staging-1": "%2Estaging-1",
		"../../etc": "%2E.%2F..%2Fetc", "a/b": "a%2Fb", `a\b`: "a%5Cb", "a%2Fb": "a%252Fb", "CON": "CON", "CON?": "CON%3F",
		"a b": "a%20b", "a\x00b": "a%00b", "é": "%C3%A9", "\xff": "%FF", "a=b": "a%3Db", "*[?]": "%2A%5B%3F%5D", "~": "%7E",
	} {
		if got := SafeName(name); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSafeNameOfLongNames(t *testing.T) {
	longest, over := strings.Repeat("a", 200), strings.Repeat("a", 201)
	if got := SafeName(longest); got != longest {
		t.Errorf("a name of 200 bytes became %q", got)
	}
	names := map[string]string{}
	for _, long := range []string{over, over + "a", strings.Repeat("/", 67), strings.Repeat("é", 1000), SafeName(over)} {
		got := SafeName(long)
		if len(got) > 200 || !safe.MatchString(got) {
			t.Errorf("SafeName of %d bytes is %q", len(long), got)
		}
		if other, taken := names[got]; taken {
			t.Errorf("%q and %q have the same name", long, other)
		}
		names[got] = long
	}
}

func TestSafeNameProperties(t *testing.T) {
	// Short strings of few bytes, so that pairs nearly collide.
	hostile := rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom([]byte("ab./%2EF~\x00\xc3")), 0, 6).Draw(t, "bytes"))
	})
	names := rapid.OneOf(hostile, rapid.String(), rapid.StringN(150, 400, 800))
	rapid.Check(t, func(t *rapid.T) {
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		name := SafeName(a)
		if !safe.MatchString(name) || len(name) > 200 || !filepath.IsLocal(name) || filepath.Base(name) != name {
			t.Fatalf("SafeName(%q) = %q is not a safe path element", a, name)
		}
		if (a == b) != (name == SafeName(b)) {
			t.Fatalf("SafeName(%q) = %q, SafeName(%q) = %q", a, name, b, SafeName(b))
		}
		if a != "" && !strings.Contains(name, cutMark) {
			if back, err := url.PathUnescape(name); err != nil || back != a {
				t.Fatalf("%q reads back as %q, %v; want %q", name, back, err, a)
			}
		}
	})
}
