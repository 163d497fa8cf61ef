// Which file does a request go to, and who writes it?

package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"time"
)

// rowWriter writes the requests of one file.
type rowWriter interface {
	write(request) error
	close() error // writes what is left; the file itself stays open
}

// files is the log: one file, or several, one after the other.
type files struct {
	fileOf func(at int64) string
	begin  func(to io.Writer) (rowWriter, error)
	name   string // of the file that is open
	file   *os.File
	rows   rowWriter // nil: no file is open
}

// newFiles opens nothing yet.
func newFiles(o options, fileOf func(at int64) string) *files {
	return &files{fileOf: fileOf, begin: newFormat(o)}
}

// newFormat returns what begins a file. Random values go on from file to file.
func newFormat(o options) func(io.Writer) (rowWriter, error) {
	if o.format == "parquet" {
		return newParquetFormat(o)
	}
	var lines lineFormat
	switch o.format {
	case "nginx-json":
		lines = newNginxFormat(o, newJSONLine(o))
	case "combined":
		lines = newNginxFormat(o, newCombinedLine(o))
	default:
		lines = newCSVFormat(o)
	}
	return func(to io.Writer) (rowWriter, error) {
		w := &lineWriter{out: bufio.NewWriterSize(to, 1<<20), format: lines}
		_, err := w.out.WriteString(lines.header())
		return w, err
	}
}

func (f *files) write(r request) error {
	if name := f.fileOf(r.at); f.rows == nil || name != f.name {
		if err := f.next(name); err != nil {
			return err
		}
	}
	return f.rows.write(r)
}

// next ends the file that is open, and begins another.
func (f *files) next(name string) (err error) {
	if err := f.close(); err != nil {
		return err
	}
	f.name, f.file = name, os.Stdout
	if name != "-" {
		if f.file, err = os.Create(name); err != nil {
			return err
		}
	}
	f.rows, err = f.begin(f.file)
	return err
}

// close ends the file that is open.
func (f *files) close() error {
	if f.rows == nil {
		return nil
	}
	err := f.rows.close()
	f.rows = nil
	if f.file != os.Stdout {
		if closing := f.file.Close(); err == nil {
			err = closing
		}
	}
	return err
}

// finish ends the log; one without requests is a file, too.
func (f *files) finish() error {
	if f.rows == nil {
		if err := f.next(f.fileOf(0)); err != nil {
			return err
		}
	}
	return f.close()
}

// dayFiles names a file per day in a folder.
func (o *options) dayFiles(folder string) func(at int64) string {
	extension := map[string]string{"csv": ".csv", "nginx-json": ".json.log", "combined": ".log", "parquet": ".parquet"}[o.format]
	names := make([]string, o.days)
	for day := range names {
		names[day] = filepath.Join(folder, o.start.AddDate(0, 0, day).Format(time.DateOnly)+extension)
	}
	return func(at int64) string { return names[at/(24*hour)] }
}

// lineFormat turns a request into lines of text.
type lineFormat interface {
	header() string
	append(to []byte, r *request) []byte
}

// lineWriter writes lines to a buffered writer.
type lineWriter struct {
	out    *bufio.Writer
	format lineFormat
	text   []byte // of the request that is written last
}

func (w *lineWriter) write(r request) error {
	w.text = w.format.append(w.text[:0], &r)
	_, err := w.out.Write(w.text)
	return err
}

func (w *lineWriter) close() error { return w.out.Flush() }
