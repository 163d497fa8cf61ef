package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
)

// inbox hands out the files that the inputs of a run name, oldest first, in
// batches that fit into the memory. Logs may be rotated meanwhile: files are told
// apart by what they are, not by their names, and looked for again until there is
// none that was not handed out.
type inbox struct {
	*session
	request Request
	queue   []inboxFile
	taken   []inboxFile // files that were handed out or are known
	looks   int
	absent  []lake.Skipped // what named no file at the first look
}

// inboxFile is a file that was found.
type inboxFile struct {
	path   string
	info   os.FileInfo
	schema *ingest.Schema
	format ingest.Format
}

// batch is what one run reads.
type batch struct {
	inputs  []*ingest.Input
	skipped []lake.Skipped
	last    bool
}

// maxLooks ends the search in a directory in which something never stops renaming files.
const maxLooks = 10

// maxOpen is how many files one run holds open at most, well below what a process may.
const maxOpen = 400

func (s *session) newInbox(request Request) (*inbox, error) {
	if request.Format == "" {
		request.Format = ingest.Auto
	}
	b := &inbox{session: s, request: request}
	return b, b.look()
}

// look finds the files that were not handed out yet.
func (b *inbox) look() error {
	b.looks++
	logs, err := b.discover("--input", b.request.Inputs)
	if err != nil {
		return err
	}
	events, err := b.discover("--extensions", b.request.Extensions)
	if err != nil {
		return err
	}
	for _, path := range logs {
		b.enqueue(inboxFile{path: path, schema: ingest.Requests, format: b.request.Format})
	}
	for _, path := range events {
		b.enqueue(inboxFile{path: path, schema: ingest.ExtensionEvents, format: ingest.Auto})
	}
	// Rotated logs in the order of their last lines touch each day only once or twice.
	slices.SortStableFunc(b.queue, func(x, y inboxFile) int {
		return cmp.Or(x.info.ModTime().Compare(y.info.ModTime()), strings.Compare(x.path, y.path))
	})
	return nil
}

