package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pullscope/pullscope/engine/ingest"
)

// fieldSeparator joins values to one text.
const fieldSeparator = string(ingest.FieldSeparator)

// storedPrefix begins the text of a stored value, whose parts are already
// resolved; the first letter of a logged text is another one.
const storedPrefix = "s" + fieldSeparator

// dimension is a table of distinct texts. Each new text is resolved in Go once,
// however many requests carry it.
type dimension struct {
	table   string                                    // its first two columns are the id and the text
	text    string                                    // name of the text column, and
	staged  string                                    // of the column of the stage that holds it
	resolve func(text string) ([]driver.Value, error) // the further columns
	pure    bool                                      // resolve may run in several goroutines at once
	code    func(columns []driver.Value) coded        // what a request needs of them; nil: only the id

	mu    sync.Mutex
	next  int32      // id of the next text
	known *textTable // nil after the load: then only the table itself knows
}

// coded is what requests carry instead of a text.
type coded struct {
	id       int32
	image    int32
	digest   int32  // of a target, or of a logged digest; 0: none
	byTag    bool   // of a target
	ignored  reason // of a target
	rejected reason // of a target or client
	key      int64  // of a client
}

func (w *workspace) newDimensions() []*dimension {
	dimensions := []*dimension{
		{table: "targets", text: "target", staged: "target", resolve: w.resolveTarget, code: codeTarget},
		{table: "clients", text: "client", staged: "client", resolve: w.resolveClient, pure: true, code: codeClient},
		{table: "agents", text: "agent", staged: "agent", resolve: w.resolveAgent, pure: true},
		{table: "users", text: "user_text", staged: "user_text", resolve: w.resolveUser, pure: true},
		{table: "digest_texts", text: "digest_text", staged: "digest_text", resolve: w.resolveDigest, code: codeDigest},
	}
	for _, d := range dimensions {
		d.known = newTextTable()
	}
	return dimensions
}

// contexts is the dimension that only stored requests bring along.
func contextDimension() *dimension {
	d := &dimension{table: "contexts", text: "context", staged: "context", resolve: resolveContext}
	d.next = 1 // 0: nothing is derived yet
	return d
}

// dimension is the one that fills a table.
func (w *workspace) dimension(table string) *dimension {
	at := slices.IndexFunc(w.dimensions, func(d *dimension) bool { return d.table == table })
	return w.dimensions[at]
}

// resolveStaged adds the texts of the stage that a dimension does not know yet.
// where restricts the rows whose texts matter.
func (w *workspace) resolveStaged(ctx context.Context, d *dimension, where string) error {
	query := fmt.Sprintf(
		"select distinct stage.%[1]s from stage where %[2]s and stage.%[1]s is not null and not exists (select 1 from %[3]s where %[3]s.%[4]s = stage.%[1]s)",
		d.staged, where, d.table, d.text)
	var texts []string
	err := w.db.Each(ctx, query, func(row []driver.Value) error {
		texts = append(texts, row[0].(string))
		return nil
	})
	if err != nil {
		return err
	}
	rows, err := d.rows(texts)
	if err != nil {
		return err
	}
	return w.db.Append(d.table, rows)
}

// coded finds what stands for a text; of a new one it also returns the row for the table.
func (d *dimension) coded(text string) (c coded, row []driver.Value, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, ok := d.known.find([]byte(text)); ok {
		return c, nil, nil
	}
	if d.pure { // others need not wait
		d.mu.Unlock()
		columns, err := d.resolve(text)
		d.mu.Lock()
		if err != nil {
			return coded{}, nil, err
		}
		if c, ok := d.known.find([]byte(text)); ok {
			return c, nil, nil
		}
		c, row = d.add(text, columns)
		return c, row, nil
	}
	columns, err := d.resolve(text)
	if err != nil {
		return coded{}, nil, err
	}
	c, row = d.add(text, columns)
	return c, row, nil
}

