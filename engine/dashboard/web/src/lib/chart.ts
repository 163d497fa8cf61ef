// Where a chart has its labels and how it says what it shows, without drawing anything.

import type { SeriesTable } from "./series";
import { hasNoData } from "./series";
import { count } from "./format";

export type ChartKind = "line" | "bar" | "area";

/** labelledColumns are those whose begin stands under the axis: so many that none meets the next. */
export function labelledColumns(columns: number, width: number, labelWidth = 90): number[] {
  const fit = Math.max(1, Math.floor(width / labelWidth));
  const step = Math.max(1, Math.ceil(columns / fit));
  return Array.from({ length: Math.ceil(columns / step) }, (_, at) => at * step);
}

/** loneValues are the values without one before or after them, which a line does not show. */
export function loneValues(values: readonly (number | null | undefined)[]): number[] {
  const gone = (at: number) => values[at] === null || values[at] === undefined;
  return values.flatMap((_, at) => (!gone(at) && gone(at - 1) && gone(at + 1) ? [at] : []));
}

/** periodTitle names a column. */
export function periodTitle({ start, end }: { start: string; end: string }): string {
  return start === end ? start : `${start} to ${end}`;
}

/** sentence says what a column shows, for those who do not see the chart. */
export function sentence(table: SeriesTable, at: number, unit: string): string {
  const column = table.columns[at]!;
  const open = column.open ? ", open" : "";
  if (hasNoData(table, at)) return `${periodTitle(column)}${open}: no data`;
  const values = table.series.map((series) => `${series.name} ${count(series.values[at])}`);
  return `${periodTitle(column)}${open}, ${unit}: ${values.join(", ")}`;
}

/** topOfAxis is where the axis ends: a little above the largest value, and never 0. */
export function topOfAxis(max: number | null): number {
  return max ? max * 1.06 : 1;
}
