package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"

	"github.com/pullscope/pullscope/engine/ingest"
)

// Config is the configuration of a data directory, from a TOML file.
type Config struct {
	// Window is the longest time between two requests of one action; 5 s.
	Window Duration `toml:"window"`
	// IPv6ClientPrefix is how many bits of an IPv6 address make one client: 64 or 128.
	IPv6ClientPrefix int `toml:"ipv6_client_prefix"`
	// TrustedProxies are the peers whose X-Forwarded-For is believed: addresses and prefixes.
	TrustedProxies []string `toml:"trusted_proxies"`
	// MaxRejectRatio is the share of a file's lines that may be rejected, beyond 100 lines.
	MaxRejectRatio float64 `toml:"max_reject_ratio"`
	// LateDays is how many days behind the newest stored day new requests may lie; 30.
	// Older ones are quarantined as too_late. 0: no limit.
	LateDays int `toml:"late_days"`
	// FutureTolerance is how far ahead of the clock a request may be; 1 h. Others are
	// quarantined as in_the_future.
	FutureTolerance Duration `toml:"future_tolerance"`
	// Settle is for how long after its last change a file may still be being written; 1 min.
	// Of such a file a last line without an end is left for the next run.
	Settle Duration `toml:"settle"`
	// RetainRequests is how long requests are kept, in whole days; 0: for ever. Published
	// reports outlive them.
	RetainRequests Duration `toml:"retain_requests"`
	// RetainReports is how long published reports are kept after the end of their period; 0: for ever.
	RetainReports Duration `toml:"retain_reports"`
	// RetainRejects is how long rejected lines stay in quarantine; 30 days.
	RetainRejects Duration `toml:"retain_rejects"`
	// RejectsRetention is another name of RetainRejects.
	RejectsRetention *Duration `toml:"rejects_retention"`
	// Grace is how long after its end a period counts as closed; 1 h.
	Grace Duration `toml:"grace"`
	// MemoryLimit is DuckDB's limit, such as "8GiB"; beyond it queries spill to the data
	// directory. Empty: 4 GiB, or half of the machine's memory if that is less.
	MemoryLimit string `toml:"memory_limit"`
	// BatchSize is how much log text is loaded at once, such as "2GiB"; more is loaded in
	// several runs, one after the other. 0: half of the memory limit.
	BatchSize ByteSize `toml:"batch_size"`
	// Threads is how many threads DuckDB uses; 0 is one per core.
	Threads int `toml:"threads"`
	// Enrichment names the data that facts about clients come from.
	Enrichment Enrichment `toml:"enrichment"`
	// Reports says which reports are published, and how.
	Reports ReportsConfig `toml:"reports"`
	// Notify says who is told of unattended runs.
	Notify NotifyConfig `toml:"notify"`
	// Query says where saved queries are.
	Query QueryConfig `toml:"query"`
	// Serve says how the data API is served.
	Serve ServeConfig `toml:"serve"`
	// Publishers own namespaces; a namespace that nobody owns is its own publisher.
	Publishers []Publisher `toml:"publisher"`

	trusted []netip.Prefix
	file    *configFile // nil: none

	smallPieces *pieces // in tests: see pieces
}

// Publisher owns namespaces; its reports are published together.
type Publisher struct {
	ID         string   `toml:"id"`
	Name       string   `toml:"name"`
	Namespaces []string `toml:"namespaces"`
	// TrackedCompanies are the companies of the report tracked_companies; empty: all.
	TrackedCompanies []string `toml:"tracked_companies"`
	// Reports names the reports that the publisher gets; empty: those of all.
	Reports []string `toml:"reports"`
}

// Duration is a time.Duration that TOML writes as text: "5s", "1h", "30d".
type Duration struct{ time.Duration }

// UnmarshalText reads "5s", "1h30m" or whole days such as "30d".
func (d *Duration) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days, "%d", &n); err != nil || fmt.Sprint(n) != days {
			return fmt.Errorf("duration %q is no number of days such as \"30d\"", text)
		}
		d.Duration = time.Duration(n) * 24 * time.Hour
		return nil
	}
	value, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q is not like \"5s\", \"1h\" or \"30d\"", text)
	}
	d.Duration = value
	return nil
}

// DefaultConfig is what holds where the file says nothing.
func DefaultConfig() Config {
	return Config{
		Window:           Duration{5 * time.Second},
		IPv6ClientPrefix: 64,
		TrustedProxies:   slices.Clone(ingest.DefaultTrustedProxies),
		MaxRejectRatio:   0.01,
		LateDays:         30,
		FutureTolerance:  Duration{time.Hour},
		Settle:           Duration{time.Minute},
		RetainRejects:    Duration{30 * 24 * time.Hour},
		Grace:            Duration{time.Hour},
		Enrichment:       Enrichment{VerifyDatabases: true},
		Reports:          defaultReports(),
		Serve:            defaultServe(),
	}
}