// add numbers a new text. The caller holds the lock.
func (d *dimension) add(text string, columns []driver.Value) (coded, []driver.Value) {
	var c coded
	if d.code != nil {
		c = d.code(columns)
	}
	c.id = d.next
	d.next++
	if d.known != nil {
		d.known.add(text, c)
	}
	return c, append([]driver.Value{c.id, text}, columns...)
}

func codeTarget(columns []driver.Value) coded {
	c := coded{ignored: reasonOf(columns[0]), rejected: reasonOf(columns[1]), byTag: columns[3] != nil}
	if columns[2] != nil {
		c.image = columns[2].(int32)
	}
	if columns[4] != nil {
		c.digest = columns[4].(int32)
	}
	return c
}

func codeClient(columns []driver.Value) coded {
	c := coded{rejected: reasonOf(columns[0])}
	if columns[1] != nil {
		c.key = columns[1].(int64)
	}
	return c
}

func codeDigest(columns []driver.Value) coded {
	if columns[0] == nil {
		return coded{}
	}
	return coded{digest: columns[0].(int32)}
}

// reason is an ingest.Reason as a number, so that millions of texts carry little; 0 is none.
type reason uint8

var reasons = []ingest.Reason{"", ingest.OtherPath, ingest.FallbackReference, ingest.InvalidName, ingest.InvalidReference, ingest.InvalidClient}

func reasonOf(value driver.Value) reason {
	if value == nil {
		return 0
	}
	at := slices.Index(reasons, ingest.Reason(value.(string)))
	if at < 0 {
		panic(fmt.Sprintf("no dimension has the reason %q", value))
	}
	return reason(at)
}

func (r reason) text() ingest.Reason { return reasons[r] }

// resolveChunk is how many texts a goroutine resolves at a time.
const resolveChunk = 4096

