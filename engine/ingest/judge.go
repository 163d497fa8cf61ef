package ingest

// Verdict is what becomes of a record.
type Verdict uint8

// The verdicts. Every record has one of them.
const (
	Accepted Verdict = iota
	Ignored          // in order, but no manifest request that counts
	Rejected         // not what it claims to be
)

// String is the verdict's name in manifests and messages.
func (v Verdict) String() string { return [...]string{"accepted", "ignored", "rejected"}[v] }

// Limits say which stamps are in place, in microseconds since 1970.
type Limits struct {
	MinUs, MaxUs int64 // possible at all: MinUs <= stamp < MaxUs
	PrunedUs     int64 // before it, requests were pruned, and are not counted again
	FutureUs     int64 // after it, they are in the future
}

// Facts are what the verdict on a record of a request rests on.
type Facts struct {
	Reject, Ignore Reason // what the format says by itself
	TargetIgnored  Reason // of what was asked for, see Target
	TargetRejected Reason
	Method         []byte // in upper case
	Status         int32
	HasStatus      bool // it is readable
	At             int64
	HasAt          bool  // it is readable
	LateUs         int64 // the stamp before which the record comes too late
}

// Judge gives the verdict on a record and its reason. The order of the reasons is that of
// SEMANTICS §1: unreadable, ignored, rejected. client says why the client's address is
// invalid, or nothing; it is asked only when all before it is in order.
func (l Limits) Judge(f *Facts, client func() Reason) (Verdict, Reason) {
	if reason := l.ignored(f); f.Reject == "" && reason != "" {
		return Ignored, reason
	}
	if reason := l.rejected(f, client); reason != "" {
		return Rejected, reason
	}
	return Accepted, ""
}

func (l Limits) ignored(f *Facts) Reason {
	switch {
	case f.Ignore != "":
		return f.Ignore
	case f.TargetIgnored == OtherPath:
		return OtherPath
	case len(f.Method) > 0 && string(f.Method) != "GET" && string(f.Method) != "HEAD":
		return OtherMethod
	case f.HasStatus && (f.Status < 200 || f.Status >= 400):
		return Status
	case f.TargetIgnored != "":
		return f.TargetIgnored
	case f.HasAt && f.At >= l.MinUs && f.At < l.PrunedUs:
		return Pruned
	}
	return ""
}

func (l Limits) rejected(f *Facts, client func() Reason) Reason {
	switch {
	case f.Reject != "":
		return f.Reject
	case len(f.Method) == 0:
		return InvalidMethod
	case !f.HasStatus:
		return InvalidStatus
	case !f.HasAt:
		return InvalidTimestamp
	case f.At < l.MinUs || f.At >= l.MaxUs:
		return TimestampRange
	}
	if reason := client(); reason != "" {
		return reason
	}
	switch {
	case f.TargetRejected != "":
		return f.TargetRejected
	case f.At < f.LateUs:
		return TooLate
	case f.At > l.FutureUs:
		return InTheFuture
	}
	return ""
}
