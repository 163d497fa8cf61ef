package lake

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestLockTwice(t *testing.T) {
	l := openLake(t)
	release, err := l.Lock()
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, second := range []*Lake{l, other} {
		_, err := second.Lock()
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), filepath.Join(l.Dir(), "lock")) {
			t.Errorf("second lock: %v, want ErrLocked and the path", err)
		}
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = other.Lock()
	if err != nil {
		t.Fatalf("lock after release: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}
