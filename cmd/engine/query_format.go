package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// queryFormats are the forms that the result of a query can have.
var queryFormats = []string{"table", "csv", "tsv", "json", "jsonl", "markdown", "parquet", "xlsx"}

// fileEndings are those that differ from the name of the format.
var fileEndings = map[string]string{"table": "txt", "markdown": "md"}

func fileEnding(format string) string {
	if ending, ok := fileEndings[format]; ok {
		return ending
	}
	return format
}

// binaryFormat reports whether a format is of no use on a screen.
func binaryFormat(format string) bool { return format == "parquet" || format == "xlsx" }

// chooseFormat is the format that the flags ask for, or what the name of the output ends in.
func chooseFormat(c *cli.Context, formats []string) (string, error) {
	output := c.String("output")
	if !c.IsSet("format") {
		if output == "" {
			return formats[0], nil
		}
		format, ok := formatOfFile(output, formats)
		if !ok {
			return "", usageError("the name %s tells no format; let it end in %s, or add --format", output, orList(endingsOf(formats)))
		}
		return format, nil
	}
	format := c.String("format")
	if !slices.Contains(formats, format) {
		return "", unknownFormat(format, formats)
	}
	if binaryFormat(format) && output == "" {
		return "", usageError("format %s needs a file: add -o FILE.%s", format, format)
	}
	return format, nil
}

func unknownFormat(format string, formats []string) error {
	return usageError("format %q is unknown; take %s", format, orList(formats))
}

// formatOfFile is the format that the name of a file tells.
func formatOfFile(name string, formats []string) (string, bool) {
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
	for _, format := range formats {
		if fileEnding(format) == ending {
			return format, true
		}
	}
	return "", false
}

// endingsOf are the endings of files, plain tables last.
func endingsOf(formats []string) []string {
	var endings []string
	for _, format := range append(formats[1:len(formats):len(formats)], formats[0]) {
		endings = append(endings, "."+fileEnding(format))
	}
	return endings
}

// orList is "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// screen is where results and messages go, and how they look there.
type screen struct {
	out, err    io.Writer
	outTerminal bool
	errTerminal bool
	width       int    // in columns; 0: any
	flags       string // what stands before the name of a setting: "--", in the prompt "."
}

func newScreen(c *cli.Context) screen {
	s := screen{out: c.App.Writer, err: c.App.ErrWriter, flags: "--"}
	s.outTerminal, s.errTerminal = isTerminal(s.out), isTerminal(s.err)
	s.width, _ = terminalSize(s.out)
	return s
}

// terminalSize is in columns and lines, and 0 where there is no terminal.
func terminalSize(w io.Writer) (width, height int) {
	file, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

// colours reports whether a person wants more than plain text.
func (s screen) colours() bool { return s.outTerminal && os.Getenv("NO_COLOR") == "" }

// newResultWriter writes the rows of a query in one of the text formats.
func newResultWriter(format string, w io.Writer, on screen) resultWriter {
	switch format {
	case "csv":
		return &csvWriter{w: w}
	case "tsv":
		return &tsvWriter{w: w}
	case "json":
		return &jsonWriter{w: w}
	case "jsonl":
		return &jsonLinesWriter{w: w}
	case "markdown":
		return &markdownWriter{w: w}
	}
	null := "NULL"
	if on.colours() {
		null = "\x1b[2mNULL\x1b[22m"
	}
	return &tableWriter{w: w, null: null, width: on.width, limitFlag: fmt.Sprintf("%slimit 0", on.flags), formatFlag: on.flags + "format csv"}
}
