package lake

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/period"
)

const sampleManifest = `{
  "run": "000012-20261120T155911Z",
  "engine": "1.2.3",
  "started_at": "2026-11-20T15:59:11Z",
  "ended_at": "2026-11-20T16:00:00Z",
  "window": "5s",
  "ipv6_client_prefix": 64,
  "inputs": [
    {
      "source": "a",
      "path": "a<&>.log.gz",
      "format": "combined",
      "bytes": 10,
      "sha256": "",
      "file_bytes": 5,
      "file_sha256": "",
      "lines": 7,
      "records": 7,
      "accepted": 1,
      "duplicates": 1,
      "rejected": 2,
      "rejects": {},
      "ignored": {
        "other path": 1,
        "status": 2
      },
      "earliest": "",
      "latest": "",
      "days": [
        "2026-11-19"
      ],
      "supersedes": []
    },
    {
      "source": "b",
      "path": "events.csv",
      "kind": "extension_events",
      "format": "csv",
      "bytes": 0,
      "sha256": "",
      "file_bytes": 0,
      "file_sha256": "",
      "lines": 0,
      "records": 0,
      "accepted": 0,
      "duplicates": 0,
      "rejected": 0,
      "rejects": {},
      "ignored": {},
      "earliest": "",
      "latest": "",
      "days": [],
      "supersedes": []
    }
  ],
  "skipped": [],
  "days": [
    {
      "day": "2026-11-19",
      "requests": 0,
      "actions": 0,
      "bytes": 0,
      "sha256": "",
      "removed": true
    }
  ],
  "extension_days": [
    {
      "day": "2026-11-18",
      "events": 3,
      "bytes": 0,
      "sha256": ""
    }
  ],
  "check": {
    "requests": 0,
    "actions": 0,
    "differences": 0
  },
  "published": [
    {
      "publisher": "acme",
      "period": "2026-W46",
      "granularity": "weekly",
      "dir": "",
      "revision": 1,
      "rows": {},
      "changed": true
    }
  ],
  "versions": {},
  "enrichment": [],
  "timings": [
    {
      "step": "load",
      "seconds": 1.5
    }
  ]
}
`

func sampleRun() Run {
	return Run{
		Run: "000012-20261120T155911Z", Engine: "1.2.3", Window: "5s", ClientPrefix: 64,
		StartedAt: time.Date(2026, 11, 20, 16, 59, 11, 0, time.FixedZone("", 3600)),
		EndedAt:   time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC),
		Inputs: []Input{{
			Source: "a", Path: "a<&>.log.gz", Format: "combined", Bytes: 10, FileBytes: 5, Lines: 7, Records: 7,
			Accepted: 1, Duplicates: 1, Rejected: 2, Ignored: map[string]int64{"status": 2, "other path": 1},
			Days: []period.Day{"2026-11-19"},
		}, {
			Source: "b", Path: "events.csv", Kind: KindExtensionEvents, Format: "csv",
		}},
		Days:          []RunDay{{Day: "2026-11-19", Removed: true}},
		ExtensionDays: []ExtensionDay{{Day: "2026-11-18", Events: 3}},
		Published:     []Published{{Publisher: "acme", Period: "2026-W46", Granularity: "weekly", Revision: 1, Changed: true}},
		Timings:       []Timing{{Step: "load", Seconds: 1.5}},
	}
}

func TestManifestText(t *testing.T) {
	text, err := encodeJSON(sampleRun().Normalized())
	if err != nil || string(text) != sampleManifest {
		t.Errorf("the manifest reads, %v:\n%s\nwant:\n%s", err, text, sampleManifest)
	}
	var read Run
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if again, err := encodeJSON(read.Normalized()); err != nil || !bytes.Equal(again, text) {
		t.Errorf("read and written again it is different, %v:\n%s", err, again)
	}
	input := read.Inputs[0]
	if input.IgnoredTotal() != 3 || !input.AddsUp() {
		t.Errorf("ignored %d, adds up %t; want 3, true", input.IgnoredTotal(), input.AddsUp())
	}
	input.Records++
	if input.AddsUp() {
		t.Error("a record that is not accounted for adds up")
	}
}

// A file is never rewritten in place: who has the old one open reads it to its end.
func TestWriteFileReplaces(t *testing.T) {
	dir := t.TempDir()
	path, held := filepath.Join(dir, "file"), filepath.Join(dir, "held")
	put(t, path, "old")
	if err := os.Link(path, held); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(path, []byte("new"), dir); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, dir); !maps.Equal(got, map[string]string{"file": "new", "held": "old"}) {
		t.Errorf("the directory holds %v", got)
	}
}

