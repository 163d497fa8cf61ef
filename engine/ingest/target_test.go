package ingest

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var (
	sha256Text = "sha256:" + strings.Repeat("0123456789abcdef", 4)
	sha512Text = "sha512:" + strings.Repeat("0123456789abcdef", 8)
)

func tagOf(namespace, repository, tag string) Target {
	return Target{Namespace: namespace, Repository: repository, Tag: tag}
}

func digestOf(namespace, repository, digest string) Target {
	return Target{Namespace: namespace, Repository: repository, Digest: digest}
}

func TestParsePath(t *testing.T) {
	ignored := func(reason Reason) Target { return Target{Ignored: reason} }
	fallback := "sha256-" + strings.Repeat("ab", 32)
	for _, test := range []struct {
		name, uri string
		want      Target // of an ignored or rejected one only the reason counts
	}{
		{"tag", "/v2/acme/app/manifests/latest", tagOf("acme", "app", "latest")},
		{"digest", "/v2/acme/app/manifests/" + sha256Text, digestOf("acme", "app", sha256Text)},
		{"sha512", "/v2/acme/app/manifests/" + sha512Text, digestOf("acme", "app", sha512Text)},
		{"escaped colon", "/v2/acme/app/manifests/sha256%3A" + sha256Text[7:], digestOf("acme", "app", sha256Text)},
		{"escaped colon, lower case", "/v2/acme/app/manifests/sha256%3a" + sha256Text[7:], digestOf("acme", "app", sha256Text)},
		{"escaped slash", "/v2/acme%2Fapp/manifests/latest", tagOf("acme", "app", "latest")},
		{"query", "/v2/acme/app/manifests/latest?ns=docker.io", tagOf("acme", "app", "latest")},
		{"query with a slash and a question mark", "/v2/acme/app/manifests/latest?ns=a/b?c", tagOf("acme", "app", "latest")},
		{"empty query", "/v2/acme/app/manifests/latest?", tagOf("acme", "app", "latest")},
		{"an escaped question mark is no query", "/v2/acme/app/manifests/latest%3Fns", Target{Rejected: InvalidReference}},
		{"upper-case digest", "/v2/acme/app/manifests/SHA256:" + strings.ToUpper(sha256Text[7:]), digestOf("acme", "app", sha256Text)},
		{"no namespace", "/v2/nginx/manifests/latest", tagOf("library", "nginx", "latest")},
		{"deep name", "/v2/acme/team/app/manifests/latest", tagOf("acme", "team/app", "latest")},
		{"a repository called manifests", "/v2/acme/manifests/manifests/latest", tagOf("acme", "manifests", "latest")},
		{"a namespace called manifests", "/v2/manifests/app/manifests/latest", tagOf("manifests", "app", "latest")},
		{"a tag called manifests", "/v2/acme/app/manifests/manifests", tagOf("acme", "app", "manifests")},
		{"a namespace called blobs", "/v2/blobs/app/manifests/1", tagOf("blobs", "app", "1")},
		{"longest tag", "/v2/acme/app/manifests/" + strings.Repeat("a", 128), tagOf("acme", "app", strings.Repeat("a", 128))},
		{"tag too long", "/v2/acme/app/manifests/" + strings.Repeat("a", 129), Target{Rejected: InvalidReference}},
		{"tag with a dot first", "/v2/acme/app/manifests/.hidden", Target{Rejected: InvalidReference}},
		{"tag with a dash first", "/v2/acme/app/manifests/-x", Target{Rejected: InvalidReference}},
		{"tag with a blank", "/v2/acme/app/manifests/a%20b", Target{Rejected: InvalidReference}},
		{"tag of other letters", "/v2/acme/app/manifests/%C3%A4", Target{Rejected: InvalidReference}},
		{"short digest", "/v2/acme/app/manifests/sha256:5f0c", Target{Rejected: InvalidReference}},
		{"long digest", "/v2/acme/app/manifests/" + sha256Text + "0", Target{Rejected: InvalidReference}},
		{"digest of another algorithm", "/v2/acme/app/manifests/md5:" + strings.Repeat("0", 32), Target{Rejected: InvalidReference}},
		{"newline at the end of a tag", "/v2/acme/app/manifests/latest%0A", Target{Rejected: InvalidReference}},
		{"newline at the end of a digest", "/v2/acme/app/manifests/" + sha256Text + "%0A", Target{Rejected: InvalidReference}},
		{"newline in a name", "/v2/acme/app%0A/manifests/latest", Target{Rejected: InvalidName}},
		{"NUL in a name", "/v2/acme/app%00/manifests/latest", Target{Rejected: InvalidName}},
		{"upper case in a name", "/v2/Acme/app/manifests/latest", Target{Rejected: InvalidName}},
		{"parent directories", "/v2/../../etc/manifests/latest", Target{Rejected: InvalidName}},
		{"a dot as a name", "/v2/./app/manifests/latest", Target{Rejected: InvalidName}},
		{"double slash in a name", "/v2/acme//app/manifests/latest", Target{Rejected: InvalidName}},
		{"slash at the end of a name", "/v2/acme/app//manifests/latest", Target{Rejected: InvalidName}},
		{"slash at the start of a name", "/v2//app/manifests/latest", Target{Rejected: InvalidName}},
		{"longest name", "/v2/a/" + strings.Repeat("b", 253) + "/manifests/1", tagOf("a", strings.Repeat("b", 253), "1")},
		{"name too long", "/v2/a/" + strings.Repeat("b", 254) + "/manifests/1", Target{Rejected: InvalidName}},
		{"cosign signature tag", "/v2/acme/app/manifests/" + fallback + ".sig", ignored(FallbackReference)},
		{"attestation", "/v2/acme/app/manifests/" + fallback + ".att", ignored(FallbackReference)},
		{"software bill", "/v2/acme/app/manifests/" + fallback + ".sbom", ignored(FallbackReference)},
		{"referrers fallback", "/v2/acme/app/manifests/" + fallback, ignored(FallbackReference)},
		{"like a fallback, but a tag", "/v2/acme/app/manifests/" + fallback + ".zip", tagOf("acme", "app", fallback+".zip")},
		{"blob", "/v2/acme/app/blobs/" + sha256Text, ignored(OtherPath)},
		{"tags list", "/v2/acme/app/tags/list", ignored(OtherPath)},
		{"version ping", "/v2/", ignored(OtherPath)},
		{"catalog", "/v2/_catalog", ignored(OtherPath)},
		{"API version 1", "/v1/acme/app/manifests/latest", ignored(OtherPath)},
		{"nothing", "", ignored(OtherPath)},
		{"star", "*", ignored(OtherPath)},
		{"no name", "/v2/manifests/latest", ignored(OtherPath)},
		{"no reference", "/v2/acme/app/manifests/", ignored(OtherPath)},
		{"no reference, without slash", "/v2/acme/app/manifests", ignored(OtherPath)},
		{"slash in a reference", "/v2/acme/app/manifests/a/b", ignored(OtherPath)},
		{"path as a parameter", "/healthz?next=/v2/acme/app/manifests/latest", ignored(OtherPath)},
		{"percent sign that escapes nothing", "/v2/acme/app/manifests/50%", Target{Rejected: InvalidReference}},
		{"SQL", "/v2/acme/app/manifests/';drop%20table%20requests;--", Target{Rejected: InvalidReference}},
		{"a field separator in a name", "/v2/acme/a\x1fpp/manifests/latest", Target{Rejected: InvalidName}},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkTarget(t, ParsePath(test.uri), test.want)
		})
	}
}

