package engine

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/reports"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// The kinds of what queries may read.
const (
	KindView   = "view"
	KindReport = "report" // a table function of a period
	KindFile   = "file"   // below the data directory
)

// neverNull stands in place of what NULL means in columns without it.
const neverNull = "never"

// reportFunctionPrefix is what the table functions of reports begin with.
const reportFunctionPrefix = "report_"

// SchemaTable documents something that queries may read.
type SchemaTable struct {
	Name        string         `json:"name"` // of a report without report_; of a file its path, with * for what varies
	Kind        string         `json:"kind"`
	Description string         `json:"description"`
	Columns     []SchemaColumn `json:"columns,omitempty"` // in order; none for files
}

// SchemaColumn documents a column: what it means, in which unit, and what NULL means.
type SchemaColumn struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // as DuckDB spells it
	Description string `json:"description"`
	Null        string `json:"null"` // what NULL means; "never": there is none
}

// Spelled is how a query names it.
func (t SchemaTable) Spelled() string {
	if t.Kind == KindReport {
		return reportFunctionPrefix + t.Name + "(period)"
	}
	return t.Name
}

// Meaning is the description, and what NULL means where there is any.
func (c SchemaColumn) Meaning() string {
	if c.Null == neverNull {
		return c.Description
	}
	return c.Description + "; NULL: " + c.Null
}

// column returns a column by its name.
func (t SchemaTable) column(name string) (SchemaColumn, bool) {
	at := slices.IndexFunc(t.Columns, func(c SchemaColumn) bool { return c.Name == name })
	if at < 0 {
		return SchemaColumn{}, false
	}
	return t.Columns[at], true
}

// Schema documents all that queries may read: views, then reports, then files.
func Schema() ([]SchemaTable, error) {
	tables, err := schemaFile()
	if err != nil {
		return nil, err
	}
	files := slices.IndexFunc(tables, func(t SchemaTable) bool { return t.Kind == KindFile })
	var functions []SchemaTable
	for _, report := range reports.All() {
		functions = append(functions, reportSchema(report))
	}
	return slices.Insert(tables, files, functions...), nil
}

// SchemaOf documents a view, or a report, which may be named with or without report_ before it.
func SchemaOf(name string) (SchemaTable, error) {
	all, err := Schema()
	if err != nil {
		return SchemaTable{}, err
	}
	var names []string
	for _, table := range all {
		if table.Kind == KindFile {
			continue
		}
		if name == table.Name || table.Kind == KindReport && name == reportFunctionPrefix+table.Name {
			return table, nil
		}
		names = append(names, strings.TrimSuffix(table.Spelled(), "(period)"))
	}
	return SchemaTable{}, &UsageError{fmt.Errorf("there is no table %q; take one of %s", name, strings.Join(names, ", "))}
}

// reportSchema documents the table function of a report.
func reportSchema(report reports.Report) SchemaTable {
	table := SchemaTable{Name: report.Name, Kind: KindReport, Description: report.Question()}
	for _, column := range report.ParquetColumns() {
		name := strings.ToLower(column.Name)
		null := nullReportColumns[report.Name+"."+name]
		if null == "" {
			null = neverNull
		}
		table.Columns = append(table.Columns, SchemaColumn{
			Name: name, Type: strings.ToUpper(column.Type), Description: column.Description, Null: null,
		})
	}
	if _, has := table.column(publisherColumn); !has {
		id := SchemaColumn{publisherColumn, "VARCHAR", "id of the publisher that owns the namespace", neverNull}
		table.Columns = slices.Insert(table.Columns, 0, id)
	}
	return table
}

// nullReportColumns says what NULL means in the columns of reports that have it; CSV files are empty there.
var nullReportColumns = map[string]string{
	"trends.ip_country":            "unknown",
	"trends.user_agent":            "the user agent is missing or names no program",
	"tracked_companies.ip_country": "unknown",
	"tracked_companies.user_agent": "the user agent is missing or names no program",
	"raw.digest":                   "no request of the action tells one",
	"raw.tag":                      "the action is by digest",
	"raw.type":                     "unknown",
	"raw.country":                  "unknown",
	"raw.user_agent_tool":          "the user agent is missing or names no program",
	"raw.user_agent_version":       "the user agent tells none",
	"raw.domain":                   "unknown",
	"platforms.os":                 "the client names none",
	"platforms.arch":               "the client names none",
	"tags.first_download":          "there were only version checks",
	"tags.last_download":           "there were only version checks",
	"tags.counterparts":            "none is known",
}

// schemaFile reads sql/schema.csv.
func schemaFile() ([]SchemaTable, error) {
	bad := func(err error) ([]SchemaTable, error) { return nil, fmt.Errorf("read sql/schema.csv: %w", err) }
	file, err := sqlfiles.Files.Open("schema.csv")
	if err != nil {
		return bad(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return bad(err)
	}
	var tables []SchemaTable
	for _, record := range records[1:] { // after the header kind, table, column, type, description, null
		if record[2] == "" {
			tables = append(tables, SchemaTable{Name: record[1], Kind: record[0], Description: record[4]})
			continue
		}
		column := SchemaColumn{record[2], record[3], record[4], record[5]}
		// A column of several tables is described in one of them, above the others.
		if of, same := strings.CutPrefix(column.Description, "="); same {
			at := slices.IndexFunc(tables, func(t SchemaTable) bool { return t.Name == of })
			if at < 0 {
				return bad(fmt.Errorf("column %s refers to %s, which is not above it", column.Name, of))
			}
			described, ok := tables[at].column(column.Name)
			if !ok {
				return bad(fmt.Errorf("column %s refers to %s, which has none", column.Name, of))
			}
			column.Description, column.Null = described.Description, described.Null
		}
		last := &tables[len(tables)-1]
		last.Columns = append(last.Columns, column)
	}
	return tables, nil
}
