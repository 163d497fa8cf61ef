// Package sqlfiles embeds the engine's SQL: ingest/<format>.sql (one log format
// each), models/<model>.sql (the classification, in the subset that DuckDB and
// Trino share), duckdb/*.sql (what only DuckDB runs), queries/*.sql (the saved
// queries) and schema.csv (what each column of the views means).
package sqlfiles

import "embed"

// Files holds the SQL files under the paths they have in this folder.
//
//go:embed ingest/*.sql models/*.sql duckdb/*.sql queries/*.sql schema.csv
var Files embed.FS
