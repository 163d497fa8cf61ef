package ingest

import (
	"fmt"
	"slices"
	"strings"
)

// Schema is what the records of an input are: the columns that are read, and
// which of them a file must have.
type Schema struct {
	Columns []string
	jsonl   []string // keys by which a line of JSON is recognised
	missing func(columns []string) []string
	advice  string // what to do when required columns are missing
	unknown string // what to say when the content is of no format
}

// CanonicalColumns are the columns of a request (SEMANTICS §1).
var CanonicalColumns = []string{
	"timestamp", "client_ip", "method", "image", "namespace", "repository", "reference", "digest",
	"status", "user_agent", "user_id", "user_email", "user_domain", "request_id", "bytes",
}

// Requests is the schema of registry access logs.
var Requests = &Schema{
	Columns: CanonicalColumns,
	jsonl:   []string{"timestamp", "client_ip"},
	missing: missingOfRequests,
	advice:  "rename the columns, or map them with --format your.sql",
	unknown: "the format cannot be told from the content; name it with --format",
}

// ExtensionEvents is the schema of extension events: csv, jsonl or parquet.
var ExtensionEvents = &Schema{
	Columns: []string{"timestamp", "extension", "event", "user_id"},
	jsonl:   []string{"timestamp", "extension"},
	missing: func(columns []string) []string { return without(columns, "timestamp", "extension", "event") },
	advice:  "rename the columns",
	unknown: "the content is no extension events; they are csv, jsonl or parquet with the columns timestamp, extension and event, and perhaps user_id",
}

func missingOfRequests(columns []string) []string {
	missing := without(columns, "timestamp", "client_ip", "method")
	if !slices.Contains(columns, "image") && len(without(columns, "namespace", "repository")) > 0 {
		missing = append(missing, "image (or namespace and repository)")
	}
	return append(missing, without(columns, "reference")...)
}

// without returns the required names that are not among columns.
func without(columns []string, required ...string) []string {
	var missing []string
	for _, name := range required {
		if !slices.Contains(columns, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// Check reports which required columns are missing.
func (s *Schema) Check(columns []string) error {
	if missing := s.missing(columns); len(missing) > 0 {
		return fmt.Errorf("the required columns %s are missing; %s", strings.Join(missing, ", "), s.advice)
	}
	return nil
}
