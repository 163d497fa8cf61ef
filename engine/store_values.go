package engine

import (
	"context"
	"errors"
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
	codes []int32 // of the texts, by the id that rows carry
	used  func(u *usedIDs) []bool
}

// noValue is the code of NULL.
const noValue = -1

// usedIDs tell which texts a day has, by their ids.
type usedIDs struct{ clients, targets, agents, sources, useCases []bool }

// cast is the SQL type for the column of one day.
func (v *dayValues) cast(u *usedIDs) string {
	used := make([]bool, len(v.texts))
	for id, isUsed := range v.used(u) {
		if isUsed && v.codes[id] != noValue {
			used[v.codes[id]] = true
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

// valueTables are the columns that may have few texts, and which ids of a day they are of.
type valueTables struct {
	columns []dayValues
	clouds  []int32 // codes of the clouds by client
	agents  int     // how many there are
}

// used finds the ids that the rows of a day have.
func (t *valueTables) used(r *dayRows) *usedIDs {
	sizes := map[string]int{}
	for _, v := range t.columns {
		sizes[v.name] = len(v.codes)
	}
	u := &usedIDs{
		clients: make([]bool, sizes["country"]), targets: make([]bool, sizes["tag"]), agents: make([]bool, sizes["tool"]),
		sources: make([]bool, sizes["source_id"]), useCases: make([]bool, sizes["use_case"]),
	}
	for i := range r.rows {
		row := &r.rows[i]
		u.clients[row.client], u.targets[row.target], u.agents[row.agent], u.sources[row.source] = true, true, true, true
		u.useCases[t.useCase(row)] = true
	}
	return u
}

// useCase is which of the texts in the query of use cases a row has: day.sql has the rule.
func (t *valueTables) useCase(r *dayRow) int32 {
	switch {
	case r.context != 0:
		return int32(2*t.agents) + r.context
	case t.clouds[r.client] != noValue:
		return int32(t.agents) + r.agent
	}
	return r.agent
}

// readDayValues reads the texts of the columns that may have few.
func readDayValues(ctx context.Context, db *duck.DB) (*valueTables, error) {
	t := &valueTables{}
	read := func(used func(u *usedIDs) []bool, from string, columns ...string) error {
		for _, column := range columns {
			v := dayValues{name: column, used: used}
			var err error
			if v.texts, v.codes, err = readCodes(ctx, db, fmt.Sprintf(from, column)); err != nil {
				return err
			}
			t.columns = append(t.columns, v)
		}
		return nil
	}
	err := errors.Join(
		read(func(u *usedIDs) []bool { return u.clients }, "select client_id, %s from clients", "country", "ip_type", "cloud"),
		read(func(u *usedIDs) []bool { return u.targets }, "select target_id, %s from targets", "tag"),
		read(func(u *usedIDs) []bool { return u.agents }, "select agent_id, %s from agents", "tool", "tool_version", "os", "arch", "role"),
		read(func(u *usedIDs) []bool { return u.sources }, "select source, %s from sources", "source_id"),
	)
	if err != nil {
		return nil, err
	}
	for _, v := range t.columns {
		switch v.name {
		case "cloud":
			t.clouds = v.codes
		case "tool":
			t.agents = len(v.codes)
		}
	}
	// Ids of one table follow on those of another.
	return t, read(func(u *usedIDs) []bool { return u.useCases }, fmt.Sprintf(`
		select agent_id, %%[1]s from agents
		union all select agent_id + %d, use_case_on_cloud from agents
		union all select context_id + %d, %%[1]s from contexts`, t.agents, 2*t.agents), "use_case")
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
