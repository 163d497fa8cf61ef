package engine

import (
	"context"

	"github.com/pullscope/pullscope/engine/ingest"
	"github.com/pullscope/pullscope/engine/lake"
)

// records is how the records of one schema get into the workspace.
type records struct {
	kind  string // names them in manifests
	table string // of the accepted ones
	jsonl string // SQL file of their JSON format
	stage string // SQL file that gives a batch one shape: a query
	// accept sorts the records of a staged batch into accepted, ignored and rejected ones,
	// adds and counts them, and returns the rejected ones.
	accept func(ctx context.Context, stage string) ([]rejected, error)
}

// requestRecords is how requests get into the workspace.
func (l *loader) requestRecords() records {
	return records{
		kind: lake.KindRequests, table: "requests",
		jsonl: "ingest/jsonl.sql", stage: "duckdb/stage.sql", accept: l.acceptStaged,
	}
}

func (l *loader) recordsOf(input *ingest.Input) records {
	if input.Schema == ingest.ExtensionEvents {
		return l.extensions
	}
	return l.requests
}

// inputsOf are the inputs with one kind of records.
func (l *loader) inputsOf(of records) []*loadedInput {
	var inputs []*loadedInput
	for _, input := range l.inputs {
		if input.Kind == of.kind {
			inputs = append(inputs, input)
		}
	}
	return inputs
}
