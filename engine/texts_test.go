package engine

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestTextTable(t *testing.T) {
	table := newTextTable()
	texts := []string{""}
	for _, size := range []int{1, 12, 21, 22, 23, 44, 100, mostLong - 1, mostLong, mostLong + 1} {
		text := strings.Repeat("x", size)
		texts = append(texts, text, text[1:]+"y", "y"+text[1:])
	}
	for i := range 5000 { // it grows several times
		texts = append(texts, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
	}
	known := map[string]int32{}
	for i, text := range texts {
		if _, ok := known[text]; ok {
			continue
		}
		if _, ok := table.find([]byte(text)); ok {
			t.Fatalf("%.40q is found before it is added", text)
		}
		known[text] = int32(i)
		table.add(text, coded{id: int32(i), key: int64(i) << 32})
	}
	for text, id := range known {
		if c, ok := table.find([]byte(text)); !ok || c.id != id || c.key != int64(id)<<32 {
			t.Errorf("%.40q: found %v as %+v, want %d", text, ok, c, id)
		}
	}
	if _, ok := table.find([]byte("10.0.20.0")); ok {
		t.Error("a text is found that was not added")
	}
}

// Texts get one number each, whoever asks first.
func TestTextNumbersByMany(t *testing.T) {
	n := newTextNumbers()
	found := make([]map[string]int32, 4)
	var group sync.WaitGroup
	for i := range found {
		found[i] = map[string]int32{}
		group.Go(func() {
			for k := range 20_000 {
				text := fmt.Sprintf("text %d", (k*7+i*13)%3000)
				id := n.of([]byte(text))
				if before, ok := found[i][text]; ok && before != id {
					t.Errorf("%s is %d and %d", text, before, id)
				}
				found[i][text] = id
			}
		})
	}
	group.Wait()
	used := map[int32]string{}
	for text, id := range found[0] {
		if other, ok := used[id]; ok {
			t.Errorf("%s and %s are both %d", text, other, id)
		}
		used[id] = text
		for _, others := range found[1:] {
			if others[text] != id {
				t.Errorf("%s is %d and %d", text, id, others[text])
			}
		}
	}
	if n.of(nil) != 0 || len(n.texts) != 3001 {
		t.Errorf("the empty text is %d, and there are %d texts", n.of(nil), len(n.texts))
	}
	if ranks := n.ranks(); ranks[0] != 0 || ranks[n.of([]byte("text 10"))] != ranks[n.of([]byte("text 1"))]+1 {
		t.Error("ranks are not the order of the texts")
	}
}
