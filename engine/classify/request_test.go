package classify_test

import (
	"testing"
	"unsafe"

	"github.com/pullscope/pullscope/engine/classify"
)

func TestParseActionIsTheInverseOfString(t *testing.T) {
	for action, name := range map[classify.Action]string{
		classify.None:         "",
		classify.VersionCheck: "version_check",
		classify.PullByTag:    "pull_by_tag",
		classify.PullByDigest: "pull_by_digest",
	} {
		if got := action.String(); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
		if got, err := classify.ParseAction(name); err != nil || got != action {
			t.Errorf("%q: got %v, error %v", name, got, err)
		}
	}
	for _, name := range []string{"pull", "VERSION_CHECK", "-"} {
		if _, err := classify.ParseAction(name); err == nil {
			t.Errorf("%q: want an error", name)
		}
	}
	if got := classify.Action(9).String(); got != "Action(9)" {
		t.Errorf("got %q", got)
	}
}

func TestMethodString(t *testing.T) {
	for method, want := range map[classify.Method]string{classify.Head: "HEAD", classify.Get: "GET", 7: "Method(7)"} {
		if got := method.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Millions of these are held at once.
func TestSizes(t *testing.T) {
	if size := unsafe.Sizeof(classify.Request{}); size > 56 {
		t.Errorf("a request has %d bytes", size)
	}
	if size := unsafe.Sizeof(classify.Label{}); size > 8 {
		t.Errorf("a label has %d bytes", size)
	}
}