// discover finds the files of one flag. After the first look, what is missing has
// been renamed since.
func (b *inbox) discover(flag string, patterns []string) ([]string, error) {
	var all []string
	for _, pattern := range patterns {
		paths, err := ingest.Discover(flag, []string{pattern})
		switch {
		case err == nil:
			all = append(all, paths...)
		case errors.Is(err, ingest.ErrNoMatch) && b.request.Scheduled && b.looks > 1:
		case errors.Is(err, ingest.ErrNoMatch) && b.request.Scheduled:
			b.log().Info("no input", "pattern", pattern)
			b.absent = append(b.absent, lake.Skipped{Path: pattern, Reason: "there is no such file now"})
		case b.looks == 1:
			return nil, err
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (b *inbox) enqueue(file inboxFile) {
	info, err := os.Stat(file.path)
	if err != nil {
		if info, err = os.Lstat(file.path); err != nil {
			return // renamed since
		}
	}
	if file.info = info; !b.isTaken(file) {
		b.queue = append(b.queue, file)
	}
}

// isTaken reports whether the file was handed out, under this name or another. One
// that has grown since was; one that is shorter is another in its place.
func (b *inbox) isTaken(file inboxFile) bool {
	return slices.ContainsFunc(b.taken, func(other inboxFile) bool {
		return other.schema == file.schema && os.SameFile(file.info, other.info) && file.info.Size() >= other.info.Size()
	})
}

// next opens the files of the next batch, and leaves out those whose stored bytes
// are known, so that a nightly run over a folder of rotated logs does not unpack
// them all.
func (b *inbox) next(ctx context.Context, known known) (taken batch, err error) {
	defer func() {
		if err != nil {
			closeInputs(taken.inputs)
		}
	}()
	taken.skipped, b.absent = b.absent, nil
	knownOf := known.byKind()
	var size int64
	for {
		if len(b.queue) == 0 && b.looks < maxLooks && len(b.request.Inputs)+len(b.request.Extensions) > 0 {
			if err := b.look(); err != nil {
				return taken, err
			}
		}
		if len(b.queue) == 0 {
			taken.last = true
			break
		}
		file := b.queue[0]
		estimate := estimatedBytes(file)
		if len(taken.inputs) == maxOpen || len(taken.inputs) > 0 && size+estimate > b.Config.batchSize() {
			break
		}
		b.queue = b.queue[1:]
		if err := ctx.Err(); err != nil {
			return taken, err
		}
		input, skipped, err := b.open(file, knownOf[kindOf(file.schema)])
		if err != nil {
			return taken, err
		}
		if skipped != nil {
			taken.skipped = append(taken.skipped, *skipped)
		}
		if input != nil {
			b.log().Info("reading", "file", input.Name(), "format", string(input.Format), "packing", input.Packing, "bytes", input.FileBytes)
			taken.inputs = append(taken.inputs, input)
			size += estimate
		}
	}
	slices.SortStableFunc(taken.skipped, func(x, y lake.Skipped) int { return strings.Compare(x.Path, y.Path) })
	return taken, nil
}

// open opens one file, or says why it is not read; neither, when it is gone.
func (b *inbox) open(file inboxFile, known known) (*ingest.Input, *lake.Skipped, error) {
	input, err := ingest.OpenAs(file.schema, file.path, file.format)
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Lstat(file.path); gone != nil {
			return nil, nil, nil // renamed; the next look finds it
		}
	}
	if err == nil {
		if file.info = input.Info; b.isTaken(file) {
			return nil, nil, input.Close()
		}
	}
	b.taken = append(b.taken, file)
	settling := isSettling(file.info.ModTime(), b.now(), b.Config.Settle.Duration)
	if err == nil && settling {
		err = b.readToItsEnd(input)
	}
	if b.request.Scheduled && settling && errors.Is(err, ingest.ErrIncomplete) {
		return nil, &lake.Skipped{Path: file.info.Name(), Reason: "left for the next run, it is still being written: " + err.Error()}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	skip, err := known.skipFile(input, func() (string, error) { return b.hashes.of(input, settling) })
	if err != nil || skip != nil {
		return nil, skip, errors.Join(err, input.Close())
	}
	return input, nil, nil
}

// readToItsEnd decides where a file ends that may still be written, and finds one
// that has no end yet.
func (b *inbox) readToItsEnd(input *ingest.Input) error {
	err := input.LeaveBegunLine()
	if err == nil && b.request.Scheduled {
		err = input.CheckComplete()
	}
	if err != nil {
		return errors.Join(err, input.Close())
	}
	return nil
}

// isSettling reports whether a file is so young that its end may be missing. Of a
// stamp in the future nothing follows.
func isSettling(modified, now time.Time, settle time.Duration) bool {
	age := now.Sub(modified)
	return age > -settle && age < settle
}

func kindOf(schema *ingest.Schema) string {
	if schema == ingest.ExtensionEvents {
		return lake.KindExtensionEvents
	}
	return lake.KindRequests
}

// estimatedBytes is about how much text the file holds: logs pack well.
func estimatedBytes(file inboxFile) int64 {
	switch name := file.path; {
	case strings.HasSuffix(name, ".gz"), strings.HasSuffix(name, ".zst"):
		return 15 * file.info.Size()
	case strings.HasSuffix(name, ".parquet"):
		return 8 * file.info.Size()
	}
	return file.info.Size()
}

// tellBegun notes the files whose last line was left.
func (r *run) tellBegun(inputs []*ingest.Input) {
	for _, input := range inputs {
		if input.LeftBytes > 0 {
			r.skip([]lake.Skipped{{Path: input.Name(), Reason: fmt.Sprintf(
				"its last line (%d bytes) has no end yet and is left for the next run; the file changed less than %s ago", input.LeftBytes, r.Config.Settle)}})
		}
	}
}
