// Gets the numbers of the overview: published ones where there are, else counted from the stored requests.

import type { Me, PeriodCounts, PullData, PullModel, ReposPullData, Usage } from "./types";
import { get, segment, type Params } from "./client";
import type { DayRange } from "../lib/period";
import { nextStart } from "../lib/period";
import type { Metric, PeriodValue, SeriesTable } from "../lib/series";
import { largest, metricOf, periodValues, pullValue, tabulate } from "../lib/series";
import type { OverviewParams } from "../state/params";
import { singleRepos } from "../state/session";

/** How many repositories a chart shows as lines. */
export const maxSeries = 20;
// How many are stacked, in colours that can be told apart; the others are one more.
const maxStacked = 7;
const others = "other repositories";
// How many repositories one question may name.
const maxRepos = 50;

export interface Overview {
  /** what was asked for */
  p: OverviewParams;
  table: SeriesTable;
  source: "published" | "stored";
  /** over the whole range; null: that is not known */
  total: number | null;
  /** how many repositories have numbers, of which the table has those with most */
  groups: number;
}

/** sourceOf tells from where numbers come: only the stored requests tell users, and how many addresses several repositories have. */
export function sourceOf(p: OverviewParams): "pulls" | "usage" {
  if (p.metric === "users") return "usage";
  if (p.metric === "addresses" && p.by === "total" && p.repo.length > 1) return "usage";
  return "pulls";
}

/** isStacked tells that repositories are bars on top of each other, which only what can be added up may be. */
export function isStacked(p: OverviewParams): boolean {
  return p.by === "repo" && p.chart === "bar" && metricOf(p.metric).additive;
}

/** loadOverview gets the numbers of days that are whole periods. */
export async function loadOverview(p: OverviewParams, who: Me, days: DayRange, today: string, signal: AbortSignal): Promise<Overview> {
  const repos = p.repo.length ? p.repo : (singleRepos(who, p.ns) ?? []);
  const loaded = await (sourceOf(p) === "usage" ? fromUsage(p, repos, days, today, signal) : fromPulls({ ...p, repo: repos }, days, today, signal));
  return { ...loaded, p };
}

async function fromUsage(p: OverviewParams, repos: string[], days: DayRange, today: string, signal: AbortSignal): Promise<Overview> {
  const usage = await get<Usage>(`/namespaces/${segment(p.ns)}/usage`, usageParams(p, repos, days), signal);
  let values: PeriodValue[];
  let names = [allName(p)];
  if (p.by === "repo") {
    const rows = usage.rows.filter((row): row is PeriodCounts & { group: string[] } => row.start !== undefined && row.group !== undefined);
    values = rows.flatMap((row) => periodValues(row.group[0]!, [row], p.metric));
    names = largest(rows.flatMap((row) => periodValues(row.group[0]!, [row], "pulls")), maxSeries);
  } else {
    values = periodValues(names[0]!, usage.totals ?? [], p.metric);
  }
  return { p, table: tabulate(p.timespan, days, today, names, values), source: "stored", total: usage.total[p.metric], groups: usage.groups };
}

/** usageParams ask for the numbers of the chart, and for their SQL. */
export function usageParams(p: OverviewParams, repos: string[], days: DayRange): Params {
  return { timespan: p.timespan, from: days.from, to: days.to, by: p.by === "repo" ? "repo" : undefined, top: maxSeries, open: true, repo: repos };
}

async function fromPulls(p: OverviewParams, days: DayRange, today: string, signal: AbortSignal): Promise<Overview> {
  const byRepo = p.by === "repo" || p.repo.length > 0;
  const rows = p.repo.length ? await repositoryPulls(p, days, signal) : await namespacePulls(p, byRepo ? "repo" : "namespace", days, signal);
  const nameOf = (row: PullModel) => (p.by === "repo" ? (row.repo ?? "") : allName(p));
  const valuesOf = (metric: Metric) => rows.map((row): PeriodValue => ({ start: row.start, series: nameOf(row), value: pullValue(row, metric), open: row.open === true }));
  let values = valuesOf(p.metric);
  const found = largest(valuesOf("pulls"), Infinity);
  let names = p.by === "repo" ? found.slice(0, maxSeries) : [allName(p)];
  if (isStacked(p) && found.length > maxStacked + 1) {
    names = found.slice(0, maxStacked);
    values = values.map((value) => (names.includes(value.series) ? value : { ...value, series: others }));
    names = [...names, others];
  }
  return {
    p,
    table: tabulate(p.timespan, days, today, names, values),
    source: p.timespan === "days" ? "stored" : "published",
    total: metricOf(p.metric).additive ? values.reduce((sum, { value }) => sum + value, 0) : null,
    groups: found.length,
  };
}

async function namespacePulls(p: OverviewParams, group: string, days: DayRange, signal: AbortSignal): Promise<PullModel[]> {
  return pages(async (cursor) => {
    const page = await get<PullData>(`/namespaces/${segment(p.ns)}/pulls`, { timespan: p.timespan, ...days, group, open: true, cursor }, signal);
    return { rows: page.pulls, next: page.next };
  });
}

async function repositoryPulls(p: OverviewParams, days: DayRange, signal: AbortSignal): Promise<PullModel[]> {
  const rows: PullModel[] = [];
  for (let at = 0; at < p.repo.length; at += maxRepos) {
    const repos = p.repo.slice(at, at + maxRepos).map((repo) => `${p.ns}/${repo}`);
    rows.push(
      ...(await pages(async (cursor) => {
        const page = await get<ReposPullData>("/repos/pulls", { repos, timespan: p.timespan, ...days, open: true, cursor }, signal);
        return { rows: Object.values(page.repos).flatMap((repo) => repo.pulls), next: page.next };
      })),
    );
  }
  return rows;
}

async function pages<T>(page: (cursor?: string) => Promise<{ rows: T[]; next: string | undefined }>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const { rows, next } = await page(cursor);
    all.push(...rows);
    cursor = next;
  } while (cursor);
  return all;
}

/** allName names the series of everything that was chosen. */
export function allName(p: OverviewParams): string {
  if (p.repo.length === 1) return p.repo[0]!;
  return p.repo.length ? `${p.repo.length} repositories` : "All repositories";
}

/** loadComparison gets all numbers of one period and of the one before it, oldest first. */
export async function loadComparison(p: OverviewParams, start: string, signal: AbortSignal): Promise<Usage> {
  const params = { timespan: p.timespan, from: nextStart(p.timespan, start, -1), to: start, open: true, repo: p.repo };
  return get<Usage>(`/namespaces/${segment(p.ns)}/usage`, params, signal);
}
