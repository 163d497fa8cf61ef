import { useEffect } from "preact/hooks";
import { loadUsage } from "../api/breakdown";
import type { Me } from "../api/types";
import { Adoption } from "../components/Adoption";
import { CopyLink } from "../components/CopyLink";
import { NamespaceSelect, RangeSelect, TimespanSelect } from "../components/fields";
import { LoadingView } from "../components/Loading";
import { EmptyRange, Notice } from "../components/Notice";
import { ReportCards } from "../components/ReportCards";
import { ShowQuery } from "../components/ShowQuery";
import { UsageCard } from "../components/UsageCard";
import { cards, dimensionTitles, valueTitle } from "../lib/breakdown";
import { count } from "../lib/format";
import type { DayRange } from "../lib/period";
import { newestRange, resolveRange } from "../lib/period";
import { metrics } from "../lib/series";
import { address, navigate, root } from "../state/location";
import { useLoad } from "../state/load";
import type { BreakdownParams, Dimension } from "../state/params";
import { dimensions, formatBreakdown, parseBreakdown, toggleFilter } from "../state/params";
import { namespaceChoices, today } from "../state/session";

const path = root + "breakdown";

/** Breakdown tells who pulls, from where, with what and for what. */
export function Breakdown({ who }: { who: Me }) {
  const p = parseBreakdown(address.value.searchParams, who.namespaces[0] ?? namespaceChoices(who)[0] ?? "");
  const whole = path + formatBreakdown(p);
  useEffect(() => navigate(whole, { replace: true }), [whole]);
  const set = (changed: Partial<BreakdownParams>) => navigate(path + formatBreakdown({ ...p, ...changed }));
  const toggle = (values: [Dimension, string][]) => {
    // Of several values at once, those that are there already stay, unless all are.
    const all = values.every(([name, value]) => p.filters[name]?.includes(value));
    const changed = values.filter(([name, value]) => all || !p.filters[name]?.includes(value));
    set({ filters: changed.reduce((filters, [name, value]) => toggleFilter(filters, name, value), p.filters) });
  };
  const days = resolveRange(p.range, p.timespan, today());
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Breakdown</h1>
        <CopyLink />
      </div>
      <form class="controls" aria-label="What is shown" onSubmit={(event) => event.preventDefault()}>
        <NamespaceSelect value={p.ns} onChange={(ns) => set({ ns, filters: {} })} />
        <RangeSelect value={p.range} timespan={p.timespan} onChange={(range) => set({ range })} />
        <TimespanSelect value={p.timespan} onChange={(timespan) => set({ timespan })} />
        <Chips p={p} toggle={toggle} clear={() => set({ filters: {} })} />
      </form>
      {who.namespaces.includes(p.ns) ? (
        <Shown p={p} who={who} days={days} toggle={toggle} set={set} />
      ) : (
        <Notice>
          <p>{p.ns ? `You may not see the whole namespace ${p.ns}, so it cannot be broken down.` : "There is no namespace that you may see yet."} Choose another namespace, or ask an administrator for access.</p>
        </Notice>
      )}
    </>
  );
}

interface ShownProps {
  p: BreakdownParams;
  who: Me;
  days: DayRange;
  toggle: (values: [Dimension, string][]) => void;
  set: (changed: Partial<BreakdownParams>) => void;
}

function Shown({ p, who, days, toggle, set }: ShownProps) {
  const total = useLoad(JSON.stringify([p.ns, p.filters, days]), (signal) => loadUsage(p, days, [], 1, signal));
  if (total.data && total.data.total.pulls === 0 && !total.loading) {
    const newest = newestRange(p.range, who.lastDay || today());
    const there = "from" in p.range && p.range.to >= newest.to && p.range.from <= newest.from;
    return <EmptyRange lastDay={who.lastDay} newest={newest} show={there ? undefined : () => set({ range: newest })} />;
  }
  return (
    <>
      <section class="comparison" aria-label="In all">
        <div class="panel-head">
          <h2>
            In all, {total.data?.start ?? days.from} to {total.data?.end ?? days.to}
          </h2>
          <ShowQuery of="all together" sql={total.data?.totalSQL} />
        </div>
        <LoadingView loaded={total} what="totals">
          {(usage) => (
            <ul class="figures">
              {metrics.map(({ name, title }) => (
                <li key={name}>
                  <span class="figure-title">{title}</span>
                  <strong class="figure">{count(usage.total[name])}</strong>
                </li>
              ))}
            </ul>
          )}
        </LoadingView>
      </section>
      <div class="cards">
        <Adoption p={p} days={days} toggle={toggle} />
        {cards.map((kind) => (
          <UsageCard key={kind.name} kind={kind} p={p} days={days} toggle={toggle} />
        ))}
        <ReportCards p={p} days={days} />
      </div>
    </>
  );
}

/** Chips are the values that everything is restricted to. */
function Chips({ p, toggle, clear }: { p: BreakdownParams; toggle: (values: [Dimension, string][]) => void; clear: () => void }) {
  const chosen = dimensions.flatMap((name) => (p.filters[name] ?? []).map((value): [Dimension, string] => [name, value]));
  return (
    <div class="chips" role="group" aria-label="Filters">
      {chosen.length === 0 && <p class="hint">No filters: choose a value in a table or on the map to see only that.</p>}
      {chosen.map(([name, value]) => (
        <button type="button" class="chip" key={name + value} onClick={() => toggle([[name, value]])}>
          {dimensionTitles[name]}: {valueTitle(name, value)} <span aria-hidden="true">×</span>
          <span class="visually-hidden">, remove</span>
        </button>
      ))}
      {chosen.length > 1 && (
        <button type="button" class="link" onClick={clear}>
          Remove all
        </button>
      )}
    </div>
  );
}
