package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich"
	"github.com/pullscope/pullscope/engine/enrich/origin"
	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
)

// Enrichment says where country, network, company and client come from beyond
// what is embedded. Relative paths in a configuration file start at its folder.
type Enrichment struct {
	// Databases are IP databases (.mmdb); per fact the first one that knows it counts.
	Databases []string `toml:"databases"`
	// VerifyDatabases says whether every record of a new database is read before it is used; true.
	VerifyDatabases bool `toml:"verify_databases"`
	// Clouds is the folder of the cloud providers' published ranges. Empty: "clouds" in the data directory, if it is there.
	Clouds string `toml:"clouds"`
	// Overrides is the folder of own tables and lists. Empty: "overrides" in the data directory, if it is there.
	Overrides string `toml:"overrides"`
}

// resolve makes relative paths start at the folder of the configuration file.
func (c *Enrichment) resolve(folder string) {
	at := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(folder, path)
	}
	for i := range c.Databases {
		c.Databases[i] = at(c.Databases[i])
	}
	c.Clouds, c.Overrides = at(c.Clouds), at(c.Overrides)
}

// CloudsDir is the folder that the cloud providers' ranges are read from and
// downloaded to.
func (e *Engine) CloudsDir() string {
	if e.Config.Enrichment.Clouds != "" {
		return e.Config.Enrichment.Clouds
	}
	return filepath.Join(e.Dir, "clouds")
}

// OpenEnricher reads the configured sources of enrichment.
func (e *Engine) OpenEnricher() (*enrich.Enricher, error) { return e.openEnricher(nil) }

func (e *Engine) openEnricher(runs []lake.Run) (*enrich.Enricher, error) {
	config := e.Config.Enrichment
	clouds, err := e.folder(config.Clouds, "clouds")
	if err != nil {
		return nil, err
	}
	overrides, err := e.folder(config.Overrides, "overrides")
	if err != nil {
		return nil, err
	}
	enricher, err := enrich.Open(enrich.Options{
		Databases: config.Databases, SkipVerify: !config.VerifyDatabases, Verified: verifiedDatabases(runs),
		Clouds: clouds, Overrides: overrides,
	})
	if err != nil {
		if slices.ContainsFunc(config.Databases, func(path string) bool { return strings.Contains(err.Error(), path) }) {
			err = fmt.Errorf("%skey \"enrichment.databases\": %w", e.Config.file.at(0, "enrichment", "databases"), err)
		}
		return nil, &UsageError{err}
	}
	return enricher, nil
}

// folder is the configured folder, which must be there, or else the usual one in
// the data directory where there is one.
func (e *Engine) folder(configured, key string) (string, error) {
	path, where := configured, e.Config.file.at(0, "enrichment", key)
	if path == "" {
		path = filepath.Join(e.Dir, key)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return path, nil
	case configured == "" && errors.Is(err, fs.ErrNotExist):
		return "", nil
	case configured == "" && err != nil:
		return "", &UsageError{fmt.Errorf("the folder %s of the data directory cannot be read: %w; is --data right?", path, withoutPath(err))}
	case configured == "":
		return "", &UsageError{fmt.Errorf("%s in the data directory is no folder; remove it or name another one with enrichment.%s in the configuration", path, key)}
	case err != nil:
		return "", &UsageError{fmt.Errorf("%skey \"enrichment.%s\": the folder %s cannot be read: %w; create it, or correct the key", where, key, path, withoutPath(err))}
	default:
		return "", &UsageError{fmt.Errorf("%skey \"enrichment.%s\": %s is no folder; name one", where, key, path)}
	}
}

// verifiedDatabases tells which databases an earlier run has read whole.
func verifiedDatabases(runs []lake.Run) func(sha256 string) bool {
	verified := map[string]bool{}
	for _, run := range runs {
		for _, o := range run.Enrichment {
			if o.Kind == origin.Database && o.Verified {
				verified[o.SHA256] = true
			}
		}
	}
	return func(sha256 string) bool { return verified[sha256] }
}

// enrichAndBuild opens the sources of enrichment for one run, so that a file
// which was replaced since the last one is used.
func (r *run) enrichAndBuild(ctx context.Context, inputs []*ingest.Input) error {
	var err error
	if r.enricher, err = r.openEnricher(r.runs); err != nil {
		return err
	}
	defer r.enricher.Close()
	if !r.enricher.Complete() {
		r.log().Info("built without the lists of domains: only the best known personal, disposable and university domains are told from companies; make lists adds the rest")
	}
	err = r.build(ctx, inputs)
	r.manifest().Enrichment = r.enricher.Origins()
	for _, o := range r.manifest().Enrichment {
		if o.Failures > 0 {
			r.log().Warn("look-ups failed and left their facts empty; replace the database", "database", o.Name, "failures", o.Failures)
		}
	}
	return err
}
