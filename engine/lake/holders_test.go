package lake

import (
	"os"
	"strings"
	"testing"
)

func TestHolders(t *testing.T) {
	l := openLake(t)
	reader, err := OpenExisting(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	want := func(writer, worker string) {
		t.Helper()
		holders, err := reader.Holders()
		if err != nil {
			t.Fatal(err)
		}
		for said, holder := range map[string]*Holder{writer: holders.Writer, worker: holders.Worker} {
			if (holder == nil) != (said == "") || holder != nil && !strings.HasPrefix(holder.String(), said) {
				t.Errorf("holder is %v, want %q", holder, said)
			}
		}
	}
	holders, err := reader.Holders()
	if err != nil || holders != (Holders{}) {
		t.Fatalf("got %+v, %v where nobody ever was", holders, err)
	}
	stop, err := l.LockWorker(t.Context(), "worker", false)
	if err != nil {
		t.Fatal(err)
	}
	want("", "worker (process ")
	release, err := l.Lock(t.Context(), "rebuild", false)
	if err != nil {
		t.Fatal(err)
	}
	want("rebuild (process ", "worker (process ")
	if err := os.WriteFile(l.path(lockFile), []byte("torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	want("another process", "worker (process ")
	release()
	stop()
	if holders, err := reader.Holders(); err != nil || holders != (Holders{}) {
		t.Fatalf("got %+v, %v after their end", holders, err)
	}
}

func TestLiveInputsByRun(t *testing.T) {
	runs := []Run{
		{Inputs: []Input{{Source: "a"}, {Source: "b"}}},
		{},
		{Inputs: []Input{{Source: "c", Supersedes: []string{"a"}}, {Source: "b", Supersedes: []string{"b"}}}}, // b is read again
	}
	live := LiveInputsByRun(runs)
	if len(live) != 3 || len(live[0]) != 0 || len(live[1]) != 0 || len(live[2]) != 2 || live[2][0].Source != "c" || live[2][1].Source != "b" {
		t.Errorf("got %+v", live)
	}
}
