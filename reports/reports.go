// Package reports holds the reports: one <report>.sql file each, which says what
// the rows are, beside an entry of the registry, which says what the columns mean.
// A report's query runs once over all publishers; Write splits it.
package reports

import (
	"embed"
	"slices"
)

// Files holds the SQL files.
//
//go:embed *.sql
var Files embed.FS

// Report describes one report.
type Report struct {
	Name string // also of its files
	// Version changes with the meaning of the report, so that published periods
	// are published anew.
	Version int
	// Columns of the CSV file, in order; of the Parquet file, followed by More.
	Columns []Column
	More    []Column
}

// Column describes one column of a report.
type Column struct {
	Name        string
	Type        string // varchar, bigint
	Description string
}

// Query is the name of the report's SQL file. Its result has the columns
// publisher_id, then Columns and More, under lower-case names.
func (r Report) Query() string { return r.Name + ".sql" }

// All lists the reports in the order of the documentation.
func All() []Report { return []Report{summary, raw} }

// Find returns the report of a name.
func Find(name string) (Report, bool) {
	all := All()
	at := slices.IndexFunc(all, func(r Report) bool { return r.Name == name })
	if at < 0 {
		return Report{}, false
	}
	return all[at], true
}

var summary = Report{
	Name: "summary", Version: 1,
	Columns: []Column{
		{"DATE_GRANULARITY", "varchar", "weekly or monthly"},
		{"DATE_REFERENCE", "varchar", "first day of the week or month, YYYY-MM-DD"},
		{"PUBLISHER_NAME", "varchar", "who owns the repository"},
		{"LEVEL", "varchar", "repository, tag or digest"},
		{"REFERENCE", "varchar", "namespace/repository, the tag, or the digest, as LEVEL says"},
		{"DATA_DOWNLOADS", "bigint", "pulls by tag and by digest"},
		{"VERSION_CHECKS", "bigint", "requests whether there is a new version, without a download"},
		{"EVENT_COUNT", "bigint", "DATA_DOWNLOADS + VERSION_CHECKS"},
	},
	More: []Column{
		{"IMAGE_REPOSITORY", "varchar", "namespace/repository, on every level"},
	},
}

var raw = Report{
	Name: "raw", Version: 1,
	Columns: []Column{
		{"timestamp", "varchar", "start of the action's first request, UTC, YYYY-MM-DD hh:mm:ss"},
		{"namespace", "varchar", "first part of the image name"},
		{"repository", "varchar", "rest of the image name"},
		{"reference", "varchar", "tag or digest of the action's first request"},
		{"digest", "varchar", "first known digest of the action"},
		{"tag", "varchar", "tag, where the action has one"},
		{"action_day", "varchar", "day of the timestamp, YYYY-MM-DD"},
		{"http_method", "varchar", "method of the action's first request"},
		{"action", "varchar", "version_check, pull_by_tag or pull_by_digest"},
		{"type", "varchar", "business, isp, hosting or education, where known"},
		{"host", "varchar", "cloud provider, or no csp"},
		{"country", "varchar", "ISO 3166-1 alpha-2, where known"},
		{"user_agent_tool", "varchar", "the client, such as docker or containerd"},
		{"user_agent_version", "varchar", "its version"},
		{"domain", "varchar", "domain of the address, where known"},
		{"owner", "varchar", "who owns the repository"},
	},
}
