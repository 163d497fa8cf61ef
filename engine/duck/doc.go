// Package duck opens the embedded DuckDB with the engine's settings and runs
// SQL that lives in files: templates choose tables and columns, values are
// quoted by one function, and rows stream out. It knows no rules.
//
// The database itself is in memory and disposable; what is kept is Parquet.
package duck
