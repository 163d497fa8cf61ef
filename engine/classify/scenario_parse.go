package classify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// scenarioHeader names the columns of a row.
const scenarioHeader = "at client method image reference digest | action requests digest"

// ParseScenario reads a scenario in its text form:
//
//	# HEAD by tag, then GET of the same digest: one pull by tag.
//	#
//	# at                         client    method image    reference digest | action      requests digest
//	2026-09-21T12:00:00.000000Z  192.0.2.1 HEAD   acme/app v1        A      | pull_by_tag 2        A
//	2026-09-21T12:00:00.050000Z  192.0.2.1 GET    acme/app @A        A      | -
//
// One row a request, in the order of the lines of the log; columns separated by blanks.
//
//   - at: UTC, at most six decimals.
//   - reference: a tag, or @ and a digest.
//   - digest: one or two capital letters, which stand for [DigestOf] of them, or sha256:… or sha512:… in full, or - where
//     the log tells none; a request by digest then has its reference as digest.
//   - After the bar what the request must be labelled: action, number of its requests, its digest or - when unknown; a
//     lone - for a request that an earlier one's action absorbed.
//
// The line "window 2s" before the first row sets the window, which is 5 s without it. The line "file NAME" starts
// another input file. As the rank of a file is that of its earliest request, each file must start later than the one
// before it. Empty lines are skipped, comments after the first of these lines too.
//
// Errors name the file, name with .txt, and where they can the line.
func ParseScenario(name string, r io.Reader) (Scenario, error) {
	p := scenarioParser{scenario: Scenario{Name: name, Window: DefaultWindow}}
	lines := bufio.NewScanner(r)
	number := 0
	for lines.Scan() {
		number++
		if err := p.line(number, strings.TrimSpace(lines.Text())); err != nil {
			return Scenario{}, fmt.Errorf("%s.txt:%d: %w", name, number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Scenario{}, fmt.Errorf("%s.txt:%d: %w", name, number+1, err)
	}
	if line, err := p.end(); err != nil {
		return Scenario{}, fmt.Errorf("%s.txt:%d: %w", name, line, err)
	}
	return p.scenario, nil
}

type scenarioParser struct {
	scenario  Scenario
	begun     bool  // past the leading comment
	windowed  bool  // a window was set
	fileLines []int // the line on which each file starts
	number    int   // of the last line
}

func (p *scenarioParser) line(number int, line string) error {
	p.number = number
	if comment, ok := strings.CutPrefix(line, "#"); ok {
		p.comment(comment)
		return nil
	}
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return nil
	}
	p.begun = true
	switch fields[0] {
	case "window":
		return p.window(fields[1:])
	case "file":
		return p.file(fields[1:])
	default:
		return p.row(fields)
	}
}

func (p *scenarioParser) comment(comment string) {
	isHeader := strings.Join(strings.Fields(comment), " ") == scenarioHeader
	if !p.begun && !isHeader {
		p.scenario.Comment = append(p.scenario.Comment, strings.TrimPrefix(comment, " "))
	}
}

func (p *scenarioParser) window(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("window: want one duration")
	}
	if p.windowed || len(p.scenario.Files) > 0 {
		return errors.New("window: want it once and before all rows and files")
	}
	window, err := time.ParseDuration(arguments[0])
	if err != nil {
		return fmt.Errorf("window: %w", err)
	}
	if window < 0 || window%time.Microsecond != 0 {
		return fmt.Errorf("window: %s is not a whole number of microseconds from 0", window)
	}
	p.windowed, p.scenario.Window = true, window
	return nil
}

var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (p *scenarioParser) file(arguments []string) error {
	if len(arguments) != 1 || !fileName.MatchString(arguments[0]) {
		return errors.New("file: want one name of letters, digits, dots, dashes and underscores")
	}
	if slices.Contains(p.scenario.Files, arguments[0]) {
		return fmt.Errorf("file: %s is there already", arguments[0])
	}
	p.scenario.Files = append(p.scenario.Files, arguments[0])
	p.fileLines = append(p.fileLines, p.number)
	return nil
}

func (p *scenarioParser) row(fields []string) error {
	row, err := parseRow(fields)
	if err != nil {
		return err
	}
	if len(p.scenario.Files) == 0 {
		p.scenario.Files = []string{""}
		p.fileLines = []int{p.number}
	}
	row.File = len(p.scenario.Files) - 1
	row.Line = 1
	if rows := p.scenario.Rows; len(rows) > 0 && rows[len(rows)-1].File == row.File {
		row.Line = rows[len(rows)-1].Line + 1
	}
	p.scenario.Rows = append(p.scenario.Rows, row)
	return nil
}

// end checks what only the whole scenario shows. The line is that of the error.
func (p *scenarioParser) end() (line int, err error) {
	if len(p.scenario.Files) == 0 {
		return p.number, errors.New("no rows")
	}
	p.scenario.Comment = withoutEmptyEnd(p.scenario.Comment)
	starts := fileStarts(p.scenario)
	for file, start := range starts {
		if start.IsZero() {
			return p.fileLines[file], fmt.Errorf("file: %s has no rows", p.scenario.Files[file])
		}
		if file > 0 && !start.After(starts[file-1]) {
			return p.fileLines[file], fmt.Errorf("file: %s does not start later than the one before it", p.scenario.Files[file])
		}
	}
	return 0, nil
}

func withoutEmptyEnd(comment []string) []string {
	for len(comment) > 0 && comment[len(comment)-1] == "" {
		comment = comment[:len(comment)-1]
	}
	return append([]string(nil), comment...)
}

// fileStarts returns the earliest start of each file; the zero time for a file without rows.
func fileStarts(s Scenario) []time.Time {
	starts := make([]time.Time, len(s.Files))
	for _, row := range s.Rows {
		if starts[row.File].IsZero() || row.At.Before(starts[row.File]) {
			starts[row.File] = row.At
		}
	}
	return starts
}
