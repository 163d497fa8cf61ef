package classify

import "time"

// Reference labels requests; result i belongs to requests[i]. It orders each sequence by (At, Source, Line, Item) itself
// and does not change or depend on the order of its argument. Requests that tie in all four are ordered by No.
//
// It holds some 13 bytes a request beside its argument, 8 of them the result. There must be fewer than 2^32 requests.
func Reference(requests []Request, window time.Duration) []Label {
	labels := make([]Label, len(requests))
	for sequence := range sequences(requests) {
		for len(sequence) > 0 {
			size := actionSize(requests, sequence, window.Microseconds())
			labels[sequence[0]] = labelOf(requests, sequence[:size])
			sequence = sequence[size:]
		}
	}
	return labels
}

// actionSize counts the requests of the action that the first request of the sequence starts.
func actionSize(requests []Request, sequence []uint32, window int64) int {
	size := 1
	previous, previousContinuesGet := &requests[sequence[0]], false
	for _, i := range sequence[1:] {
		request := &requests[i]
		if !continues(previous, request, previousContinuesGet, window) {
			break
		}
		size++
		previousContinuesGet = previous.Method == Get
		previous = request
	}
	return size
}

// labelOf labels the first request of an action.
func labelOf(requests []Request, action []uint32) Label {
	label := Label{
		Action:   actionOf(&requests[action[0]], len(action)),
		Requests: uint8(len(action)),
	}
	for _, i := range action {
		if label.Digest == unknown {
			label.Digest = requests[i].Digest
		}
	}
	return label
}
