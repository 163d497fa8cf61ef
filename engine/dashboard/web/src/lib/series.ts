// Numbers by period and series: what the chart draws and the table beside it lists.

import type { Counts, PeriodCounts, PullModel } from "../api/types";
import type { Cell } from "./csv";
import type { Day, DayRange, Timespan } from "./period";
import { periodsIn } from "./period";

export type Metric = "pulls" | "downloads" | "checks" | "users" | "addresses";

export const metrics: { name: Metric; title: string; additive: boolean }[] = [
  { name: "pulls", title: "Pulls", additive: true },
  { name: "downloads", title: "Downloads", additive: true },
  { name: "checks", title: "Version checks", additive: true },
  { name: "users", title: "Unique users", additive: false },
  { name: "addresses", title: "Unique addresses", additive: false },
];

export function isMetric(text: string): text is Metric {
  return metrics.some((metric) => metric.name === text);
}

export function metricOf(name: Metric): { name: Metric; title: string; additive: boolean } {
  return metrics.find((metric) => metric.name === name)!;
}

/** Column is one period of a chart: a row of its table. */
export interface Column {
  start: Day;
  end: Day;
  /** not over yet, so its numbers grow */
  open: boolean;
}

export interface Series {
  name: string;
  /** by column; null: there are no data */
  values: (number | null)[];
}

export interface SeriesTable {
  columns: Column[];
  series: Series[];
}

/** PeriodValue is the number of one series in one period. */
export interface PeriodValue {
  start: Day;
  series: string;
  value: number;
  open: boolean;
}

/**
 * tabulate arranges values by period and series. A period in which no series has a value has no data (null); where
 * others have one, it is 0.
 */
export function tabulate(timespan: Timespan, range: DayRange, today: Day, names: string[], values: PeriodValue[]): SeriesTable {
  const byStart = new Map<Day, Map<string, number>>();
  const open = new Set<Day>();
  for (const value of values) {
    const row = byStart.get(value.start) ?? new Map<string, number>();
    row.set(value.series, (row.get(value.series) ?? 0) + value.value);
    byStart.set(value.start, row);
    if (value.open) open.add(value.start);
  }
  const columns = periodsIn(timespan, range).map(({ from, to }) => ({ start: from, end: to, open: open.has(from) || to >= today }));
  const series = names.map((name) => ({
    name,
    values: columns.map(({ start }) => {
      const row = byStart.get(start);
      return row ? (row.get(name) ?? 0) : null;
    }),
  }));
  return { columns, series };
}

/** pullValue is a metric of a row about pulls. Users are not told there. */
export function pullValue(row: PullModel, metric: Metric): number {
  switch (metric) {
    case "downloads":
      return row.dataDownloads;
    case "checks":
      return row.versionChecks;
    case "addresses":
      return row.ipCount;
    default:
      return row.pullCount;
  }
}

/** periodValues are the values of one series from rows of usage. */
export function periodValues(series: string, rows: PeriodCounts[], metric: Metric): PeriodValue[] {
  return rows.map((row) => ({ start: row.start, series, value: row[metric], open: row.open === true }));
}

/** largest are the names of the n series with most in all, the largest first. */
export function largest(values: PeriodValue[], n: number): string[] {
  const sums = new Map<string, number>();
  for (const { series, value } of values) sums.set(series, (sums.get(series) ?? 0) + value);
  return [...sums].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, n).map(([name]) => name);
}

/** noteOf says in a word what is special about a period. */
export function noteOf(table: SeriesTable, at: number): string {
  const column = table.columns[at]!;
  if (hasNoData(table, at)) return column.open ? "open, no data yet" : "no data";
  return column.open ? "open" : "";
}

export function hasNoData(table: SeriesTable, at: number): boolean {
  return table.series.every((series) => series.values[at] === null);
}

/** isEmpty tells that no period has data. */
export function isEmpty(table: SeriesTable): boolean {
  return table.columns.every((_, at) => hasNoData(table, at));
}

/** csvOf is the table as it is shown. */
export function csvOf(table: SeriesTable): { header: string[]; rows: Cell[][] } {
  return {
    header: ["start", "end", "note", ...table.series.map((series) => series.name)],
    rows: table.columns.map((column, at) => [column.start, column.end, noteOf(table, at), ...table.series.map((series) => series.values[at] ?? null)]),
  };
}

/** stack adds up series, so that the last one is the sum of all. */
export function stack(series: Series[]): (number | null)[][] {
  const sums: (number | null)[][] = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, at) => (value === null ? null : value + (below?.[at] ?? 0))));
  }
  return sums;
}

/** newestComplete is the last column with data that is over; -1: there is none. */
export function newestComplete(table: SeriesTable): number {
  return table.columns.findLastIndex((column, at) => !column.open && !hasNoData(table, at));
}

export const noCounts: Counts = { pulls: 0, downloads: 0, checks: 0, addresses: 0, users: 0 };
