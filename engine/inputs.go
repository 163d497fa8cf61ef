package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
)

// known is what the lake has read already.
type known struct {
	inputs []lake.Input // all that were ever stored
	live   []lake.Input // those that no longer version replaced

	readmit bool // Request.Readmit
}

func knownInputs(runs []lake.Run) known {
	k := known{live: lake.LiveInputs(runs)}
	for _, run := range runs {
		k.inputs = append(k.inputs, run.Inputs...)
	}
	return k
}

// of is what is known of one kind of inputs. The same bytes may be known as one
// kind and new as another.
func (k known) of(kind string) known {
	isOther := func(input lake.Input) bool { return input.Kind != kind }
	return known{
		inputs: slices.DeleteFunc(slices.Clone(k.inputs), isOther),
		live:   slices.DeleteFunc(slices.Clone(k.live), isOther),

		readmit: k.readmit,
	}
}

// byKind is what is known of each kind of inputs.
func (k known) byKind() map[string]known {
	return map[string]known{lake.KindRequests: k.of(lake.KindRequests), lake.KindExtensionEvents: k.of(lake.KindExtensionEvents)}
}

// sizes are the content sizes at which a new input may turn out to be a grown one.
func (k known) sizes() []int64 {
	var sizes []int64
	for _, input := range k.live {
		if input.Bytes > 0 {
			sizes = append(sizes, input.Bytes)
		}
	}
	return sizes
}

func closeInputs(inputs []*ingest.Input) {
	for _, input := range inputs {
		input.Close()
	}
}

// skipFile says why a file is not read whose stored bytes, which hash fingerprints, are known.
func (k known) skipFile(input *ingest.Input, hash func() (string, error)) (*lake.Skipped, error) {
	sha := ""
	for _, other := range k.inputs {
		if other.FileBytes != input.FileBytes {
			continue
		}
		if sha == "" {
			var err error
			if sha, err = hash(); err != nil {
				return nil, err
			}
		}
		if other.FileSHA256 == sha && !k.readAgain(other) {
			return alreadyLoaded(input.Name(), other), nil
		}
	}
	return nil, nil
}

func alreadyLoaded(name string, other lake.Input) *lake.Skipped {
	return &lake.Skipped{Path: name, SHA256: other.SHA256, Reason: fmt.Sprintf("already loaded as %s", other.Path), Of: other.Source}
}

// plan decides what becomes of the loaded inputs: which are new, which are
// known under any name, and which stored ones they replace as longer versions.
type plan struct {
	fresh      []*loadedInput
	skipped    []lake.Skipped
	superseded []lake.Input
}

func (k known) plan(inputs []*loadedInput) plan {
	var p plan
	for i, input := range inputs {
		if skip := k.skipContent(input, inputs, i); skip != nil {
			p.skipped = append(p.skipped, *skip)
			continue
		}
		for _, shorter := range k.live {
			if k.replaces(input, shorter) {
				input.Supersedes = append(input.Supersedes, shorter.Source)
				if !slices.ContainsFunc(p.superseded, func(other lake.Input) bool { return other.Source == shorter.Source }) {
					p.superseded = append(p.superseded, shorter)
				}
			}
		}
		p.fresh = append(p.fresh, input)
	}
	return p
}

// replaces reports whether an input takes the place of a stored one: it begins with
// it, or it is the same and is read again.
func (k known) replaces(input *loadedInput, stored lake.Input) bool {
	if stored.SHA256 == input.SHA256 {
		return k.readAgain(stored)
	}
	return holdsRecords(stored) && stored.Bytes < input.Bytes && input.prefixes(stored.Bytes) == stored.SHA256
}

// holdsRecords reports whether a log is more than a header, with which many begin.
func holdsRecords(input lake.Input) bool {
	return input.Records > input.Ignored[string(ingest.Header)]+input.Ignored[string(ingest.Blank)]
}

// readAgain reports whether an input is read though it is known: some of its requests
// were set aside for their stamps, and are now asked for.
func (k known) readAgain(input lake.Input) bool {
	return k.readmit && input.Rejects[string(ingest.TooLate)]+input.Rejects[string(ingest.InTheFuture)] > 0
}

// skipContent finds an input that has the same content, or begins with it.
func (k known) skipContent(input *loadedInput, inputs []*loadedInput, at int) *lake.Skipped {
	for _, other := range k.inputs {
		if other.SHA256 == input.SHA256 && !k.readAgain(other) {
			return alreadyLoaded(input.Path, other)
		}
	}
	for i, other := range inputs {
		switch {
		case i < at && other.SHA256 == input.SHA256:
			return &lake.Skipped{Path: input.Path, SHA256: input.SHA256, Reason: fmt.Sprintf("same content as %s", other.Path), Of: other.Source}
		case beginsWith(other.Input, input):
			return shorterVersion(input, other.Path, other.Source)
		}
	}
	for _, other := range k.live {
		if beginsWith(other, input) {
			return shorterVersion(input, other.Path, other.Source)
		}
	}
	return nil
}

// beginsWith reports whether the content of shorter is the beginning of that of
// longer, up to the last mark of shorter. Behind it may be a line that was cut;
// what is marked must hold a request, since a header alone begins many logs.
func beginsWith(longer lake.Input, shorter *loadedInput) bool {
	markedLines := int64(len(shorter.Marks) / ingest.MarkLength)
	return longer.Bytes > shorter.Bytes && shorter.firstAccepted > 0 &&
		markedLines >= min(shorter.firstAccepted, ingest.MarkedLines) && strings.HasPrefix(longer.Marks, shorter.Marks)
}

func shorterVersion(input *loadedInput, longer, source string) *lake.Skipped {
	return &lake.Skipped{Path: input.Path, SHA256: input.SHA256, Reason: fmt.Sprintf("shorter version of %s", longer), Of: source}
}
