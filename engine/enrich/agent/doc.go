// Package agent tells what a user agent says about its sender: client program,
// version, operating system, architecture and role, and which use case a role
// stands for (SEMANTICS §4).
//
// A user agent is untrusted text. It is read in four steps:
//
//  1. Its first 2 KiB count; the escapes that logs add are undone (unescape.go).
//  2. A grammar splits it into products, comments and the nested user agent of
//     Docker's UpstreamClient(...) (grammar.go).
//  3. The first rule that matches in agents.csv, after those of a user's table,
//     names tool, version and role (rules.go). Without one the first product is
//     the tool, and its role is generic.
//  4. Operating system and architecture come from the grammar, and only words
//     that are known count (platform.go).
//
// Every field is plain ASCII of at most 64 bytes without control characters or
// surrounding space, and empty where nothing is known.
package agent

// Agent is what a user agent tells.
type Agent struct {
	// Tool is the client program in lower case, such as "docker compose".
	Tool string
	// Version is the program's version without a leading v.
	Version string
	// OS is a name as of GOOS, such as "darwin".
	OS string
	// Arch is a name as of GOARCH, such as "arm64".
	Arch string
	// Role is one of the roles of use_cases.csv, and generic when no rule knows better.
	Role string
	// Rule is the table and line that decided, such as "agents.csv:12", or
	// "first product token"; empty when there was nothing to decide on.
	Rule string
}

const (
	generic      = "generic"             // role when no rule knows better
	firstProduct = "first product token" // rule when no table has one
)

// roles are all that a table may name: a role that is spelled wrong would pass as unknown.
var roles = []string{"local_dev", "ci_cd", "prod", "mirror", "checker", "scanner", generic}
