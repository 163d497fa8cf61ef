package ingest

import "testing"

// The order of the reasons is that of SEMANTICS §1: a record that has several gets the first.
func TestJudge(t *testing.T) {
	limits := Limits{MinUs: 100, MaxUs: 1000, PrunedUs: 200, FutureUs: 900}
	everything := Facts{
		Reject: Unreadable, Ignore: NotHTTP, TargetIgnored: OtherPath, TargetRejected: InvalidName,
		Method: []byte("POST"), Status: 404, HasStatus: true, At: 150, HasAt: true, LateUs: 300,
	}
	client := InvalidClient
	// Each step mends what the record was judged by before.
	for _, step := range []struct {
		mend    func(*Facts)
		verdict Verdict
		reason  Reason
	}{
		{func(*Facts) {}, Rejected, Unreadable},
		{func(f *Facts) { f.Reject = "" }, Ignored, NotHTTP},
		{func(f *Facts) { f.Ignore = "" }, Ignored, OtherPath},
		{func(f *Facts) { f.TargetIgnored = FallbackReference }, Ignored, OtherMethod},
		{func(f *Facts) { f.Method = nil }, Ignored, Status},
		{func(f *Facts) { f.HasStatus = false }, Ignored, FallbackReference},
		{func(f *Facts) { f.TargetIgnored = "" }, Ignored, Pruned},
		{func(f *Facts) { f.HasAt = false }, Rejected, InvalidMethod},
		{func(f *Facts) { f.Method = []byte("GET") }, Rejected, InvalidStatus},
		{func(f *Facts) { f.HasStatus, f.Status = true, 200 }, Rejected, InvalidTimestamp},
		{func(f *Facts) { f.HasAt, f.At = true, 99 }, Rejected, TimestampRange},
		{func(f *Facts) { f.At = 1000 }, Rejected, TimestampRange},
		{func(f *Facts) { f.At = 200 }, Rejected, InvalidClient},
		{func(*Facts) { client = "" }, Rejected, InvalidName},
		{func(f *Facts) { f.TargetRejected = "" }, Rejected, TooLate},
		{func(f *Facts) { f.At = 901 }, Rejected, InTheFuture},
		{func(f *Facts) { f.At = 900 }, Accepted, ""},
		{func(f *Facts) { f.At = 300 }, Accepted, ""},
	} {
		step.mend(&everything)
		verdict, reason := limits.Judge(&everything, func() Reason { return client })
		if verdict != step.verdict || reason != step.reason {
			t.Errorf("%+v: %v %q, want %v %q", everything, verdict, reason, step.verdict, step.reason)
		}
	}
}
