package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

var quotedValue = regexp.MustCompile(`(string|value|input|timestamp|date) (field )?('[^']*'|"[^"]*")`)

// withoutValues is an error of a format without what it quotes from a log, which
// may be an address or a user: errors are stored and told to others.
func withoutValues(err error) error {
	var failure *duckdb.Error
	if !errors.As(err, &failure) || failure.Type != duckdb.ErrorTypeConversion && failure.Type != duckdb.ErrorTypeInvalidInput && failure.Type != duckdb.ErrorTypeOutOfRange {
		return err
	}
	headline, _, _ := strings.Cut(strings.TrimSpace(failure.Msg), "\n")
	return fmt.Errorf("%s; take try_cast, which yields NULL where a value does not fit", quotedValue.ReplaceAllString(headline, "$1 '…'"))
}
