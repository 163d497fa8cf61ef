import type { ComponentChildren } from "preact";

export interface TableColumn<Row> {
  title: string;
  numeric?: boolean;
  /** heads its row */
  heading?: boolean;
  cell: (row: Row) => ComponentChildren;
}

interface Props<Row> {
  caption: ComponentChildren;
  /** says what the table is where its caption is not shown */
  hideCaption?: boolean;
  columns: TableColumn<Row>[];
  rows: Row[];
  rowClass?: (row: Row) => string | undefined;
  empty?: ComponentChildren;
}

/** DataTable is a table that scrolls by itself where it is wider than the page. */
export function DataTable<Row>({ caption, hideCaption, columns, rows, rowClass, empty }: Props<Row>) {
  if (rows.length === 0 && empty !== undefined) return <p class="empty">{empty}</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label={typeof caption === "string" ? caption : "Table"}>
      <table>
        <caption class={hideCaption ? "visually-hidden" : undefined}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, at) => (
              <th key={at} scope="col" class={column.numeric ? "numeric" : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at} class={rowClass?.(row)}>
              {columns.map((column, index) =>
                column.heading ? (
                  <th key={index} scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={index} class={column.numeric ? "numeric" : undefined}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
