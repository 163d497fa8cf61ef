package domain

import (
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/pullscope/pullscope/engine/enrich/domain/internal/listfile"
	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// The folder always holds a README, so that the engine builds without the
// generated file too.
//
//go:embed lists
var generatedFolder embed.FS

//go:embed core.csv
var coreTable []byte

// generated returns the bytes of the generated lists; none when they were not
// there when the engine was built.
func generated() ([]byte, error) {
	file, err := generatedFolder.ReadFile("lists/domains.gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return file, err
}

// lists are the core table and the generated lists. They do not change.
type lists struct {
	core       map[string]Class
	coreOrigin origin.Origin

	generated       map[string]listfile.Kind // nil when not compiled in
	generatedOrigin origin.Origin
}

// embedded reads what is compiled in, once for all users.
var embedded = sync.OnceValues(func() (*lists, error) {
	file, err := generated()
	if err != nil {
		return nil, fmt.Errorf("read the generated domain lists: %w", err)
	}
	return readLists(coreTable, file)
})

// readLists reads the core table and, unless file is nil, the generated lists.
func readLists(core, file []byte) (*lists, error) {
	l := &lists{}
	if err := l.readCore(core); err != nil {
		return nil, err
	}
	if file == nil {
		return l, nil
	}
	decoded, err := listfile.Decode(file)
	if err != nil {
		return nil, err
	}
	l.generated = decoded.Kinds
	l.generatedOrigin = origin.Origin{
		Kind: origin.Lists, Name: "domain lists", Type: decoded.Packages,
		SHA256: sum(file), Entries: int64(len(decoded.Kinds)),
	}
	return l, nil
}

// readCore reads the core table. Its first comment is the date it was made.
func (l *lists) readCore(table []byte) error {
	first, _, _ := strings.Cut(string(table), "\n")
	built, ok := strings.CutPrefix(first, "# ")
	if !ok {
		return errors.New(`core.csv, line 1: want "# " and the date of the table`)
	}
	rows := csv.NewReader(strings.NewReader(string(table)))
	rows.Comment = '#'
	rows.FieldsPerRecord = 2
	if header, err := rows.Read(); err != nil || strings.Join(header, ",") != "domain,class" {
		return errors.New("core.csv: the first row must be domain,class")
	}
	l.core = make(map[string]Class)
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("core.csv: %w", err)
		}
		line, _ := rows.FieldPos(0)
		name, class := row[0], Class(row[1])
		if parsed, problem := parse(name); problem != "" || parsed.host != name {
			return fmt.Errorf("core.csv, line %d: %q is no domain in lower case and ASCII", line, name)
		}
		if class != Personal && class != Disposable && class != University {
			return fmt.Errorf("core.csv, line %d: class %q is unknown; take personal, disposable or university", line, class)
		}
		if _, twice := l.core[name]; twice {
			return fmt.Errorf("core.csv, line %d: %s is there twice; keep one", line, name)
		}
		l.core[name] = class
	}
	l.coreOrigin = origin.Origin{
		Kind: origin.Table, Name: "core.csv", Type: "mail providers and universities", Built: built,
		SHA256: sum(table), Entries: int64(len(l.core)),
	}
	return nil
}

// sum returns the SHA-256 of bytes in hexadecimal.
func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}
