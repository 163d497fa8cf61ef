// Draws a table of series with uPlot.

import uPlot from "uplot";
import { lookOf } from "../lib/colors";
import type { ChartKind } from "../lib/chart";
import { labelledColumns, loneValues, topOfAxis } from "../lib/chart";
import { shortCount } from "../lib/format";
import type { SeriesTable } from "../lib/series";
import { hasNoData, stack } from "../lib/series";

export interface PlotOptions {
  table: SeriesTable;
  kind: ChartKind;
  /** one on top of the other */
  stacked: boolean;
  width: number;
  height: number;
  onColumn: (at: number | null) => void;
}

/** plot draws into an element. */
export function plot(target: HTMLElement, options: PlotOptions): uPlot {
  const { table, stacked } = options;
  const order = table.series.map((_, at) => at);
  if (stacked) order.reverse(); // the highest first, so that the others are drawn over it
  const heights = stacked ? stack(table.series) : table.series.map((series) => series.values);
  const data = [table.columns.map((_, at) => at), ...order.map((at) => heights[at]!)] as uPlot.AlignedData;
  const text = cssColor("--text-soft");
  const grid = { stroke: cssColor("--line"), width: 1 };
  const font = "12px system-ui, sans-serif";
  return new uPlot(
    {
      width: options.width,
      height: options.height,
      legend: { show: false },
      padding: [12, 12, 0, 0],
      cursor: { drag: { x: false, y: false }, y: false, points: { show: options.kind === "line" } },
      scales: {
        x: { time: false, range: () => [-0.5, table.columns.length - 0.5] },
        y: { range: (_, __, max) => [0, topOfAxis(max)] },
      },
      axes: [
        {
          stroke: text,
          font,
          grid: { show: false },
          ticks: grid,
          size: 34,
          splits: (u) => labelledColumns(table.columns.length, u.bbox.width / devicePixelRatio),
          values: (_, splits) => splits.map((at) => table.columns[at]?.start ?? ""),
        },
        {
          stroke: text,
          font,
          grid,
          ticks: grid,
          values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? shortCount(value) : "")),
          size: (_, labels) => Math.max(36, ...(labels ?? []).map((label) => 7 * label.length + 18)),
        },
      ],
      series: [{}, ...order.map((at) => look(options, at))],
      hooks: {
        drawClear: [(u) => markPeriods(u, table)],
        setCursor: [(u) => options.onColumn(u.cursor.left !== undefined && u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null)],
      },
    },
    data,
    target,
  );
}

function look({ table, kind, stacked }: PlotOptions, at: number): uPlot.Series {
  const { color, dash } = lookOf(at);
  const values = table.series[at]!.values;
  if (kind === "bar") {
    const beside = stacked ? 1 : table.series.length;
    const width = 0.7 / beside;
    return {
      stroke: color,
      fill: color,
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars!({
        disp: {
          x0: { unit: 1, values: () => table.columns.map((_, column) => column - 0.35 + (stacked ? 0 : at * width)) },
          size: { unit: 1, values: () => table.columns.map(() => width) },
        },
      }),
    };
  }
  const few = table.columns.length <= 60;
  return {
    stroke: color,
    width: 2,
    dash: stacked ? [] : dash,
    ...(stacked ? { fill: color } : {}),
    points: {
      show: true,
      size: few ? 6 : 4,
      fill: color,
      // Where there are many, those that the line does not reach.
      filter: (_, __, show) => (few && show ? null : loneValues(values)),
    },
  };
}

/** markPeriods hatches periods without data, and shades those that are open. */
function markPeriods(u: uPlot, table: SeriesTable): void {
  const { ctx, bbox } = u;
  const step = bbox.width / table.columns.length;
  table.columns.forEach((column, at) => {
    const gap = hasNoData(table, at);
    if (!gap && !column.open) return;
    const left = bbox.left + at * step;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, step, bbox.height);
    ctx.clip();
    if (column.open) {
      ctx.fillStyle = cssColor("--open");
      ctx.fillRect(left, bbox.top, step, bbox.height);
    }
    if (gap) {
      ctx.strokeStyle = cssColor("--gap");
      ctx.lineWidth = devicePixelRatio;
      const between = 8 * devicePixelRatio;
      ctx.beginPath();
      // From one corner of the plot, so that stripes go on from period to period.
      for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += between) {
        if (x + bbox.height < left || x > left + step) continue;
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + bbox.height, bbox.top);
      }
      ctx.stroke();
    }
    ctx.restore();
  });
}

function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
