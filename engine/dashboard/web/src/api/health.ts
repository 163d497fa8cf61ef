// What the data API answers to administrators, as engine status, runs, rejects and gaps do with --json.

import type { Day } from "../lib/period";

export interface Totals {
  run?: string;
  files: number;
  records: number;
  accepted: number;
  duplicates: number;
  ignored: number;
  rejected: number;
}

export interface RunSummary extends Totals {
  run: string;
  started_at: string;
  seconds: number;
  skipped: number;
  days: number;
  published: number;
  unchanged: number;
  pruned: number;
  recovered: boolean;
  error: string;
}

export interface PeriodStatus {
  period: string;
  granularity: string;
  from: Day;
  to: Day;
  closed: boolean;
  state: string;
  because?: string;
  days: number;
  publishers: number;
  revision: number;
  published_at?: string;
}

export interface Status {
  checked_at: string;
  in_order: boolean;
  problems: { kind: string; text: string }[];
  at_work: { since: string; command: string } | null;
  worker: { schedule: string; state: string; started_at: string; next_due?: string } | null;
  last_attempt: { run?: string; started_at: string; ended_at: string; error?: string; failures: number } | null;
  last_good_run: string;
  last_good_at?: string;
  lake: {
    days: number;
    first_day: Day;
    last_day: Day;
    requests: number;
    actions: number;
    bytes: number;
    horizon: Day;
    gaps: number;
    low_days: number;
  };
  inputs: Totals;
  periods: PeriodStatus[];
  periods_due: number;
}

export interface Rejects {
  total: number;
  expired: number;
  hidden: boolean;
  reasons: { reason: string; rejected: number; meaning: string; advice: string }[];
  counts: { run: string; file: string; reason: string; rejected: number; expired: boolean }[];
}

export interface Gaps {
  horizon: Day;
  gaps: {
    from: Day;
    to: Day;
    days: number;
    before: { day: Day; requests: number };
    after: { day: Day; requests: number };
  }[];
  low_days: { day: Day; weekday: string; requests: number; median: number; compared: number }[];
}
