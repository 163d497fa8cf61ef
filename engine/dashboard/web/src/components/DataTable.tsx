import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface TableColumn<Row> {
  title: string;
  numeric?: boolean;
  /** heads its row */
  heading?: boolean;
  /** is not broken into lines: days */
  whole?: boolean;
  /** has sentences, which need some width */
  text?: boolean;
  cell: (row: Row) => ComponentChildren;
}

interface Props<Row> {
  caption: string;
  /** says what the table is where its caption is not shown */
  hideCaption?: boolean;
  columns: TableColumn<Row>[];
  rows: Row[];
  rowClass?: (row: Row) => string | undefined;
  empty?: ComponentChildren;
}

// More rows than these scroll by themselves, under their header.
const manyRows = 30;

/** DataTable is a table that scrolls by itself where it is wider than the page. */
export function DataTable<Row>({ caption, hideCaption, columns, rows, rowClass, empty }: Props<Row>) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const scrolls = useScrolls(scroller, rows);
  if (rows.length === 0 && empty !== undefined) return <p class="empty">{empty}</p>;
  return (
    <>
      <p id={id} class={hideCaption ? "visually-hidden" : "hint"}>
        {caption}
      </p>
      <div class={rows.length > manyRows ? "table-scroll long" : "table-scroll"} ref={scroller} {...(scrolls ? { tabIndex: 0, role: "group", "aria-labelledby": id } : {})}>
        <table aria-labelledby={id}>
          <thead>
            <tr>
              {columns.map((column, at) => (
                <th key={at} scope="col" class={classOf(column)}>
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
                    <th key={index} scope="row" class={classOf(column)}>
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={index} class={classOf(column)}>
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function classOf<Row>(column: TableColumn<Row>): string | undefined {
  return column.numeric ? "numeric" : column.whole ? "whole" : column.text ? "text" : undefined;
}

/** useScrolls tells whether an element has more than it shows, so that the keyboard must reach it. */
function useScrolls(ref: { current: HTMLElement | null }, shown: unknown): boolean {
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const look = () => setScrolls(element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight);
    const resized = new ResizeObserver(look);
    resized.observe(element);
    return () => resized.disconnect();
  }, [shown]);
  return scrolls;
}
