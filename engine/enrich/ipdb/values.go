package ipdb

import (
	_ "embed"
	"encoding/csv"
	"math"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// country returns a country code in upper case. Codes that stand for no country
// are unknown: those that ISO 3166-1 leaves to its users, which data use for
// "unknown" (ZZ, XX), but for Kosovo's XK, and the regions AP and EU.
func country(code string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) != 2 || !isLetter(code[0]) || !isLetter(code[1]) {
		return ""
	}
	switch {
	case code == "XK":
		return code
	case code == "AA", code == "ZZ", code[0] == 'X', code >= "QM" && code <= "QZ", code == "AP", code == "EU":
		return ""
	}
	return code
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }

//go:embed types.csv
var typesCSV string

var types = readTypes(typesCSV)

// readTypes reads the table of user types. The table is part of the program, so
// a damaged one is a fault of the program.
func readTypes(table string) map[string]string {
	reader := csv.NewReader(strings.NewReader(table))
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	if err != nil {
		panic("ipdb: types.csv: " + err.Error())
	}
	types := make(map[string]string, len(rows))
	for _, row := range rows[1:] {
		types[row[0]] = row[1]
	}
	return types
}

// ipType returns the type that a value stands for: a word, or a flag that is set.
func ipType(flag bool, value value) string {
	if !flag {
		return types[strings.ToLower(strings.TrimSpace(value.text))]
	}
	if value.kind == boolean && value.number == 1 || value.kind == text && (strings.EqualFold(value.text, "true") || value.text == "1") {
		return "hosting"
	}
	return ""
}

// domain returns a domain in lower case without a dot at its end, a domain of other
// letters in its ASCII form. What is no host name, or only names an address
// backwards (in-addr.arpa), is no domain.
func domain(name string) string {
	name = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return ""
		}
		name = ascii
	}
	if len(name) > 253 || !strings.Contains(name, ".") {
		return ""
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if !isLabel(label) {
			return ""
		}
		last = label
	}
	// A last label of digits is that of an IPv4 address.
	if last == "arpa" || strings.Trim(last, "0123456789") == "" {
		return ""
	}
	return name
}

// isLabel is whether a text is one part of a host name (RFC 1123 §2.1).
func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for n := range len(label) {
		c := label[n]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func isASCII(name string) bool {
	for n := range len(name) {
		if name[n] >= 0x80 {
			return false
		}
	}
	return true
}

// asn returns the number of an autonomous system: a number, or a text with or
// without "AS" before it. Numbers have 32 bits (RFC 6793).
func asn(value value) int64 {
	parsed := value.number
	if value.kind == text {
		digits := strings.TrimSpace(value.text)
		if len(digits) > 2 && strings.EqualFold(digits[:2], "AS") {
			digits = digits[2:]
		}
		var err error
		if parsed, err = strconv.ParseUint(digits, 10, 32); err != nil {
			return 0
		}
	}
	if parsed > math.MaxUint32 {
		return 0
	}
	return int64(parsed)
}
