// What can be drawn of the result of a query.

import type { QueryAnswer } from "../api/types";
import type { SeriesTable } from "./series";

// More series and points than these tell nobody anything.
const maxSeries = 8;
const maxPoints = 500;

const numbers = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;

export function isNumeric(type: string): boolean {
  return numbers.test(type);
}

/** chartOf draws the numbers of the other columns over the first one; null: there is nothing to draw. */
export function chartOf({ columns, rows }: QueryAnswer): SeriesTable | null {
  const drawn = columns.flatMap(({ type }, at) => (at > 0 && isNumeric(type) ? [at] : [])).slice(0, maxSeries);
  if (drawn.length === 0 || rows.length < 2) return null;
  const points = rows.slice(0, maxPoints);
  return {
    columns: points.map((row) => ({ start: labelOf(row[0]), end: labelOf(row[0]), open: false })),
    series: drawn.map((at) => ({ name: columns[at]!.name, values: points.map((row) => numberOf(row[at])) })),
  };
}

function labelOf(value: string | null | undefined): string {
  return value === null || value === undefined ? "NULL" : value.replace(/ 00:00:00$/, "");
}

function numberOf(value: string | null | undefined): number | null {
  const n = Number(value);
  return value === null || value === undefined || !Number.isFinite(n) ? null : n;
}
