import { loadAdoption, loadUsage, maxTags } from "../api/breakdown";
import { count, share } from "../lib/format";
import { valueTitle } from "../lib/breakdown";
import type { DayRange } from "../lib/period";
import { csvOf, isEmpty } from "../lib/series";
import { useLoad } from "../state/load";
import type { BreakdownParams, Dimension } from "../state/params";
import { today } from "../state/session";
import { Card } from "./Card";
import { Chart } from "./Chart";
import { CsvButton } from "./CsvButton";
import { DataTable } from "./DataTable";
import { LoadingView } from "./Loading";
import { PeriodRows } from "./PeriodTable";
import { ShowQuery } from "./ShowQuery";

interface Props {
  p: BreakdownParams;
  days: DayRange;
  toggle: (values: [Dimension, string][]) => void;
}

/** Adoption shows how the pulls of tags change over time. */
export function Adoption({ p, days, toggle }: Props) {
  const loaded = useLoad(JSON.stringify([p, days]), (signal) => loadAdoption(p, days, today(), signal));
  const unit = (loaded.data?.timespan ?? p.timespan).replace(/s$/, "");
  const title = `Pulls by tag and ${unit}`;
  return (
    <Card
      title="Tag adoption"
      wide
      note={`The ${maxTags} tags with most pulls, by ${unit}.`}
      end={
        <span class="buttons">
          {loaded.data && <CsvButton name={[p.ns, "tags", p.timespan, days.from, days.to]} {...csvOf(loaded.data.table)} />}
          <ShowQuery of="tag adoption" sql={loaded.data?.sql} />
        </span>
      }
    >
      <LoadingView loaded={loaded} what="tags over time">
        {({ table }) =>
          isEmpty(table) ? (
            <p class="empty">No tag was pulled in this range with these filters.</p>
          ) : (
            <>
              <Chart label={title} unit="pulls" table={table} kind="area" stacked height={260} />
              <details class="more">
                <summary>Table of the chart</summary>
                <PeriodRows caption={title} table={table} />
              </details>
            </>
          )
        }
      </LoadingView>
      <Tags p={p} days={days} toggle={toggle} />
    </Card>
  );
}

/** Tags lists the top tags over the whole range. */
function Tags({ p, days, toggle }: Props) {
  const loaded = useLoad(JSON.stringify([p.ns, p.filters, days, "tags"]), (signal) => loadUsage(p, days, ["tag"], 20, signal));
  return (
    <LoadingView loaded={loaded} what="tags">
      {(usage) => (
        <>
          <DataTable
            caption="Tags, those with most pulls first"
            hideCaption
            rows={usage.rows}
            empty=""
            columns={[
              {
                title: "Tag",
                heading: true,
                cell: ({ group = [] }) => (
                  <button type="button" class="value" aria-pressed={p.filters.tag?.includes(group[0]!) ?? false} onClick={() => toggle([["tag", group[0]!]])}>
                    {valueTitle("tag", group[0]!)}
                  </button>
                ),
              },
              { title: "Pulls", numeric: true, cell: (row) => count(row.pulls) },
              { title: "Share", numeric: true, cell: (row) => share(row.pulls, usage.total.pulls) },
              { title: "Downloads", numeric: true, cell: (row) => count(row.downloads) },
              { title: "Version checks", numeric: true, cell: (row) => count(row.checks) },
              { title: "Users", numeric: true, cell: (row) => count(row.users) },
            ]}
          />
          <p class="hint">
            {usage.groups > usage.rows.length && `These are ${count(usage.rows.length)} of ${count(usage.groups)} tags.`} <ShowQuery of="tags" sql={usage.sql} />
          </p>
        </>
      )}
    </LoadingView>
  );
}
