import { loadComparison } from "../api/overview";
import type { Column } from "../lib/series";
import { metrics, noCounts } from "../lib/series";
import { change, count } from "../lib/format";
import { periodTitle } from "../lib/chart";
import { nextStart } from "../lib/period";
import { useLoad } from "../state/load";
import type { OverviewParams } from "../state/params";
import { LoadingView } from "./Loading";
import { ShowQuery } from "./ShowQuery";

const unitNames = { days: "day", weeks: "week", months: "month" };

/** Comparison tells all numbers of the newest complete period beside those of the one before it. */
export function Comparison({ p, period, firstDay }: { p: OverviewParams; period: Column; firstDay: string }) {
  const loaded = useLoad(JSON.stringify([p.ns, p.repo, p.timespan, period.start]), (signal) => loadComparison(p, period.start, signal));
  const before = nextStart(p.timespan, period.start, -1);
  return (
    <section class="comparison" aria-label="Newest complete period">
      <div class="panel-head">
        <h2>
          Newest complete {unitNames[p.timespan]}: {periodTitle(period)}
        </h2>
        <ShowQuery of="newest complete period" sql={loaded.data?.sql} />
      </div>
      <LoadingView loaded={loaded} what="numbers of the newest period">
        {({ totals = [] }) => {
          const now = totals.find((row) => row.start === period.start) ?? noCounts;
          const earlier = totals.find((row) => row.start === before);
          return (
            <ul class="figures">
              {metrics.map(({ name, title }) => (
                <li key={name}>
                  <span class="figure-title">{title}</span>
                  <strong class="figure">{count(now[name])}</strong>
                  <span class="hint">
                    {earlier ? `${change(now[name], earlier[name])}, from ${count(earlier[name])}` : before < firstDay ? "no data before" : `no data in the ${unitNames[p.timespan]} before`}
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </LoadingView>
    </section>
  );
}
