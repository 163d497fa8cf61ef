// The cards that are reports: they count all use of an image in the range, whatever the filters are.

import { loadReport } from "../api/breakdown";
import type { ComputedReport } from "../api/types";
import type { Cell } from "../lib/csv";
import { count } from "../lib/format";
import type { DayRange } from "../lib/period";
import { reportSQL } from "../lib/sql";
import { useLoad } from "../state/load";
import type { BreakdownParams } from "../state/params";
import { Card } from "./Card";
import { CsvButton } from "./CsvButton";
import type { TableColumn } from "./DataTable";
import { DataTable } from "./DataTable";
import { LoadingView } from "./Loading";
import { ShowQuery } from "./ShowQuery";

type Row = Record<string, Cell>;

interface ReportKind {
  report: string;
  title: string;
  note: string;
  /** the column that names the image */
  image: string;
  /** the column by which the largest come first */
  order: string;
  columns: { name: string; title: string; share?: boolean }[];
  empty: string;
}

const kinds: ReportKind[] = [
  {
    report: "technographic",
    title: "Co-used images",
    note: "Which other images the same users pull. Pairs with few users are left out. Filters other than repositories do not count here.",
    image: "dvpp_image",
    order: "users",
    columns: [
      { name: "dvpp_image", title: "Image" },
      { name: "paired_image", title: "Used with" },
      { name: "users", title: "Users of both" },
      { name: "pct_users", title: "Of the image's users", share: true },
      { name: "domains", title: "Companies" },
    ],
    empty: "No pair of images has enough users in this range. Choose a longer one.",
  },
  {
    report: "heavy_users",
    title: "Concentration",
    note: "How much of the pulls come from the heaviest users. Filters other than repositories do not count here.",
    image: "image_repository",
    order: "pulls",
    columns: [
      { name: "image_repository", title: "Image" },
      { name: "users", title: "Users" },
      { name: "pulls", title: "Pulls" },
      { name: "pct_top_1", title: "Top user", share: true },
      { name: "pct_top_10", title: "Top 10", share: true },
      { name: "pct_top_100", title: "Top 100", share: true },
    ],
    empty: "Nothing was pulled in this range.",
  },
];

// How many rows a card shows.
const maxRows = 20;

export function ReportCards({ p, days }: { p: BreakdownParams; days: DayRange }) {
  return (
    <>
      {kinds.map((kind) => (
        <ReportCard key={kind.report} kind={kind} p={p} days={days} />
      ))}
    </>
  );
}

function ReportCard({ kind, p, days }: { kind: ReportKind; p: BreakdownParams; days: DayRange }) {
  const loaded = useLoad(JSON.stringify([p.ns, days]), (signal) => loadReport(kind.report, p.ns, days, signal));
  const repos = p.filters.repo ?? [];
  const rows = loaded.data ? rowsOf(kind, loaded.data, p.ns, repos) : [];
  return (
    <Card
      title={kind.title}
      note={kind.note}
      wide
      end={
        <span class="buttons">
          {rows.length > 0 && (
            <CsvButton name={[p.ns, kind.report, days.from, days.to]} header={kind.columns.map(({ name }) => name)} rows={rows.map((row) => kind.columns.map(({ name }) => row[name] ?? null))} />
          )}
          <ShowQuery of={kind.title} sql={reportSQL(kind.report, kind.image, p.ns, repos, days)} />
        </span>
      }
    >
      <LoadingView loaded={loaded} what={kind.title.toLowerCase()}>
        {(report) => (
          <>
            <DataTable caption={kind.title} hideCaption columns={kind.columns.map(columnOf)} rows={rows.slice(0, maxRows)} empty={kind.empty} />
            <p class="hint">
              {rows.length > maxRows && `These are ${maxRows} of ${count(rows.length)}; CSV has all of them. `}
              {report.next && `The report has ${count(report.rows)} rows, of which the first ${count(report.data.length)} are counted here. `}
              {report.suppressedRows > 0 && `${count(report.suppressedRows)} pairs with too few users were left out.`}
            </p>
          </>
        )}
      </LoadingView>
    </Card>
  );
}

function columnOf({ name, title, share }: ReportKind["columns"][number], at: number): TableColumn<Row> {
  const numeric = (value: Cell | undefined) => (share ? `${(100 * Number(value)).toFixed(1)} %` : count(Number(value)));
  const isName = name.endsWith("image") || name === "image_repository";
  return { title, heading: at === 0, numeric: !isName, cell: (row) => (isName ? row[name] : numeric(row[name])) };
}

/** rowsOf are the rows of the chosen repositories, the largest first, by lower-case names of columns. */
function rowsOf(kind: ReportKind, report: ComputedReport, ns: string, repos: string[]): Row[] {
  const wanted = new Set(repos.map((repo) => `${ns}/${repo}`));
  return report.data
    .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value])) as Row)
    .filter((row) => wanted.size === 0 || wanted.has(String(row[kind.image])))
    .sort((a, b) => Number(b[kind.order]) - Number(a[kind.order]));
}
