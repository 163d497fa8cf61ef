package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/pullscope/pullscope/engine/duck"
)

// Parquet files keep repeated texts once and numbers for the rows. The database finds out which by
// hashing every text of every row, which takes most of the time of writing a day. Where a
// column has few distinct texts, they are told to it as the values of an enumeration: exactly
// those that the day has, so that the file follows from its requests.

// mostValues is how many distinct texts an enumeration may have.
const mostValues = 1000

// dayValues is a column with few distinct texts.
type dayValues struct {
	name  string
	texts []string
	codes []int32                         // of the texts, by the id that rows carry
	ids   func(r *dayRows) []int32        // those ids
	code  func(r *dayRows, row int) int32 // instead of codes and ids
}

// noValue is the code of NULL.
const noValue = -1

// cast is the SQL type for the column of one day.
func (v *dayValues) cast(r *dayRows) string {
	used := make([]bool, len(v.texts))
	code := v.code
	if code == nil {
		ids := v.ids(r)
		code = func(_ *dayRows, row int) int32 { return v.codes[ids[row]] }
	}
	for row := range r.us {
		if c := code(r, row); c != noValue {
			used[c] = true
		}
	}
	var texts []string
	for i, text := range v.texts {
		if used[i] {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	texts = slices.Compact(texts) // two tables may have one text
	if len(texts) == 0 || len(texts) > mostValues {
		return "varchar"
	}
	return "enum(" + duck.List(texts) + ")"
}

// readDayValues reads the texts of the columns that may have few.
func readDayValues(ctx context.Context, db *duck.DB) ([]dayValues, error) {
	var values []dayValues
	read := func(ids func(r *dayRows) []int32, id, table string, columns ...string) error {
		for _, column := range columns {
			v := dayValues{name: column, ids: ids}
			var err error
			if v.texts, v.codes, err = readCodes(ctx, db, fmt.Sprintf("select %s, %s from %s", id, column, table)); err != nil {
				return err
			}
			values = append(values, v)
		}
		return nil
	}
	err := read(func(r *dayRows) []int32 { return r.client }, "client_id", "clients", "country", "ip_type", "cloud")
	if err == nil {
		err = read(func(r *dayRows) []int32 { return r.target }, "target_id", "targets", "tag")
	}
	if err == nil {
		err = read(func(r *dayRows) []int32 { return r.agent }, "agent_id", "agents", "tool", "tool_version", "os", "arch", "role")
	}
	if err == nil {
		err = read(func(r *dayRows) []int32 { return r.source }, "source", "sources", "source_id")
	}
	if err != nil {
		return nil, err
	}
	useCases, err := readUseCases(ctx, db, values)
	return append(values, useCases), err
}

// readUseCases reads the texts of the use case, which several tables have a part in (see day.sql).
func readUseCases(ctx context.Context, db *duck.DB, values []dayValues) (dayValues, error) {
	v := dayValues{name: "use_case"}
	// One numbering for all three: ids of one table follow on those of another.
	texts, codes, err := readCodes(ctx, db, `
		select agent_id * 2, use_case from agents
		union all select agent_id * 2 + 1, use_case_on_cloud from agents`)
	if err != nil {
		return v, err
	}
	stored, storedCodes, err := readCodes(ctx, db, "select context_id, use_case from contexts")
	if err != nil {
		return v, err
	}
	v.texts = append(texts, stored...)
	clouds := values[slices.IndexFunc(values, func(v dayValues) bool { return v.name == "cloud" })].codes
	v.code = func(r *dayRows, row int) int32 {
		if context := r.context[row]; context != 0 {
			if code := storedCodes[context]; code != noValue {
				return code + int32(len(texts))
			}
			return noValue
		}
		onCloud := int32(0)
		if clouds[r.client[row]] != noValue {
			onCloud = 1
		}
		return codes[r.agent[row]*2+onCloud]
	}
	return v, nil
}

// readCodes numbers the distinct texts of a query of ids and texts; codes has the number for each id.
func readCodes(ctx context.Context, db *duck.DB, query string) (texts []string, codes []int32, err error) {
	known := map[string]int32{}
	err = db.Columns(ctx, query, 1, func(_ int, chunk duck.Chunk) error {
		ids, column, nulls := duck.Values[int32](chunk, 0), chunk.Texts(1), chunk.Nulls(1)
		for i, id := range ids {
			for int(id) >= len(codes) {
				codes = append(codes, noValue)
			}
			if nulls.At(i) {
				continue
			}
			code, ok := known[string(column.At(i))]
			if !ok {
				text := string(column.At(i))
				code = int32(len(texts))
				known[text] = code
				texts = append(texts, text)
			}
			codes[id] = code
		}
		return nil
	})
	return texts, codes, err
}
