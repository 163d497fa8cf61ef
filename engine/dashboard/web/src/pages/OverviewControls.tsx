import { NamespaceSelect, RangeSelect, Select, TimespanSelect } from "../components/fields";
import { RepoPicker } from "../components/RepoPicker";
import { metricOf, metrics } from "../lib/series";
import type { OverviewParams } from "../state/params";

interface Props {
  p: OverviewParams;
  repos: string[] | undefined;
  set: (changed: Partial<OverviewParams>) => void;
}

/** OverviewControls choose what the overview shows. */
export function OverviewControls({ p, repos, set }: Props) {
  return (
    <form class="controls" aria-label="What is shown" onSubmit={(event) => event.preventDefault()}>
      <NamespaceSelect value={p.ns} onChange={(ns) => set({ ns, repo: [] })} />
      <RepoPicker repos={repos} chosen={p.repo} onChange={(repo) => set({ repo })} />
      <TimespanSelect value={p.timespan} onChange={(timespan) => set({ timespan })} />
      <RangeSelect value={p.range} timespan={p.timespan} onChange={(range) => set({ range })} />
      <Select label="Numbers" value={p.metric} choices={metrics.map(({ name, title }) => ({ value: name, title: title.toLowerCase() }))} onChange={(metric) => set({ metric })} />
      <Select
        label="Chart"
        value={p.chart}
        choices={[
          { value: "line", title: "lines" },
          { value: "bar", title: "bars", disabled: p.by === "repo" && !metricOf(p.metric).additive },
        ]}
        onChange={(chart) => set({ chart })}
      />
      <Select
        label="Show"
        value={p.by}
        choices={[
          { value: "total", title: "all together" },
          { value: "repo", title: "by repository" },
        ]}
        onChange={(by) => set({ by })}
      />
    </form>
  );
}
