package listfile

import (
	"bytes"
	"compress/gzip"
	"maps"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	lists := Lists{
		Packages: "free 1.0.0, throwaway 2.0.0",
		Kinds: map[string]Kind{
			"gmail.com": Personal, "0-mail.com": Disposable, "uni-bonn.de": University, "sch.ae": Suffix,
		},
	}
	first, err := Encode(lists)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Encode(Lists{Packages: lists.Packages, Kinds: maps.Clone(lists.Kinds)})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the same lists gave different bytes")
	}
	read, err := Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	if read.Packages != lists.Packages || !maps.Equal(read.Kinds, lists.Kinds) {
		t.Errorf("got %v, want %v", read, lists)
	}
	if got := read.Count(); !maps.Equal(got, map[Kind]int{Personal: 1, Disposable: 1, University: 1, Suffix: 1}) {
		t.Errorf("Count = %v", got)
	}
}

func TestDecodeDamaged(t *testing.T) {
	whole, err := Encode(Lists{Packages: "p 1", Kinds: map[string]Kind{"gmail.com": Personal}})
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"empty":         {},
		"no gzip":       []byte("domain lists 1\np 1\np gmail.com\n"),
		"cut":           whole[:len(whole)-6],
		"other version": pack(t, "domain lists 2\np 1\np gmail.com\n"),
		"no packages":   pack(t, "domain lists 1"),
		"other kind":    pack(t, "domain lists 1\np 1\nx gmail.com\n"),
		"no kind":       pack(t, "domain lists 1\np 1\ngmail.com\n"),
		"no domain":     pack(t, "domain lists 1\np 1\np \n"),
		"blank line":    pack(t, "domain lists 1\np 1\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if lists, err := Decode(file); err == nil {
				t.Errorf("got %v, want an error", lists)
			}
		})
	}
}

func pack(t *testing.T, text string) []byte {
	t.Helper()
	var file bytes.Buffer
	packed := gzip.NewWriter(&file)
	if _, err := packed.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
