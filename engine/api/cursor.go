package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// cursor says where the next page of a list begins.
type cursor struct {
	Offset int `json:"o"`
	// List names the list: the same question about the same state of the lake.
	List string `json:"l"`
}

func (c cursor) String() string {
	text, _ := json.Marshal(c) // never fails
	return base64.RawURLEncoding.EncodeToString(text)
}

// page is a part of a list.
type page struct {
	offset, limit int
	list          string
}

// pageOf reads limit and cursor of a question that is named by list.
func (p *params) pageOf(fallback, most int, list string) (page, error) {
	where := page{limit: p.whole("limit", fallback, most), list: list}
	if p.err != nil || !p.has("cursor") {
		return where, p.err
	}
	var at cursor
	text, err := base64.RawURLEncoding.DecodeString(p.text("cursor", ""))
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	switch {
	case p.err != nil:
		return where, p.err
	case err != nil || at.Offset < 0:
		return where, badRequest("the cursor is not one of ours; take next of the answer before, as it is")
	case at.List != list:
		return where, gone("the data have changed since this cursor was made, or it is of another question; begin again without it")
	}
	where.offset = at.Offset
	return where, nil
}

// of cuts the page out of a list of this length; next is the cursor of the page behind it, empty on the last.
func (p page) of(length int) (from, to int, next string) {
	from = min(p.offset, length)
	if to = length; length-from > p.limit {
		to = from + p.limit
		next = cursor{to, p.list}.String()
	}
	return from, to, next
}

// listName names the list that a question is about.
func (c *call) listName(question ...any) string {
	return digest(c.state.Mark(), c.access.fingerprint, c.generation, c.URL.EscapedPath(), fmt.Sprint(question...))
}
