// What the data API answers, by the names that it has there.

import type { Day } from "../lib/period";

export interface Me {
  name: string;
  admin: boolean;
  /** whether this server asks anybody to log in */
  login: boolean;
  /** whether the query page may be used */
  query: boolean;
  namespaces: string[];
  extraRepos: string[];
  /** the first and last stored day; empty: nothing is stored */
  firstDay: Day | "";
  lastDay: Day | "";
  version: string;
}

export interface PullModel {
  start: Day;
  end: Day;
  namespace: string;
  repo?: string;
  pullCount: number;
  ipCount: number;
  dataDownloads: number;
  versionChecks: number;
  open?: boolean;
}

export interface PullData {
  pulls: PullModel[];
  next?: string;
}

export interface ReposPullData {
  repos: Record<string, PullData>;
  next?: string;
}

/** Counts of one group, period or all; users and addresses are never to be added up. */
export interface Counts {
  pulls: number;
  downloads: number;
  checks: number;
  addresses: number;
  users: number;
  firstSeen?: string;
  lastSeen?: string;
}

export interface PeriodCounts extends Counts {
  start: Day;
  end: Day;
  open?: boolean;
}

export interface UsageRow extends Counts {
  start?: Day;
  end?: Day;
  open?: boolean;
  group?: string[];
}

export interface Usage {
  start: Day;
  end: Day;
  timespan: string;
  by: string[];
  rows: UsageRow[];
  total: Counts;
  totals?: PeriodCounts[];
  groups: number;
  sql: string;
  totalSQL: string;
}

export interface PublishedFile {
  name: string;
  format: string;
  size: number;
  sha256: string;
  url: string;
}

export interface PublishedReport {
  report: string;
  title: string;
  period: string;
  timespan: "weeks" | "months";
  start: Day;
  end: Day;
  revision: number;
  open: boolean;
  rows: number;
  suppressedRows: number;
  files: PublishedFile[];
}

export interface PublishedReports {
  reports: PublishedReport[];
  next?: string;
}

export interface ReportDescription {
  name: string;
  title: string;
}

export interface ComputedReport {
  report: string;
  start: Day;
  end: Day;
  open: boolean;
  rows: number;
  suppressedRows: number;
  data: Record<string, string | number | null>[];
  next?: string;
}

export interface QueryAnswer {
  columns: { name: string; type: string }[];
  rows: (string | null)[][];
  more: boolean;
  ms: number;
}

export interface SchemaTable {
  name: string;
  description: string;
  columns: { name: string; type: string; description: string }[];
}

export interface SavedQuery {
  name: string;
  title: string;
  params: { name: string; default?: string; description: string }[];
  sql: string;
}
