// Package sqlfiles embeds the engine's SQL: ingest/<format>.sql (one log format
// each), models/<model>.sql (the classification, in the subset that DuckDB and
// Trino share) and duckdb/*.sql (what only DuckDB runs).
package sqlfiles

import "embed"

// Files holds the SQL files under the paths they have in this folder.
//
//go:embed ingest/*.sql models/*.sql duckdb/*.sql
var Files embed.FS
