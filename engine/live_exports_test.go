package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

var dataviewReports = []string{"raw", "pulls_summary", "pulls_repo_summary", "pulls_namespace_summary"}

// exportedLake has acme with two namespaces, whose rows alternate, and globex with one. The name of the owner is one that
// a spreadsheet would run.
func exportedLake(t *testing.T) *Engine {
	t.Helper()
	e := newEngine(t.TempDir(), farAway)
	e.Config.Publishers = []Publisher{
		{ID: "acme", Name: "=Acme, Inc.", Namespaces: []string{"acme", "acme-labs"}}, {ID: "globex", Name: "Globex", Namespaces: []string{"globex"}},
	}
	e.Config.Reports.Publish = dataviewReports
	return e
}

func exportedInput(t *testing.T, from time.Time) string {
	t.Helper()
	var rows []logRow
	for i := range 80 {
		row := checkRow(from.Add(time.Duration(i)*time.Minute), []string{"acme/app", "acme-labs/tool", "globex/web", "acme-labs/a"}[i%4])
		row.reference, row.client = fmt.Sprintf("v%d", i%7), fmt.Sprintf("192.0.2.%d", i%5)
		rows = append(rows, row)
	}
	return inputFile(t, rows...)
}

// publicationOf is what is published for a publisher and a week or month, such as "2026-W38".
func publicationOf(t testing.TB, s *LiveState, publisher, period string) *Publication {
	t.Helper()
	publications, err := s.Publications(context.Background(), publisher)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(publications, func(p Publication) bool { return p.Period.String() == period })
	if at < 0 {
		t.Fatalf("%s has nothing published of %s, but %d others", publisher, period, len(publications))
	}
	return &publications[at]
}

// readExport reads the files of an export as they are described.
func readExport(t testing.TB, export *Export) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, file := range export.Files {
		text := readOpened(t)(export.Open(file.Name))
		if int64(len(text)) != file.Size {
			t.Errorf("%s has %d bytes, and %d in the list", file.Name, len(text), file.Size)
		}
		content[file.Name] = text
	}
	return content
}

