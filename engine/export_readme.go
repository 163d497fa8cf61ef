package engine

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/pullscope/pullscope/engine/duck"
)

// numberColumns are the columns of an export for a publisher that the lake does not have.
var numberColumns = map[string]SchemaColumn{
	"client_no": {Description: "number of the client (an IPv4 address, or the /64 of an IPv6 address), from 1 by first appearance in this export", Null: neverNull},
	"user_no":   {Description: "number of the user id, from 1 by first appearance in this export; the same user in both files", Null: "the user is unknown: not authenticated"},
}

// describeExported documents the columns of an exported file, in their order, with the
// words of the view that they come from.
func (x *exporter) describeExported(ctx context.Context, path, view string) ([]SchemaColumn, error) {
	held, err := x.db.Describe(ctx, "from read_parquet("+duck.Quote(duck.Path(path))+")")
	if err != nil {
		return nil, err
	}
	table, err := SchemaOf(view)
	if err != nil {
		return nil, err
	}
	columns := make([]SchemaColumn, len(held))
	for i, column := range held {
		described, ok := numberColumns[column.Name]
		if !ok {
			if described, ok = table.column(column.Name); !ok {
				return nil, fmt.Errorf("column %s of %s is not documented", column.Name, path)
			}
		}
		described.Name, described.Type = column.Name, column.Type
		columns[i] = described
	}
	return columns, nil
}

const exportReadmeEnd = `
reports/

  The published reports of this publisher: weekly/ and monthly/, a folder per period, named
  by its first day. Each report is there as CSV and as Parquet; manifest.json tells rows,
  revision and hashes.

How to count

  Downloads: rows of actions.parquet whose action is pull_by_tag or pull_by_digest.
  Users:     count(distinct coalesce(user_no, -client_no)): user ids, and clients without one.
  Clients:   count(distinct client_no).
  Uniques do not add up: count them anew for each stretch of days and each image.
  The numbers say who is the same within this export. In another export the same client
  has another number, so that exports cannot be joined by them.

  For example, in DuckDB:

  select namespace, repository, count(*) as downloads,
      count(distinct coalesce(user_no, -client_no)) as users
  from 'actions.parquet' where action <> 'version_check' group by all order by downloads desc
`

// writeReadme tells the reader of an export for a publisher what it holds.
func (x *exporter) writeReadme(ctx context.Context, path string, done Exported) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Image pulls of publisher %s\n\nDays: %s. All times are UTC.\nReports: of %d weeks and months that lie within these days.\n", x.options.Publisher, x.options.days(), done.Periods)
	for _, file := range []struct {
		view string
		rows int64
		of   string
	}{
		{"actions", done.Actions, "one row per action: a version check or a pull; by time"},
		{"extension_events", done.ExtensionEvents, "one row per extension event; by time"},
	} {
		name := file.view + ".parquet"
		columns, err := x.describeExported(ctx, strings.TrimSuffix(path, "README.txt")+name, file.view)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "\n%s: %d rows; %s\n\n", name, file.rows, file.of)
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		for _, column := range columns {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", column.Name, strings.ToLower(column.Type), column.Meaning())
		}
		if err := table.Flush(); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	text.WriteString(exportReadmeEnd)
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
