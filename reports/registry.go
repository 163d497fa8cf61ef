package reports

import "slices"

// registry lists the reports in the order of the documentation.
var registry = []Report{
	summary, trends, technographic, technographicCompanies, trackedCompanies, raw,
	pullsSummary, pullsRepoSummary, pullsNamespaceSummary, extensionsCore, extensionsPremium,
	daily, platforms, tags, companies, heavyUsers,
}

// Columns that several reports have.
var (
	granularity   = Column{"DATE_GRANULARITY", "varchar", "weekly or monthly; range when asked for any other stretch of days", true}
	dateReference = Column{"DATE_REFERENCE", "varchar", "first day of the week or month, YYYY-MM-DD", true}
	publisherName = Column{"PUBLISHER_NAME", "varchar", "who owns the repository", true}

	imageRepository = Column{"IMAGE_REPOSITORY", "varchar", "namespace/repository", true}
	ipCountry       = Column{"IP_COUNTRY", "varchar", "ISO 3166-1 alpha-2 country of the address, empty where unknown", true}
	cloudProvider   = Column{"CLOUD_SERVICE_PROVIDER", "varchar", "cloud provider of the address, such as aws, or no csp", true}
	userAgent       = Column{"USER_AGENT", "varchar", "the client program, such as docker or containerd", true}
	companyDomain   = Column{"DOMAIN", "varchar", "domain of the company", true}

	downloads     = Column{Name: "DATA_DOWNLOADS", Type: "bigint", Description: "pulls by tag and by digest"}
	versionChecks = Column{Name: "VERSION_CHECKS", Type: "bigint", Description: "requests whether there is a new version, without a download"}
	pulls         = Column{Name: "PULLS", Type: "bigint", Description: "DATA_DOWNLOADS + VERSION_CHECKS"}
	authenticated = Column{Name: "UNIQUE_AUTHENTICATED_USERS", Type: "bigint", Description: "different user ids"}
	uniqueUsers   = Column{Name: "UNIQUE_USERS", Type: "bigint", Description: "different user ids, and clients without one"}
)

// dated puts the columns of every dated report before its own.
func dated(columns ...Column) []Column {
	return slices.Concat([]Column{granularity, dateReference, publisherName}, columns)
}

var summary = Report{
	Name: "summary", Version: 2, Of: Actions,
	Columns: dated(
		Column{"LEVEL", "varchar", "repository, tag or digest", true},
		Column{"REFERENCE", "varchar", "namespace/repository, the tag, or the digest, as LEVEL says", true},
		downloads, versionChecks,
		Column{Name: "EVENT_COUNT", Type: "bigint", Description: "DATA_DOWNLOADS + VERSION_CHECKS"},
	),
	More: []Column{{"IMAGE_REPOSITORY", "varchar", "namespace/repository, on every level", true}},
}

var trends = Report{
	Name: "trends", Version: 1, Of: Actions,
	Columns: dated(
		imageRepository,
		Column{"NAMESPACE", "varchar", "first part of the image name", true},
		ipCountry, cloudProvider, userAgent,
		Column{"TAG", "varchar", `the tag, or \\N for actions by digest`, true},
		downloads, versionChecks, pulls, authenticated,
		Column{Name: "UNIQUE_UNAUTHENTICATED_USERS", Type: "bigint", Description: "different clients without a user id: IPv4 addresses, or /64 of IPv6 addresses"},
	),
}

var technographic = Report{
	Name: "technographic", Version: 1, Of: Actions, LeftOut: []string{SuppressedRows, LeftOutUsers},
	Columns: []Column{
		granularity, dateReference,
		{"PUBLISHER_ID", "varchar", "id of the publisher", true},
		publisherName,
		{"DVPP_IMAGE", "varchar", "an image of the publisher", true},
		{"PAIRED_IMAGE", "varchar", "another image that the same users used in the period", true},
		{Name: "USERS", Type: "bigint", Description: "different users of both images"},
		{Name: "TOTAL_PULLERS", Type: "bigint", Description: "different users of the publisher's image"},
		{Name: "PCT_USERS", Type: "decimal(5,4)", Description: "USERS / TOTAL_PULLERS, 0 to 1"},
		{Name: "DOMAINS", Type: "bigint", Description: "company domains that used both images"},
		{Name: "TOTAL_DOMAINS", Type: "bigint", Description: "company domains that used the publisher's image"},
		{Name: "PCT_DOMAINS", Type: "decimal(5,4)", Description: "DOMAINS / TOTAL_DOMAINS, 0 to 1; 0 without domains"},
	},
}

var technographicCompanies = Report{
	Name: "technographic_companies", Version: 1, Of: Actions, LeftOut: []string{LeftOutUsers},
	Columns: dated(
		companyDomain,
		Column{"DVPP_IMAGE", "varchar", "an image of the publisher", true},
		Column{"PAIRED_IMAGE", "varchar", "another image that the company used in the period", true},
	),
}

var trackedCompanies = Report{
	Name: "tracked_companies", Version: 1, Of: Actions,
	Columns: dated(
		companyDomain, ipCountry, cloudProvider, userAgent,
		Column{"INFERRED_USE_CASE", "varchar", "Local Dev, CI/CD, Prod or Unknown", true},
		imageRepository, downloads, versionChecks, pulls, authenticated,
	),
}

var raw = Report{
	Name: "raw", Version: 2, Of: Actions, Streamed: []string{"requested_at_second", "target_no", "client_no"},
	Columns: []Column{
		{"timestamp", "varchar", "start of the action's first request, UTC, YYYY-MM-DD hh:mm:ss", true},
		{"namespace", "varchar", "first part of the image name", true},
		{"repository", "varchar", "rest of the image name", true},
		{"reference", "varchar", "tag or digest of the action's first request", true},
		{"digest", "varchar", "first known digest of the action", true},
		{"tag", "varchar", "tag, where the action has one", true},
		{"action_day", "varchar", "day of the timestamp, YYYY-MM-DD", true},
		{"http_method", "varchar", "method of the action's first request", true},
		{"action", "varchar", "version_check, pull_by_tag or pull_by_digest", true},
		{"type", "varchar", "business, isp, hosting or education, where known", true},
		{"host", "varchar", "cloud provider, or no csp", true},
		{"country", "varchar", "ISO 3166-1 alpha-2, where known", true},
		{"user_agent_tool", "varchar", "the client, such as docker or containerd", true},
		{"user_agent_version", "varchar", "its version", true},
		{"domain", "varchar", "domain of the address, where known", true},
		{"owner", "varchar", "who owns the repository", true},
	},
}