// LoadConfig reads a configuration file. Errors name the file, the key and the line.
func LoadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s cannot be read: %w; name another file with --config (or ENGINE_CONFIG)", path, withoutPath(err))
	}
	config := DefaultConfig()
	config.file = &configFile{path, string(text)}
	meta, err := toml.Decode(string(text), &config)
	if err != nil {
		return Config{}, config.file.decodeError(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return Config{}, config.file.unknownKey(unknown[0])
	}
	if config.RejectsRetention != nil {
		if meta.IsDefined("retain_rejects") {
			return Config{}, config.file.located(badKey("rejects_retention", "it is the same as retain_rejects; remove one of the two"))
		}
		config.RetainRejects = *config.RejectsRetention
	}
	config.Enrichment.resolve(filepath.Dir(path))
	config.Reports.resolve(filepath.Dir(path))
	config.Query.resolve(filepath.Dir(path))
	if err := config.Validate(); err != nil {
		return Config{}, config.file.located(err)
	}
	return config, nil
}

// withoutPath is what went wrong with a file, for messages that name it anyway.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Validate checks the values and prepares them for use.
func (c *Config) Validate() error {
	var err error
	if c.trusted, err = ingest.ParsePrefixes(c.TrustedProxies); err != nil {
		return badKey("trusted_proxies", "%s", err)
	}
	switch {
	case c.Window.Duration <= 0 || c.Window.Duration > time.Hour:
		return badKey("window", "%s is not between 0 and 1h", c.Window)
	case c.Window.Duration%time.Microsecond != 0:
		return badKey("window", "%s is finer than a microsecond", c.Window)
	case c.IPv6ClientPrefix != 64 && c.IPv6ClientPrefix != 128:
		return badKey("ipv6_client_prefix", "%d is neither 64 nor 128", c.IPv6ClientPrefix)
	case c.MaxRejectRatio < 0 || c.MaxRejectRatio > 1 || math.IsNaN(c.MaxRejectRatio):
		return badKey("max_reject_ratio", "%v is not between 0 and 1", c.MaxRejectRatio)
	case c.LateDays < 0:
		return badKey("late_days", "%d is negative; 0 means no limit", c.LateDays)
	case c.FutureTolerance.Duration < 0:
		return badKey("future_tolerance", "%s is negative", c.FutureTolerance)
	case c.Settle.Duration < 0:
		return badKey("settle", "%s is negative", c.Settle)
	case c.RetainRequests.Duration < 0:
		return badKey("retain_requests", "%s is negative; 0s means for ever", c.RetainRequests)
	case c.RetainRequests.Duration%(24*time.Hour) != 0:
		return badKey("retain_requests", "%s is no number of whole days such as \"400d\"", c.RetainRequests)
	case c.RetainReports.Duration < 0:
		return badKey("retain_reports", "%s is negative; 0s means for ever", c.RetainReports)
	case c.RetainRejects.Duration < 0:
		return badKey("retain_rejects", "%s is negative", c.RetainRejects)
	case c.Grace.Duration < 0:
		return badKey("grace", "%s is negative", c.Grace)
	case c.Threads < 0:
		return badKey("threads", "%d is negative", c.Threads)
	case c.Threads > maxThreads:
		return badKey("threads", "%d is more than %d", c.Threads, maxThreads)
	}
	if err := c.validatePublishers(); err != nil {
		return err
	}
	if err := c.validateNotify(); err != nil {
		return err
	}
	if err := c.validateServe(); err != nil {
		return err
	}
	return c.validateReports()
}

func (c *Config) validatePublishers() error {
	ids, owners := map[string]bool{}, map[string]string{}
	for i, publisher := range c.Publishers {
		switch {
		case publisher.ID == "":
			return c.badPublisher(i, "id", "key \"id\" is missing")
		case strings.HasPrefix(publisher.ID, "~"):
			return c.badPublisher(i, "id", "id %q begins with ~, which marks namespaces that are called like a publisher; choose another id", publisher.ID)
		case strings.ContainsFunc(publisher.ID, unicode.IsControl):
			return c.badPublisher(i, "id", "id %q has a control character", publisher.ID)
		case strings.ContainsFunc(publisher.Name, unicode.IsControl):
			return c.badPublisher(i, "name", "name %q has a control character", publisher.Name)
		case ids[publisher.ID]:
			return c.badPublisher(i, "id", "id %q is taken by another publisher", publisher.ID)
		case len(publisher.Namespaces) == 0:
			return c.badPublisher(i, "namespaces", "key \"namespaces\" is missing or empty")
		}
		if publisher.Name == "" {
			c.Publishers[i].Name = publisher.ID
		}
		ids[publisher.ID] = true
		for _, namespace := range publisher.Namespaces {
			if namespace == "" || strings.Contains(namespace, "/") || strings.ContainsFunc(namespace, unicode.IsControl) {
				return c.badPublisher(i, "namespaces", "%q is no namespace; it is the first part of an image's name, such as acme of acme/app", namespace)
			}
			if owner, ok := owners[namespace]; ok {
				return c.badPublisher(i, "namespaces", "namespace %q already belongs to %s", namespace, owner)
			}
			owners[namespace] = publisher.ID
		}
	}
	for i, publisher := range c.Publishers {
		if owner, ok := owners[publisher.ID]; ok && owner != publisher.ID {
			return c.badPublisher(i, "id", "id %q is also a namespace, which belongs to %s; choose another id", publisher.ID, owner)
		}
	}
	return nil
}
