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
	}
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

// openInputs opens the files, and leaves out those whose stored bytes are known,
// so that a nightly run over a folder of rotated logs does not unpack them all.
func openInputs(schema *ingest.Schema, paths []string, format ingest.Format, known known) (open []*ingest.Input, skipped []lake.Skipped, err error) {
	defer func() {
		if err != nil {
			closeInputs(open)
		}
	}()
	for _, path := range paths {
		input, err := ingest.OpenAs(schema, path, format)
		if err != nil {
			return open, nil, err
		}
		skip, err := known.skipFile(input)
		if err != nil {
			input.Close()
			return open, nil, err
		}
		if skip != nil {
			skipped = append(skipped, *skip)
			input.Close()
			continue
		}
		open = append(open, input)
	}
	return open, skipped, nil
}

func closeInputs(inputs []*ingest.Input) {
	for _, input := range inputs {
		input.Close()
	}
}

func (k known) skipFile(input *ingest.Input) (*lake.Skipped, error) {
	sha := ""
	for _, other := range k.inputs {
		if other.FileBytes != input.FileBytes {
			continue
		}
		if sha == "" {
			var err error
			if sha, err = fileSHA256(input.Path); err != nil {
				return nil, err
			}
		}
		if other.FileSHA256 == sha {
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
			if shorter.Accepted+shorter.Duplicates > 0 && shorter.Bytes < input.Bytes && input.prefixes(shorter.Bytes) == shorter.SHA256 {
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

// skipContent finds an input that has the same content, or begins with it.
func (k known) skipContent(input *loadedInput, inputs []*loadedInput, at int) *lake.Skipped {
	for _, other := range k.inputs {
		if other.SHA256 == input.SHA256 {
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
