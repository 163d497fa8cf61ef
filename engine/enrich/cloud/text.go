package cloud

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// unnamed are the providers whose lists do not name them: plain lists of prefixes,
// and geofeeds (RFC 8805: prefix,country,region,city,postal code).
var unnamed = []string{"cloudflare", "digitalocean", "linode", "vultr"}

// geofeedHeader is the first field of the header that some geofeeds have.
const geofeedHeader = "ip_prefix"

func (l *list) readText(path string, text []byte) error {
	at := slices.IndexFunc(unnamed, func(provider string) bool { return called(path, provider) })
	extension := strings.ToLower(filepath.Ext(path))
	if at < 0 || extension != ".csv" && extension != ".txt" || isOwn(text) {
		l.format = formatCSV
		return l.readOwn(path, text)
	}
	l.format = unnamed[at]
	l.built = modifiedOf(text)
	return eachRecord(path, bytes.NewReader(text), geofeedHeader, func(_ int, fields []string) error {
		region := ""
		for _, field := range fields[1:min(len(fields), 3)] {
			if field != "" {
				region = field // the region says more than the country
			}
		}
		return l.add(fields[0], region, "")
	})
}

// isOwn reports whether the second field of the first row is a provider id; in a
// geofeed it is a country, in upper case.
func isOwn(text []byte) bool {
	own := false
	// The error only ends the look; what else is wrong, the reader of the file reports.
	_ = eachRecord("", bytes.NewReader(text), "prefix", func(_ int, fields []string) error {
		own = len(fields) > 1 && fields[0] != geofeedHeader && checkProvider(fields[1]) == nil
		return io.EOF
	})
	return own
}

// readOwn reads a user's own CSV, prefix,provider[,region]. What the user writes
// counts, also for private networks.
func (l *list) readOwn(path string, text []byte) error {
	l.built = dateOf(text)
	lines := map[netip.Prefix]int{}
	return eachRecord(path, bytes.NewReader(text), "prefix", func(line int, fields []string) error {
		if len(fields) != 2 && len(fields) != 3 {
			return fmt.Errorf("the row has %d fields instead of 2 or 3; %s", len(fields), nameHint)
		}
		prefix, err := parsePrefix(fields[0])
		if err != nil {
			return err
		}
		if err := checkProvider(fields[1]); err != nil {
			return fmt.Errorf("%w; %s", err, nameHint)
		}
		d := detail{provider: fields[1]}
		if len(fields) == 3 {
			d.region = fields[2]
		}
		if old, ok := l.prefixes[prefix]; ok && old.provider != d.provider {
			return fmt.Errorf("%s is of %s here but of %s in line %d; keep one", prefix, d.provider, old.provider, lines[prefix])
		}
		lines[prefix] = line
		l.put(prefix, d)
		return nil
	})
}
