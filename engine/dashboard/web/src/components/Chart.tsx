import { useEffect, useId, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { lookOf } from "../lib/colors";
import type { ChartKind } from "../lib/chart";
import { periodTitle, sentence } from "../lib/chart";
import { count } from "../lib/format";
import type { SeriesTable } from "../lib/series";
import { hasNoData } from "../lib/series";
import { applied } from "../state/theme";
import { plot } from "./plot";

interface Props {
  label: string;
  /** what is counted */
  unit: string;
  table: SeriesTable;
  kind: ChartKind;
  stacked?: boolean;
  height?: number;
}

// How many series the box at the pointer lists.
const maxListed = 12;

/** Chart draws series by period. Pointer and arrow keys show the exact values; the same numbers belong in a table. */
export function Chart({ label, unit, table, kind, stacked = false, height = 320 }: Props) {
  const target = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const [column, setColumn] = useState<number | null>(null);
  const [said, setSaid] = useState("");
  const hint = useId();
  const look = applied.value;
  useEffect(() => {
    const element = target.current!;
    const width = () => Math.max(200, element.clientWidth);
    setColumn(null);
    const u = plot(element, { table, kind, stacked, height, width: width(), onColumn: setColumn });
    drawn.current = u;
    const resized = new ResizeObserver(() => width() !== u.width && u.setSize({ width: width(), height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      u.destroy();
      drawn.current = null;
    };
  }, [table, kind, stacked, height, look]);

  const show = (at: number | null) => {
    const u = drawn.current;
    if (!u) return;
    if (at === null) u.setCursor({ left: -10, top: -10 });
    else u.setCursor({ left: u.valToPos(at, "x"), top: 0 });
    setSaid(at === null ? "" : sentence(table, at, unit));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = table.columns.length - 1;
    const at = column ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const next = { ArrowLeft: Math.max(0, at - 1), ArrowRight: Math.min(last, at + 1), Home: 0, End: last, Escape: null }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    show(next);
  };
  return (
    <figure class="chart">
      <div class="plot" tabIndex={0} role="group" aria-roledescription="chart" aria-label={label} aria-describedby={hint} onKeyDown={onKeyDown} onBlur={() => show(null)}>
        <div class={`plot-area plot-${height}`} ref={target} aria-hidden="true" />
        {column !== null && column < table.columns.length && <Tooltip table={table} at={column} unit={unit} plot={drawn.current} />}
      </div>
      <p id={hint} class="visually-hidden">
        Left and right arrow keys tell the values; the table has all of them.
      </p>
      <p class="visually-hidden" aria-live="polite">
        {said}
      </p>
      <Legend table={table} kind={kind} />
    </figure>
  );
}

function Tooltip({ table, at, unit, plot }: { table: SeriesTable; at: number; unit: string; plot: uPlot | null }) {
  const column = table.columns[at]!;
  const left = plot ? plot.over.offsetLeft + plot.valToPos(at, "x") : 0;
  const onRight = plot !== null && left > plot.width / 2;
  const values = table.series.map((series, index) => ({ name: series.name, value: series.values[at] ?? null, index }));
  if (values.length > 1) values.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  return (
    <div class="tooltip" style={onRight ? { right: `${(plot?.width ?? 0) - left + 12}px` } : { left: `${left + 12}px` }}>
      <strong>{periodTitle(column)}</strong>
      {column.open && <em>open: not over yet</em>}
      {hasNoData(table, at) ? (
        <span>no data</span>
      ) : (
        <table>
          <tbody>
            {values.slice(0, maxListed).map(({ name, value, index }) => (
              <tr key={index}>
                <th scope="row">
                  <Swatch at={index} kind="line" /> {values.length === 1 ? unit : name}
                </th>
                <td class="numeric">{count(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {values.length > maxListed && <span>and {values.length - maxListed} more in the table</span>}
    </div>
  );
}

function Legend({ table, kind }: { table: SeriesTable; kind: ChartKind }) {
  const open = table.columns.some((column) => column.open);
  const gaps = table.columns.some((_, at) => hasNoData(table, at));
  return (
    <figcaption class="legend">
      <ul>
        {table.series.map((series, at) => (
          <li key={at}>
            <Swatch at={at} kind={kind} /> {series.name}
          </li>
        ))}
        {open && (
          <li>
            <span class="mark mark-open" /> open: not over yet
          </li>
        )}
        {gaps && (
          <li>
            <span class="mark mark-gap" /> no data
          </li>
        )}
      </ul>
    </figcaption>
  );
}

function Swatch({ at, kind }: { at: number; kind: ChartKind }) {
  const { color, dash } = lookOf(at);
  return (
    <svg class="swatch" width="26" height="10" aria-hidden="true">
      {kind === "line" ? (
        <line x1="0" x2="26" y1="5" y2="5" stroke={color} stroke-width="3" stroke-dasharray={dash.join(" ")} />
      ) : (
        <rect width="26" height="10" fill={color} />
      )}
    </svg>
  );
}
