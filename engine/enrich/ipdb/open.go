package ipdb

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2"
)

// openDatabase reads a file as a whole, so that the hash is that of the bytes in
// use and a file that is replaced during a run changes nothing.
func openDatabase(path string, options Options) (*database, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	reader, err := maxminddb.OpenBytes(content)
	if err != nil {
		return nil, fmt.Errorf("IP database %s is damaged: %w; get the file again", path, err)
	}
	hash := sha256.Sum256(content)
	opened := &database{reader: reader, name: filepath.Base(path), sha256: hex.EncodeToString(hash[:])}
	opened.verified = options.Verified != nil && options.Verified(opened.sha256)
	if !opened.verified && !options.SkipVerify {
		if err := verify(reader); err != nil {
			return nil, fmt.Errorf("IP database %s is damaged: %w; get the file again", path, err)
		}
		opened.verified = true
	}
	opened.makeCache(len(content))
	if err := opened.recognise(path); err != nil {
		return nil, err
	}
	return opened, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("IP database %s is a directory; name the .mmdb file in it", path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("IP database %s is no regular file; name an .mmdb file", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return content, checkForm(path, content)
}

// unreadable takes the path out of the error, because the sentence names it.
func unreadable(path string, err error) error {
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("IP database %s does not exist (%w); correct the path", path, err)
	}
	return fmt.Errorf("IP database %s cannot be read: %w; correct the path or the permissions", path, err)
}

// packed are the first bytes of files that hold a database inside.
var packed = []struct {
	form   string
	offset int
	magic  string
}{
	{"gzip", 0, "\x1f\x8b"},
	{"zip", 0, "PK\x03\x04"},
	{"zstd", 0, "\x28\xb5\x2f\xfd"},
	{"xz", 0, "\xfd7zXZ\x00"},
	{"bzip2", 0, "BZh"},
	{"tar", 257, "ustar"},
}

// metadataMarker comes before the last section of a database.
var metadataMarker = []byte("\xab\xcd\xefMaxMind.com")

// checkForm tells files that are no databases from damaged ones.
func checkForm(path string, content []byte) error {
	if len(content) == 0 {
		return fmt.Errorf("IP database %s is empty; get the file again", path)
	}
	for _, form := range packed {
		if len(content) >= form.offset && bytes.HasPrefix(content[form.offset:], []byte(form.magic)) {
			return fmt.Errorf("IP database %s is packed (%s); unpack it first and name the .mmdb file", path, form.form)
		}
	}
	if bytes.Contains(content, metadataMarker) {
		return nil
	}
	if isText(content[:min(len(content), 1024)]) {
		return fmt.Errorf("IP database %s is a text file; get the edition in mmdb format", path)
	}
	return fmt.Errorf("IP database %s is cut off or not in mmdb format, because the description at its end is missing; get the file again", path)
}

// isText is whether the start of a file has no control characters.
func isText(start []byte) bool {
	for len(start) > 0 {
		char, size := utf8.DecodeRune(start)
		if char < ' ' && char != '\n' && char != '\r' && char != '\t' {
			return false
		}
		if char == utf8.RuneError && size == 1 && utf8.FullRune(start) {
			return false
		}
		start = start[size:]
	}
	return true
}

// verify reads every record. It would also refuse a database without a
// description, which is no damage.
func verify(reader *maxminddb.Reader) error {
	if len(reader.Metadata.Description) == 0 {
		reader.Metadata.Description = map[string]string{"en": reader.Metadata.DatabaseType}
	}
	return reader.Verify()
}

// Types of databases that are known to tell something, with and without countries.
var (
	countryTypes = regexp.MustCompile(`^(Geo(Lite2|IP2?)-(Precision-)?(Country|City|Enterprise)|DBIP-(Country|City|Location|Enterprise))\b`)
	otherTypes   = regexp.MustCompile(`^(Geo(Lite2|IP2?)-(Precision-)?(ASN|ISP|Domain|Anonymous)|DBIP-ASN)\b`)
	// In these a country or a domain is not that of the address, but of a contact,
	// a registration or a mobile carrier.
	misleadingTypes = regexp.MustCompile(`(?i)^ipinfo .*(abuse|whois|rir|carrier|hosted_domains|rdns)`)
)

const supported = "Country, City, Enterprise, ASN, ISP, Domain and Anonymous-IP of GeoLite2 and GeoIP2, " +
	"DB-IP databases of the same layout, and IPinfo databases with a country, type, domain or ASN"

// recognise refuses a database that tells nothing, by its type or else by its first
// records, and finds out in the same way whether it is one of countries.
func (d *database) recognise(path string) error {
	kind := d.reader.Metadata.DatabaseType
	if countryTypes.MatchString(kind) {
		d.hasCountries = true
		return nil
	}
	told := d.sample()
	known := otherTypes.MatchString(kind)
	if !known && (misleadingTypes.MatchString(kind) || told == [factCount]bool{}) {
		return fmt.Errorf("IP database %s has the type %q, which is not supported; supported are %s", path, kind, supported)
	}
	d.hasCountries = told[countryFact]
	return nil
}

// sample returns which facts the first records tell.
func (d *database) sample() (told [factCount]bool) {
	const records, networks = 4096, 1 << 16
	// Networks without a record count, too, so that a damaged tree ends soon.
	seen, held := 0, 0
	for result := range d.reader.Networks(maxminddb.IncludeNetworksWithoutData()) {
		if seen++; seen > networks || held >= records {
			break
		}
		if !result.Found() {
			continue
		}
		held++
		for n, from := range read(result).from {
			if fact(n) != asNameFact && from != 0 {
				told[n] = true
			}
		}
	}
	return told
}
