import { useEffect, useMemo } from "preact/hooks";
import { get, segment } from "../api/client";
import type { Overview as OverviewData } from "../api/overview";
import { isStacked, loadOverview, maxSeries, sourceOf, usageParams } from "../api/overview";
import type { Me, Usage } from "../api/types";
import { Chart } from "../components/Chart";
import { Comparison } from "../components/Comparison";
import { CopyLink } from "../components/CopyLink";
import { LoadingView } from "../components/Loading";
import { EmptyRange, Notice } from "../components/Notice";
import { PeriodTable } from "../components/PeriodTable";
import { ShowQuery } from "../components/ShowQuery";
import { count } from "../lib/format";
import { newestRange, nextStart, resolveRange, startOf, wholePeriods } from "../lib/period";
import { isEmpty, metricOf, newestComplete } from "../lib/series";
import { address, navigate, root } from "../state/location";
import { useLoad } from "../state/load";
import { formatOverview, parseOverview } from "../state/params";
import type { OverviewParams } from "../state/params";
import { namespaceChoices, singleRepos, today } from "../state/session";
import { OverviewControls } from "./OverviewControls";

/** Overview shows how often images were pulled over time. */
export function Overview({ who }: { who: Me }) {
  const query = address.value.searchParams;
  const p = parseOverview(query, namespaceChoices(who)[0] ?? "");
  const whole = root + formatOverview(p);
  const set = (changed: Partial<OverviewParams>) => navigate(root + formatOverview({ ...p, ...changed }));
  // So that the address is the link that shows this, whatever the defaults are for others.
  useEffect(() => navigate(whole, { replace: true }), [whole]);
  const single = singleRepos(who, p.ns);
  const images = useLoad(single || !p.ns ? null : p.ns, (signal) => get<{ repos: string[] }>(`/namespaces/${segment(p.ns)}/images`, {}, signal));
  const days = resolveRange(p.range, p.timespan, today());
  const usable = p.ns !== "" && !(single && sourceOf(p) === "usage");
  const loaded = useLoad(usable ? JSON.stringify([p, days]) : null, (signal) => loadOverview(p, who, days, today(), signal));
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Overview</h1>
        <CopyLink />
      </div>
      <OverviewControls p={p} repos={single ?? images.data?.repos} set={set} />
      {p.ns === "" ? (
        <Notice>
          <p>There is no namespace that you may see yet. Load logs with <code>engine run --input</code>, or ask an administrator for access.</p>
        </Notice>
      ) : !usable ? (
        <Notice>
          <p>Of {p.ns} you may see single repositories only, for which this number is not told. Choose pulls, downloads or version checks.</p>
        </Notice>
      ) : (
        <LoadingView loaded={loaded} what="chart">
          {(data) => <Shown who={who} data={data} single={single} set={set} />}
        </LoadingView>
      )}
    </>
  );
}

interface ShownProps {
  who: Me;
  data: OverviewData;
  /** the only repositories that may be seen; null: the whole namespace may */
  single: string[] | null;
  set: (changed: Partial<OverviewParams>) => void;
}

/** Shown are the numbers with the words of the question that they answer, which need not be the newest yet. */
function Shown({ who, data, single, set }: ShownProps) {
  const whole = single === null;
  const { p, table } = data;
  const metric = metricOf(p.metric);
  const stacked = isStacked(p);
  const kind = p.by === "repo" && !metric.additive ? "line" : p.chart;
  const newest = useMemo(() => newestRange(p.range, who.lastDay || today()), [p.range, who.lastDay]);
  if (isEmpty(table)) {
    const there = "from" in p.range && p.range.to >= newest.to && p.range.from <= newest.from;
    return <EmptyRange lastDay={who.lastDay} newest={newest} show={there ? undefined : () => set({ range: newest })} />;
  }
  const complete = newestComplete(table);
  const days = wholePeriods(p.timespan, { from: table.columns[0]!.start, to: table.columns.at(-1)!.end });
  const sql = async () => (await get<Usage>(`/namespaces/${segment(p.ns)}/usage`, usageParams(p, p.repo, days))).sql;
  const repos = p.repo.length ? p.repo : (single ?? []);
  const title = `${metric.title} of ${repos.length ? repos.map((repo) => `${p.ns}/${repo}`).join(", ") : p.ns} by ${p.timespan.replace(/s$/, "")}`;
  return (
    <>
      {whole && complete >= 0 && <Comparison p={p} period={table.columns[complete]!} firstDay={who.firstDay} />}
      <section class="panel" aria-label="Chart">
        <div class="panel-head">
          <h2>{title}</h2>
          {whole && <ShowQuery of={title} sql={sql} />}
        </div>
        <p class="hint">
          {data.total !== null && (
            <>
              In the whole range: <strong>{count(data.total)}</strong> {metric.title.toLowerCase()}
              {!metric.additive && ", which is not the sum of the periods"}.{" "}
            </>
          )}
          {data.total === null && "Unique numbers cannot be added up. "}
          {data.groups > maxSeries && p.by === "repo" && !stacked && `Shown are the ${maxSeries} of ${count(data.groups)} repositories with most pulls; choose others above. `}
          {"last" in p.range && newestIsOld(newest.to, p) && (
            <>
              The newest data are of {newest.to}.{" "}
              <button type="button" class="link" onClick={() => set({ range: newest })}>
                Show {newest.from} to {newest.to}
              </button>
            </>
          )}
        </p>
        <Chart label={title} unit={metric.title.toLowerCase()} table={table} kind={kind} stacked={stacked} />
        {p.chart === "bar" && p.by === "repo" && !metric.additive && <p class="hint">Unique numbers cannot be stacked, so these are lines.</p>}
      </section>
      <PeriodTable title={title} table={table} source={data.source} />
    </>
  );
}

/** newestIsOld tells that the newest data are of a period before the last complete one. */
function newestIsOld(newest: string, p: OverviewParams): boolean {
  return startOf(p.timespan, newest) < nextStart(p.timespan, startOf(p.timespan, today()), -1);
}
