import { useState } from "preact/hooks";
import { loadUsage } from "../api/breakdown";
import type { Usage, UsageRow } from "../api/types";
import type { CardKind } from "../lib/breakdown";
import { isSeen, valueTitle } from "../lib/breakdown";
import { count, day, share } from "../lib/format";
import type { DayRange } from "../lib/period";
import { useLoad } from "../state/load";
import type { BreakdownParams, Dimension } from "../state/params";
import { Card } from "./Card";
import { CsvButton } from "./CsvButton";
import type { TableColumn } from "./DataTable";
import { DataTable } from "./DataTable";
import { LoadingView } from "./Loading";
import { ShowQuery } from "./ShowQuery";
import { WorldMap } from "./WorldMap";

interface Props {
  kind: CardKind;
  p: BreakdownParams;
  days: DayRange;
  /** adds values to the filters, or takes them out */
  toggle: (values: [Dimension, string][]) => void;
}

// How many values a card shows when asked for more.
const more = 100;
// A map needs all of them.
const allCountries = 300;

/** UsageCard tells who pulls by one or two dimensions; each value filters the other cards. */
export function UsageCard({ kind, p, days, toggle }: Props) {
  const [top, setTop] = useState(kind.top);
  const isMap = kind.name === "countries";
  const asked = isMap ? allCountries : top;
  const loaded = useLoad(JSON.stringify([p.ns, p.filters, days, kind.by, asked]), (signal) => loadUsage(p, days, kind.by, asked, signal));
  const listed = (usage: Usage) => usage.rows.slice(0, top);
  return (
    <Card
      title={kind.title}
      note={kind.note}
      wide={kind.wide ?? false}
      end={
        <span class="buttons">
          {loaded.data && <CsvButton name={[p.ns, kind.name, days.from, days.to]} {...tableOf(kind, listed(loaded.data))} />}
          <ShowQuery of={kind.title} sql={loaded.data?.sql} />
        </span>
      }
    >
      <LoadingView loaded={loaded} what={kind.title.toLowerCase()}>
        {(usage) => (
          <>
            {isMap && <WorldMap rows={usage.rows} chosen={p.filters.country ?? []} toggle={(code) => toggle([["country", code]])} />}
            <DataTable caption={`${kind.title}, those with most pulls first`} hideCaption columns={columnsOf(kind, p, usage, toggle)} rows={listed(usage)} empty="Nothing was pulled in this range with these filters. Remove a filter or choose another range." />
            <p class="hint">
              {usage.groups > listed(usage).length ? `These are ${count(listed(usage).length)} of ${count(usage.groups)}. ` : ""}
              {usage.groups > listed(usage).length && top < more && (
                <button type="button" class="link" onClick={() => setTop(more)}>
                  Show {count(Math.min(more, usage.groups))}
                </button>
              )}
            </p>
          </>
        )}
      </LoadingView>
    </Card>
  );
}

function columnsOf(kind: CardKind, p: BreakdownParams, usage: Usage, toggle: Props["toggle"]): TableColumn<UsageRow>[] {
  const isChosen = (group: string[]) => kind.by.every((name, at) => p.filters[name]?.includes(group[at]!));
  const columns: TableColumn<UsageRow>[] = [
    {
      title: kind.title,
      heading: true,
      cell: ({ group = [] }) => (
        <button type="button" class="value" aria-pressed={isChosen(group)} onClick={() => toggle(kind.by.map((name, at) => [name, group[at]!]))}>
          {group.map((value, at) => valueTitle(kind.by[at]!, value)).join(" ")}
        </button>
      ),
    },
    { title: "Pulls", numeric: true, cell: (row) => count(row.pulls) },
    {
      title: "Share",
      numeric: true,
      cell: (row) => (
        <span class="share">
          <meter min={0} max={1} value={usage.total.pulls ? row.pulls / usage.total.pulls : 0} aria-hidden="true" />
          {share(row.pulls, usage.total.pulls)}
        </span>
      ),
    },
    { title: "Users", numeric: true, cell: (row) => count(row.users) },
  ];
  if (kind.name === "companies") {
    columns.push({ title: "First seen", whole: true, cell: (row) => (isSeen(row) ? day(row.firstSeen) : "") }, { title: "Last seen", whole: true, cell: (row) => (isSeen(row) ? day(row.lastSeen) : "") });
  }
  return columns;
}

/** tableOf is what the file has: the values as they are, and all that is counted. */
function tableOf(kind: CardKind, rows: UsageRow[]) {
  return {
    header: [...kind.by, "pulls", "downloads", "checks", "users", "addresses", "first_seen", "last_seen"],
    rows: rows.map((row) => [...(row.group ?? []), row.pulls, row.downloads, row.checks, row.users, row.addresses, row.firstSeen ?? null, row.lastSeen ?? null]),
  };
}
