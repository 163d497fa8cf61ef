import { count } from "../lib/format";
import type { SeriesTable } from "../lib/series";
import { csvOf, noteOf } from "../lib/series";
import { CsvButton } from "./CsvButton";
import { DataTable } from "./DataTable";

interface Props {
  title: string;
  table: SeriesTable;
  source: "published" | "stored";
}

/** PeriodTable lists exactly what the chart shows, and saves it. */
export function PeriodTable({ title, table, source }: Props) {
  const { header, rows: cells } = csvOf(table);
  return (
    <section class="panel" aria-label="Table">
      <div class="panel-head">
        <h2>The numbers</h2>
        <CsvButton name={[title, table.columns[0]?.start ?? "", table.columns.at(-1)?.end ?? ""]} header={header} rows={cells} />
      </div>
      <PeriodRows
        table={table}
        caption={
          source === "published"
            ? `${title}: of closed periods the published numbers; of open ones those counted from the stored requests`
            : `${title}: counted from the stored requests`
        }
      />
    </section>
  );
}

/** PeriodRows are the rows of such a table. */
export function PeriodRows({ caption, table }: { caption: string; table: SeriesTable }) {
  return (
    <DataTable
      caption={caption}
      rows={table.columns.map((column, at) => ({ column, at }))}
      rowClass={({ at }) => (noteOf(table, at) ? "noted" : undefined)}
      columns={[
        { title: "start", heading: true, whole: true, cell: ({ column }) => column.start },
        { title: "end", whole: true, cell: ({ column }) => column.end },
        { title: "note", whole: true, cell: ({ at }) => noteOf(table, at) },
        ...table.series.map((series) => ({
          title: series.name,
          numeric: true,
          cell: ({ at }: { at: number }) => (series.values[at] === null ? "" : count(series.values[at])),
        })),
      ]}
    />
  );
}
