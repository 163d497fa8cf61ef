package classify

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"
)

// compareInSequence orders the requests of one sequence. The order is total, because No is unique.
func compareInSequence(a, b *Request) int {
	if c := cmp.Compare(a.At, b.At); c != 0 {
		return c
	}
	return compareLines(a, b)
}

// compareLines orders requests by their position in the input.
func compareLines(a, b *Request) int {
	return cmp.Or(
		cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Item, b.Item),
		cmp.Compare(a.No, b.No),
	)
}

// compareSequences orders by sequence, then within the sequence.
func compareSequences(a, b *Request) int {
	if c := cmp.Compare(a.Client, b.Client); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Repository, b.Repository); c != 0 {
		return c
	}
	return compareInSequence(a, b)
}

// sequences yields, for every sequence, the indexes of its requests in order.
//
// Sorting millions of requests as a whole costs most of its time in cache misses. So they are dealt into small bins
// first, whole sequences to a bin, and each bin is sorted alone.
func sequences(requests []Request) iter.Seq[[]uint32] {
	shift := 64 - bits.Len(uint(len(requests)/binSize))
	binOf := func(i int) int { return int(sequenceHash(&requests[i]) >> shift) }
	return func(yield func([]uint32) bool) {
		for bin := range deal(len(requests), 1<<(64-shift), binOf) {
			slices.SortFunc(bin, func(i, j uint32) int { return compareSequences(&requests[i], &requests[j]) })
			for len(bin) > 0 {
				size := 1
				for size < len(bin) && sameSequence(&requests[bin[0]], &requests[bin[size]]) {
					size++
				}
				if !yield(bin[:size]) {
					return
				}
				bin = bin[size:]
			}
		}
	}
}

// sequenceHash spreads sequences over bins; requests of one sequence have one hash.
func sequenceHash(r *Request) uint64 {
	hash := uint64(r.Client)*0x9E3779B97F4A7C15 + uint64(r.Repository)*0xC2B2AE3D27D4EB4F
	hash ^= hash >> 32
	return hash * 0xD6E8FEB86659FD93
}

// ascending returns the numbers 0 to n-1 in ascending order of key; equal keys in ascending order of the number.
// Dealt into bins by value, which are as good as sorted when keys count rows.
func ascending(n int, key func(i int) int64) []uint32 {
	if n == 0 {
		return nil
	}
	least, greatest := key(0), key(0)
	for i := range n {
		least, greatest = min(least, key(i)), max(greatest, key(i))
	}
	span := uint64(greatest) - uint64(least)
	shift := max(0, bits.Len64(span)-bits.Len(uint(n/binSize)))
	binOf := func(i int) int { return int((uint64(key(i)) - uint64(least)) >> shift) }

	order := make([]uint32, 0, n)
	for bin := range deal(n, int(span>>shift)+1, binOf) {
		slices.SortFunc(bin, func(i, j uint32) int {
			return cmp.Or(cmp.Compare(key(int(i)), key(int(j))), cmp.Compare(i, j))
		})
		order = append(order, bin...)
	}
	return order
}

// binSize is about how many numbers share a bin.
const binSize = 8

// deal puts each of the numbers 0 to n-1 into its bin and yields the bins that are not empty, in ascending order.
// The numbers of a bin ascend. It is a counting sort.
func deal(n, bins int, binOf func(i int) int) iter.Seq[[]uint32] {
	return func(yield func([]uint32) bool) {
		next := make([]uint32, bins+1) // where the next number of a bin goes; first shifted by one to add up sizes
		for i := range n {
			next[binOf(i)+1]++
		}
		for bin := range bins {
			next[bin+1] += next[bin]
		}
		dealt := make([]uint32, n)
		for i := range n {
			bin := binOf(i)
			dealt[next[bin]] = uint32(i)
			next[bin]++
		}
		from := uint32(0)
		for _, to := range next[:bins] { // now the end of each bin
			if from < to && !yield(dealt[from:to]) {
				return
			}
			from = to
		}
	}
}
