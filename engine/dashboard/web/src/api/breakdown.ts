// Gets the numbers of the breakdown.

import type { ComputedReport, PeriodCounts, Usage } from "./types";
import { get, segment, type Params } from "./client";
import type { DayRange, Timespan } from "../lib/period";
import { wholePeriods } from "../lib/period";
import type { SeriesTable } from "../lib/series";
import { periodValues, tabulate } from "../lib/series";
import { valueTitle } from "../lib/breakdown";
import type { BreakdownParams, Dimension, Filters } from "../state/params";

/** loadUsage counts by up to two dimensions. What they are filtered by themselves does not count, so that more can be chosen. */
export function loadUsage(p: BreakdownParams, days: DayRange, by: Dimension[], top: number, signal: AbortSignal): Promise<Usage> {
  return get<Usage>(`/namespaces/${segment(p.ns)}/usage`, { ...filterParams(p.filters, by), ...days, by: by.join(",") || undefined, top, open: true }, signal, by.length === 0);
}

function filterParams(filters: Filters, without: Dimension[]): Params {
  return Object.fromEntries(Object.entries(filters).filter(([name]) => !without.includes(name as Dimension)));
}

/** How many tags the chart shows. */
export const maxTags = 7;

export interface Adoption {
  timespan: Timespan;
  table: SeriesTable;
  sql: string;
}

/** loadAdoption counts the pulls of the top tags over time. */
export async function loadAdoption(p: BreakdownParams, days: DayRange, today: string, signal: AbortSignal): Promise<Adoption> {
  const whole = wholePeriods(p.timespan, days);
  const params = { ...filterParams(p.filters, []), ...whole, timespan: p.timespan, by: "tag", top: maxTags, open: true };
  const usage = await get<Usage>(`/namespaces/${segment(p.ns)}/usage`, params, signal);
  const sums = new Map<string, number>();
  const rows = usage.rows.filter((row): row is PeriodCounts & { group: string[] } => row.start !== undefined && row.group !== undefined);
  for (const row of rows) sums.set(row.group[0]!, (sums.get(row.group[0]!) ?? 0) + row.pulls);
  const tags = [...sums].sort(([, m], [, n]) => n - m).map(([tag]) => tag);
  const title = (tag: string) => valueTitle("tag", tag);
  const values = rows.flatMap((row) => periodValues(title(row.group[0]!), [row], "pulls"));
  const names = tags.map(title);
  if (usage.groups > tags.length) {
    const shown = new Map<string, number>();
    for (const row of rows) shown.set(row.start, (shown.get(row.start) ?? 0) + row.pulls);
    names.push("other tags");
    for (const row of usage.totals ?? []) {
      values.push({ start: row.start, series: "other tags", value: row.pulls - (shown.get(row.start) ?? 0), open: row.open === true });
    }
  }
  return { timespan: p.timespan, table: tabulate(p.timespan, whole, today, names, values), sql: usage.sql };
}

/** loadReport computes a report on a namespace. */
export function loadReport(report: string, ns: string, days: DayRange, signal: AbortSignal): Promise<ComputedReport> {
  return get<ComputedReport>(`/namespaces/${segment(ns)}/reports/${segment(report)}`, { ...days, format: "json", limit: 1000 }, signal);
}
