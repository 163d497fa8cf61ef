package reports

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// headers are those of SEMANTICS §5, to the letter, and of the reports beyond it.
var headers = map[string]string{
	"summary":                 "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,LEVEL,REFERENCE,DATA_DOWNLOADS,VERSION_CHECKS,EVENT_COUNT",
	"trends":                  "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,IMAGE_REPOSITORY,NAMESPACE,IP_COUNTRY,CLOUD_SERVICE_PROVIDER,USER_AGENT,TAG,DATA_DOWNLOADS,VERSION_CHECKS,PULLS,UNIQUE_AUTHENTICATED_USERS,UNIQUE_UNAUTHENTICATED_USERS",
	"technographic":           "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_ID,PUBLISHER_NAME,DVPP_IMAGE,PAIRED_IMAGE,USERS,TOTAL_PULLERS,PCT_USERS,DOMAINS,TOTAL_DOMAINS,PCT_DOMAINS",
	"technographic_companies": "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,DOMAIN,DVPP_IMAGE,PAIRED_IMAGE",
	"tracked_companies":       "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,DOMAIN,IP_COUNTRY,CLOUD_SERVICE_PROVIDER,USER_AGENT,INFERRED_USE_CASE,IMAGE_REPOSITORY,DATA_DOWNLOADS,VERSION_CHECKS,PULLS,UNIQUE_AUTHENTICATED_USERS",
	"raw":                     "timestamp,namespace,repository,reference,digest,tag,action_day,http_method,action,type,host,country,user_agent_tool,user_agent_version,domain,owner",
	"pulls_summary":           "namespace,repository,reference,unique_ip_addresses,pulls_by_tag,pulls_by_digest,version_checks,owner",
	"pulls_repo_summary":      "namespace,repository,unique_ip_addresses,pulls_by_tag,pulls_by_digest,version_checks,owner",
	"pulls_namespace_summary": "namespace,unique_ip_addresses,pulls_by_tag,pulls_by_digest,version_checks,owner",
	"extensions_core":         "extension,installs,total_installs,uninstalls,total_uninstalls,updates",
	"extensions_premium":      "extension,installs,unique_installs,uninstalls,unique_uninstalls,usage,unique_users",

	"daily":       "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,ACTION_DAY,IMAGE_REPOSITORY,TAG,DATA_DOWNLOADS,VERSION_CHECKS,PULLS,UNIQUE_USERS",
	"platforms":   "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,IMAGE_REPOSITORY,OS,ARCH,DATA_DOWNLOADS,VERSION_CHECKS,PULLS,UNIQUE_USERS",
	"tags":        "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,IMAGE_REPOSITORY,LEVEL,REFERENCE,FIRST_DOWNLOAD,LAST_DOWNLOAD,DATA_DOWNLOADS,VERSION_CHECKS,PULLS,UNIQUE_USERS,COUNTERPARTS",
	"companies":   "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,DOMAIN,FIRST_SEEN,LAST_SEEN,IMAGES,DATA_DOWNLOADS,VERSION_CHECKS,PULLS,UNIQUE_USERS,USE_CASES",
	"heavy_users": "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,IMAGE_REPOSITORY,USERS,PULLS,PCT_TOP_1,PCT_TOP_10,PCT_TOP_100",
}

// TestRegistry: every report has its SQL file, every SQL file its entry, and the
// columns are those that the documentation names.
func TestRegistry(t *testing.T) {
	entries, err := Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	entries = slices.DeleteFunc(entries, fs.DirEntry.IsDir)
	for _, entry := range entries {
		if _, ok := Find(strings.TrimSuffix(entry.Name(), ".sql")); !ok {
			t.Errorf("%s has no entry", entry.Name())
		}
	}
	if len(entries) != len(headers) || len(All()) != len(headers) {
		t.Errorf("%d files and %d entries, want %d", len(entries), len(All()), len(headers))
	}
	for _, report := range All() {
		if question := report.Question(); !strings.HasSuffix(question, "?") {
			t.Errorf("%s does not begin with its question: %s", report.Name, question)
		}
		if report.Version < 1 || report.Of != Actions && report.Of != Extensions {
			t.Errorf("report %s: version %d, of %q", report.Name, report.Version, report.Of)
		}
		var names []string
		seen := map[string]bool{}
		for _, column := range report.Columns {
			names = append(names, column.Name)
		}
		if got := strings.Join(names, ","); got != headers[report.Name] {
			t.Errorf("columns of %s: %s, want %s", report.Name, got, headers[report.Name])
		}
		for _, column := range append(report.Columns[:len(report.Columns):len(report.Columns)], report.More...) {
			known := column.Type == "varchar" || column.Type == "bigint" || column.Type == "decimal(5,4)"
			if seen[column.SQLName()] || column.Description == "" || !known {
				t.Errorf("report %s, column %s: twice, without description, or of type %q", report.Name, column.Name, column.Type)
			}
			if column.Type != "varchar" && column.Key {
				t.Errorf("report %s, column %s: a number is no key", report.Name, column.Name)
			}
			seen[column.SQLName()] = true
		}
	}
	if _, ok := Find("nosuch"); ok {
		t.Error("a report that is not there is found")
	}
}

// The SQL files keep to what DuckDB and Trino share.
func TestReportsArePortable(t *testing.T) {
	banned := regexp.MustCompile(`(?i)\bqualify\b|group by all|::|//|distinct on|\bexclude\b|\bsemi join|\banti join|\bconcat\(|\bgreatest\(|\bleast\(|approx_|\bread_|date_diff|\blimit\b|string_agg|union by name`)
	comment := regexp.MustCompile(`--[^\n]*`)
	shared, err := fs.Glob(Files, "shared/*.sql")
	if err != nil || len(shared) == 0 {
		t.Fatalf("shared files: %d, %v", len(shared), err)
	}
	check := func(name, text string) {
		if found := banned.FindString(comment.ReplaceAllString(text, "")); found != "" {
			t.Errorf("%s uses %q", name, found)
		}
	}
	for _, file := range shared {
		text, err := Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		check(file, string(text))
	}
	for _, report := range All() {
		text, err := report.Template()
		if err != nil {
			t.Fatal(err)
		}
		check(report.Name+".sql", text)
		if !strings.Contains(text, "\norder by") {
			t.Errorf("%s.sql does not end in an order", report.Name)
		}
	}
}
