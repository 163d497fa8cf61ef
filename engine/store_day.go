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
	ranks      []int32      // of the images by name, by id
	sources    []int32      // ranks of the inputs, by number
	references []int32      // digests that targets name, by id
	values     *valueTables // columns of few distinct texts

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

// dayRow is one request of a day, as numbers.
type dayRow struct {
	us, ip, line, key                          int64
	image, target, digest, client, agent, user int32
	context, source, item                      int32
	action, requests, actionDigest             int32
	isHead, hasKey                             bool
}

// dayRows are the requests of one day and their order in the file. A row lies in one place, since the
// order takes them from all over the memory.
type dayRows struct {
	rows    []dayRow
	order   []int32
	actions int64
}

const dayQuery = `select rowid, requested_us, ip_key, line, coalesce(request_key, 0), request_key is not null,
	image_id, target_id, coalesce(digest_id, 0), client_id, agent_id, user_id, context_id, source, item, is_head
	from requests where not is_context and requested_us >= %d and requested_us < %d`

// read reads the rows of a day and their labels.
func (b *dayBuilder) read(ctx context.Context, db *duck.DB, day *lake.RunDay) (*dayRows, error) {
	r := &dayRows{rows: make([]dayRow, 0, day.Requests)}
	from := day.Day.Time().UnixMicro()
	err := db.Columns(ctx, fmt.Sprintf(dayQuery, from, from+dayUs), 1, func(_ int, chunk duck.Chunk) error {
		var longs [5][]int64
		for i := range longs {
			longs[i] = duck.Values[int64](chunk, i)
		}
		var ints [9][]int32
		for i := range ints {
			ints[i] = duck.Values[int32](chunk, 6+i)
		}
		hasKey, isHead := duck.Values[bool](chunk, 5), duck.Values[bool](chunk, 15)
		for i, no := range longs[0] {
			label := unpackLabel(b.labels.packed[no])
			if label.Action != classify.None {
				r.actions++
			}
			r.rows = append(r.rows, dayRow{
				us: longs[1][i], ip: longs[2][i], line: longs[3][i], key: longs[4][i],
				image: ints[0][i], target: ints[1][i], digest: ints[2][i], client: ints[3][i], agent: ints[4][i], user: ints[5][i],
				context: ints[6][i], source: ints[7][i], item: ints[8][i], isHead: isHead[i], hasKey: hasKey[i],
				action: int32(label.Action), requests: int32(label.Requests), actionDigest: label.Digest,
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if int64(len(r.rows)) != day.Requests {
		return nil, fmt.Errorf("read %d requests of %s where %d are to be stored; nothing is stored", len(r.rows), day.Day, day.Requests)
	}
	day.Actions = r.actions
	b.sort(r)
	return r, nil
}

// sort finds the order of the rows in the file: by image, address, time and place in the input.
func (b *dayBuilder) sort(r *dayRows) {
	// Dealt by image first: then each piece is sorted in the fast memory.
	ends := make([]int32, len(b.ranks)+2)
	for i := range r.rows {
		ends[b.ranks[r.rows[i].image]+1]++
	}
	for i := range ends[1:] {
		ends[i+1] += ends[i]
	}
	begins := slices.Clone(ends)
	keys := make([]sortKey, len(r.rows))
	for i := range r.rows {
		row := &r.rows[i]
		rank := b.ranks[row.image]
		keys[ends[rank]] = sortKey{row.ip, row.us, int32(i)}
		ends[rank]++
	}
	for rank := range ends[:len(ends)-1] {
		slices.SortFunc(keys[begins[rank]:ends[rank]], func(i, j sortKey) int {
			if c := cmp.Compare(i.ip, j.ip); c != 0 {
				return c
			}
			if c := cmp.Compare(i.us, j.us); c != 0 {
				return c
			}
			return b.compareInputs(&r.rows[i.row], &r.rows[j.row])
		})
	}
	r.order = make([]int32, len(keys))
	for i, key := range keys {
		r.order[i] = key.row
	}
}

// sortKey is what most rows of one image differ in.
type sortKey struct {
	ip, us int64
	row    int32
}

// compareInputs orders rows by their place in the input.
func (b *dayBuilder) compareInputs(i, j *dayRow) int {
	return cmp.Or(cmp.Compare(b.sources[i.source], b.sources[j.source]), cmp.Compare(i.line, j.line), cmp.Compare(i.item, j.item))
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
	// As a table they have statistics, without which the joins would not find the texts by their place.
	if err := db.Exec(ctx, fmt.Sprintf("create or replace temp table day_rows_sorted as select * from day_rows(%d)", number)); err != nil {
		return err
	}
	params := map[string]any{}
	used := b.values.used(r)
	for _, v := range b.values.columns {
		params[v.name] = v.cast(used)
	}
	b.hold(number, nil)
	r.rows, r.order = nil, nil // the table has them
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
	longs      [4][]int64
	ints       [14][]int32
	noKey      []bool
	noAction   []bool
	touched    int64 // so that no compiler leaves out the touching
}

// IsOrdered implements duck.TableSource.
func (c *dayCursor) IsOrdered() bool { return true }

// Cursor implements duck.TableSource.
func (c *dayCursor) Cursor() duck.TableCursor { return c }

// Fill implements duck.TableCursor.
func (c *dayCursor) Fill(w duck.Writer, capacity int) (int, error) {
	order := c.order[c.at:min(c.at+capacity, len(c.order))]
	c.at += len(order)
	if c.longs[0] == nil {
		c.noKey, c.noAction = make([]bool, capacity), make([]bool, capacity)
		for i := range c.longs {
			c.longs[i] = make([]int64, capacity)
		}
		for i := range c.ints {
			c.ints[i] = make([]int32, capacity)
		}
	}
	// The order takes rows from all over the memory. Touched one after the other, without
	// anything that waits for them, many are on their way at once.
	for _, row := range order {
		c.touched += c.rows[row].us + int64(c.rows[row].item)
	}
	for i, row := range order {
		c.gather(i, &c.rows[row])
	}
	n := len(order)
	for i, column := range c.longs {
		duck.Write(w, i, column[:n])
	}
	for i, column := range c.ints {
		duck.Write(w, len(c.longs)+i, column[:n])
	}
	w.WriteNulls(3, c.noKey[:n])
	w.WriteNulls(17, c.noAction[:n])
	return n, nil
}

// gather takes the values of one row, in the order of dayColumns.
func (c *dayCursor) gather(i int, r *dayRow) {
	reference := c.references[r.target]
	if r.digest == 0 || r.digest == reference {
		reference = 0
	}
	method := int32(0)
	if r.isHead {
		method = 1
	}
	c.longs[0][i], c.longs[1][i], c.longs[2][i], c.longs[3][i] = r.us, r.ip, r.line, r.key
	for column, value := range [14]int32{
		r.image, r.target, r.digest, reference, r.actionDigest, r.client, r.agent, r.user, r.context, r.source, r.item, method, r.action, r.requests,
	} {
		c.ints[column][i] = value
	}
	c.noKey[i], c.noAction[i] = !r.hasKey, r.requests == 0
}
