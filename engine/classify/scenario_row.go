package classify

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stampLayout is how starts are written; reading takes fewer decimals too.
const stampLayout = "2006-01-02T15:04:05.000000Z"

// A request that a log can hold: what is not matched here would be ignored or rejected as input.
var (
	imageName   = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
	tagName     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestName  = regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
	digestShort = regexp.MustCompile(`^[A-Z]{1,2}$`)
)

// none is the written form of what is unknown or absorbed.
const none = "-"

// parseRow reads "at client method image reference digest | label".
func parseRow(fields []string) (row ScenarioRow, err error) {
	if len(fields) < 8 || fields[6] != "|" {
		return row, fmt.Errorf("want the columns %s", scenarioHeader)
	}
	if row.At, err = parseStamp(fields[0]); err != nil {
		return row, err
	}
	if address, err := netip.ParseAddr(fields[1]); err != nil || address.Zone() != "" {
		return row, fmt.Errorf("client %q is no address", fields[1])
	}
	row.Client = fields[1]
	if row.Method, err = parseMethod(fields[2]); err != nil {
		return row, err
	}
	if !imageName.MatchString(fields[3]) {
		return row, fmt.Errorf("image %q is no image name", fields[3])
	}
	row.Image = fields[3]
	if row.Reference, err = parseReference(fields[4]); err != nil {
		return row, err
	}
	if row.Digest, err = parseDigest(fields[5]); err != nil {
		return row, err
	}
	return row, parseLabel(&row, fields[7:])
}

// parseLabel reads "action requests digest", or "-" for an absorbed request.
func parseLabel(row *ScenarioRow, fields []string) (err error) {
	if len(fields) == 1 && fields[0] == none {
		return nil
	}
	if len(fields) != 3 {
		return errors.New("want action, requests and digest after the bar, or a lone -")
	}
	if row.Action, err = ParseAction(fields[0]); err != nil {
		return err
	}
	if row.ActionRequests, err = strconv.Atoi(fields[1]); err != nil || row.ActionRequests < 1 || row.ActionRequests > 3 {
		return fmt.Errorf("requests %q: an action has 1 to 3", fields[1])
	}
	row.ActionDigest, err = parseDigest(fields[2])
	return err
}

func parseStamp(field string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, field)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("at: %w", err)
	case !strings.HasSuffix(field, "Z"):
		return time.Time{}, fmt.Errorf("at %s is not UTC, which ends in Z", field)
	case at.Nanosecond()%1000 != 0:
		return time.Time{}, fmt.Errorf("at %s is finer than a microsecond", field)
	case at.Year() < 1970:
		return time.Time{}, fmt.Errorf("at %s is before 1970", field)
	}
	return at.UTC(), nil
}

func parseMethod(field string) (Method, error) {
	for _, method := range []Method{Head, Get} {
		if field == method.String() {
			return method, nil
		}
	}
	return 0, fmt.Errorf("method %q is neither HEAD nor GET", field)
}

// parseReference returns a tag or a digest in full.
func parseReference(field string) (string, error) {
	if digest, ok := strings.CutPrefix(field, "@"); ok && digest != none {
		return parseDigest(digest)
	}
	if !tagName.MatchString(field) {
		return "", fmt.Errorf("reference %q is neither a tag nor @ and a digest", field)
	}
	return field, nil
}

// parseDigest returns a digest in full; empty when it is unknown.
func parseDigest(field string) (string, error) {
	switch {
	case field == none:
		return "", nil
	case digestShort.MatchString(field):
		return DigestOf(field), nil
	case digestName.MatchString(field):
		return field, nil
	}
	return "", fmt.Errorf("digest %q is neither one or two capital letters nor sha256:<hex>, sha512:<hex> or -", field)
}
