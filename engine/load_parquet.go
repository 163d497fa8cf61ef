package engine

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/engine/ingest"
)

// loadParquet reads one Parquet file in batches of rows. Its lines are its rows.
func (l *loader) loadParquet(ctx context.Context, input *ingest.Input, loaded *loadedInput) error {
	loaded.prefixes = func(int64) string { return "" }
	loaded.Ignored = map[string]int64{}
	file := fmt.Sprintf("read_parquet(%s, file_row_number = true)", duck.Quote(duck.Path(input.Path)))
	columns, err := l.db.Describe(ctx, "select * from "+file)
	if err != nil {
		return fmt.Errorf("input %s: the file is no whole Parquet file (%w); fetch it again", input.Path, err)
	}
	if err := nameParquetColumns(input, columns); err != nil {
		return fmt.Errorf("input %s: %w", input.Path, err)
	}
	if err := l.db.Value(ctx, "select count(*) from "+file, &loaded.Lines); err != nil {
		return fmt.Errorf("input %s: %w", input.Path, err)
	}
	rows := l.config.pieces().parquetRows
	for first := int64(0); first < loaded.Lines; first += rows {
		source := fmt.Sprintf("(select *, cast(%d as integer) as source, file_row_number + 1 as line from %s where file_row_number >= %d and file_row_number < %d)",
			loaded.source, file, first, first+rows)
		if err := l.loadParquetBatch(ctx, input, source); err != nil {
			return err
		}
	}
	loaded.Bytes = input.FileBytes
	loaded.SHA256, err = fileSHA256(input.Path)
	loaded.FileSHA256 = loaded.SHA256
	return err
}

func (l *loader) loadParquetBatch(ctx context.Context, input *ingest.Input, source string) error {
	rejects, err := l.acceptFormat(ctx, input, source)
	if err != nil || len(rejects) == 0 {
		return err
	}
	if err := l.db.Exec(ctx, "create or replace temp table rejected_rows (line bigint)"); err != nil {
		return err
	}
	lines := make([][]driver.Value, len(rejects))
	for i, r := range rejects {
		lines[i] = []driver.Value{r.line}
	}
	if err := l.db.Append("rejected_rows", lines); err != nil {
		return err
	}
	// The raw text of a row is the row as JSON.
	query := fmt.Sprintf(`select parquet_row.line, cast(to_json(parquet_row) as varchar)
		from %s as parquet_row where parquet_row.line in (select line from rejected_rows)`, source)
	texts := map[int64]string{}
	err = l.db.Each(ctx, query, func(row []driver.Value) error {
		texts[row[0].(int64)] = row[1].(string)
		return nil
	})
	if err != nil {
		return err
	}
	return l.addRejects(rejects, texts)
}

// nameParquetColumns maps the file's columns to the canonical ones.
func nameParquetColumns(input *ingest.Input, columns []duck.Column) error {
	input.Columns = nil
	for _, column := range columns {
		if name := strings.ToLower(column.Name); slices.Contains(input.Schema.Columns, name) {
			input.Columns = append(input.Columns, name)
		}
	}
	return input.Schema.Check(input.Columns)
}

func fileSHA256(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("fingerprint input: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("fingerprint input: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
