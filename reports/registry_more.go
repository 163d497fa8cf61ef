package reports

import "slices"

// pullsReport is a report of the older API: keys, counts, owner.
func pullsReport(name string, keys ...Column) Report {
	return Report{Name: name, Version: 1, Of: Actions, Columns: slices.Concat(keys, []Column{
		{Name: "unique_ip_addresses", Type: "bigint", Description: "different addresses"},
		{Name: "pulls_by_tag", Type: "bigint", Description: "downloads by tag"},
		{Name: "pulls_by_digest", Type: "bigint", Description: "downloads by digest"},
		{Name: "version_checks", Type: "bigint", Description: "requests whether there is a new version, without a download"},
		{"owner", "varchar", "who owns the repository", true},
	})}
}

var (
	namespaceKey  = Column{"namespace", "varchar", "first part of the image name", true}
	repositoryKey = Column{"repository", "varchar", "rest of the image name", true}
	referenceKey  = Column{"reference", "varchar", "tag or digest of the action's first request", true}

	pullsSummary          = pullsReport("pulls_summary", namespaceKey, repositoryKey, referenceKey)
	pullsRepoSummary      = pullsReport("pulls_repo_summary", namespaceKey, repositoryKey)
	pullsNamespaceSummary = pullsReport("pulls_namespace_summary", namespaceKey)
)

var extensionKey = Column{"extension", "varchar", "namespace/name of the extension", true}

var extensionsCore = Report{
	Name: "extensions_core", Version: 1, Of: Extensions,
	Columns: []Column{
		extensionKey,
		{Name: "installs", Type: "bigint", Description: "installations in the period"},
		{Name: "total_installs", Type: "bigint", Description: "installations up to the end of the period"},
		{Name: "uninstalls", Type: "bigint", Description: "removals in the period"},
		{Name: "total_uninstalls", Type: "bigint", Description: "removals up to the end of the period"},
		{Name: "updates", Type: "bigint", Description: "updates in the period"},
	},
}

var extensionsPremium = Report{
	Name: "extensions_premium", Version: 1, Of: Extensions,
	Columns: []Column{
		extensionKey,
		{Name: "installs", Type: "bigint", Description: "installations in the period"},
		{Name: "unique_installs", Type: "bigint", Description: "different users who installed it"},
		{Name: "uninstalls", Type: "bigint", Description: "removals in the period"},
		{Name: "unique_uninstalls", Type: "bigint", Description: "different users who removed it"},
		{Name: "usage", Type: "bigint", Description: "how often it was opened"},
		{Name: "unique_users", Type: "bigint", Description: "different users who opened it"},
	},
}

var daily = Report{
	Name: "daily", Version: 1, Of: Actions,
	Columns: dated(
		Column{"ACTION_DAY", "varchar", "day, UTC, YYYY-MM-DD", true},
		imageRepository,
		Column{"TAG", "varchar", `the tag, or \\N for actions by digest`, true},
		downloads, versionChecks, pulls, uniqueUsers,
	),
}

var platforms = Report{
	Name: "platforms", Version: 1, Of: Actions,
	Columns: dated(
		imageRepository,
		Column{"OS", "varchar", "operating system that the client names, such as linux; empty where it names none", true},
		Column{"ARCH", "varchar", "architecture that the client names, such as amd64", true},
		downloads, versionChecks, pulls, uniqueUsers,
	),
}

var tags = Report{
	Name: "tags", Version: 1, Of: Actions,
	Columns: dated(
		imageRepository,
		Column{"LEVEL", "varchar", "tag or digest", true},
		Column{"REFERENCE", "varchar", "the tag or the digest", true},
		Column{Name: "FIRST_DOWNLOAD", Type: "varchar", Description: "first download in the period, UTC, YYYY-MM-DD hh:mm:ss"},
		Column{Name: "LAST_DOWNLOAD", Type: "varchar", Description: "last download in the period, likewise"},
		downloads, versionChecks, pulls, uniqueUsers,
		Column{Name: "COUNTERPARTS", Type: "varchar", Description: "the digests that the tag meant, or the tags that meant the digest, parted by spaces"},
	),
}

var companies = Report{
	Name: "companies", Version: 1, Of: Actions,
	Columns: dated(
		companyDomain,
		Column{Name: "FIRST_SEEN", Type: "varchar", Description: "first action in the period, UTC, YYYY-MM-DD hh:mm:ss"},
		Column{Name: "LAST_SEEN", Type: "varchar", Description: "last action in the period, likewise"},
		Column{Name: "IMAGES", Type: "bigint", Description: "different images that it used"},
		downloads, versionChecks, pulls, uniqueUsers,
		Column{Name: "USE_CASES", Type: "varchar", Description: "what it used them for, as far as the clients tell"},
	),
}

var heavyUsers = Report{
	Name: "heavy_users", Version: 1, Of: Actions,
	Columns: dated(
		imageRepository,
		Column{Name: "USERS", Type: "bigint", Description: "different user ids, and clients without one"},
		pulls,
		Column{Name: "PCT_TOP_1", Type: "decimal(5,4)", Description: "share of PULLS by the heaviest user, 0 to 1"},
		Column{Name: "PCT_TOP_10", Type: "decimal(5,4)", Description: "share of the 10 heaviest users"},
		Column{Name: "PCT_TOP_100", Type: "decimal(5,4)", Description: "share of the 100 heaviest users"},
	),
}
