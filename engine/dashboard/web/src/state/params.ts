// What the address of a page says, and back. Names and values are those of the API where it has them; what is
// missing or no value gets the default, and written are all of them, so that a link stays what it is.

import type { Metric } from "../lib/series";
import { isMetric } from "../lib/series";
import type { LastMonths, RangeChoice, Timespan } from "../lib/period";
import { isDay } from "../lib/period";

export interface OverviewParams {
  ns: string;
  /** empty: all repositories */
  repo: string[];
  timespan: Timespan;
  range: RangeChoice;
  metric: Metric;
  chart: "line" | "bar";
  by: "total" | "repo";
}

/** parseOverview reads the address of the overview; ns is the namespace where none is named. */
export function parseOverview(query: URLSearchParams, ns: string): OverviewParams {
  const metric = query.get("metric") ?? "";
  return {
    ns: query.get("ns") || ns,
    repo: unique(query.getAll("repo")),
    timespan: parseTimespan(query),
    range: parseRange(query),
    metric: isMetric(metric) ? metric : "pulls",
    chart: query.get("chart") === "bar" ? "bar" : "line",
    by: query.get("by") === "repo" ? "repo" : "total",
  };
}

export function formatOverview(p: OverviewParams): string {
  return write([
    ["ns", p.ns],
    ...p.repo.map((repo): [string, string] => ["repo", repo]),
    ["timespan", p.timespan],
    ...formatRange(p.range),
    ["metric", p.metric],
    ["chart", p.chart],
    ["by", p.by],
  ]);
}

/** What usage is told apart by, and restricted to. */
export const dimensions = ["repo", "tag", "country", "cloud", "client", "version", "use-case", "platform", "company"] as const;
export type Dimension = (typeof dimensions)[number];
export type Filters = Partial<Record<Dimension, string[]>>;

export interface BreakdownParams {
  ns: string;
  filters: Filters;
  timespan: Timespan;
  range: RangeChoice;
}

export function parseBreakdown(query: URLSearchParams, ns: string): BreakdownParams {
  const filters: Filters = {};
  for (const name of dimensions) {
    const values = unique(query.getAll(name));
    if (values.length) filters[name] = values;
  }
  return { ns: query.get("ns") || ns, filters, timespan: parseTimespan(query), range: parseRange(query) };
}

export function formatBreakdown(p: BreakdownParams): string {
  const filters = dimensions.flatMap((name) => (p.filters[name] ?? []).map((value): [string, string] => [name, value]));
  return write([["ns", p.ns], ...filters, ["timespan", p.timespan], ...formatRange(p.range)]);
}

/** toggleFilter adds a value to a filter, or takes it out. */
export function toggleFilter(filters: Filters, name: Dimension, value: string): Filters {
  const before = filters[name] ?? [];
  const after = before.includes(value) ? before.filter((other) => other !== value) : [...before, value];
  const { [name]: _, ...others } = filters;
  return after.length ? { ...others, [name]: after } : others;
}

export interface ReportsParams {
  ns: string;
  report: string;
  timespan: "" | "weeks" | "months";
}

export function parseReports(query: URLSearchParams, ns: string): ReportsParams {
  const timespan = query.get("timespan");
  return { ns: query.get("ns") || ns, report: query.get("report") ?? "", timespan: timespan === "weeks" || timespan === "months" ? timespan : "" };
}

export function formatReports(p: ReportsParams): string {
  return write([["ns", p.ns], ...(p.report ? [["report", p.report] as [string, string]] : []), ...(p.timespan ? [["timespan", p.timespan] as [string, string]] : [])]);
}

export interface QueryParams {
  sql: string;
  /** values of $names */
  params: Record<string, string>;
}

const paramPrefix = "param.";
// Servers take addresses up to a length; what comes after # they do not get.
const longestQuery = 4000;

export function parseQuery(url: URL): QueryParams {
  const query = url.searchParams.has("sql") ? url.searchParams : new URLSearchParams(url.hash.slice(1));
  const params: Record<string, string> = {};
  for (const [name, value] of query) {
    if (name.startsWith(paramPrefix)) params[name.slice(paramPrefix.length)] = value;
  }
  return { sql: query.get("sql") ?? "", params };
}

/** formatQuery writes what comes after the path: behind ?, or behind # where that is too long. */
export function formatQuery(p: QueryParams): string {
  if (!p.sql) return "";
  const text = write([["sql", p.sql], ...Object.entries(p.params).map(([name, value]): [string, string] => [paramPrefix + name, value])]);
  return text.length > longestQuery ? "#" + text.slice(1) : text;
}

function parseTimespan(query: URLSearchParams): Timespan {
  const timespan = query.get("timespan");
  return timespan === "days" || timespan === "months" ? timespan : "weeks";
}

function parseRange(query: URLSearchParams): RangeChoice {
  const from = query.get("from") ?? "";
  const to = query.get("to") ?? "";
  if (isDay(from) && isDay(to) && from <= to) return { from, to };
  const months = /^last-(3|6|12)-months$/.exec(query.get("period") ?? "");
  return { last: (months ? Number(months[1]) : 3) as LastMonths };
}

function formatRange(range: RangeChoice): [string, string][] {
  return "from" in range ? [["from", range.from], ["to", range.to]] : [["period", `last-${range.last}-months`]];
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}

function write(pairs: [string, string][]): string {
  return "?" + new URLSearchParams(pairs);
}
