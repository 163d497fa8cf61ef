package ingest

import (
	"net/url"
	"regexp"
	"strings"
)

// Target is the manifest that a request asked for. Exactly one of Tag and
// Digest is set when the request counts; otherwise Ignored or Rejected says why
// it does not.
type Target struct {
	Namespace  string
	Repository string
	Tag        string
	Digest     string // the reference, when it is a digest; hex digits in lower case
	Ignored    Reason
	Rejected   Reason
}

var (
	// The name, tag and digest grammars of the OCI distribution specification.
	namePattern     = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern      = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	digestPattern   = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
	fallbackPattern = regexp.MustCompile(`^sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$`)
)

// maxName is the longest repository name that registries accept.
const maxName = 255

// ParsePath reads a request path or URI, such as
// "/v2/acme/app/manifests/sha256%3A0a…?ns=docker.io".
func ParsePath(uri string) Target {
	path, _, _ := strings.Cut(uri, "?")
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	rest, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return Target{Ignored: OtherPath}
	}
	at := strings.LastIndex(rest, "/manifests/")
	if at < 1 {
		return Target{Ignored: OtherPath}
	}
	reference := rest[at+len("/manifests/"):]
	if reference == "" || strings.Contains(reference, "/") {
		return Target{Ignored: OtherPath}
	}
	return ParseImage(rest[:at], reference)
}

// ParseImage reads an image name ("acme/app"; without a slash it is in the
// namespace "library") and a reference (tag or digest).
func ParseImage(image, reference string) Target {
	namespace, repository, ok := strings.Cut(image, "/")
	if !ok {
		namespace, repository = "library", image
	}
	return ParseRepository(namespace, repository, reference)
}

// ParseRepository is ParseImage for a name that comes in two parts.
func ParseRepository(namespace, repository, reference string) Target {
	target := Target{Namespace: namespace, Repository: repository}
	if fallbackPattern.MatchString(strings.ToLower(reference)) {
		target.Ignored = FallbackReference
		return target
	}
	name := namespace + "/" + repository
	switch digest := ParseDigest(reference); {
	case namespace == "" || repository == "" || !isName(name):
		target.Rejected = InvalidName
	case digest != "":
		target.Digest = digest
	case tagPattern.MatchString(reference):
		target.Tag = reference
	default:
		target.Rejected = InvalidReference
	}
	return target
}

// ParseExtension reads the name of an extension, namespace/name, which follows
// the rules of an image name, and returns its namespace.
func ParseExtension(extension string) (namespace string, ok bool) {
	namespace, _, ok = strings.Cut(extension, "/")
	return namespace, ok && isName(extension)
}

func isName(name string) bool { return len(name) <= maxName && namePattern.MatchString(name) }

// ParseDigest returns the digest with hex digits in lower case, or "" when the
// text is no sha256 or sha512 digest.
func ParseDigest(text string) string {
	digest := strings.ToLower(text)
	if !digestPattern.MatchString(digest) {
		return ""
	}
	return digest
}
