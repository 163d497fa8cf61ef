package classify

import (
	"fmt"
	"time"
)

// DefaultWindow is the longest time between two requests of one action.
const DefaultWindow = 5 * time.Second

// Method is the HTTP method of a manifest request.
type Method uint8

// The methods that ask for a manifest.
const (
	Head Method = iota
	Get
)

// String returns HEAD or GET.
func (m Method) String() string {
	switch m {
	case Head:
		return "HEAD"
	case Get:
		return "GET"
	}
	return fmt.Sprintf("Method(%d)", uint8(m))
}

// Action is what a client did with one to three requests.
type Action uint8

// The actions. None is the label of a request that was absorbed by the action of an earlier one.
const (
	None Action = iota
	VersionCheck
	PullByTag
	PullByDigest
)

var actionNames = [...]string{None: "", VersionCheck: "version_check", PullByTag: "pull_by_tag", PullByDigest: "pull_by_digest"}

// String returns the name that reports and Parquet columns use; the empty string for None.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

// ParseAction is the inverse of String. It fails on any other name.
func ParseAction(name string) (Action, error) {
	for action, known := range actionNames {
		if name == known {
			return Action(action), nil
		}
	}
	return None, fmt.Errorf("unknown action %q", name)
}

// Request is one accepted manifest request, reduced to integers.
type Request struct {
	No         int64 // identity of the row within one run, unique
	Client     int64 // key of the full client address
	Repository int64 // key or id of namespace/repository
	At         int64 // start, microseconds since the Unix epoch
	Line       int64 // line in the input
	Source     int32 // rank of the input among inputs
	Item       int32 // position within the line (one line can hold several events), 0 otherwise
	Digest     int32 // dictionary id of the digest; 0 = unknown
	Method     Method
	ByTag      bool
}

// Label is what the classification says of one request.
type Label struct {
	Action   Action
	Requests uint8 // requests in the action, 1 to 3; 0 when absorbed
	Digest   int32 // the action's digest: the first known in the action; 0 when unknown or absorbed
}

// Labelled is the label of request No.
type Labelled struct {
	No int64
	Label
}
