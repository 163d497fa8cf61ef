package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pullscope/pullscope/engine/classify"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/lake"
)

// storedQuery reads what the classification of stored requests rests on, and their labels.
var storedQuery = `select ip_key, epoch_us(requested_at), line, cast(item as integer), method = 'HEAD', tag is not null,
	coalesce(namespace, '') || '/' || coalesce(repository, ''), coalesce(digest, ''), coalesce(source, ''),
	` + actionNumber + `, cast(coalesce(action_requests, 0) as integer), coalesce(action_digest, '')
	from (%s) as stored`

// compareStored compares the stored requests of a query with the reference classifier, straight
// from the columns of their files. It serves where nothing was pruned; a difference is only
// counted, and not shown.
func (e *Engine) compareStored(ctx context.Context, store *lake.Lake, query string) (lake.Check, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: e.Config.Threads, MemoryLimit: e.Config.memoryLimit(), TempDir: store.Scratch()})
	if err != nil {
		return lake.Check{}, err
	}
	defer db.Close()
	r := &storedReader{images: newTextNumbers(), digests: newTextNumbers(), sources: newTextNumbers(), parts: make([]provenPart, e.Config.threads())}
	if err := db.Columns(ctx, fmt.Sprintf(storedQuery, query), len(r.parts), func(_ int, chunk duck.Chunk) error { r.add(chunk); return nil }); err != nil {
		return lake.Check{}, err
	}
	ranks := r.sources.ranks()
	for _, part := range r.parts {
		for i := range part.requests {
			part.requests[i].Source = ranks[part.requests[i].Source]
		}
	}
	return e.compareParts(r.parts), nil
}

// storedReader deals stored requests into parts by address.
type storedReader struct {
	images, digests, sources *textNumbers

	mu    sync.Mutex
	parts []provenPart
}

func (r *storedReader) add(chunk duck.Chunk) {
	clients, stamps, lines := duck.Values[int64](chunk, 0), duck.Values[int64](chunk, 1), duck.Values[int64](chunk, 2)
	items, heads, tags := duck.Values[int32](chunk, 3), duck.Values[bool](chunk, 4), duck.Values[bool](chunk, 5)
	images, digests, sources := chunk.Texts(6), chunk.Texts(7), chunk.Texts(8)
	actions, sizes, actionDigests := duck.Values[int32](chunk, 9), duck.Values[int32](chunk, 10), chunk.Texts(11)
	requests, labels := make([]classify.Request, chunk.Len()), make([]classify.Label, chunk.Len())
	for i := range requests {
		method := classify.Get
		if heads[i] {
			method = classify.Head
		}
		requests[i] = classify.Request{
			Client: clients[i], Repository: int64(r.images.of(images.At(i))), At: stamps[i], Line: lines[i], Item: items[i],
			Source: r.sources.of(sources.At(i)), Digest: r.digests.of(digests.At(i)), Method: method, ByTag: tags[i],
		}
		labels[i] = newLabel(actions[i], sizes[i], r.digests.of(actionDigests.At(i)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, request := range requests {
		part := &r.parts[partOf(request.Client, len(r.parts))]
		request.No = int64(len(part.requests))
		part.requests = append(part.requests, request)
		part.labelled = append(part.labelled, classify.Labelled{No: request.No, Label: labels[i]})
	}
}

// textNumbers gives texts numbers from 1; the empty text is 0. Several goroutines may ask it.
type textNumbers struct {
	mu    sync.Mutex
	table *textTable
	texts []string
}

func newTextNumbers() *textNumbers { return &textNumbers{table: newTextTable(), texts: []string{""}} }

func (n *textNumbers) of(text []byte) int32 {
	if len(text) == 0 {
		return 0
	}
	if c, ok := n.table.find(text); ok {
		return c.id
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if c, ok := n.table.find(text); ok {
		return c.id
	}
	c := coded{id: int32(len(n.texts))}
	n.texts = append(n.texts, string(text))
	n.table.add(string(text), c)
	return c.id
}

// ranks are the places of the texts in their order, by number.
func (n *textNumbers) ranks() []int32 {
	sorted := slices.Sorted(slices.Values(n.texts))
	ranks := make([]int32, len(n.texts))
	for number, text := range n.texts {
		rank, _ := slices.BinarySearch(sorted, text)
		ranks[number] = int32(rank)
	}
	return ranks
}
