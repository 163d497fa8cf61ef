package cloud

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

//go:embed asn.csv
var asnText []byte

// asnTable says which provider an autonomous system belongs to.
type asnTable struct {
	origin  origin.Origin
	systems map[int64]asnRow
}

type asnRow struct {
	provider string
	line     int
}

// openASNTables reads the user's table, if there is one, and the embedded one, in
// the order in which they are asked.
func openASNTables(path string) ([]asnTable, error) {
	embedded, err := readASNTable("asn.csv", asnText)
	if err != nil {
		return nil, err
	}
	embedded.origin.Kind, embedded.origin.Type = origin.Table, "ASN table"
	if path == "" {
		return []asnTable{embedded}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the own table of AS numbers: %w", err)
	}
	own, err := readASNTable(path, text)
	if err != nil {
		return nil, err
	}
	own.origin.Kind, own.origin.Type = origin.Override, "own ASN table"
	return []asnTable{own, embedded}, nil
}

// readASNTable reads a CSV asn,provider[,note], with or without this header.
func readASNTable(path string, text []byte) (asnTable, error) {
	table := asnTable{systems: map[int64]asnRow{}}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	err := eachRecord(path, bytes.NewReader(text), "asn", func(line int, fields []string) error {
		if len(fields) != 2 && len(fields) != 3 {
			return fmt.Errorf("the row has %d fields; write asn,provider or asn,provider,note", len(fields))
		}
		asn, err := parseASN(fields[0])
		if err != nil {
			return err
		}
		if err := checkProvider(fields[1]); err != nil {
			return err
		}
		if old, ok := table.systems[asn]; ok {
			return fmt.Errorf("AS%d is in line %d already; keep one", asn, old.line)
		}
		table.systems[asn] = asnRow{fields[1], line}
		return nil
	})
	table.origin = origin.Origin{
		Name: filepath.Base(path), Built: dateOf(text), SHA256: hashOf(text), Entries: int64(len(table.systems)),
	}
	return table, err
}

// parseASN reads the number of an autonomous system, "16509" or "AS16509".
func parseASN(text string) (int64, error) {
	digits := text
	if len(text) > 2 && strings.EqualFold(text[:2], "AS") {
		digits = text[2:]
	}
	asn, err := strconv.ParseUint(digits, 10, 32)
	if err == nil && asn == 0 {
		err = errors.New("zero")
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no AS number; write 1 to 4294967295, such as 16509", text)
	}
	return int64(asn), nil
}
