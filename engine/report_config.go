package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/domain"
	"github.com/pullscope/pullscope/reports"
)

// ReportsConfig says which reports are published, and how.
type ReportsConfig struct {
	// Publish names the reports to publish; empty: all.
	Publish []string `toml:"publish"`
	// Files are SQL files of own reports, which are published beside the others.
	Files []string `toml:"files"`
	// TechnographicMinUsers is how many users a pair of images must have to be shown; 10.
	TechnographicMinUsers int `toml:"technographic_min_users"`
	// TechnographicMaxImages is how many images a user may use to take part in pairs of users; 1000.
	TechnographicMaxImages int `toml:"technographic_max_images"`
	// TechnographicMaxCompanyImages is how many images a company may use to be listed with its pairs; 250.
	TechnographicMaxCompanyImages int `toml:"technographic_max_company_images"`
	// CSVFormulaGuard puts an apostrophe before texts of CSV and XLSX files that a
	// spreadsheet would run as a formula; true.
	CSVFormulaGuard bool `toml:"csv_formula_guard"`
	// CSVPartSize splits larger CSV files into numbered parts, such as "500MB"; empty: never.
	CSVPartSize ByteSize `toml:"csv_part_size"`
	// Gzip packs the CSV files.
	Gzip bool `toml:"gzip"`
	// XLSX adds a workbook with a sheet per report.
	XLSX bool `toml:"xlsx"`
}

func defaultReports() ReportsConfig {
	return ReportsConfig{TechnographicMinUsers: 10, TechnographicMaxImages: 1000, TechnographicMaxCompanyImages: 250, CSVFormulaGuard: true}
}

func (c ReportsConfig) csvOptions() reports.CSVOptions {
	return reports.CSVOptions{FormulaGuard: c.CSVFormulaGuard, Gzip: c.Gzip, PartBytes: int64(c.CSVPartSize)}
}

// ByteSize is a number of bytes that TOML writes as text: "500MB", "2GiB".
type ByteSize int64

var byteUnits = map[string]int64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}

var byteSizePattern = regexp.MustCompile(`^([0-9]{1,9}) ?([A-Za-z]*)$`)

// UnmarshalText reads a whole number and a unit: B, KB, MB, GB, KiB, MiB or GiB.
func (s *ByteSize) UnmarshalText(text []byte) error {
	match := byteSizePattern.FindStringSubmatch(string(text))
	if match == nil || byteUnits[strings.ToUpper(match[2])] == 0 {
		return fmt.Errorf("size %q is not like \"500MB\" or \"2GiB\"", text)
	}
	var number int64
	if _, err := fmt.Sscan(match[1], &number); err != nil {
		return fmt.Errorf("size %q: %w", text, err)
	}
	*s = ByteSize(number * byteUnits[strings.ToUpper(match[2])])
	return nil
}

// resolve makes relative paths start at the folder of the configuration file.
func (c *ReportsConfig) resolve(folder string) {
	for i, path := range c.Files {
		if !filepath.IsAbs(path) {
			c.Files[i] = filepath.Join(folder, path)
		}
	}
}

var ownReportName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)

// OwnReport reads a user's report. Its name is that of the file.
func OwnReport(path string) (reports.Report, error) {
	name := strings.TrimSuffix(filepath.Base(path), ".sql")
	if !ownReportName.MatchString(name) || !strings.HasSuffix(path, ".sql") {
		return reports.Report{}, fmt.Errorf("report file %s: the name of a report's file is like my_report.sql: lower-case letters, digits and _", path)
	}
	if _, taken := reports.Find(name); taken {
		return reports.Report{}, fmt.Errorf("report file %s: there is a report %s already; rename the file", path, name)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return reports.Report{}, fmt.Errorf("report file %s cannot be read: %w; correct its name", path, withoutPath(err))
	}
	if strings.TrimSpace(string(text)) == "" {
		return reports.Report{}, fmt.Errorf("report file %s is empty", path)
	}
	return reports.Report{Name: name, SQL: string(text), Path: path, Of: reports.Actions}, nil
}

// allReports are the reports that are published for any publisher, in order.
func (c *Config) allReports() ([]reports.Report, error) {
	var all []reports.Report
	for _, report := range reports.All() {
		if c.publishes(report.Name) {
			all = append(all, report)
		}
	}
	seen := map[string]string{}
	for _, path := range c.Reports.Files {
		report, err := OwnReport(path)
		if err != nil {
			return nil, &UsageError{fmt.Errorf("%skey \"reports.files\": %w", c.file.at(0, "reports", "files"), err)}
		}
		if other, taken := seen[report.Name]; taken {
			return nil, &UsageError{fmt.Errorf("%skey \"reports.files\": %s and %s have the same name; rename one", c.file.at(0, "reports", "files"), other, path)}
		}
		seen[report.Name] = path
		all = append(all, report)
	}
	return all, nil
}

// publishes reports whether anyone gets a report.
func (c *Config) publishes(name string) bool {
	if len(c.Reports.Publish) == 0 || slices.Contains(c.Reports.Publish, name) {
		return true
	}
	return slices.ContainsFunc(c.Publishers, func(p Publisher) bool { return slices.Contains(p.Reports, name) })
}

// reportsOf names the reports of one publisher; nil: all.
func (c *Config) reportsOf(publisher string) []string {
	names := c.Reports.Publish
	for _, p := range c.Publishers {
		if p.ID == publisher && len(p.Reports) > 0 {
			names = p.Reports
		}
	}
	if len(names) == 0 {
		return nil
	}
	names = slices.Clone(names)
	for _, path := range c.Reports.Files {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".sql"))
	}
	return names
}

func (c *Config) validateReports() error {
	switch {
	case c.Reports.TechnographicMinUsers < 1:
		return badKey("reports.technographic_min_users", "%d is not at least 1", c.Reports.TechnographicMinUsers)
	case c.Reports.TechnographicMaxImages < 2 || c.Reports.TechnographicMaxImages > 10_000:
		return badKey("reports.technographic_max_images", "%d is not between 2 and 10000", c.Reports.TechnographicMaxImages)
	case c.Reports.TechnographicMaxCompanyImages < 2 || c.Reports.TechnographicMaxCompanyImages > 10_000:
		return badKey("reports.technographic_max_company_images", "%d is not between 2 and 10000", c.Reports.TechnographicMaxCompanyImages)
	case c.Reports.CSVPartSize != 0 && c.Reports.CSVPartSize < 1000:
		return badKey("reports.csv_part_size", "%d bytes are less than 1KB", c.Reports.CSVPartSize)
	}
	if err := knownReports(c.Reports.Publish); err != nil {
		return badKey("reports.publish", "%s", err)
	}
	for i := range c.Publishers {
		p := &c.Publishers[i]
		if err := knownReports(p.Reports); err != nil {
			return c.badPublisher(i, "reports", "key \"reports\": %s", err)
		}
		for n, name := range p.TrackedCompanies {
			company, ok := domain.Registrable(name)
			if !ok {
				return c.badPublisher(i, "tracked_companies", "key \"tracked_companies\": %q is no domain of a company, such as example.com", name)
			}
			p.TrackedCompanies[n] = company
		}
		slices.Sort(p.TrackedCompanies)
		p.TrackedCompanies = slices.Compact(p.TrackedCompanies)
	}
	return nil
}

func knownReports(names []string) error {
	for _, name := range names {
		if _, ok := reports.Find(name); !ok {
			return fmt.Errorf("there is no report %q; take some of %s", name, strings.Join(reports.Names(), ", "))
		}
	}
	return nil
}
