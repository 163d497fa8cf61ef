package lake

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyIsMadeOnceAndPrivate(t *testing.T) {
	l := openLake(t)
	key, err := l.Key()
	if err != nil || len(key) != 32 {
		t.Fatalf("Key = %d bytes, %v", len(key), err)
	}
	info, err := os.Stat(filepath.Join(l.Dir(), "key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v; want mode 0600", info, err)
	}
	if left, err := os.ReadDir(filepath.Join(l.Dir(), "scratch")); err != nil || len(left) != 0 {
		t.Errorf("making the key left %v, %v", left, err)
	}
	reader, err := OpenExisting(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, lake := range []*Lake{l, reader} {
		if again, err := lake.Key(); err != nil || !bytes.Equal(again, key) {
			t.Errorf("the key changed, %v", err)
		}
	}
	if other, err := openLake(t).Key(); err != nil || bytes.Equal(other, key) {
		t.Errorf("two lakes have the same key, %v", err)
	}
}

func TestKeyOfConcurrentFirstUsers(t *testing.T) {
	l := openLake(t)
	keys := make([][]byte, 8)
	var group sync.WaitGroup
	for n := range keys {
		group.Go(func() {
			key, err := l.Key()
			if err != nil {
				t.Errorf("first use %d: %v", n, err)
			}
			keys[n] = key
		})
	}
	group.Wait()
	for _, key := range keys {
		if !bytes.Equal(key, keys[0]) {
			t.Fatal("first users got different keys")
		}
	}
}

// Somebody else's key that appears at the last moment is kept and used.
func TestKeyOfAFasterFirstUser(t *testing.T) {
	l := openLake(t)
	faster := bytes.Repeat([]byte{0xab}, 32)
	crashAt(t, -1) // puts the hook back after the test
	beforeStep = func(step string) error {
		if strings.HasPrefix(step, "link ") {
			put(t, filepath.Join(l.Dir(), "key"), strings.Repeat("ab", 32))
		}
		return nil
	}
	if key, err := l.Key(); err != nil || !bytes.Equal(key, faster) {
		t.Errorf("Key = %x, %v; want that of the faster user", key, err)
	}
}

func TestKeyAfterCrash(t *testing.T) {
	for n := 0; ; n++ {
		l := openLake(t)
		crashAt(t, n)
		_, err := l.Key()
		endCrash()
		key, again := l.Key()
		if again != nil || len(key) != 32 {
			t.Fatalf("crashed at %d: the next Key is %d bytes, %v", n, len(key), again)
		}
		if err == nil {
			break
		}
		if _, err := l.Recover(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Join(l.Dir(), "scratch")); err != nil || len(left) != 0 {
			t.Fatalf("crashed at %d: left are %v, %v", n, left, err)
		}
	}
}

func TestDamagedKeyIsNeverReplaced(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "short": strings.Repeat("ab", 31), "long": strings.Repeat("ab", 33),
		"odd": strings.Repeat("a", 63), "not hex": strings.Repeat("zz", 32),
	} {
		l := openLake(t)
		path := filepath.Join(l.Dir(), "key")
		put(t, path, content)
		_, err := l.Key()
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s key: %v, want an error that names the file", name, err)
		} else if content != "" && strings.Contains(err.Error(), content) {
			t.Errorf("%s key: the message tells the key: %v", name, err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != content {
			t.Errorf("%s key: the file was changed, %v", name, err)
		}
	}
}

func TestLostKeyIsNotReplacedWhereDaysAreStored(t *testing.T) {
	l := openLake(t)
	put(t, l.DayFile("2026-09-25"), "x")
	if _, err := l.Key(); err == nil || !strings.Contains(err.Error(), "restore the file from a backup") {
		t.Errorf("Key of a lake that lost it: %v", err)
	}
	if there, _ := exists(filepath.Join(l.Dir(), "key")); there {
		t.Error("a new key was made")
	}
}
