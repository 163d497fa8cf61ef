package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
)

// dayBuilder writes day files. The order of the rows and their labels are brought together in Go,
// as numbers; SQL turns the numbers into the columns of the file.
type dayBuilder struct {
	*workspace
	labels     *labelSet
	ranks      []int32     // of the images by name, by id
	sources    []int32     // ranks of the inputs, by number
	references []int32     // digests that targets name, by id
	values     []dayValues // columns of few distinct texts

	mu   sync.Mutex
	days map[int64]*dayRows // that are being written
}

func newDayBuilder(ctx context.Context, w *workspace, labels *labelSet) (*dayBuilder, error) {
	b := &dayBuilder{workspace: w, labels: labels, days: map[int64]*dayRows{}}
	var err error
	if b.ranks, err = byNumber(ctx, w.db, "select image_id, cast(row_number() over (order by namespace, repository) as integer) from images"); err != nil {
		return nil, err
	}
	if b.sources, err = byNumber(ctx, w.db, "select source, source_rank from sources"); err != nil {
		return nil, err
	}
	if b.references, err = byNumber(ctx, w.db, "select target_id, coalesce(reference_digest_id, 0) from targets"); err != nil {
		return nil, err
	}
	if b.values, err = readDayValues(ctx, w.db); err != nil {
		return nil, err
	}
	// Digest 0 stands for none, so that every number of a row has its text.
	if err := w.db.Exec(ctx, "insert into digests values (0, null)"); err != nil {
		return nil, err
	}
	return b, w.db.RegisterTable("day_rows", dayColumns, b.open)
}

// byNumber reads a query of two integers: a small number, and a value for it.
func byNumber(ctx context.Context, db *duck.DB, query string) ([]int32, error) {
	var values []int32
	err := db.Columns(ctx, query, 1, func(_ int, chunk duck.Chunk) error {
		numbers, found := duck.Values[int32](chunk, 0), duck.Values[int32](chunk, 1)
		for i, number := range numbers {
			if grow := int(number) + 1 - len(values); grow > 0 {
				values = append(values, make([]int32, grow)...)
			}
			values[number] = found[i]
		}
		return nil
	})
	return values, err
}

// dayRows are the requests of one day in Go, by columns as the database has them.
type dayRows struct {
	us, ip, line, key                                      []int64
	image, target, digest, client, agent, user             []int32
	context, source, item, label, requests, actionDigestID []int32
	head, noKey                                            []bool
	order                                                  []int32 // of the rows in the file
	actions                                                int64
}

const dayQuery = `select rowid, requested_us, ip_key, line, coalesce(request_key, 0), request_key is null,
	image_id, target_id, coalesce(digest_id, 0), client_id, agent_id, user_id, context_id, source, item, is_head
	from requests where not is_context and requested_us >= %d and requested_us < %d`