func readOpened(t testing.TB) func(*os.File, error) string {
	t.Helper()
	return func(file *os.File, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		text, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// csvLines unpacks the files of a report one after the other, in the order of their names, and parts their headers from
// their rows, which have no line ends in them here.
func csvLines(t testing.TB, files map[string]string) (header string, rows []string) {
	t.Helper()
	for _, name := range sortedNames(files) {
		text := files[name]
		if strings.HasSuffix(name, ".gz") {
			packed, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := io.ReadAll(packed)
			if err != nil {
				t.Fatal(err)
			}
			text = string(unpacked)
		}
		lines := strings.SplitAfter(text, "\n")
		if last := lines[len(lines)-1]; last != "" || len(lines) < 2 {
			t.Fatalf("%s ends with %q", name, last)
		}
		if header != "" && lines[0] != header {
			t.Fatalf("%s begins with %q, the file before with %q", name, lines[0], header)
		}
		header = lines[0]
		rows = append(rows, lines[1:len(lines)-1]...)
	}
	return header, rows
}

func sortedNames(files map[string]string) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// publishedCSV reads the CSV files of a published report.
func publishedCSV(t testing.TB, p *Publication, report string) map[string]string {
	t.Helper()
	published, ok := p.Manifest.Find(report)
	if !ok {
		t.Fatalf("%s is not published", report)
	}
	files := map[string]string{}
	for _, file := range published.Files {
		if isCSV(file.Name) {
			files[file.Name] = readOpened(t)(p.Open(file.Name))
		}
	}
	return files
}

// However they are packed and cut: the rows of the namespaces of a publisher together are those that are published.
func TestLiveExportsAreWhatIsPublished(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	input := exportedInput(t, monday)
	var e *Engine
	for _, c := range []struct {
		what string
		set  func(*Config)
	}{
		{"plain", func(*Config) {}},
		{"parts", func(c *Config) { c.Serve.ExportPartSize = 1000 }},
		{"gzip with formulas", func(c *Config) { c.Reports.Gzip, c.Reports.CSVFormulaGuard = true, false }},
		{"packed parts of parts", func(c *Config) { c.Serve.ExportPartSize, c.Reports.CSVPartSize, c.Reports.Gzip = 1000, 1500, true }},
	} {
		if c.what != "parts" { // those of the API need no further run
			e = exportedLake(t)
		}
		c.set(&e.Config)
		mustRun(t, e, input)
		openLive(t, e, func(_ *Live, s *LiveState) {
			acme, globex := publicationOf(t, s, "acme", "2026-W38"), publicationOf(t, s, "globex", "2026-W38")
			for _, report := range dataviewReports {
				wantHeader, want := csvLines(t, publishedCSV(t, acme, report))
				namespaceAt := slices.Index(strings.Split(strings.TrimSpace(wantHeader), ","), "namespace")
				all := 0
				for _, namespace := range acme.Namespaces {
					export, err := s.Export(ctx, acme, report, namespace)
					if err != nil {
						t.Fatalf("%s: %s of %s: %v", c.what, report, namespace, err)
					}
					files := readExport(t, export)
					header, rows := csvLines(t, files)
					own := slices.DeleteFunc(slices.Clone(want), func(row string) bool { return strings.Split(row, ",")[namespaceAt] != namespace })
					if header != wantHeader || !slices.Equal(rows, own) || len(rows) == 0 {
						t.Errorf("%s: %s of %s:\n%s%s\nwant\n%s%s", c.what, report, namespace, header, strings.Join(rows, ""), wantHeader, strings.Join(own, ""))
					}
					all += len(rows)
					if report == "raw" && strings.Contains(c.what, "parts") != (len(files) > 1) {
						t.Errorf("%s: %s of %s is in %d files", c.what, report, namespace, len(files))
					}
					if report == "raw" && strings.Contains(rows[0], `,"'=Acme`) == (strings.Contains(c.what, "formulas")) {
						t.Errorf("%s: formulas are not guarded as configured: %s", c.what, rows[0])
					}
				}
				if all != len(want) {
					t.Errorf("%s: %s has %d rows for its namespaces, and %d are published", c.what, report, all, len(want))
				}
				// Who owns one namespace gets the published files, unless those are larger than a part.
				export, err := s.Export(ctx, globex, report, "globex")
				if err != nil {
					t.Fatalf("%s: %s of globex: %v", c.what, report, err)
				}
				got, published := readExport(t, export), publishedCSV(t, globex, report)
				if !strings.Contains(c.what, "parts") || report != "raw" {
					sameFiles(t, c.what+": "+report+" of globex", got, published)
				}
				_, rows := csvLines(t, got)
				if _, want := csvLines(t, published); !slices.Equal(rows, want) {
					t.Errorf("%s: %s of globex has %d rows, %d are published", c.what, report, len(rows), len(want))
				}
			}
		})
	}
}

func sameFiles(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	if names := sortedNames(want); !slices.Equal(sortedNames(got), names) {
		t.Errorf("%s: files %q, want %q", what, sortedNames(got), names)
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s:\n%s\nwant\n%s", what, name, got[name], want[name])
		}
	}
}

// What was asked for before late data came is what it was then, or told to be replaced.
func TestLiveExportsOfReplacedReports(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := exportedLake(t)
	mustRun(t, e, exportedInput(t, monday))
	openLive(t, e, func(live *Live, s *LiveState) {
		acme, globex := publicationOf(t, s, "acme", "2026-W38"), publicationOf(t, s, "globex", "2026-W38")
		month := publicationOf(t, s, "acme", "2026-09")
		computed, err := s.Export(ctx, acme, "raw", "acme")
		if err != nil {
			t.Fatal(err)
		}
		before := readExport(t, computed)
		direct, err := s.Export(ctx, globex, "raw", "globex")
		if err != nil {
			t.Fatal(err)
		}
		held, err := direct.Open("raw.csv")
		if err != nil {
			t.Fatal(err)
		}
		old := publishedCSV(t, globex, "raw")["raw.csv"]
		mustRun(t, e, exportedInput(t, monday.Add(24*time.Hour)))

		sameFiles(t, "the computed export", readExport(t, computed), before)
		if text := readOpened(t)(held, nil); text != old {
			t.Errorf("the open file has %d bytes, and had %d", len(text), len(old))
		}
		wantReplaced := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, ErrReplaced) {
				t.Errorf("%s: %v, want ErrReplaced", what, err)
			}
		}
		_, err = direct.Open("raw.csv")
		wantReplaced("a published file", err)
		_, err = globex.Open("raw.parquet")
		wantReplaced("a published Parquet file", err)
		_, err = s.Export(ctx, acme, "raw", "acme-labs")
		wantReplaced("an export that is computed now", err)
		_, err = s.Export(ctx, month, "pulls_summary", "acme")
		wantReplaced("one of the month", err)
		again, err := s.Export(ctx, acme, "raw", "acme") // computed before
		if err != nil {
			t.Fatal(err)
		}
		sameFiles(t, "the export once more", readExport(t, again), before)

		after := stateNow(t, live)
		defer after.Release()
		now := publicationOf(t, after, "acme", "2026-W38")
		if now.Manifest.Revision != 2 || acme.Manifest.Revision != 1 {
			t.Errorf("revisions %d and %d, want 2 and 1", now.Manifest.Revision, acme.Manifest.Revision)
		}
		export, err := after.Export(ctx, now, "raw", "acme")
		if err != nil {
			t.Fatal(err)
		}
		_, rows := csvLines(t, readExport(t, export))
		if _, first := csvLines(t, before); len(rows) != 2*len(first) {
			t.Errorf("%d rows, want twice %d", len(rows), len(first))
		}
	})
}

// An export is of a report and a namespace that the publication has.
func TestLiveExportsThatAreNotThere(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := exportedLake(t)
	e.Config.Reports.Publish = []string{"raw", "tags"}
	mustRun(t, e, exportedInput(t, monday))
	openLive(t, e, func(_ *Live, s *LiveState) {
		acme := publicationOf(t, s, "acme", "2026-W38")
		if got := acme.Views(); !slices.Equal(got, []string{"raw"}) {
			t.Errorf("views %q, want raw", got)
		}
		for _, c := range [][2]string{{"pulls_summary", "acme"}, {"raw", "globex"}, {"raw", ""}, {"unknown", "acme"}} {
			if _, err := s.Export(ctx, acme, c[0], c[1]); !errors.Is(err, ErrReplaced) {
				t.Errorf("%s of %q: %v, want ErrReplaced", c[0], c[1], err)
			}
		}
		export, err := s.Export(ctx, acme, "raw", "acme")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"", "manifest.json", "../raw.csv", "raw.parquet"} {
			if file, err := export.Open(name); !errors.Is(err, ErrReplaced) {
				t.Errorf("file %q: %v, %v, want ErrReplaced", name, file, err)
			}
		}
		if err := os.Remove(filepath.Join(e.Dir, "reports", "acme", weekDir, "raw.parquet")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Export(ctx, acme, "raw", "acme-labs"); !errors.Is(err, ErrReplaced) {
			t.Errorf("without the Parquet file: %v", err)
		}
	})
}
