package classify

// unknown is the dictionary id of a digest that the log does not tell.
const unknown = 0

// continues says whether request belongs to the action of previous, the request before it in its sequence.
// previousContinuesGet says whether previous itself continued a GET.
func continues(previous, request *Request, previousContinuesGet bool, window int64) bool {
	return linked(previous, request, window) &&
		(getAfterHead(previous, request) || !previousContinuesGet && childAfterGet(previous, request))
}

// linked: the request starts at most the window after the previous one; exactly the window still links.
// Both are of one sequence and in order. The window is in microseconds.
func linked(previous, request *Request, window int64) bool {
	return request.At-previous.At <= window
}

// getAfterHead: what a HEAD announced is fetched, by tag or by digest. An unknown digest counts as the same.
func getAfterHead(previous, request *Request) bool {
	return previous.Method == Head && request.Method == Get &&
		(previous.Digest == request.Digest || previous.Digest == unknown || request.Digest == unknown)
}

// childAfterGet: after an index, one of its manifests is fetched, which is by digest and not the index itself.
// An unknown digest counts as different.
func childAfterGet(previous, request *Request) bool {
	return previous.Method == Get && request.Method == Get && !request.ByTag &&
		(previous.Digest != request.Digest || previous.Digest == unknown || request.Digest == unknown)
}

// actionOf names the action of this many requests that starts with first.
func actionOf(first *Request, requests int) Action {
	switch {
	case !first.ByTag:
		return PullByDigest
	case first.Method == Head && requests == 1:
		return VersionCheck
	default:
		return PullByTag
	}
}

// sameSequence: requests of one client for one repository.
func sameSequence(a, b *Request) bool {
	return a.Client == b.Client && a.Repository == b.Repository
}