// read reads the rows of a day and their labels.
func (b *dayBuilder) read(ctx context.Context, db *duck.DB, day *lake.RunDay) (*dayRows, error) {
	r := &dayRows{}
	from := day.Day.Time().UnixMicro()
	err := db.Columns(ctx, fmt.Sprintf(dayQuery, from, from+dayUs), 1, func(_ int, chunk duck.Chunk) error {
		for i, column := range []*[]int64{1: &r.us, 2: &r.ip, 3: &r.line, 4: &r.key} {
			if column != nil {
				*column = append(*column, duck.Values[int64](chunk, i)...)
			}
		}
		for i, column := range []*[]int32{&r.image, &r.target, &r.digest, &r.client, &r.agent, &r.user, &r.context, &r.source, &r.item} {
			*column = append(*column, duck.Values[int32](chunk, 6+i)...)
		}
		r.noKey = append(r.noKey, duck.Values[bool](chunk, 5)...)
		r.head = append(r.head, duck.Values[bool](chunk, 15)...)
		for _, no := range duck.Values[int64](chunk, 0) {
			label := unpackLabel(b.labels.packed[no])
			r.label = append(r.label, int32(label.Action))
			r.requests = append(r.requests, int32(label.Requests))
			r.actionDigestID = append(r.actionDigestID, label.Digest)
			if label.Action != classify.None {
				r.actions++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if int64(len(r.us)) != day.Requests {
		return nil, fmt.Errorf("read %d requests of %s where %d are to be stored; nothing is stored", len(r.us), day.Day, day.Requests)
	}
	day.Actions = r.actions
	b.sort(r)
	return r, nil
}

// sort finds the order of the rows in the file: by image, address, time and place in the input.
func (b *dayBuilder) sort(r *dayRows) {
	// Dealt by image first: then each piece is sorted in the fast memory.
	r.order = make([]int32, 0, len(r.us))
	pieces := make([]int32, len(b.ranks)+2)
	for _, image := range r.image {
		pieces[b.ranks[image]+1]++
	}
	for i := range pieces[1:] {
		pieces[i+1] += pieces[i]
	}
	ends := slices.Clone(pieces)
	r.order = r.order[:len(r.us)]
	for i, image := range r.image {
		rank := b.ranks[image]
		r.order[ends[rank]] = int32(i)
		ends[rank]++
	}
	var keys []sortKey
	for rank := range ends[:len(ends)-1] {
		keys = keys[:0]
		for _, row := range r.order[pieces[rank]:ends[rank]] {
			keys = append(keys, sortKey{r.ip[row], r.us[row], row})
		}
		slices.SortFunc(keys, func(i, j sortKey) int {
			if c := cmp.Compare(i.ip, j.ip); c != 0 {
				return c
			}
			if c := cmp.Compare(i.us, j.us); c != 0 {
				return c
			}
			return b.compareInputs(r, i.row, j.row)
		})
		for i, key := range keys {
			r.order[int(pieces[rank])+i] = key.row
		}
	}
}

// sortKey is what most rows of one image differ in.
type sortKey struct {
	ip, us int64
	row    int32
}

// compareInputs orders rows by their place in the input.
func (b *dayBuilder) compareInputs(r *dayRows, i, j int32) int {
	return cmp.Or(
		cmp.Compare(b.sources[r.source[i]], b.sources[r.source[j]]), cmp.Compare(r.line[i], r.line[j]), cmp.Compare(r.item[i], r.item[j]),
	)
}

// copyDay writes the file of one day, and counts its actions.
func (b *dayBuilder) copyDay(ctx context.Context, day *lake.RunDay, path string) error {
	db, err := b.db.Sibling(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	r, err := b.read(ctx, db, day)
	if err != nil {
		return err
	}
	number := day.Day.Time().UnixMicro() / dayUs
	b.hold(number, r)
	defer b.hold(number, nil)
	params := map[string]any{"DayNo": number}
	for _, v := range b.values {
		params[v.name] = v.cast(r)
	}
	query, err := b.render("duckdb/day.sql", params)
	if err != nil {
		return err
	}
	written, err := db.Count(ctx, copyParquet(query, path))
	if err == nil && written != day.Requests {
		err = fmt.Errorf("the file of %s has %d requests, not %d; nothing is stored", day.Day, written, day.Requests)
	}
	return err
}

// dayColumns are the columns of the table function that day.sql reads.
var dayColumns = []duck.TableColumn{
	{Name: "requested_us", Type: duckdb.TYPE_BIGINT},
	{Name: "ip_key", Type: duckdb.TYPE_BIGINT},
	{Name: "line", Type: duckdb.TYPE_BIGINT},
	{Name: "request_key", Type: duckdb.TYPE_BIGINT},
	{Name: "image_id", Type: duckdb.TYPE_INTEGER},
	{Name: "target_id", Type: duckdb.TYPE_INTEGER},
	{Name: "digest_id", Type: duckdb.TYPE_INTEGER},
	{Name: "reference_digest_id", Type: duckdb.TYPE_INTEGER}, // where it is another one
	{Name: "action_digest_id", Type: duckdb.TYPE_INTEGER},
	{Name: "client_id", Type: duckdb.TYPE_INTEGER},
	{Name: "agent_id", Type: duckdb.TYPE_INTEGER},
	{Name: "user_id", Type: duckdb.TYPE_INTEGER},
	{Name: "context_id", Type: duckdb.TYPE_INTEGER},
	{Name: "source", Type: duckdb.TYPE_INTEGER},
	{Name: "item", Type: duckdb.TYPE_INTEGER},
	{Name: "method_no", Type: duckdb.TYPE_INTEGER},
	{Name: "action_no", Type: duckdb.TYPE_INTEGER},
	{Name: "action_requests", Type: duckdb.TYPE_INTEGER}, // null where no action starts
}

// hold lends the rows of a day to the table function; nil takes them back.
func (b *dayBuilder) hold(day int64, r *dayRows) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.days[day] = r; r == nil {
		delete(b.days, day)
	}
}

func (b *dayBuilder) open(day int64) (duck.TableSource, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.days[day]
	if !ok {
		return nil, fmt.Errorf("the requests of day %d are not at hand", day)
	}
	return &dayCursor{dayRows: r, references: b.references}, nil
}

// dayCursor hands out the rows in their order, to one thread.
type dayCursor struct {
	*dayRows
	references []int32
	at         int
	longs      []int64
	ints       []int32
	nulls      []bool
}

// IsOrdered implements duck.TableSource.
func (c *dayCursor) IsOrdered() bool { return true }

// Cursor implements duck.TableSource.
func (c *dayCursor) Cursor() duck.TableCursor { return c }

// Fill implements duck.TableCursor.
func (c *dayCursor) Fill(w duck.Writer, capacity int) (int, error) {
	order := c.order[c.at:min(c.at+capacity, len(c.order))]
	c.at += len(order)
	for i, column := range [][]int64{c.us, c.ip, c.line, c.key} {
		c.longs = gather(c.longs, column, order)
		duck.Write(w, i, c.longs)
	}
	c.nulls = gather(c.nulls, c.noKey, order)
	w.WriteNulls(3, c.nulls)
	for i, column := range [][]int32{4: c.image, 5: c.target, 6: c.digest, 8: c.actionDigestID, 9: c.client, 10: c.agent, 11: c.user, 12: c.context, 13: c.source, 14: c.item, 16: c.label, 17: c.requests} {
		if column != nil {
			c.ints = gather(c.ints, column, order)
			duck.Write(w, i, c.ints)
		}
	}
	c.nulls = c.nulls[:0]
	for _, row := range order {
		c.nulls = append(c.nulls, c.requests[row] == 0)
	}
	w.WriteNulls(17, c.nulls)
	c.ints = c.ints[:0]
	for _, row := range order {
		reference := c.references[c.target[row]]
		if c.digest[row] == 0 || c.digest[row] == reference {
			reference = 0
		}
		c.ints = append(c.ints, reference)
	}
	duck.Write(w, 7, c.ints)
	c.ints = c.ints[:0]
	for _, row := range order {
		method := int32(0)
		if c.head[row] {
			method = 1
		}
		c.ints = append(c.ints, method)
	}
	duck.Write(w, 15, c.ints)
	return len(order), nil
}

// gather takes the values of some rows, into the memory of into.
func gather[T any](into, values []T, rows []int32) []T {
	into = into[:0]
	for _, row := range rows {
		into = append(into, values[row])
	}
	return into
}
