// Package enrich looks up what distinct values of a request tell: pure
// functions from a text to facts, where an unknown fact is empty.
package enrich

import (
	"regexp"
	"strings"
)

var productPattern = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9._-]{0,63})(?:/([A-Za-z0-9][A-Za-z0-9._+~:-]{0,63}))?(?:[ ,;(]|$)`)

// Tool returns the name and the version of the first product token of a user
// agent (RFC 9110 §10.1.5), such as "docker" and "24.0.2". A leading "v" of the
// version is dropped. Both are empty when there is no such token.
func Tool(agent string) (tool, version string) {
	match := productPattern.FindStringSubmatch(strings.TrimSpace(agent))
	if match == nil {
		return "", ""
	}
	version = match[2]
	if len(version) > 1 && version[0] == 'v' && version[1] >= '0' && version[1] <= '9' {
		version = version[1:]
	}
	return strings.ToLower(match[1]), version
}
