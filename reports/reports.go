// Package reports holds the reports: one <report>.sql file each, which says what
// the rows are, beside an entry of the registry, which says what the columns mean;
// and the files that they are published as. A report's query runs once over all
// publishers; the engine splits its rows.
package reports

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"text/template"
	"time"
)

// Files holds the SQL files: of the reports, and in shared/ of what several reports
// count from, which they nest with {{file "shared/NAME.sql" .}}.
//
//go:embed *.sql shared/*.sql
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
	// Of is what the rows are made from.
	Of Subject
	// Streamed are further columns, of numbers, that order the rows of a publisher where
	// Params.InOrder is set: then the query only decodes the rows of a shared file, which
	// are neither sorted nor kept as texts.
	Streamed []string
	// LeftOut are further columns of a query that leaves something out: null but in
	// rows of their own, which count what is left out and are not published.
	LeftOut []string
	// SQL is the template of a report that is not one of Files; Path is its file.
	SQL, Path string
}

// ParquetColumns are the columns of the Parquet file: Columns, then More.
func (r Report) ParquetColumns() []Column { return slices.Concat(r.Columns, r.More) }

// Subject is what a report counts.
type Subject string

// The subjects.
const (
	Actions    Subject = "actions"
	Extensions Subject = "extension_events"
)

// The columns that count what a report leaves out.
const (
	SuppressedRows = "suppressed_rows" // rows about too few users
	LeftOutUsers   = "left_out_users"  // users or companies with too many images to be paired
)

// Column describes one column of a report.
type Column struct {
	Name        string
	Type        string // varchar, bigint or decimal(5,4)
	Description string
	// Key says that the column is part of what a row is about, not a number of it.
	Key bool
}

// All lists the reports in the order of the documentation.
func All() []Report { return slices.Clone(registry) }

// Names lists the names of the reports.
func Names() []string {
	names := make([]string, len(registry))
	for i, report := range registry {
		names[i] = report.Name
	}
	return names
}

// Find returns the report of a name.
func Find(name string) (Report, bool) {
	at := slices.IndexFunc(registry, func(r Report) bool { return r.Name == name })
	if at < 0 {
		return Report{}, false
	}
	return registry[at], true
}

// Template is the report's SQL template.
func (r Report) Template() (string, error) {
	if r.SQL != "" {
		return r.SQL, nil
	}
	text, err := fs.ReadFile(Files, r.Name+".sql")
	if err != nil {
		return "", fmt.Errorf("read report %s: %w", r.Name, err)
	}
	return string(text), nil
}

// Question is what the report answers: the first line of its SQL file.
func (r Report) Question() string {
	text, err := r.Template()
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(text, "\n")
	question, ok := strings.CutPrefix(strings.TrimSpace(first), "--")
	if !ok {
		return ""
	}
	return strings.TrimSpace(question)
}

// Params are what the templates may refer to. A query's result has the column
// publisher_id, then Columns and More under lower-case names, then LeftOut if the
// report has thresholds.
type Params struct {
	Granularity string // weekly, monthly or range
	Reference   string // first day, YYYY-MM-DD
	From, To    time.Time
	// InOrder says that tables of shared files keep their order and joins that of their
	// left side, as while reports are published.
	InOrder bool
	// MinUsers is how many users a pair of images must have to be shown.
	MinUsers int
	// MaxImages is how many images a user may use to take part in pairs of users.
	MaxImages int
	// MaxCompanyImages is how many images a company may use to be listed with its pairs.
	MaxCompanyImages int
}

// tables are the names that templates may read, and what they stand for.
var tables = map[string]string{
	"actions":           "published_actions",
	"stored_actions":    "actions", // without their publishers, whose join costs more than most reports
	"extension_events":  "published_extension_events",
	"tracked_companies": "tracked_companies",
	"publishers":        "publishers",
}

// Funcs are the template functions beside those of every SQL file:
//
//	table x       a table or view by its logical name
//	share a b     a / b as a decimal with four places, b not 0
//	list x sep    the distinct values of x in order, joined by sep
var Funcs = template.FuncMap{
	"table": func(name string) (string, error) {
		if table, ok := tables[name]; ok {
			return table, nil
		}
		return "", fmt.Errorf("no table stands for %q; there are actions, extension_events, tracked_companies and publishers", name)
	},
	// Rounded half up in whole ten-thousandths, which every engine computes alike.
	"share": func(part, whole string) string {
		return fmt.Sprintf("cast(cast(floor((%[1]s * 20000 + %[2]s) / cast(%[2]s * 2 as double)) as decimal(9, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(5, 4))", part, whole)
	},
	"list": func(value, separator string) string {
		return fmt.Sprintf("string_agg(distinct %[1]s, '%[2]s' order by %[1]s)", value, strings.ReplaceAll(separator, "'", "''"))
	},
}