func TestRunsAscendingBySequence(t *testing.T) {
	l := openLake(t)
	ids := []string{"000002-20250101T000000Z", "000010-20240101T000000Z", "1000000-20230101T000000Z"}
	for _, n := range []int{2, 0, 1} {
		put(t, l.runFile(ids[n]), `{"run": "`+ids[n]+`"}`)
	}
	put(t, filepath.Join(l.Dir(), "runs", "notes.json"), "no manifest")
	runs, err := l.Runs()
	if err != nil || len(runs) != 3 {
		t.Fatalf("Runs = %v, %v", runs, err)
	}
	for n, run := range runs {
		if run.Run != ids[n] {
			t.Errorf("run %d is %s, want %s", n, run.Run, ids[n])
		}
	}
}

func TestDamagedManifestIsNamed(t *testing.T) {
	const id = "000001-20261120T120000Z"
	for name, content := range map[string]string{
		"empty": "", "torn": `{"run": "` + id, "of another run": `{"run": "000002-20261120T120000Z"}`,
		"trailing": `{"run": "` + id + `"} {}`, "wrong type": `{"run": 1}`, "null": "null",
		"no day": `{"run": "` + id + `", "days": [{"day": "../../etc"}]}`,
	} {
		l := openLake(t)
		put(t, l.runFile(id), content)
		if _, err := l.Runs(); err == nil || !strings.Contains(err.Error(), l.runFile(id)+" is damaged") {
			t.Errorf("%s manifest: %v, want an error that names it", name, err)
		}
	}
	l := openLake(t)
	if err := os.Mkdir(l.runFile(id), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Runs(); err == nil || !strings.Contains(err.Error(), l.runFile(id)) {
		t.Errorf("a directory for a manifest: %v", err)
	}
}

func TestDayStates(t *testing.T) {
	got := DayStates([]Run{
		{Days: []RunDay{{Day: "2026-09-24", SHA256: "a1"}, {Day: "2026-09-25", SHA256: "b1"}, {Day: "2026-09-26", SHA256: "c1"}}},
		{Days: []RunDay{{Day: "2026-09-25", SHA256: "b2"}, {Day: "2026-09-26", Removed: true}, {Day: "2026-09-24", Removed: true}}},
		{Days: []RunDay{{Day: "2026-09-24", SHA256: "a3"}}},
	})
	if want := map[period.Day]string{"2026-09-24": "a3", "2026-09-25": "b2"}; !maps.Equal(got, want) {
		t.Errorf("DayStates = %v, want %v", got, want)
	}
	got = StatesOf([]Run{
		{Days: []RunDay{{Day: "2026-09-24", SHA256: "a1"}}, ExtensionDays: []ExtensionDay{{Day: "2026-09-24", SHA256: "e1"}, {Day: "2026-09-25", SHA256: "f1"}}},
		{ExtensionDays: []ExtensionDay{{Day: "2026-09-25", Removed: true}}},
	}, ExtensionEvents)
	if want := map[period.Day]string{"2026-09-24": "e1"}; !maps.Equal(got, want) {
		t.Errorf("StatesOf extension events = %v, want %v", got, want)
	}
}

func TestLiveInputs(t *testing.T) {
	runs := []Run{
		{Inputs: []Input{{Source: "a"}, {Source: "b"}, {Source: "c"}}},
		{Inputs: []Input{{Source: "d", Supersedes: []string{"c", "e"}}, {Source: "e"}}}, // e in the same run
		{Inputs: []Input{{Source: "f", Supersedes: []string{"a"}}}},
		{Inputs: []Input{{Source: "g", Supersedes: []string{"f"}}}},
		{Inputs: []Input{{Source: "c"}}},                            // loaded again afterwards
		{Inputs: []Input{{Source: "b", Kind: KindExtensionEvents}}}, // the same bytes as events
		{Inputs: []Input{{Source: "h", Kind: KindExtensionEvents, Supersedes: []string{"b", "d"}}}},
	}
	var got []string
	for _, input := range LiveInputs(runs) {
		got = append(got, input.Source)
	}
	if want := []string{"b", "d", "g", "c", "h"}; !reflect.DeepEqual(got, want) {
		t.Errorf("LiveInputs = %v, want %v", got, want)
	}
}
