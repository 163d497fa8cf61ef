// How are the figures written, and where?

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/google/renameio/v2"
)

// The markers between which the section stands in the results file.
const (
	sectionBegin = "<!-- peers -->"
	sectionEnd   = "<!-- /peers -->"
)

// heading begins the section.
func heading(rounds int) string {
	return fmt.Sprintf(`## Peers

`+"`make bench-peers`"+`: whole processes in turn, medians of %d rounds, %d cores (%s), %s; load average at the start %s. Ratios are medians of the ratios of each
round; above 1 the peer is slower than ours. [peers/README.md](peers/README.md) says what is compared and what is not.
`, rounds, runtime.NumCPU(), runtime.GOARCH, runtime.Version(), loadAverage())
}

// loadAverage is that of the last minute, which tells whether other work disturbs the figures.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	average, _, found := strings.Cut(string(text), " ")
	if err != nil || !found {
		return "unknown"
	}
	return average
}

// actionsTable shows a CSV log of so many GB.
func actionsTable(gigabytes float64, all counts, ours series, peers []series) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%.2f GB of CSV, and for all the same counts: %s.\n\n", gigabytes, all)
	b.WriteString("| | version | whole, s | ÷ ours | ÷ our load + classify | CPU, s | peak, GiB | parse, s | classify, s | ÷ our classify |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	alone := sums(ours.parse, ours.classify)
	var ahead []string
	for _, s := range append([]series{ours}, peers...) {
		fmt.Fprintf(&b, "| %s | %s | %.1f | %.2f | %.2f | %.1f | %.2f | %.1f | %.2f | %.2f |\n",
			s.name, s.version, median(s.seconds), median(ratios(s.seconds, ours.seconds)), median(ratios(s.seconds, alone)),
			median(s.cpu), median(s.peak), median(s.parse), median(s.classify), median(ratios(s.classify, ours.classify)))
		if ratio := median(ratios(s.classify, ours.classify)); ratio < 1 {
			ahead = append(ahead, fmt.Sprintf("%s (%.2f of our time)", s.name, ratio))
		}
	}
	fmt.Fprintf(&b, "\nOurs is the run up to the stored, checked lake; its load and classify alone take %.1f s, and its parse is the whole load. "+
		"Peers only\ncount actions; our classify writes the label, size and digest of every request.\n", median(alone))
	if len(ahead) > 0 {
		fmt.Fprintf(&b, "\nThe target, ahead of each peer's classification alone, is not reached: %s classify faster.\n", strings.Join(ahead, ", "))
	}
	return b.String()
}

// linesTable shows a combined log of so many GB and lines.
func linesTable(gigabytes float64, lines int, ours series, theirs []series) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nGoAccess reads no digests and classifies nothing: it is compared on parsing %d lines (%.2f GB) of the combined format.\n\n",
		lines, gigabytes)
	b.WriteString("| | version | whole, s | ÷ ours | ÷ our load | CPU, s | peak, GiB |\n|---|---|---|---|---|---|---|\n")
	for _, s := range append([]series{ours}, theirs...) {
		fmt.Fprintf(&b, "| %s | %s | %.1f | %.2f | %.2f | %.1f | %.2f |\n", s.name, s.version, median(s.seconds),
			median(ratios(s.seconds, ours.seconds)), median(ratios(s.seconds, ours.parse)), median(s.cpu), median(s.peak))
	}
	fmt.Fprintf(&b, "\nOur load alone takes %.1f s.\n", median(ours.parse))
	return b.String()
}

// writeSection puts the section between the markers of a file.
func writeSection(path, section string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	text, err = replaceSection(text, section)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := renameio.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// replaceSection changes only what stands between the markers; without markers, they and the section come last.
func replaceSection(text []byte, section string) ([]byte, error) {
	before, rest, begins := strings.Cut(string(text), sectionBegin)
	if !begins {
		if strings.Contains(before, sectionEnd) {
			return nil, fmt.Errorf("%s stands there without %s: put it before the section", sectionEnd, sectionBegin)
		}
		return []byte(strings.TrimRight(before, "\n") + "\n\n" + sectionBegin + "\n" + section + sectionEnd + "\n"), nil
	}
	_, after, ends := strings.Cut(rest, sectionEnd)
	if !ends {
		return nil, fmt.Errorf("%s is not closed: put %s after the section", sectionBegin, sectionEnd)
	}
	return []byte(before + sectionBegin + "\n" + section + sectionEnd + after), nil
}
