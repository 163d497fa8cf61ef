package engine

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/pullscope/pullscope/engine/period"
	"github.com/pullscope/pullscope/reports"
)

// ConfigFacts is what a right configuration comes to.
type ConfigFacts struct {
	Publishers int
	Reports    int // that are published
	Origins    int // databases, tables and lists of enrichment
}

// CheckConfig reads everything that the configuration names: the sources of
// enrichment, and every report, which is computed once over an empty lake.
func (e *Engine) CheckConfig(ctx context.Context) (ConfigFacts, error) {
	var found ConfigFacts
	if err := e.Config.Validate(); err != nil {
		return found, &UsageError{err}
	}
	enricher, err := e.OpenEnricher()
	if err != nil {
		return found, err
	}
	defer enricher.Close()
	all, err := e.Config.allReports()
	if err != nil {
		return found, err
	}
	if _, err := e.SavedQueries(); err != nil {
		return found, err
	}
	temporary, err := os.MkdirTemp("", "engine-check-*")
	if err != nil {
		return found, fmt.Errorf("make a folder for temporary files: %w", err)
	}
	defer os.RemoveAll(temporary)
	source, err := openReports(ctx, temporary, e.Config)
	if err != nil {
		if strings.Contains(err.Error(), "memory_limit") {
			return found, &UsageError{fmt.Errorf("%skey \"memory_limit\": %q is no size such as \"4GiB\"", e.Config.file.at(0, "memory_limit"), e.Config.MemoryLimit)}
		}
		return found, err
	}
	defer source.close()
	if err := source.use(ctx, nil, nil); err != nil {
		return found, err
	}
	week := period.WeekOf("2026-01-05").Range()
	for _, report := range all {
		params := reports.Params{Granularity: week.Granularity(), Reference: week.Reference(), From: week.From, To: week.To}
		if err := source.run(ctx, &report, params); err != nil {
			if report.Path == "" {
				return found, fmt.Errorf("report %s: %w", report.Name, err)
			}
			return found, &UsageError{fmt.Errorf("%skey \"reports.files\": %w", e.Config.file.at(0, "reports", "files"), err)}
		}
	}
	return ConfigFacts{Publishers: len(e.Config.Publishers), Reports: len(all), Origins: len(enricher.Origins())}, nil
}