// rows numbers and resolves new texts.
func (d *dimension) rows(texts []string) ([][]driver.Value, error) {
	rows := make([][]driver.Value, len(texts))
	workers := 1
	if d.pure {
		workers = runtime.GOMAXPROCS(0)
	}
	var group errgroup.Group
	group.SetLimit(workers)
	columns := make([][]driver.Value, len(texts))
	for from := 0; from < len(texts); from += resolveChunk {
		group.Go(func() error {
			for i := from; i < min(from+resolveChunk, len(texts)); i++ {
				var err error
				if columns[i], err = d.resolve(texts[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, text := range texts {
		_, rows[i] = d.add(text, columns[i])
	}
	return rows, nil
}

// flushDictionaries writes the images and digests that resolving has met.
func (w *workspace) flushDictionaries() error {
	if err := w.images.flush(w.db.Append); err != nil {
		return err
	}
	return w.digests.flush(w.db.Append)
}

// resolveTarget reads "p<path>", "i<image>␟<reference>" or
// "n<namespace>␟<repository>␟<reference>"; or a stored
// "s␟<namespace>␟<repository>␟<tag>␟<reference digest>".
func (w *workspace) resolveTarget(text string) ([]driver.Value, error) {
	var target ingest.Target
	parts := strings.Split(text[1:], fieldSeparator)
	switch {
	case text[0] == 'p':
		target = ingest.ParsePath(text[1:])
	case text[0] == 'i' && len(parts) == 2:
		target = ingest.ParseImage(parts[0], parts[1])
	case text[0] == 'n' && len(parts) == 3:
		target = ingest.ParseRepository(parts[0], parts[1], parts[2])
	case text[0] == 's' && len(parts) == 5:
		target = ingest.Target{Namespace: parts[1], Repository: parts[2], Tag: parts[3], Digest: parts[4]}
	default:
		// A separator inside a name or a reference: neither may hold one.
		target = ingest.Target{Rejected: ingest.InvalidReference}
	}
	if target.Ignored != "" || target.Rejected != "" {
		return []driver.Value{orNull(string(target.Ignored)), orNull(string(target.Rejected)), nil, nil, nil}, nil
	}
	image := w.images.id([2]string{target.Namespace, target.Repository})
	return []driver.Value{nil, nil, image, orNull(target.Tag), w.digestID(target.Digest)}, nil
}

// resolveClient reads "c<address>[␟<forwarded for>]", or a stored
// "s␟<ip_key>␟<client_key>␟<country>␟<ip_type>␟<ip_domain>␟<cloud>␟<asn>".
func (w *workspace) resolveClient(text string) ([]driver.Value, error) {
	if strings.HasPrefix(text, storedPrefix) {
		parts := strings.Split(text, fieldSeparator)
		if len(parts) != 8 {
			return nil, fmt.Errorf("a stored client has %d parts, not 8", len(parts))
		}
		row := []driver.Value{nil}
		for i, part := range parts[1:] {
			value, err := storedValue(part, i < 2 || i == 6)
			if err != nil {
				return nil, err
			}
			row = append(row, value)
		}
		return append(row, nil, false), nil
	}
	peer, forwarded, _ := strings.Cut(text[1:], fieldSeparator)
	addr, ok := ingest.ResolveClient(peer, forwarded, w.config.trusted)
	if !ok {
		return []driver.Value{string(ingest.InvalidClient), nil, nil, nil, nil, nil, nil, nil, nil, nil}, nil
	}
	network := ingest.ClientNetwork(addr, w.config.IPv6ClientPrefix)
	known := w.enricher.Address(addr)
	var asn driver.Value
	if known.ASN != 0 {
		asn = known.ASN
	}
	return []driver.Value{
		nil, w.keys.address("ip", addr), w.keys.address("client", network),
		orNull(known.Country), orNull(known.Type), orNull(known.Domain), orNull(known.Cloud), asn, orNull(known.Company), known.CompanyWins,
	}, nil
}

// resolveAgent reads "a<user agent>", or a stored "s␟<tool>␟<version>␟<os>␟<arch>␟<role>".
func (w *workspace) resolveAgent(text string) ([]driver.Value, error) {
	if strings.HasPrefix(text, storedPrefix) {
		parts := strings.Split(text, fieldSeparator)[1:]
		if len(parts) != 5 {
			return nil, fmt.Errorf("a stored agent has %d parts, not 5", len(parts))
		}
		row := make([]driver.Value, 0, 7)
		for _, part := range parts {
			row = append(row, orNull(part))
		}
		return append(row, nil, nil), nil
	}
	a := w.enricher.Agent(text[1:])
	return []driver.Value{orNull(a.Tool), orNull(a.Version), orNull(a.OS), orNull(a.Arch), orNull(a.Role), orNull(a.UseCase), orNull(a.UseCaseOnCloud)}, nil
}

// resolveUser reads "u<e-mail domain>␟<user id>", or a stored "s␟<user_key>".
func (w *workspace) resolveUser(text string) ([]driver.Value, error) {
	if key, ok := strings.CutPrefix(text, storedPrefix); ok {
		value, err := storedValue(key, true)
		return []driver.Value{value, nil}, err
	}
	domain, name, _ := strings.Cut(text[1:], fieldSeparator)
	company := orNull(w.enricher.Company(domain))
	if name == "" {
		return []driver.Value{nil, company}, nil
	}
	return []driver.Value{w.keys.key("user", name), company}, nil
}

func (w *workspace) resolveDigest(text string) ([]driver.Value, error) {
	return []driver.Value{w.digestID(ingest.ParseDigest(text))}, nil
}

// resolveContext reads a stored "<company>␟<use case>".
func resolveContext(text string) ([]driver.Value, error) {
	company, useCase, _ := strings.Cut(text, fieldSeparator)
	return []driver.Value{orNull(company), orNull(useCase)}, nil
}

func (w *workspace) digestID(digest string) driver.Value {
	if digest == "" {
		return nil
	}
	return w.digests.id(digest)
}

func orNull(text string) driver.Value {
	if text == "" {
		return nil
	}
	return text
}

func storedValue(text string, number bool) (driver.Value, error) {
	if text == "" || !number {
		return orNull(text), nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read stored number: %w", err)
	}
	return value, nil
}
