package engine

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// A day with more rows than one row group of Parquet has the same bytes, whatever it is loaded with and on however
// many threads.
func TestLargeDayHasTheSameBytes(t *testing.T) {
	t.Parallel()
	log := func(day, rows int) []byte {
		var text bytes.Buffer
		text.WriteString("timestamp,client_ip,method,image,reference\n")
		for i := range rows {
			at := time.Date(2026, 9, day, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 300 * time.Millisecond)
			fmt.Fprintf(&text, "%s,10.%d.%d.%d,GET,acme/app-%d,v%d\n", at.Format(time.RFC3339Nano), i%7, i%251, i%241, i%13, i%5)
		}
		return text.Bytes()
	}
	l := &lab{TB: t, root: t.TempDir(), window: 5 * time.Second, publish: "last run"}
	large, other := l.file("large.csv", log(15, 130_000)), l.file("other.csv", log(14, 3000))
	want := l.load([]string{large, other})
	l.threads = 2
	if difference := treeDifference(lakeTree(l, l.load([]string{large}, []string{other})), lakeTree(l, want)); difference != "" {
		t.Errorf("one after the other, on two threads:\n%s", difference)
	}
}