func checkTarget(t *testing.T, got, want Target) {
	t.Helper()
	if want.Ignored != "" || want.Rejected != "" {
		got = Target{Ignored: got.Ignored, Rejected: got.Rejected}
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseImage(t *testing.T) {
	for _, test := range []struct {
		image, reference string
		want             Target
	}{
		{"acme/app", "latest", tagOf("acme", "app", "latest")},
		{"nginx", "1.27", tagOf("library", "nginx", "1.27")},
		{"library/nginx", "1.27", tagOf("library", "nginx", "1.27")},
		{"a/b/c/d", "v1", tagOf("a", "b/c/d", "v1")},
		{"a.b_c__d-e--f/g", "v1", tagOf("a.b_c__d-e--f", "g", "v1")},
		{"acme/app", "_", tagOf("acme", "app", "_")},
		{"acme/app", sha512Text, digestOf("acme", "app", sha512Text)},
		{"", "latest", Target{Rejected: InvalidName}},
		{"/", "latest", Target{Rejected: InvalidName}},
		{"acme/", "latest", Target{Rejected: InvalidName}},
		{"/app", "latest", Target{Rejected: InvalidName}},
		{"acme/../other", "latest", Target{Rejected: InvalidName}},
		{"..", "latest", Target{Rejected: InvalidName}},
		{"acme/app ", "latest", Target{Rejected: InvalidName}},
		{" acme/app", "latest", Target{Rejected: InvalidName}},
		{"acme/app:8080", "latest", Target{Rejected: InvalidName}},
		{"registry.example:5000/acme/app", "latest", Target{Rejected: InvalidName}},
		{"acme/ä", "latest", Target{Rejected: InvalidName}},
		{"a___b/c", "latest", Target{Rejected: InvalidName}},
		{"a..b/c", "latest", Target{Rejected: InvalidName}},
		{"-a/b", "latest", Target{Rejected: InvalidName}},
		{"acme/app", "", Target{Rejected: InvalidReference}},
		{"acme/app", " latest", Target{Rejected: InvalidReference}},
		{"acme/app", "latest\n", Target{Rejected: InvalidReference}},
		{"acme/app", "sha256:", Target{Rejected: InvalidReference}},
		{"acme/app", "sha256-" + strings.Repeat("AB", 32) + ".sig", Target{Ignored: FallbackReference}},
	} {
		t.Run(test.image+":"+test.reference, func(t *testing.T) {
			checkTarget(t, ParseImage(test.image, test.reference), test.want)
		})
	}
}

func TestParseRepository(t *testing.T) {
	checkTarget(t, ParseRepository("acme", "team/app", "1"), tagOf("acme", "team/app", "1"))
	checkTarget(t, ParseRepository("", "app", "1"), Target{Rejected: InvalidName})
	checkTarget(t, ParseRepository("acme", "", "1"), Target{Rejected: InvalidName})
	// A slash in the namespace would move the border between the two.
	checkTarget(t, ParseRepository("acme", "/app", "1"), Target{Rejected: InvalidName})
}

func TestParseExtension(t *testing.T) {
	for extension, want := range map[string]string{
		"acme/tool": "acme", "acme/team/tool": "acme", "a.b-c__d/0": "a.b-c__d", "acme/" + strings.Repeat("x", 250): "acme",
		"": "", "tool": "", "/tool": "", "acme/": "", "acme//tool": "", "Acme/tool": "", "acme/Tool": "", "acme/to ol": "", " acme/tool": "",
		"acme/tool/": "", "acme/-tool": "", "acme/" + strings.Repeat("x", 251): "",
	} {
		if namespace, ok := ParseExtension(extension); ok != (want != "") || ok && namespace != want {
			t.Errorf("ParseExtension(%q) = %q, %t; want %q", extension, namespace, ok, want)
		}
	}
}

func TestParseDigest(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{sha256Text, sha256Text},
		{sha512Text, sha512Text},
		{strings.ToUpper(sha256Text), sha256Text},
		{"sha256:" + strings.ToUpper(sha256Text[7:]), sha256Text},
		{"", ""},
		{"-", ""},
		{"latest", ""},
		{sha256Text[7:], ""},
		{sha256Text + "\n", ""},
		{" " + sha256Text, ""},
		{"sha256:" + strings.Repeat("g", 64), ""},
		{"sha256:" + strings.Repeat("0", 128), ""},
		{"sha512:" + strings.Repeat("0", 64), ""},
		{"sha256-" + sha256Text[7:], ""},
		{"ſha256:" + sha256Text[7:], ""},          // U+017F, whose upper case is S
		{"sha256:" + strings.Repeat("K", 64), ""}, // U+212A, whose lower case is k
	} {
		if got := ParseDigest(test.text); got != test.want {
			t.Errorf("ParseDigest(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

// FuzzParsePath holds every answer against what the answers promise.
func FuzzParsePath(f *testing.F) {
	for _, uri := range []string{
		"/v2/acme/app/manifests/latest", "/v2/nginx/manifests/" + sha256Text, "/v2/a/b/c/manifests/sha256%3A00?ns=x",
		"/v2//manifests/x", "/v2/acme/app/manifests/sha256-" + sha256Text[7:] + ".sig", "%zz", "/v2/manifests/manifests/manifests",
		"/v2/acme/app/blobs/x", "\x00", "/v2/\xff/manifests/1", "/v2/../../manifests/..",
	} {
		f.Add(uri)
	}
	part := regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*$`)
	f.Fuzz(func(t *testing.T, uri string) {
		target := ParsePath(uri)
		reasons := 0
		for _, reason := range []Reason{target.Ignored, target.Rejected} {
			if reason != "" {
				reasons++
			}
		}
		if reasons == 2 {
			t.Fatalf("both ignored (%s) and rejected (%s)", target.Ignored, target.Rejected)
		}
		if reasons == 1 {
			return
		}
		if (target.Tag == "") == (target.Digest == "") {
			t.Fatalf("not exactly one of tag %q and digest %q", target.Tag, target.Digest)
		}
		if target.Digest != "" && ParseDigest(target.Digest) != target.Digest {
			t.Errorf("digest %q is not in its own form", target.Digest)
		}
		name := target.Namespace + "/" + target.Repository
		if len(name) > 255 || !utf8.ValidString(name) || strings.Contains(target.Namespace, "/") {
			t.Errorf("name %q", name)
		}
		for _, piece := range strings.Split(name, "/") {
			if !part.MatchString(piece) {
				t.Errorf("part %q of name %q", piece, name)
			}
		}
		if len(target.Tag) > 128 || strings.ContainsAny(target.Tag, "/:@ \n\x00\x1f%?'\"") {
			t.Errorf("tag %q", target.Tag)
		}
		// What was accepted is accepted again, in the other spelling as well.
		reference := target.Tag + target.Digest
		if again := ParseImage(name, reference); again != target {
			t.Errorf("read again as an image: %+v, first %+v", again, target)
		}
		if again := ParsePath("/v2/" + name + "/manifests/" + strings.ReplaceAll(reference, ":", "%3A") + "?x=/y"); again != target {
			t.Errorf("read again as a path: %+v, first %+v", again, target)
		}
	})
}
